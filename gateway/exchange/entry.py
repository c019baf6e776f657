"""One row of the journal, and the one byte form under which it is authenticated and sealed."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from typing import Any, Literal
from uuid import UUID

FORM = 1  # of the canonical bytes: a later form gets another number, so old rows stay verifiable
LONGEST_TEXT = 255
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

SignatureState = Literal["signed", "unsigned", "refused"]


class Kind(StrEnum):
    """Which moment of an exchange a row records."""

    RECEIVED = "RECEIVED"  # we answered: the request and our answer are known
    SENT = "SENT"  # outbound, written before the first byte leaves
    ANSWERED = "ANSWERED"  # outbound, the reply or the failure is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row; names and meaning follow X-Road's operational monitoring where it has them.

    Rows of one exchange share `exchange_id`. `client` is "I/C/M/S", `service` "I/C/M/S/code/version". Sizes
    are bytes. Digests are SHA-256 of the body stored with the row (for ANSWERED, the request's is that of the
    SENT row's body); the writer fills what is None. `succeeded` is None only while the answer is open (SENT).
    `signer` is the certificate's SHA-256 in hexadecimal or "". `fault_string` holds our fixed texts, never a
    peer's: it may name people.
    """

    entry_id: UUID
    exchange_id: UUID
    kind: Kind
    client: str
    service: str
    message_id: str
    user_id: str = ""
    issue: str = ""
    protocol_version: str = ""
    x_request_id: str = ""
    request_in_ts: datetime
    request_out_ts: datetime | None = None
    response_in_ts: datetime | None = None
    response_out_ts: datetime | None = None
    request_size: int | None = None
    response_size: int | None = None
    request_sha256: bytes | None = None
    response_sha256: bytes | None = None
    succeeded: bool | None = None
    outcome: str = ""
    fault_code: str = ""
    fault_string: str = ""
    signer: str = ""
    signature: SignatureState = "unsigned"
    subject: bytes | None = None
    purpose: str = ""
    agreement: str = ""
    attempt: int = 1
    peer_address: str = ""


COLUMNS = tuple(sorted(item.name for item in fields(Entry)))
values_of = attrgetter(*COLUMNS)
_TEXTS = tuple(item.name for item in fields(Entry) if item.type is str)


def microseconds(instant: datetime) -> int:
    """Count microseconds since 1970; raises TypeError for an instant without a zone."""
    return (instant - _EPOCH) // _MICROSECOND


def from_microseconds(count: int) -> datetime:
    """Give the instant of a count of microseconds since 1970."""
    return _EPOCH + count * _MICROSECOND


_PREFIXES = tuple(f'"{name}":' for name in COLUMNS)
_quote = json.encoder.encode_basestring
_WRITTEN: dict[type, Callable[[Any], str]] = {
    str: _quote,
    int: str,
    bool: {True: "true", False: "false"}.__getitem__,
    type(None): lambda _: "null",
    bytes: lambda digest: f'"{digest.hex()}"',
    datetime: lambda instant: str(microseconds(instant)),
    UUID: lambda found: f'"{found}"',
    Kind: lambda kind: f'"{kind}"',
}


def canonical_bytes(values: Iterable[Any]) -> bytes:
    """Write a row, given in the order of COLUMNS, in its one byte form.

    JSON with sorted keys and no spaces; instants are microseconds since 1970 (or already such a number),
    digests hexadecimal. Raises UnicodeEncodeError for text that is no Unicode, TypeError for a value of no
    column's type.
    """
    try:
        members = [
            prefix + _WRITTEN[type(value)](value) for prefix, value in zip(_PREFIXES, values, strict=True)
        ]
    except KeyError:
        raise TypeError("a value of the row has no canonical form") from None
    return f'{{"_form":{FORM},{",".join(members)}}}'.encode()


def tidy(text: str) -> str:
    """Make any text storable and indexable: no NUL, no lone surrogate, at most 255 characters."""
    if len(text) > LONGEST_TEXT:
        text = text[: LONGEST_TEXT - 1] + "…"
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def tidied(entry: Entry) -> Entry:
    """Give the entry with every text made storable."""
    texts: dict[str, Any] = {name: tidy(getattr(entry, name)) for name in _TEXTS}
    return replace(entry, **texts)
