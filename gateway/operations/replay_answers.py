"""The old and the new answer of an item, opened from the journal and compared masked."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.entry import Kind
from gateway.exchange.keys import JournalKeys
from gateway.exchange.model import JournalBody, JournalEntry
from gateway.operations.answer_diff import DiffLine, diff_answers
from gateway.operations.replay_tables import ReplayItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the journal knows of an exchange's last answer."""

    exchange_id: UUID
    succeeded: bool | None = None
    fault_code: str = ""
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two answers and their fields side by side."""

    old: Answer
    new: Answer | None
    lines: tuple[DiffLine, ...]


async def compare_item(session: AsyncSession, keys: JournalKeys, item: ReplayItem) -> Comparison:
    """Compare what an item's old and new exchanges answered; raises JournalDamaged for a changed body."""
    old, old_body = await _answer(session, keys, item.exchange_id)
    if item.new_exchange_id is None:
        return Comparison(old=old, new=None, lines=diff_answers(old_body, None))
    new, new_body = await _answer(session, keys, item.new_exchange_id)
    return Comparison(old=old, new=new, lines=diff_answers(old_body, new_body))


async def _answer(session: AsyncSession, keys: JournalKeys, exchange_id: UUID) -> tuple[Answer, bytes | None]:
    found = await session.execute(
        select(JournalEntry)
        .where(JournalEntry.exchange_id == exchange_id, JournalEntry.kind == Kind.ANSWERED)
        .order_by(JournalEntry.seq.desc())
        .limit(1)
    )
    entry = found.scalar_one_or_none()
    if entry is None:
        return Answer(exchange_id=exchange_id), None
    known = Answer(
        exchange_id=exchange_id,
        succeeded=entry.succeeded,
        fault_code=entry.fault_code,
        size=entry.response_size,
    )
    body = await session.get(JournalBody, (entry.entry_id, "response"))
    if body is None:
        return known, None
    hidden = (body.key_id, body.nonce, body.ciphertext)
    return known, keys.reveal(hidden, entry.entry_id, "response")
