"""Find exchanges in the journal, show one, and open what was answered."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Row, cast, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.entry import COLUMNS, Entry, Kind
from gateway.exchange.errors import JournalDamaged
from gateway.exchange.keys import JournalKeys
from gateway.exchange.model import JournalBody, JournalEntry, JournalSeal
from gateway.foundation.database import Database

MOST_FOUND = 500
_COLUMNS = [getattr(JournalEntry, name) for name in ("seq", *COLUMNS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to look for; None leaves a condition out. `subject` is JournalKeys.subject_of a PIN.

    `since` (included) and `until` (excluded) bound request_in_ts.
    """

    message_id: str | None = None
    exchange_id: UUID | None = None
    subject: bytes | None = None
    client: str | None = None
    service: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    succeeded: bool | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Write the question as SQL."""
        equal = ("message_id", "exchange_id", "subject", "client", "service", "succeeded")
        asked = [(getattr(JournalEntry, name), getattr(self, name)) for name in equal]
        found = [column == value for column, value in asked if value is not None]
        if self.since is not None:
            found.append(JournalEntry.request_in_ts >= self.since)
        if self.until is not None:
            found.append(JournalEntry.request_in_ts < self.until)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An entry and its number in the journal."""

    seq: int
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Entries, newest first; `before` asks for the next page, None on the last."""

    found: tuple[Found, ...]
    before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An entry, the seal that covers it (None: not sealed yet), and its bodies if they were asked for."""

    seq: int
    entry: Entry
    seal: int | None
    request: bytes | None = None
    response: bytes | None = None


async def find(database: Database, question: Question, *, limit: int = 50, before: int | None = None) -> Page:
    """Find entries, newest first, at most 500 a page; `before` is the cursor of the page before."""
    limit = max(1, min(limit, MOST_FOUND))
    query = select(*_COLUMNS).where(*question.conditions())
    if before is not None:
        query = query.where(JournalEntry.seq < before)
    async with database.transaction() as session:
        rows = (await session.execute(query.order_by(JournalEntry.seq.desc()).limit(limit + 1))).all()
    found = tuple(_found(row) for row in rows[:limit])
    return Page(found=found, before=found[-1].seq if len(rows) > limit else None)


async def show(
    database: Database, keys: JournalKeys, entry_id: UUID, *, bodies: bool = False
) -> Shown | None:
    """Show one entry, None if there is none; with `bodies`, decrypted (raises JournalDamaged)."""
    async with database.transaction() as session:
        row = (await session.execute(select(*_COLUMNS).where(JournalEntry.entry_id == entry_id))).first()
        if row is None:
            return None
        covering = select(JournalSeal.number).where(JournalSeal.seqs.contains(cast(row.seq, BigInteger)))
        seal = (await session.execute(covering.limit(1))).scalar_one_or_none()
        parts = await _open_bodies(session, keys, entry_id) if bodies else {}
    found = _found(row)
    return Shown(seq=found.seq, entry=found.entry, seal=seal, **parts)


async def stored_answer(database: Database, keys: JournalKeys, entry_id: UUID) -> bytes:
    """Give the recorded answer, byte for byte; raises JournalDamaged when it is not there or was changed."""
    async with database.transaction() as session:
        bodies = await _open_bodies(session, keys, entry_id, "response")
    if "response" not in bodies:
        raise JournalDamaged("the answer is not in the journal")
    return bodies["response"]


def _found(row: Row[Any]) -> Found:
    values: dict[str, Any] = dict(zip(COLUMNS, row[1:], strict=True))
    values["kind"] = Kind(values["kind"])
    return Found(seq=row[0], entry=Entry(**values))


async def _open_bodies(
    session: AsyncSession, keys: JournalKeys, entry_id: UUID, *parts: str
) -> dict[str, bytes]:
    query = select(JournalBody).where(JournalBody.entry_id == entry_id)
    if parts:
        query = query.where(JournalBody.part.in_(parts))
    return {
        body.part: keys.reveal((body.key_id, body.nonce, body.ciphertext), entry_id, body.part)
        for body in (await session.execute(query)).scalars()
    }
