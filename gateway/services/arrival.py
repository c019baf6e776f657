"""A request's body, taken in bounded: so many bytes, so long, and not a byte more."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.types import Receive, Scope

from gateway.foundation.clock import utc_now
from gateway.foundation.errors import ContractError


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What arrived: the bytes as far as they were taken, and how many came."""

    body: bytes
    content_type: str
    peer: str
    received_at: datetime
    refusal: ContractError | None = None

    def complain(self) -> None:
        """Raise the refusal, if there is one, anew each time.

        Raised itself it would hold its own traceback, and by it the whole body, until the collector comes by.
        """
        said = self.refusal
        if said is not None:
            raise ContractError(str(said), code=said.code, where=said.where, hint=said.hint)


async def take_in(scope: Scope, receive: Receive, *, limit: int, deadline_seconds: float) -> Arrival:
    """Read the body while counting; a refusal is part of the arrival, so that it is recorded like any other."""
    received_at = utc_now()
    body = bytearray()
    headers = dict(reversed(scope["headers"]))  # where one stands twice, the first counts
    refusal = _method(scope["method"]) or _encoded(headers)
    try:
        async with asyncio.timeout(deadline_seconds):
            awaited = True
            while awaited:
                event = await receive()
                chunk, awaited = event.get("body", b""), event.get("more_body", False)
                if event["type"] == "http.disconnect":
                    refusal = refusal or _broken_off()
                    break
                if len(body) + len(chunk) > limit:
                    refusal = refusal or _too_large(limit)
                    break
                body += chunk
    except TimeoutError:
        refusal = refusal or _late(deadline_seconds)
    return Arrival(
        body=bytes(body),
        content_type=headers.get(b"content-type", b"").decode("latin-1"),
        peer=scope["client"][0] if scope.get("client") else "",
        received_at=received_at,
        refusal=refusal,
    )


def take_whole(headers: list[tuple[bytes, bytes]], body: bytes, peer: str, *, limit: int) -> Arrival:
    """Take a body that is here already, by the same rules."""
    named = dict(reversed(headers))
    refusal = _encoded(named)
    if len(body) > limit:
        body, refusal = b"", refusal or _too_large(limit)
    return Arrival(
        body=body,
        content_type=named.get(b"content-type", b"").decode("latin-1"),
        peer=peer,
        received_at=utc_now(),
        refusal=refusal,
    )


def _method(method: str) -> ContractError | None:
    if method == "POST":
        return None
    return ContractError(
        "messages are sent by POST", code="invalid_http_method", where="HTTP", hint="use POST"
    )


def _encoded(headers: Mapping[bytes, bytes]) -> ContractError | None:
    """Refuse codings of the body: we take no one's word for bytes we would read otherwise than they are meant."""
    content = headers.get(b"content-encoding", b"identity").strip().lower()
    transfer = headers.get(b"transfer-encoding", b"chunked").strip().lower()
    if content == b"identity" and transfer == b"chunked":
        return None
    return ContractError(
        "the body is compressed or otherwise encoded",
        code="invalid_content_type",
        where="Content-Encoding",
        hint="send the body as it is",
    )


def _broken_off() -> ContractError:
    return ContractError("the body broke off", code="invalid_soap", where="body", hint="send it whole")


def _too_large(limit: int) -> ContractError:
    return ContractError(
        f"the message is larger than {limit} bytes",
        code="TOO_LARGE",
        where="body",
        hint="send less in one message",
    )


def _late(seconds: float) -> ContractError:
    return ContractError(
        f"the body did not arrive within {seconds:g} seconds",
        code="TOO_SLOW",
        where="body",
        hint="send it faster",
    )
