"""The six blocks of a learner's card, every item with its source and its date (R-028)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import day_of
from gateway.registry.card import card_fields
from gateway.registry.learners.attendance import attendance
from gateway.registry.learners.classes import classes_of
from gateway.registry.learners.exams import exams_of
from gateway.registry.learners.marks import marks
from gateway.registry.model import Assertion, Enrolment
from gateway.registry.reading import enrolments

SCHOOL = "SCHOOL"
NAMES = ("IDENTITY", "LEVEL", "ORGANISATION", "SPECIAL_NEEDS", "MARKS", "ATTENDANCE")
_DAYS = 31


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing a block shows: what, where it comes from, since when it is known, what it is worth."""

    what: str
    value: Mapping[str, Any]
    source: str
    known_at: datetime
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of the card; one that is `closed` opens only with a reason that is noted."""

    name: str
    items: tuple[Item, ...]
    closed: bool = False


async def learner_blocks(session: AsyncSession, person_id: UUID, *, at: datetime) -> tuple[Block, ...]:
    """Read the blocks as far as the session may see them; special needs stay closed here."""
    places = await enrolments(session, person_id)
    current = [place for place in places if place.status_on(day_of(at)) and not place.held]
    known = await _recorded(session, [place.enrolment_id for place in places])
    groups = await classes_of(session, [place.enrolment_id for place in current], on=day_of(at))
    return (
        Block(name="IDENTITY", items=await _identity(session, person_id, at)),
        Block(
            name="LEVEL",
            items=tuple(
                _item(each, {"level": each.level, "form": each.form, "grade": each.grade}, known)
                for each in current
            ),
        ),
        Block(
            name="ORGANISATION",
            items=tuple(
                _item(
                    each,
                    {
                        "organisation_code": each.organisation.code,
                        "status": each.status_on(day_of(at)),
                        "start_on": each.start_on,
                        "class_id": groups.get(each.enrolment_id),
                    },
                    known,
                )
                for each in current
            ),
        ),
        Block(name="SPECIAL_NEEDS", items=(), closed=True),
        Block(name="MARKS", items=await _marks(session, person_id, current)),
        Block(name="ATTENDANCE", items=await _attendance(session, current, day_of(at))),
    )


async def _identity(session: AsyncSession, person_id: UUID, at: datetime) -> tuple[Item, ...]:
    told = await session.execute(
        select(Assertion.field, Assertion.recorded_at)
        .where(Assertion.subject_id == person_id)
        .order_by(Assertion.seq)
    )
    known = {row.field: row.recorded_at for row in told}
    return tuple(
        Item(
            what=each.name,
            value={"value": each.value},
            source=each.source,
            known_at=each.verified_at or known.get(each.name, at),
            status=each.status,
        )
        for each in await card_fields(session, person_id, at=at)
    )


def _item(place: Any, value: Mapping[str, Any], known: Mapping[UUID, tuple[str, datetime]]) -> Item:
    source, at = known[place.enrolment_id]
    return Item(what="enrolment", value=value, source=source, known_at=at)


async def _recorded(session: AsyncSession, places: Iterable[UUID]) -> dict[UUID, tuple[str, datetime]]:
    """Give by whom and when each enrolment was entered: places are the schools' own word."""
    found = await session.execute(
        select(Enrolment.id, Enrolment.recorded_at).where(Enrolment.id.in_(list(places)))
    )
    return {row.id: (SCHOOL, row.recorded_at) for row in found}


async def _marks(session: AsyncSession, person_id: UUID, places: Iterable[Any]) -> tuple[Item, ...]:
    given = [
        Item(
            what=each.mark.subject_code,
            value={
                "mark": each.mark.value,
                "period": each.mark.period_code,
                "kind": each.mark.kind,
                "scale": each.scale[0],
                "scale_version": each.scale[1],
            },
            source=SCHOOL,
            known_at=each.recorded_at,
        )
        for place in places
        for each in await marks(session, place.enrolment_id)
    ]
    held = [
        Item(
            what=each.exam.exam_code,
            value={"points": str(each.exam.points), "part": each.exam.part, "taken_on": each.exam.taken_on},
            source=each.source_code,
            known_at=each.recorded_at,
        )
        for each in await exams_of(session, person_id)
    ]
    return (*given, *held)


async def _attendance(session: AsyncSession, places: Iterable[Any], today: date) -> tuple[Item, ...]:
    span = {"since": today - timedelta(days=_DAYS), "until": today + timedelta(days=1)}
    found = [
        Item(
            what=each.fact.type,
            value={
                "happened_on": each.fact.happened_on,
                "lesson_no": each.fact.lesson_no,
                "reason": each.fact.reason_code,
                "corrections": each.corrections,
            },
            source=SCHOOL,
            known_at=each.recorded_at,
        )
        for place in places
        for each in await attendance(session, place.enrolment_id, **span)
    ]
    return tuple(found)
