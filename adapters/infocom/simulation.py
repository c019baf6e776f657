"""How Инфоком puts an answer on the wire: the request echoed, failures inside the response."""

from collections.abc import Iterator

from adapters.infocom.dialect import PRODUCER
from gateway.intake.plugs import SimulatedAnswer
from gateway.sandbox.member import Speech
from gateway.sandbox.wire import Node, Request, write_envelope


def fault(code: str, text: str) -> list[Node]:
    """Make a failure told inside the response."""
    return [("faultcode", code), ("faultstring", text)]


def _write(
    request: Request, service_code: str, response: list[Node] | None, forms: Iterator[str] | None
) -> SimulatedAnswer:
    echo: Node = ("request", list(request.asked.items()))
    nodes = [echo] if response is None else [echo, ("response", response)]
    return write_envelope(request, f"{service_code}Response", nodes, namespace=PRODUCER, forms=forms)


SPEECH = Speech(
    write=_write,
    trouble=fault,
    essential=frozenset({"dateOfBirth", "dfrom", "birthdate", "address", "deathTime"}),
)
