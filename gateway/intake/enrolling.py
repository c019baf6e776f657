"""Give an admitted learner a place: one person, one full-time enrolment at a time."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from gateway.intake.arrival import Arrival
from gateway.intake.cases import CaseQuestion, open_case
from gateway.registry.entries import EnrolmentEntry
from gateway.registry.group import root_of
from gateway.registry.holds import note_rivals
from gateway.registry.model import Enrolment
from gateway.registry.reading import enrolments
from gateway.registry.repository import add_enrolment, record_event


async def enrol(arrival: Arrival, person_id: UUID) -> tuple[UUID, UUID | None]:
    """Enrol the person and give (enrolment, case).

    A second overlapping full-time enrolment is held and asked about in a case.
    """
    start_on = arrival.application.start_on
    root, own = await root_of(arrival.session, person_id), await _own(arrival, person_id)
    current = [each for each in await enrolments(arrival.session, root) if each.covers_after(start_on)]
    same = next(
        (each for each in current if each.enrolment_id in own and _is_same_place(each, arrival)), None
    )
    if same:
        await amend_enrolment(arrival, same.enrolment_id)
        return same.enrolment_id, None
    full_time = arrival.application.form == "FULL_TIME"
    in_the_way = [each for each in current if full_time and each.form == "FULL_TIME"]
    rivals = [each for each in in_the_way if not each.held]
    enrolment_id = await add_enrolment(
        arrival.session,
        at=arrival.at,
        person_id=person_id,
        organisation_id=arrival.organisation.organisation_id,
        held=bool(rivals),
        basis=arrival.application.basis,
        **_enrolment_values(arrival),
    )
    await note_rivals(
        arrival.session, enrolment_id, [each.enrolment_id for each in in_the_way], at=arrival.at
    )
    if not rivals:
        return enrolment_id, None
    question = CaseQuestion(
        kind="DUP_ENROLMENT",
        person_id=person_id,
        field=str(enrolment_id),
        explanation="a second full-time enrolment overlaps the first; it is held",
    )
    return enrolment_id, await open_case(arrival.session, question, at=arrival.at)


async def _own(arrival: Arrival, person_id: UUID) -> frozenset[UUID]:
    """Give the enrolments of this very entry, not of others that are read as one with it."""
    found = await arrival.session.execute(select(Enrolment.id).where(Enrolment.person_id == person_id))
    return frozenset(found.scalars())


def _is_same_place(enrolment: EnrolmentEntry, arrival: Arrival) -> bool:
    same_organisation = enrolment.organisation.organisation_id == arrival.organisation.organisation_id
    return same_organisation and enrolment.form == arrival.application.form


def _enrolment_values(arrival: Arrival) -> dict[str, Any]:
    application = arrival.application
    return {
        "level": application.level,
        "form": application.form,
        "grade": application.grade,
        "start_on": application.start_on,
    }


async def amend_enrolment(arrival: Arrival, enrolment_id: UUID | None) -> None:
    """Take over a new grade or level; the organisation and the dates stay."""
    changed = await arrival.session.execute(
        update(Enrolment)
        .where(
            Enrolment.id == enrolment_id,
            (Enrolment.grade.is_distinct_from(arrival.application.grade))
            | (Enrolment.level != arrival.application.level),
        )
        .values(
            grade=arrival.application.grade, level=arrival.application.level, version=Enrolment.version + 1
        )
        .returning(Enrolment.id)
    )
    amended = changed.scalar_one_or_none()
    if amended:
        await record_event(
            arrival.session, "ENROLMENT_CHANGED", amended, at=arrival.at, subject_type="ENROLMENT"
        )
