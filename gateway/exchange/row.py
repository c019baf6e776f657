"""An entry made ready for the database: its values, its MAC and its encrypted bodies."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from gateway.exchange.entry import COLUMNS, Entry, Kind, canonical_bytes, tidied, tidy, values_of
from gateway.exchange.keys import JournalKeys

ENTRY_COLUMNS = (*COLUMNS, "mac")
BODY_COLUMNS = ("entry_id", "part", "request_in_ts", "key_id", "nonce", "ciphertext")
PARTS = ("request", "response")
# beyond this length a row may hold a text that no index takes
_SUSPICIOUS_BYTES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The claim of an inbound message's id: the same (client, service, message_id) is answered once."""

    client: str
    service: str
    message_id: str
    request_sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Companion:
    """A row another room wants in the same transaction; its values must fit the columns' types."""

    table: str
    columns: tuple[str, ...]
    row: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Everything that is written for one entry."""

    entry: Entry
    canonical: bytes
    values: tuple[Any, ...]
    bodies: tuple[tuple[Any, ...], ...]
    claim: Claim | None = None
    companions: Sequence[Companion] = ()


def prepare(
    entry: Entry,
    keys: JournalKeys,
    bodies: tuple[bytes | None, bytes | None],
    claim: Claim | None = None,
    companions: Sequence[Companion] = (),
) -> Row:
    """Make the row of an entry with its (request, response).

    Sizes and digests that the entry lacks are filled in. Raises ValueError when the entry has a digest of a
    body that is not given, or when the claim is not the entry's own.
    """
    entry = _with_digests(entry, bodies)
    values = values_of(entry)
    canonical = _canonical(values)
    if canonical is None or len(canonical) > _SUSPICIOUS_BYTES:
        entry = tidied(entry)
        values = values_of(entry)
        canonical = canonical_bytes(values)
    return Row(
        entry=entry,
        canonical=canonical,
        values=(*values, keys.mac_of(canonical)),
        bodies=tuple(
            (entry.entry_id, part, entry.request_in_ts, *keys.hide(body, entry.entry_id, part))
            for part, body in zip(PARTS, bodies, strict=True)
            if body is not None
        ),
        claim=_own(claim, entry) if claim else None,
        companions=companions,
    )


def is_stored(part: str, kind: str) -> bool:
    """Tell whether a row of this kind that has the part's digest must have its body too.

    An ANSWERED row only names its request: the body stands with the SENT row of the exchange.
    """
    return not (kind == Kind.ANSWERED and part == "request")


def _canonical(values: Sequence[Any]) -> bytes | None:
    """Give the canonical bytes, or None when the database could not store the texts as they are."""
    try:
        canonical = canonical_bytes(values)
    except UnicodeEncodeError:
        return None
    return None if b"\\u0000" in canonical else canonical


def _with_digests(entry: Entry, bodies: tuple[bytes | None, bytes | None]) -> Entry:
    missing: dict[str, Any] = {}
    for part, body in zip(PARTS, bodies, strict=True):
        digest = getattr(entry, f"{part}_sha256")
        if body is None:
            if digest is not None and is_stored(part, entry.kind):
                raise ValueError(f"the entry has a digest of a {part} that is not given")
            continue
        if digest is None:
            missing[f"{part}_sha256"] = hashlib.sha256(body).digest()
        if getattr(entry, f"{part}_size") is None:
            missing[f"{part}_size"] = len(body)
    return replace(entry, **missing) if missing else entry


def _own(claim: Claim, entry: Entry) -> Claim:
    """Give the claim in the entry's (storable) words, or refuse it when it is not about this entry."""
    words = (claim.client, claim.service, claim.message_id)
    stored = (entry.client, entry.service, entry.message_id)
    is_same = words == stored
    if not (is_same or tuple(map(tidy, words)) == stored) or claim.request_sha256 != entry.request_sha256:
        raise ValueError("the claim is not the entry's own")
    if is_same:
        return claim
    return Claim(
        client=entry.client,
        service=entry.service,
        message_id=entry.message_id,
        request_sha256=claim.request_sha256,
    )
