"""Remember pairs of entries that are two people, until something verified says otherwise."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import and_, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.registry.model import PersonLink

# strong new evidence: an identifier both now stand with, verified for one of them after they were told apart
_STRANGERS = text("""
    select l.survivor_id, l.absorbed_id from person_link l
    where l.kind = 'NOT_SAME' and l.unlinked_at is null
        and (l.survivor_id = any(cast(:ones as uuid[])) and l.absorbed_id = any(cast(:others as uuid[]))
          or l.absorbed_id = any(cast(:ones as uuid[])) and l.survivor_id = any(cast(:others as uuid[])))
        and not exists (
            select 1 from person_identifier a
            join person_identifier b on b.scheme = a.scheme and b.value = a.value and b.person_id <> a.person_id
            where a.person_id = any(cast(:ones as uuid[])) and b.person_id = any(cast(:others as uuid[]))
                and a.valid_until is null and b.valid_until is null
                and 'VERIFIED' in (a.status, b.status)
                and exists (
                    select 1 from registry_version v join registry_commit c on c.tx = v.tx
                    where v.table_name = 'person_identifier' and v.row_id in (a.id, b.id) and c.at > l.linked_at
                )
        )
""")


async def remember_not_same(
    session: AsyncSession,
    one_id: UUID,
    other_id: UUID,
    *,
    by: str,
    at: datetime,
    case_id: UUID | None = None,
) -> None:
    """Remember a pair once, whichever way round it is named."""
    first, second = sorted((one_id, other_id))
    await session.execute(
        upsert(PersonLink)
        .values(
            id=uuid4(),
            kind="NOT_SAME",
            survivor_id=first,
            absorbed_id=second,
            decided_by=by,
            case_id=case_id,
            linked_at=at,
        )
        .on_conflict_do_nothing()
    )


async def known_strangers(
    session: AsyncSession, ones: Sequence[UUID], others: Sequence[UUID]
) -> frozenset[UUID]:
    """Give those of `others` a person said are not one of `ones`; new verified evidence lifts that."""
    values = {"ones": [str(each) for each in ones], "others": [str(each) for each in others]}
    rows = (await session.execute(_STRANGERS, values)).all()
    return frozenset(each for row in rows for each in row if each in set(others))


async def forget_not_same(
    session: AsyncSession, ones: Sequence[UUID], others: Sequence[UUID], *, at: datetime
) -> None:
    """Close what was remembered of pairs that are now decided to be one person."""
    await _close(session, ones, others, "they were merged on new verified evidence", at)


async def recall_not_same(session: AsyncSession, case_id: UUID, *, at: datetime) -> None:
    """Close what a case decided about pairs, because the decision is taken back."""
    await session.execute(
        update(PersonLink)
        .where(PersonLink.case_id == case_id, PersonLink.kind == "NOT_SAME", PersonLink.unlinked_at.is_(None))
        .values(unlinked_at=at, unlink_reason="the decision was taken back")
    )


async def pairs_of(session: AsyncSession, person_id: UUID) -> tuple[tuple[UUID, UUID], ...]:
    """Give the remembered pairs an entry belongs to."""
    found = await session.execute(
        select(PersonLink.survivor_id, PersonLink.absorbed_id).where(
            PersonLink.kind == "NOT_SAME",
            PersonLink.unlinked_at.is_(None),
            or_(PersonLink.survivor_id == person_id, PersonLink.absorbed_id == person_id),
        )
    )
    return tuple((row[0], row[1]) for row in found)


async def _close(
    session: AsyncSession, ones: Sequence[UUID], others: Sequence[UUID], reason: str, at: datetime
) -> None:
    pair = or_(
        and_(PersonLink.survivor_id.in_(ones), PersonLink.absorbed_id.in_(others)),
        and_(PersonLink.survivor_id.in_(others), PersonLink.absorbed_id.in_(ones)),
    )
    await session.execute(
        update(PersonLink)
        .where(PersonLink.kind == "NOT_SAME", PersonLink.unlinked_at.is_(None), pair)
        .values(unlinked_at=at, unlink_reason=reason)
    )
