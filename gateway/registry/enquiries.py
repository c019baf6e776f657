"""Questions to the special administrator, each a thread about an organisation or one of its cases (R-066)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, ForeignKey, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from gateway.foundation.database import Base
from gateway.foundation.errors import RegistryError
from gateway.registry.model import Id, Instant


class Enquiry(Base):
    """A thread: about which organisation, and which case where it is about one."""

    __tablename__ = "enquiry"
    id: Mapped[Id]
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("review_case.id"), index=True)
    opened_by: Mapped[str]
    opened_at: Mapped[Instant]
    closed_at: Mapped[Instant | None]


class EnquiryMessage(Base):
    """One word in a thread, append-only."""

    __tablename__ = "enquiry_message"
    enquiry_id: Mapped[UUID] = mapped_column(ForeignKey("enquiry.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    author: Mapped[str]
    text: Mapped[str]
    at: Mapped[Instant]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A thread with what was said, in order."""

    enquiry_id: UUID
    organisation_id: UUID
    case_id: UUID | None
    opened_at: datetime
    closed_at: datetime | None
    messages: tuple[tuple[int, str, str, datetime], ...]


async def open_enquiry(
    session: AsyncSession,
    organisation_id: UUID,
    said: str,
    *,
    by: str,
    at: datetime,
    case_id: UUID | None = None,
) -> UUID:
    """Open a thread with its first question and give its id."""
    enquiry_id = uuid4()
    await session.execute(
        insert(Enquiry).values(
            id=enquiry_id, organisation_id=organisation_id, case_id=case_id, opened_by=by, opened_at=at
        )
    )
    await say(session, enquiry_id, said, by=by, at=at)
    return enquiry_id


async def say(session: AsyncSession, enquiry_id: UUID, said: str, *, by: str, at: datetime) -> int:
    """Add to a thread and give the message's number; raises RegistryError where the thread is closed or missing."""
    open_one = await session.execute(
        select(Enquiry.id).where(Enquiry.id == enquiry_id, Enquiry.closed_at.is_(None)).with_for_update()
    )
    if open_one.scalar_one_or_none() is None:
        raise RegistryError("there is no such open enquiry")
    last = select(func.coalesce(func.max(EnquiryMessage.number), 0)).where(
        EnquiryMessage.enquiry_id == enquiry_id
    )
    number: int = (await session.execute(last)).scalar_one() + 1
    await session.execute(
        insert(EnquiryMessage).values(enquiry_id=enquiry_id, number=number, author=by, text=said, at=at)
    )
    return number


async def close_enquiry(session: AsyncSession, enquiry_id: UUID, *, at: datetime) -> None:
    """Close a thread: nothing is added any more; raises RegistryError where there is no open one."""
    closed = await session.execute(
        update(Enquiry)
        .where(Enquiry.id == enquiry_id, Enquiry.closed_at.is_(None))
        .values(closed_at=at)
        .returning(Enquiry.id)
    )
    if closed.scalar_one_or_none() is None:
        raise RegistryError("there is no such open enquiry")


async def enquiries(
    session: AsyncSession, *, within: ColumnElement[bool], limit: int = 200
) -> tuple[Thread, ...]:
    """Read the threads that `within` (over Enquiry) allows, the newest first."""
    rows = (
        (await session.execute(select(Enquiry).where(within).order_by(Enquiry.opened_at.desc()).limit(limit)))
        .scalars()
        .all()
    )
    said = await session.execute(
        select(EnquiryMessage)
        .where(EnquiryMessage.enquiry_id.in_([row.id for row in rows]))
        .order_by(EnquiryMessage.enquiry_id, EnquiryMessage.number)
    )
    by_thread: dict[UUID, list[tuple[int, str, str, datetime]]] = {}
    for each in said.scalars():
        by_thread.setdefault(each.enquiry_id, []).append((each.number, each.author, each.text, each.at))
    return tuple(
        Thread(
            enquiry_id=row.id,
            organisation_id=row.organisation_id,
            case_id=row.case_id,
            opened_at=row.opened_at,
            closed_at=row.closed_at,
            messages=tuple(by_thread.get(row.id, ())),
        )
        for row in rows
    )
