"""The verdict on one message as a security server would give it, for whoever builds one."""

from dataclasses import dataclass
from typing import Literal

from gateway.foundation.errors import ContractError
from gateway.xroad.envelope import FaultMessage, Message, read_message
from gateway.xroad.mime import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """accept, reject (with X-Road's code), or fault (with the fault's own code)."""

    outcome: Literal["accept", "reject", "fault"]
    code: str = ""
    where: str = ""
    hint: str = ""


def check(data: bytes, content_type: str, *, side: Side | None = None) -> Verdict:
    """Judge a message; `side` makes sure that it is the request or the response it is meant to be."""
    try:
        message = read_message(data, content_type, side=side or "request")
        if isinstance(message, Message):
            _check_side(message, side)
            return Verdict(outcome="accept")
        return _judge_fault(message, side)
    except ContractError as error:
        return Verdict(outcome="reject", code=error.code, where=error.where, hint=f"{error}: {error.hint}")


def _check_side(message: Message, side: Side | None) -> None:
    if side is not None and message.is_response != (side == "response"):
        raise ContractError(
            f"the message is not a {side}",
            code="invalid_message",
            where="Body",
            hint="a response's element ends in Response, a request's never does",
        )


def _judge_fault(fault: FaultMessage, side: Side | None) -> Verdict:
    if side == "request":
        raise ContractError(
            "a fault cannot be sent as a request", code="invalid_message", where="Body", hint="send a request"
        )
    return Verdict(outcome="fault", code=fault.code, where="Body/Fault", hint="the provider's own fault")
