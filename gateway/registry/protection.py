"""People whose data are withheld: adopted children's former entries, people in danger, by a court's order.

A protected person answers for nobody outside; an entry sealed by adoption secrecy is besides found by no search, no
matching and no clerk, and never merged (the database holds to it by itself). Both ways need two people.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, ForeignKey, Index, func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, aliased, mapped_column

from gateway.foundation.clock import day_of
from gateway.foundation.database import Base
from gateway.foundation.errors import AccessError, RegistryError
from gateway.registry.group import lock_group
from gateway.registry.model import Id, Instant, Person, PersonIdentifier
from gateway.registry.repository import record_event
from gateway.registry.values import IdentifierStatus


class Regime(StrEnum):
    """Why a person is protected; adoption seals the former entry whole."""

    ADOPTION_SECRECY = "ADOPTION_SECRECY"
    SAFETY = "SAFETY"
    COURT = "COURT"


class ProtectedPerson(Base):
    """A protection: since when, by whose paper, which two people entered it and which two lifted it."""

    __tablename__ = "protected_person"
    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    regime: Mapped[str]
    authority_ref: Mapped[str]
    from_on: Mapped[date]
    recorded_at: Mapped[Instant]
    proposed_by: Mapped[str]
    approved_by: Mapped[str]
    lifted_at: Mapped[Instant | None]
    lifted_by: Mapped[str | None]
    lift_approved_by: Mapped[str | None]
    __table_args__ = (
        Index(
            "uq_protected_person_person_id",
            "person_id",
            unique=True,
            postgresql_where=text("lifted_at is null"),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoPeople:
    """Who proposed and who approved; never the same."""

    proposed_by: str
    approved_by: str

    def __post_init__(self) -> None:
        """Raise AccessError where one person plays both."""
        if not self.proposed_by or not self.approved_by or self.proposed_by == self.approved_by:
            raise AccessError("a protection needs the word of two people", code="SECOND_PERSON_MISSING")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a protection rests on: the regime and the authority's decision by its number and day."""

    regime: Regime
    authority_ref: str
    from_on: date


async def protect(
    session: AsyncSession, person_id: UUID, ground: Ground, *, people: TwoPeople, at: datetime
) -> UUID:
    """Protect an entry and give the protection's id; adoption secrecy seals it.

    Raises RegistryError for an entry that is protected already, or is read as one with others: what is to be
    sealed must be split off first.
    """
    group = await lock_group(session, person_id)
    if await is_protected(session, person_id):
        raise RegistryError("the entry is protected already")
    if ground.regime is Regime.ADOPTION_SECRECY and len(group.members) > 1:
        raise RegistryError("the entry is read as one with others: split them first")
    protection_id = uuid4()
    await session.execute(
        insert(ProtectedPerson).values(
            id=protection_id,
            person_id=group.root,
            regime=ground.regime,
            authority_ref=ground.authority_ref,
            from_on=ground.from_on,
            recorded_at=at,
            proposed_by=people.proposed_by,
            approved_by=people.approved_by,
        )
    )
    if ground.regime is Regime.ADOPTION_SECRECY:
        await _seal(session, group.root, at=at)
    await record_event(session, "PERSON_PROTECTED", group.root, at=at)
    return protection_id


async def lift(session: AsyncSession, person_id: UUID, *, people: TwoPeople, at: datetime) -> None:
    """End a protection; a sealed entry is found again once it is projected. Raises RegistryError without one."""
    lifted = await session.execute(
        update(ProtectedPerson)
        .where(ProtectedPerson.person_id == person_id, ProtectedPerson.lifted_at.is_(None))
        .values(lifted_at=at, lifted_by=people.proposed_by, lift_approved_by=people.approved_by)
        .returning(ProtectedPerson.id)
    )
    if lifted.first() is None:
        raise RegistryError("the entry is not protected")
    await record_event(session, "PERSON_PROTECTION_LIFTED", person_id, at=at)


def protected(person_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Ask, within a query, whether the entry in a column, or one read through it, is protected today."""
    member = aliased(Person)
    return (
        select(ProtectedPerson.id)
        .join(member, member.id == ProtectedPerson.person_id)
        .where(
            ProtectedPerson.lifted_at.is_(None), or_(member.id == person_id, member.master_id == person_id)
        )
        .exists()
    )


async def is_protected(session: AsyncSession, person_id: UUID) -> bool:
    """Tell whether an entry, or whatever is read as one with it, is protected today."""
    root = select(func.coalesce(Person.master_id, Person.id)).where(Person.id == person_id).scalar_subquery()
    return bool((await session.execute(select(protected(root)))).scalar_one())


async def _seal(session: AsyncSession, person_id: UUID, *, at: datetime) -> None:
    """Take everything away an entry is found by: keys, and numbers that answer."""
    for table in ("match_key", "name_key"):
        await session.execute(text(f"delete from {table} where person_id = :id"), {"id": person_id})  # noqa: S608
    await session.execute(
        update(PersonIdentifier)
        .where(PersonIdentifier.person_id == person_id, PersonIdentifier.valid_until.is_(None))
        .values(status=IdentifierStatus.REPLACED, valid_until=day_of(at))
    )
