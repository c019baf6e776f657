"""Bring an entry's visible values up to date with its assertions: the only writer of projected columns."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import day_of
from gateway.foundation.errors import RegistryError
from gateway.foundation.policy_settings import FieldPolicy
from gateway.matching.blocking import blocking_keys
from gateway.matching.record import Record
from gateway.registry.model import Assertion, FieldProvenance, MatchKey, Person
from gateway.registry.name_keys import NAMES, add_name_keys
from gateway.registry.policy import ATTEMPT, PROJECTED, Projection, Shown, Told, project
from gateway.registry.repository import record_event
from gateway.registry.timeline.policies import remember_policies

DATES = frozenset({"birth_date", "death_date"})


async def project_person(
    session: AsyncSession, person_id: UUID, policies: Mapping[str, FieldPolicy], *, at: datetime
) -> Projection:
    """Re-project an entry from its own assertions and those of the entries merged into it.

    The entry is locked until the transaction ends; its version grows only when something visible changed.
    A merged entry is never edited: what was told of it shows on its master, which is projected instead.
    Raises RegistryError when there is no such entry.
    """
    person = await _lock(session, person_id)
    if person.master_id:
        return await project_person(session, person.master_id, policies, at=at)
    digest = await remember_policies(session, policies, known=person.policy_digest, at=at)
    told = await _told(session, person.id)
    projection = project(told, policies, on=day_of(at))
    columns = _columns(projection)
    changed = {name: value for name, value in columns.items() if getattr(person, name) != value}
    if changed or person.version == 0:
        await session.execute(
            update(Person)
            .where(Person.id == person.id)
            .values(**columns, version=person.version + 1, projected_at=at, policy_digest=digest)
        )
        await record_event(session, "PERSON_CHANGED", person.id, at=at)
    elif digest != person.policy_digest:
        await session.execute(update(Person).where(Person.id == person.id).values(policy_digest=digest))
    await _write_provenance(session, person.id, projection, at)
    await add_match_keys(session, person.id, _record(columns, projection))
    await add_name_keys(session, person.id, [str(each.value) for each in told if each.field in NAMES])
    return projection


async def add_match_keys(session: AsyncSession, person_id: UUID, record: Record) -> None:
    """Let the entry be found by this record's values too; keys already there stay."""
    rows = [{"key": key, "person_id": person_id} for key in blocking_keys(record)]
    if rows:
        await session.execute(upsert(MatchKey).on_conflict_do_nothing(), rows)


async def _lock(session: AsyncSession, person_id: UUID) -> Any:
    columns = (
        Person.id,
        Person.version,
        Person.master_id,
        Person.policy_digest,
        *(getattr(Person, name) for name in PROJECTED),
    )
    found = await session.execute(select(*columns).where(Person.id == person_id).with_for_update())
    person = found.one_or_none()
    if person is None:
        raise RegistryError("there is no such entry to project")
    return person


async def _told(session: AsyncSession, person_id: UUID) -> list[Told]:
    absorbed = select(Person.id).where(or_(Person.id == person_id, Person.master_id == person_id))
    # an array, not a join: the planner then always goes by the index on subject_id
    members = func.array(absorbed.scalar_subquery(), type_=ARRAY(Uuid))
    found = await session.execute(
        select(
            Assertion.id,
            Assertion.field,
            Assertion.value,
            Assertion.source_code,
            Assertion.seq,
            Assertion.verified_at,
            Assertion.subject_id,
            Assertion.told_at,
            Assertion.recorded_at,
            Assertion.valid_from,
            Assertion.document_on,
            Assertion.document_until,
        ).where(
            Assertion.subject_id == any_(members),
            Assertion.subject_type == "PERSON",
            Assertion.retracted_at.is_(None),
        )
    )
    return [told_of(row) for row in found if row.field != ATTEMPT or row.subject_id == person_id]


def told_of(row: Any) -> Told:
    """Make of a row of assertions what the policy sees of it."""
    return Told(
        assertion_id=row.id,
        field=row.field,
        value=row.value,
        source=row.source_code,
        order=row.seq,
        verified_at=row.verified_at,
        told_at=row.told_at or row.recorded_at,
        valid_from=row.valid_from,
        document_on=row.document_on,
        document_until=row.document_until,
    )


def _columns(projection: Projection) -> dict[str, object]:
    columns: dict[str, object] = {}
    for name in PROJECTED:
        shown = projection.fields.get(name)
        value = shown.value if shown else None
        columns[name] = date.fromisoformat(value) if value and name in DATES else value
    return columns


def _record(columns: Mapping[str, Any], projection: Projection) -> Record:
    def value(field: str) -> str | None:
        shown = projection.fields.get(field)
        return shown.value if shown else None

    return Record(
        surname=columns["surname"],
        given_name=columns["given_name"],
        patronymic=columns["patronymic"],
        birth_date=columns["birth_date"],
        pin=value("pin"),
        birth_certificate=value("birth_certificate"),
        passport=value("passport"),
    )


async def _write_provenance(
    session: AsyncSession, person_id: UUID, projection: Projection, at: datetime
) -> None:
    gone = delete(FieldProvenance).where(
        FieldProvenance.subject_id == person_id, FieldProvenance.field.not_in(projection.fields)
    )
    await session.execute(gone)
    rows = [_provenance_row(person_id, field, shown, at) for field, shown in projection.fields.items()]
    if not rows:
        return
    statement = upsert(FieldProvenance)
    changed = {
        name: statement.excluded[name]
        for name in ("assertion_id", "source_code", "verified_at", "status", "stale_after", "projected_at")
    }
    await session.execute(
        statement.on_conflict_do_update(index_elements=["subject_id", "field"], set_=changed), rows
    )


def _provenance_row(person_id: UUID, field: str, shown: Shown, at: datetime) -> dict[str, object]:
    return {
        "subject_id": person_id,
        "field": field,
        "assertion_id": shown.assertion_id,
        "source_code": shown.source,
        "verified_at": shown.verified_at,
        "status": shown.status,
        "stale_after": shown.stale_after,
        "projected_at": at,
    }
