"""Parents and guardians: told first, proved by a message or an act, ended, limited by a court."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from gateway.foundation.errors import InputRefused, RegistryError
from gateway.registry.learners.tables import PersonRelationship
from gateway.registry.model import Person
from gateway.registry.repository import record_event

DECLARED, UNVERIFIED, VERIFIED, REFUTED, ENDED = "DECLARED", "UNVERIFIED", "VERIFIED", "REFUTED", "ENDED"
MAJORITY = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a relationship rests on: DECLARED by somebody, or an act or decision, with the message or paper."""

    evidence: str = DECLARED
    source: str = "SCHOOL"
    exchange_id: UUID | None = None
    act: str = ""

    @property
    def proves(self) -> bool:
        """Tell whether it is more than somebody's word."""
        return self.evidence != DECLARED and (self.exchange_id is not None or self.act != "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bond:
    """Who is what to whom (MOTHER, FATHER, GUARDIAN, TRUSTEE, FOSTER, ORG_GUARDIAN), and since when."""

    child_id: UUID
    adult_id: UUID
    kind: str
    legal_representative: bool = True
    valid_from: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Relationship:
    """An adult and a child, by the entries that stand for them today."""

    relationship_id: UUID
    child_id: UUID
    adult_id: UUID
    kind: str
    legal_representative: bool
    evidence: str
    source: str
    status: str
    valid_from: date | None
    valid_until: date | None
    rights_limited: bool

    def opens_access(self, *, child_born_on: date | None, on: date) -> bool:
        """Tell whether the adult may see the child's record on a day.

        The relationship must be proved, stand on the day and be limited by no court, the child be a minor.
        """
        if self.status != VERIFIED or self.evidence == DECLARED or self.rights_limited:
            return False
        if not self.legal_representative or child_born_on is None:
            return False
        stands = (self.valid_from or date.min) <= on < (self.valid_until or date.max)
        return stands and years_between(child_born_on, on) < MAJORITY


def years_between(born_on: date, on: date) -> int:
    """Count the full years of age on a day."""
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))


async def relate(session: AsyncSession, bond: Bond, *, proof: Proof, by: str, at: datetime) -> UUID:
    """Record that an adult is a child's parent or guardian, and give the relationship's id.

    Told again it stays one relationship; what was only declared is verified by a proof.
    """
    current = await _current(session, bond)
    if current:
        if proof.proves and current.status != VERIFIED:
            await verify(session, current.id, proof=proof, at=at)
        return current.id
    relationship_id = uuid4()
    await session.execute(
        insert(PersonRelationship).values(
            id=relationship_id,
            child_id=bond.child_id,
            adult_id=bond.adult_id,
            kind=bond.kind,
            legal_representative=bond.legal_representative,
            valid_from=bond.valid_from,
            recorded_at=at,
            recorded_by=by,
            **_standing(proof, at),
        )
    )
    await _tell(session, bond.child_id, relationship_id, at)
    return relationship_id


async def verify(session: AsyncSession, relationship_id: UUID, *, proof: Proof, at: datetime) -> None:
    """Let a message or an act prove a relationship; raises InputRefused where it proves nothing."""
    if not proof.proves:
        raise InputRefused((("evidence", "PROVES_NOTHING"),))
    await _change(session, relationship_id, at, **_standing(proof, at))


async def refute(session: AsyncSession, relationship_id: UUID, *, reason: str, at: datetime) -> None:
    """Mark a relationship as one that a source denies."""
    await _change(session, relationship_id, at, status=REFUTED, end_reason=reason)


async def end(session: AsyncSession, relationship_id: UUID, *, on: date, reason: str, at: datetime) -> None:
    """End a relationship: the day is the first on which it no longer stands."""
    await _change(session, relationship_id, at, status=ENDED, valid_until=on, end_reason=reason)


async def limit_rights(session: AsyncSession, relationship_id: UUID, *, act: str, at: datetime) -> None:
    """Note the court's decision that takes an adult's rights; the relationship itself stands."""
    if not act:
        raise InputRefused((("act", "MISSING"),))
    await _change(session, relationship_id, at, rights_limited_by=act)


async def guardians(session: AsyncSession, child_id: UUID) -> tuple[Relationship, ...]:
    """Read a child's relationships, ended ones too, through merges."""
    return await _read(session, PersonRelationship.child_id, child_id)


async def children(session: AsyncSession, adult_id: UUID) -> tuple[Relationship, ...]:
    """Read an adult's relationships to children, ended ones too, through merges."""
    return await _read(session, PersonRelationship.adult_id, adult_id)


async def _read(session: AsyncSession, side: Any, person_id: UUID) -> tuple[Relationship, ...]:
    child, adult, asked = aliased(Person), aliased(Person), aliased(Person)
    root = select(func.coalesce(asked.master_id, asked.id)).where(asked.id == person_id).scalar_subquery()
    same = select(Person.id).where(or_(Person.id == root, Person.master_id == root))
    found = await session.execute(
        select(
            PersonRelationship,
            func.coalesce(child.master_id, child.id).label("child_root"),
            func.coalesce(adult.master_id, adult.id).label("adult_root"),
        )
        .join(child, child.id == PersonRelationship.child_id)
        .join(adult, adult.id == PersonRelationship.adult_id)
        .where(side.in_(same))
        .order_by(PersonRelationship.recorded_at, PersonRelationship.id)
        .execution_options(populate_existing=True)
    )
    return tuple(_relationship(row.PersonRelationship, row.child_root, row.adult_root) for row in found)


async def _current(session: AsyncSession, bond: Bond) -> PersonRelationship | None:
    statement = (
        select(PersonRelationship)
        .where(
            PersonRelationship.child_id == bond.child_id,
            PersonRelationship.adult_id == bond.adult_id,
            PersonRelationship.kind == bond.kind,
            PersonRelationship.status.in_((UNVERIFIED, VERIFIED)),
        )
        .with_for_update()
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def _change(session: AsyncSession, relationship_id: UUID, at: datetime, **values: Any) -> None:
    changed = await session.execute(
        update(PersonRelationship)
        .where(
            PersonRelationship.id == relationship_id, PersonRelationship.status.in_((UNVERIFIED, VERIFIED))
        )
        .values(**values)
        .returning(PersonRelationship.child_id)
    )
    child_id = changed.scalar_one_or_none()
    if child_id is None:
        raise RegistryError("there is no such relationship that stands")
    await _tell(session, child_id, relationship_id, at)


def _standing(proof: Proof, at: datetime) -> dict[str, Any]:
    return {
        "evidence": proof.evidence,
        "source_code": proof.source,
        "exchange_id": proof.exchange_id,
        "act": proof.act,
        "status": VERIFIED if proof.proves else UNVERIFIED,
        "verified_at": at if proof.proves else None,
    }


async def _tell(session: AsyncSession, child_id: UUID, relationship_id: UUID, at: datetime) -> None:
    detail = {"relationship_id": str(relationship_id)}
    await record_event(session, "RELATIONSHIP_CHANGED", child_id, at=at, detail=detail)


def _relationship(row: PersonRelationship, child_id: UUID, adult_id: UUID) -> Relationship:
    return Relationship(
        relationship_id=row.id,
        child_id=child_id,
        adult_id=adult_id,
        kind=row.kind,
        legal_representative=row.legal_representative,
        evidence=row.evidence,
        source=row.source_code,
        status=row.status,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        rights_limited=row.rights_limited_by != "",
    )
