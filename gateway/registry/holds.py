"""One person counts once: which full-time enrolments wait because another was there first.

Every rival is noted when an enrolment comes, by itself or by a merge. When a merge is undone its rivals are
released and the rest is told anew from the beginning, so that what waited only because of the merge counts again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import RegistryError
from gateway.registry.case_tables import EnrolmentRival
from gateway.registry.model import Enrolment
from gateway.registry.repository import record_event

Pair = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What changed: enrolments that wait from now on, and those that count again."""

    waiting: tuple[UUID, ...] = ()
    counting: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    enrolment_id: UUID
    person_id: UUID
    start_on: date
    end_on: date | None
    held: bool

    def overlaps(self, other: "_Place") -> bool:
        mine = self.end_on is None or self.end_on > other.start_on
        theirs = other.end_on is None or other.end_on > self.start_on
        lasts = self.start_on != self.end_on and other.start_on != other.end_on
        return mine and theirs and lasts


def held_of(rivals: Iterable[Pair], *, held: Iterable[UUID] = ()) -> frozenset[UUID]:
    """Tell which enrolments wait, from pairs (enrolment, rival) in the order in which they were noted.

    An enrolment waits when a rival of it counted at that time; `held` waited before the first pair.
    """
    waiting = set(held)
    for enrolment_id, rival_id in rivals:
        if rival_id not in waiting:
            waiting.add(enrolment_id)
    return frozenset(waiting)


async def note_rivals(
    session: AsyncSession, enrolment_id: UUID, rivals: Sequence[UUID], *, at: datetime
) -> None:
    """Note what stood in an enrolment's way when it came, counted or not."""
    for rival_id in rivals:
        await session.execute(
            insert(EnrolmentRival).values(
                id=uuid4(), enrolment_id=enrolment_id, rival_id=rival_id, recorded_at=at
            )
        )


async def hold_overlaps(
    session: AsyncSession, there: Sequence[UUID], arriving: Sequence[UUID], *, at: datetime
) -> Held:
    """Let enrolments that come with a merge wait where they overlap one that is there already."""
    before, after = await _places(session, there), await _places(session, arriving)
    waiting = []
    for place in after:
        rivals = [rival for rival in before if rival.overlaps(place)]
        await note_rivals(session, place.enrolment_id, [rival.enrolment_id for rival in rivals], at=at)
        if not place.held and any(not rival.held for rival in rivals):
            await _set_held(session, place.enrolment_id, at, held=True)
            waiting.append(place.enrolment_id)
    return Held(waiting=tuple(waiting))


async def release_overlaps(session: AsyncSession, groups: Sequence[Sequence[UUID]], *, at: datetime) -> Held:
    """Forget the rivals between groups that are not one person any more, and count anew inside each."""
    owners = {
        place.enrolment_id: number
        for number, group in enumerate(groups)
        for place in await _places(session, group)
    }
    noted = await _noted(session, owners)
    gone = [row.id for row in noted if owners[row.enrolment_id] != owners.get(row.rival_id)]
    if gone:
        await session.execute(
            update(EnrolmentRival).where(EnrolmentRival.id.in_(gone)).values(released_at=at)
        )
    waiting: list[UUID] = []
    counting: list[UUID] = []
    for group in groups:
        changed = await _recount(session, group, noted, set(gone), at)
        waiting += changed.waiting
        counting += changed.counting
    return Held(waiting=tuple(waiting), counting=tuple(counting))


async def release(session: AsyncSession, enrolment_id: UUID, *, at: datetime) -> None:
    """Let an enrolment count; raises RegistryError while another of the same entry still overlaps it."""
    found = await session.execute(select(Enrolment.person_id).where(Enrolment.id == enrolment_id))
    person_id = found.scalar_one_or_none()
    if person_id is None:
        raise RegistryError("there is no such enrolment")
    places = await _places(session, [person_id])
    place = next(each for each in places if each.enrolment_id == enrolment_id)
    if any(not each.held and each.overlaps(place) for each in places if each is not place):
        raise RegistryError("another full-time enrolment still overlaps this one")
    await session.execute(
        update(EnrolmentRival)
        .where(EnrolmentRival.enrolment_id == enrolment_id, EnrolmentRival.released_at.is_(None))
        .values(released_at=at)
    )
    await _set_held(session, enrolment_id, at, held=False)


async def _recount(
    session: AsyncSession,
    group: Sequence[UUID],
    noted: Sequence[EnrolmentRival],
    gone: set[UUID],
    at: datetime,
) -> Held:
    places = {place.enrolment_id: place for place in await _places(session, group)}
    mine = [row for row in noted if row.enrolment_id in places]
    known = {row.enrolment_id for row in mine}
    alone = [
        place.enrolment_id for place in places.values() if place.held and place.enrolment_id not in known
    ]
    pairs = [(row.enrolment_id, row.rival_id) for row in mine if row.id not in gone]
    wanted = held_of(pairs, held=alone)
    waiting = [each for each in known if each in wanted and not places[each].held]
    for each in waiting:
        await _set_held(session, each, at, held=True)
    counted = [place for place in places.values() if place.enrolment_id in set(places) - wanted - known]
    counted += [places[each] for each in known if not places[each].held and each not in wanted]
    freed = []
    for row in sorted(known, key=lambda each: (places[each].start_on, each)):
        place = places[row]
        in_the_way = any(place.overlaps(other) for other in counted if other.person_id == place.person_id)
        if row not in wanted and place.held and not in_the_way:
            await _set_held(session, row, at, held=False)
            counted.append(place)
            freed.append(row)
    return Held(waiting=tuple(waiting), counting=tuple(freed))


async def _places(session: AsyncSession, person_ids: Sequence[UUID]) -> list[_Place]:
    found = await session.execute(
        select(Enrolment.id, Enrolment.person_id, Enrolment.start_on, Enrolment.end_on, Enrolment.held)
        .where(Enrolment.person_id.in_(person_ids), Enrolment.form == "FULL_TIME")
        .order_by(Enrolment.recorded_at, Enrolment.id)
    )
    return [
        _Place(enrolment_id=row[0], person_id=row[1], start_on=row[2], end_on=row[3], held=row[4])
        for row in found
    ]


async def _noted(session: AsyncSession, enrolment_ids: Iterable[UUID]) -> Sequence[EnrolmentRival]:
    found = await session.execute(
        select(EnrolmentRival)
        .where(EnrolmentRival.enrolment_id.in_(list(enrolment_ids)), EnrolmentRival.released_at.is_(None))
        .order_by(EnrolmentRival.number)
    )
    return found.scalars().all()


async def _set_held(session: AsyncSession, enrolment_id: UUID, at: datetime, *, held: bool) -> None:
    await session.execute(update(Enrolment).where(Enrolment.id == enrolment_id).values(held=held))
    await record_event(session, "ENROLMENT_CHANGED", enrolment_id, at=at, subject_type="ENROLMENT")
