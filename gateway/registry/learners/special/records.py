"""Write and open special records: each opening leaves a trace with its reason, in the same transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from gateway.foundation.errors import InputRefused
from gateway.registry.learners.special.keys import SpecialKeys
from gateway.registry.learners.tables import SpecialReading, SpecialRecord
from gateway.registry.model import Person


class SpecialKind(StrEnum):
    """NEED is told by school and commission, DISABILITY by the disability register, SOCIAL by Labour."""

    NEED = "NEED"
    DISABILITY = "DISABILITY"
    SOCIAL = "SOCIAL"


# what may be kept of each kind: anything else a source tells is dropped before it gets here
_KEPT = {
    SpecialKind.NEED: frozenset({"type", "difficulty", "plan", "commission_decision"}),
    SpecialKind.DISABILITY: frozenset(
        {"organisation", "examined_on", "examination_type", "group", "onset", "reexamine_on", "has_plan"}
    ),
    SpecialKind.SOCIAL: frozenset({"type", "allowance"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialFact:
    """A fact as it was told, and the record it takes the place of; printing it does not show the content."""

    kind: SpecialKind
    source: str
    valid_from: date
    valid_until: date | None = None
    exchange_id: UUID | None = None
    replaces_id: UUID | None = None
    content: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedFact:
    """A fact as it was opened."""

    record_id: UUID
    person_id: UUID
    fact: SpecialFact
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A record whose term ends soon; says of whom, not what."""

    record_id: UUID
    person_id: UUID
    valid_until: date


async def record_special(
    session: AsyncSession,
    keys: SpecialKeys,
    person_id: UUID,
    fact: SpecialFact,
    *,
    by: str,
    at: datetime,
) -> UUID:
    """Seal a fact about a person and give its id.

    Raises InputRefused for content that is not kept of its kind, or a disability that no message proves.
    """
    if set(fact.content) - _KEPT[fact.kind]:
        raise InputRefused((("content", "NOT_KEPT_OF_THIS_KIND"),))
    if fact.kind is SpecialKind.DISABILITY and fact.exchange_id is None:
        raise InputRefused((("exchange_id", "DISABILITY_COMES_BY_MESSAGE"),))
    record_id = uuid4()
    key_id, nonce, ciphertext = keys.seal(fact.content, record_id, person_id)
    await session.execute(
        insert(SpecialRecord).values(
            id=record_id,
            person_id=person_id,
            kind=fact.kind,
            source_code=fact.source,
            exchange_id=fact.exchange_id,
            valid_from=fact.valid_from,
            valid_until=fact.valid_until,
            key_id=key_id,
            nonce=nonce,
            ciphertext=ciphertext,
            recorded_at=at,
            recorded_by=by,
            replaces_id=fact.replaces_id,
        )
    )
    return record_id


async def open_special(
    session: AsyncSession, keys: SpecialKeys, person_id: UUID, *, reason: str, by: str, at: datetime
) -> tuple[OpenedFact, ...]:
    """Open what stands about a person, through merges, and note who did it and why.

    Raises InputRefused without a reason.
    """
    if not reason.strip():
        raise InputRefused((("reason", "MISSING"),))
    trace = {"id": uuid4(), "person_id": person_id, "reason": reason.strip(), "read_by": by, "read_at": at}
    await session.execute(insert(SpecialReading).values(**trace))
    asked, newer = aliased(Person), aliased(SpecialRecord)
    root = select(func.coalesce(asked.master_id, asked.id)).where(asked.id == person_id).scalar_subquery()
    same = select(Person.id).where(or_(Person.id == root, Person.master_id == root))
    replaced = select(newer.id).where(newer.replaces_id == SpecialRecord.id).exists()
    found = await session.execute(
        select(SpecialRecord)
        .where(SpecialRecord.person_id.in_(same), ~replaced)
        .order_by(SpecialRecord.kind, SpecialRecord.valid_from, SpecialRecord.id)
    )
    return tuple(_opened(row, keys) for row in found.scalars())


async def due_for_review(session: AsyncSession, *, on: date, within_days: int = 30) -> tuple[Due, ...]:
    """List the records whose term ends within some days, without opening any."""
    newer = aliased(SpecialRecord)
    replaced = select(newer.id).where(newer.replaces_id == SpecialRecord.id).exists()
    found = await session.execute(
        select(SpecialRecord.id, SpecialRecord.person_id, SpecialRecord.valid_until)
        .where(
            SpecialRecord.valid_until >= on,
            SpecialRecord.valid_until <= on + timedelta(days=within_days),
            ~replaced,
        )
        .order_by(SpecialRecord.valid_until, SpecialRecord.id)
    )
    return tuple(Due(record_id=row[0], person_id=row[1], valid_until=row[2]) for row in found if row[2])


def _opened(row: SpecialRecord, keys: SpecialKeys) -> OpenedFact:
    fact = SpecialFact(
        kind=SpecialKind(row.kind),
        source=row.source_code,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        exchange_id=row.exchange_id,
        replaces_id=row.replaces_id,
        content=keys.open((row.key_id, row.nonce, row.ciphertext), row.id, row.person_id),
    )
    return OpenedFact(record_id=row.id, person_id=row.person_id, fact=fact, recorded_at=row.recorded_at)
