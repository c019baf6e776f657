"""The cause of a failed exchange: which agency and service, which fault, whose side; pure."""

from dataclasses import dataclass

from gateway.exchange.entry import Kind
from gateway.xroad.fault_catalogue import Language, Role, explain
from gateway.xroad.fault_codes import normalise

OUT, IN = "OUT", "IN"
_LONGEST_CODE = 120
_SUBSYSTEM_PARTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What failures have in common; `closes_on_success` where an answer of the same service ends the trouble."""

    direction: str
    agency: str
    service: str
    fault_code: str
    fault_kind: str
    side: str
    closes_on_success: bool

    @property
    def key(self) -> str:
        """Give the text by which one open incident per cause is kept."""
        return f"{self.direction}|{self.agency}|{self.service}|{self.fault_code}|{self.side}"


def place_of(kind: str, client: str, service: str) -> tuple[str, str]:
    """Give (direction, the other side's subsystem) of a row; we ask in ANSWERED rows, and answer in RECEIVED."""
    if kind == Kind.RECEIVED:
        return IN, client
    return OUT, "/".join(service.split("/")[:_SUBSYSTEM_PARTS])


def cause_of(*, kind: str, client: str, service: str, fault_code: str) -> Cause:
    """Find the cause of a failed row; spellings of one X-Road code are one cause."""
    direction, agency = place_of(kind, client, service)
    found = explain(fault_code, "en", role=_role(direction))
    return Cause(
        direction=direction,
        agency=agency,
        service=service,
        fault_code=(normalise(fault_code) or "unknown")[:_LONGEST_CODE],
        fault_kind=found.kind,
        side=found.side,
        closes_on_success=found.retry != "never",
    )


def sentences(direction: str, fault_code: str, language: Language) -> tuple[str, str, str]:
    """Say (what it means, whose side it is, what to do) to a person."""
    found = explain(fault_code, language, role=_role(direction))
    return found.meaning, found.side_text, found.advice


def _role(direction: str) -> Role:
    return "asking" if direction == OUT else "answering"
