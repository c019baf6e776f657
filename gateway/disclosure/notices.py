"""Tell agencies that an answer of ours was wrong (S-21): by the service their agreement names, else by a person.

A notice names the agency's own message and the wrong fields, never a person or a value. It leaves under one message
id however often it is tried, so that a repeat after a kill is known by the receiver and by its security server.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.disclosure.correction_tables import CorrectionNotice, DisclosureCorrection
from gateway.disclosure.corrections import settle_correction
from gateway.disclosure.model import Disclosure
from gateway.exchange.dead_letters import Death, bury, cause_of
from gateway.exchange.model import JournalEntry
from gateway.foundation.database import Database
from gateway.foundation.errors import AgencyUnavailable, KopuroError
from gateway.foundation.policy_settings import Agreement

SERVICE, PERSON = "SERVICE", "PERSON"
_FIRST, _LONGEST = timedelta(minutes=1), timedelta(hours=6)
Agreements = Mapping[str, Agreement]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is told: which answer of ours, by the asker's own message id, was wrong in which fields, and why."""

    notice_id: UUID
    route: str
    client: str
    service: str
    agreement_no: str
    message_id: str
    answered_at: datetime
    answer_sha256: bytes
    reason: str
    found_at: datetime
    fields: tuple[str, ...]
    attempts: int = 0
    last_code: str = ""


class NoticePost(Protocol):
    """The way a notice leaves: a recorded exchange with the service it names."""

    async def send(self, notice: Notice) -> UUID:
        """Send a notice and give the exchange that proves it; raises KopuroError where it was not taken."""


async def plan_notices(session: AsyncSession, agreements: Agreements, *, at: datetime) -> int:
    """Plan a notice for every marked correction that has none, and give how many; each is planned once."""
    found = await session.execute(
        select(DisclosureCorrection.id, Disclosure.client, Disclosure.agreement_no)
        .join(Disclosure, Disclosure.disclosure_id == DisclosureCorrection.disclosure_id)
        .outerjoin(CorrectionNotice, CorrectionNotice.correction_id == DisclosureCorrection.id)
        .where(DisclosureCorrection.state == "MARKED", CorrectionNotice.correction_id.is_(None))
    )
    by_number = {agreement.number: agreement.correction_service for agreement in agreements.values()}
    rows = [
        {
            "correction_id": row.id,
            "route": SERVICE if by_number.get(row.agreement_no) else PERSON,
            "client": row.client,
            "service": by_number.get(row.agreement_no, ""),
            "message_id": f"correction-{row.id}",
            "due_at": at,
        }
        for row in found
    ]
    if rows:
        await session.execute(insert(CorrectionNotice).on_conflict_do_nothing(), rows)
    return len(rows)


async def send_due(database: Database, post: NoticePost, *, at: datetime, limit: int = 50) -> int:
    """Send the notices that are due and give how many were taken; one that fails waits longer each time.

    A refused notice is for a person from then on, and leaves a dead letter.
    """
    taken = 0
    for _ in range(limit):
        async with database.transaction() as session:
            notice = await _claim(session, at)
        if notice is None:
            break
        taken += await _send(database, post, notice, at)
    return taken


async def _claim(session: AsyncSession, at: datetime) -> Notice | None:
    """Take the next due notice for one attempt: nobody else tries it until its next time."""
    row = await session.scalar(
        select(CorrectionNotice)
        .where(
            CorrectionNotice.route == SERVICE,
            CorrectionNotice.delivered_at.is_(None),
            CorrectionNotice.due_at <= at,
        )
        .order_by(CorrectionNotice.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if row is None:
        return None
    row.attempts += 1
    row.due_at = at + min(_LONGEST, _FIRST * 2 ** min(row.attempts - 1, 20))
    await session.flush()
    return (await _read(session, row.correction_id))[0]


async def _send(database: Database, post: NoticePost, notice: Notice, at: datetime) -> bool:
    try:
        exchange_id = await post.send(notice)
    except AgencyUnavailable as silent:
        await _note(database, notice, {"last_code": silent.code or "unavailable"})
        return False
    except KopuroError as refused:
        if not refused.permanent:
            await _note(database, notice, {"last_code": type(refused).__name__})
            return False
        await _give_to_a_person(database, notice, refused, at)
        return False
    async with database.transaction() as session:
        await session.execute(
            update(CorrectionNotice)
            .where(CorrectionNotice.correction_id == notice.notice_id)
            .values(delivered_at=at, exchange_id=exchange_id, last_code="")
        )
        await settle_correction(session, notice.notice_id, "SENT", at=at)
    return True


async def _note(database: Database, notice: Notice, told: Mapping[str, object]) -> None:
    async with database.transaction() as session:
        await session.execute(
            update(CorrectionNotice).where(CorrectionNotice.correction_id == notice.notice_id).values(**told)
        )


async def _give_to_a_person(database: Database, notice: Notice, refused: KopuroError, at: datetime) -> None:
    code = str(getattr(refused, "code", "")) or type(refused).__name__
    await _note(database, notice, {"route": PERSON, "last_code": code})
    death = Death(
        kind="NOTICE",
        name=notice.service,
        reference=str(notice.notice_id),
        cause=cause_of(refused),
        error=code,
        attempts=notice.attempts,
    )
    async with database.transaction() as session:
        await bury(session, death, at=at)


async def put_back(session: AsyncSession, notice_id: UUID, *, at: datetime) -> bool:
    """Let a notice that was refused leave once more by its service; False where that is no longer wanted."""
    wanted = select(DisclosureCorrection.id).where(DisclosureCorrection.state == "MARKED")
    changed = await session.execute(
        update(CorrectionNotice)
        .where(
            CorrectionNotice.correction_id == notice_id,
            CorrectionNotice.correction_id.in_(wanted),
            CorrectionNotice.delivered_at.is_(None),
            CorrectionNotice.service != "",
        )
        .values(route=SERVICE, due_at=at)
        .returning(CorrectionNotice.correction_id)
    )
    return changed.first() is not None


async def open_notices(session: AsyncSession, *, route: str = PERSON) -> tuple[Notice, ...]:
    """Read the notices that were not delivered, those a person has to give unless another route is named."""
    return await _read(session, route=route)


async def _read(
    session: AsyncSession, notice_id: UUID | None = None, *, route: str = PERSON
) -> tuple[Notice, ...]:
    asked = (
        select(CorrectionNotice, DisclosureCorrection, Disclosure, JournalEntry.message_id)
        .join(DisclosureCorrection, DisclosureCorrection.id == CorrectionNotice.correction_id)
        .join(Disclosure, Disclosure.disclosure_id == DisclosureCorrection.disclosure_id)
        .outerjoin(JournalEntry, JournalEntry.entry_id == Disclosure.entry_id)
        .order_by(DisclosureCorrection.marked_at, DisclosureCorrection.id)
    )
    if notice_id:
        asked = asked.where(CorrectionNotice.correction_id == notice_id)
    else:
        asked = asked.where(CorrectionNotice.route == route, DisclosureCorrection.state == "MARKED")
    return tuple(
        Notice(
            notice_id=planned.correction_id,
            route=planned.route,
            client=planned.client,
            service=planned.service,
            agreement_no=disclosure.agreement_no,
            message_id=message_id or str(disclosure.entry_id),
            answered_at=disclosure.disclosed_at,
            answer_sha256=disclosure.answer_sha256,
            reason=correction.reason,
            found_at=correction.marked_at,
            fields=tuple(correction.fields),
            attempts=planned.attempts,
            last_code=planned.last_code,
        )
        for planned, correction, disclosure, message_id in await session.execute(asked)
    )
