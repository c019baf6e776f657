"""Briefings and undertakings not to disclose: the instruction first, then the paper, then the rights."""

import calendar
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.acts import Act, record_act
from gateway.access.errors import refused
from gateway.access.model import Account, Briefing, Undertaking
from gateway.access.power import managed_account
from gateway.access.values import Caller
from gateway.foundation.clock import today, utc_now
from gateway.foundation.errors import InputRefused
from gateway.registry.learners.personal_file import Leaf, file_leaf

BRIEFING_REQUIRED = "BRIEFING_REQUIRED"
FORM_VERSION = "1.1-draft-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A signed undertaking: when it was signed, where the original lies, the digest of its scan."""

    signed_on: date
    location: str
    scan_sha256: bytes | None = None
    valid_until: date | None = None
    form_version: str = FORM_VERSION


async def brief(session: AsyncSession, account_id: UUID, *, held_on: date, topic: str, by: Caller) -> UUID:
    """Record that an account's human was instructed by the caller; raises InputRefused for a day to come."""
    await managed_account(session, account_id, by)
    assert by.account_id is not None
    if held_on > today():
        raise InputRefused((("held_on", "DATE_IN_FUTURE"),))
    briefing_id = await write_briefing(session, account_id, held_on=held_on, topic=topic, by=by.account_id)
    await _note(session, "BRIEFED", account_id, by)
    return briefing_id


async def write_briefing(
    session: AsyncSession, account_id: UUID, *, held_on: date, topic: str, by: UUID
) -> UUID:
    """Write a briefing down."""
    briefing_id = uuid4()
    await session.execute(
        insert(Briefing).values(
            id=briefing_id,
            account_id=account_id,
            held_on=held_on,
            instructor_id=by,
            topic=topic,
            recorded_at=utc_now(),
        )
    )
    return briefing_id


async def register_undertaking(
    session: AsyncSession, account_id: UUID, paper: Paper, *, by: Caller, months: int
) -> UUID:
    """Register a signed undertaking; `months` is how long it counts where the paper names no end, 0 for good.

    Raises AccessError (BRIEFING_REQUIRED) without a briefing on or before the day it was signed.
    """
    await managed_account(session, account_id, by)
    assert by.account_id is not None
    if paper.signed_on > today():
        raise InputRefused((("signed_on", "DATE_IN_FUTURE"),))
    undertaking_id = await write_undertaking(session, account_id, paper, by=by.account_id, months=months)
    await _note(session, "UNDERTAKING_REGISTERED", account_id, by)
    return undertaking_id


async def write_undertaking(
    session: AsyncSession, account_id: UUID, paper: Paper, *, by: UUID, months: int
) -> UUID:
    """Write an undertaking down behind its briefing."""
    found = await session.execute(
        select(Briefing.id)
        .where(Briefing.account_id == account_id, Briefing.held_on <= paper.signed_on)
        .order_by(Briefing.held_on.desc())
        .limit(1)
    )
    briefing_id = found.scalar_one_or_none()
    if briefing_id is None:
        raise refused(BRIEFING_REQUIRED)
    undertaking_id = uuid4()
    await session.execute(
        insert(Undertaking).values(
            id=undertaking_id,
            account_id=account_id,
            briefing_id=briefing_id,
            form_version=paper.form_version,
            signed_on=paper.signed_on,
            paper_location=paper.location,
            scan_sha256=paper.scan_sha256,
            valid_until=paper.valid_until or (months_after(paper.signed_on, months) if months else None),
            registered_by=by,
            registered_at=utc_now(),
        )
    )
    await _file(session, account_id, undertaking_id, paper, by=by)
    return undertaking_id


def months_after(day: date, months: int) -> date:
    """Give the same day some months later, the last of the month where there is none."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


async def _note(session: AsyncSession, act: str, account_id: UUID, by: Caller) -> None:
    await record_act(
        session, Act(act=act, object="ACCOUNT", object_id=str(account_id), account_id=by.account_id)
    )


async def _file(
    session: AsyncSession, account_id: UUID, undertaking_id: UUID, paper: Paper, *, by: UUID
) -> None:
    """Put the undertaking into the personal file of the account's human, with the place of the original."""
    person_id = (
        await session.execute(select(Account.person_id).where(Account.id == account_id))
    ).scalar_one()
    leaf = Leaf(
        kind="UNDERTAKING",
        happened_on=paper.signed_on,
        subject_id=undertaking_id,
        paper_location=paper.location,
        scan_sha256=paper.scan_sha256,
    )
    await file_leaf(session, person_id, leaf, by=f"isuo.{by.hex}", at=utc_now())
