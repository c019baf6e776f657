"""Know a source's record again, so that the same record arriving twice changes nothing twice."""

from hashlib import sha256
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from gateway.intake.applications import Application
from gateway.intake.arrival import Arrival
from gateway.matching.comparison import compare
from gateway.matching.levels import LIKE_NAME, SAME_NAME, Level
from gateway.registry.candidates import entry_record
from gateway.registry.model import Assertion, SourceRecord


async def source_record(arrival: Arrival) -> SourceRecord | None:
    """Find what an earlier arrival of the same record became."""
    application = arrival.application
    found = await arrival.session.execute(
        select(SourceRecord).where(
            SourceRecord.source_code == application.source,
            SourceRecord.organisation_code == application.organisation_code,
            SourceRecord.record_key == application.source_record_key,
        )
    )
    return found.scalar_one_or_none()


async def remember(arrival: Arrival, person_id: UUID, enrolment_id: UUID | None) -> None:
    """Remember which entry and enrolment the source's record became."""
    application = arrival.application
    digest = digest_of(application)
    await arrival.session.execute(
        upsert(SourceRecord)
        .values(
            source_code=application.source,
            organisation_code=application.organisation_code,
            record_key=application.source_record_key,
            person_id=person_id,
            enrolment_id=enrolment_id,
            digest=digest,
            recorded_at=arrival.at,
        )
        .on_conflict_do_update(
            index_elements=["source_code", "organisation_code", "record_key"],
            set_={"digest": digest, "recorded_at": arrival.at},
        )
    )


def digest_of(application: Application) -> str:
    """Give a digest that changes when anything the source tells does."""
    values = application.person_values()
    told = [str(values[name]) for name in sorted(values)]
    told += [str(each) for each in (application.grade, application.level, application.form)]
    return sha256("\x1f".join([*told, str(application.start_on)]).encode()).hexdigest()


async def changed_values(arrival: Arrival, person_id: UUID) -> dict[str, object]:
    """Give what this source tells now and did not tell last time."""
    found = await arrival.session.execute(
        select(Assertion.field, Assertion.value)
        .where(
            Assertion.subject_id == person_id,
            Assertion.source_code == arrival.application.source,
            Assertion.source_record_key == arrival.application.source_record_key,
            Assertion.retracted_at.is_(None),
        )
        .order_by(Assertion.seq)
    )
    before = {row.field: row.value for row in found}
    now = arrival.application.person_values()
    return {name: value for name, value in now.items() if value and str(value) != before.get(name)}


async def is_same_person(arrival: Arrival, person_id: UUID) -> bool:
    """Tell whether a repeated record can be the person it was: a correction changes one thing, not all."""
    entry = await entry_record(arrival.session, person_id)
    if entry is None:
        return False
    seen = compare(arrival.application.record(), entry)
    if Level.EQUAL in {seen.pin, seen.birth_certificate}:
        return True
    if seen.given_name is Level.TWO_NAMES:
        return False
    agreeing = (seen.surname in SAME_NAME, seen.given_name in LIKE_NAME, seen.birth_date is Level.EQUAL)
    return sum(agreeing) >= 2
