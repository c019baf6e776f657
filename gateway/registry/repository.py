"""Write to the registry in the caller's transaction: people, assertions, identifiers, enrolments, events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import cast, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import day_of
from gateway.foundation.errors import RegistryError
from gateway.registry.learners.tables import Movement
from gateway.registry.model import (
    Assertion,
    Enrolment,
    EnrolmentStatusPeriod,
    Organisation,
    Person,
    PersonIdentifier,
    RegistryEvent,
)
from gateway.registry.values import IdentifierStatus, Scheme, isuo_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where values come from: the source, when, who typed them, the exchange that proves them."""

    source: str
    recorded_at: datetime
    entered_by: str = ""
    source_record_key: str = ""
    exchange_id: UUID | None = None
    message_id: str = ""
    verified_at: datetime | None = None
    valid_from: date | None = None
    document_on: date | None = None
    document_until: date | None = None


async def create_person(session: AsyncSession, *, at: datetime) -> UUID:
    """Create an empty entry under a new permanent number and give its id."""
    serial = (await session.execute(text("select nextval('isuo_no_seq')"))).scalar_one()
    person_id = uuid4()
    await session.execute(
        insert(Person).values(
            id=person_id, isuo_no=isuo_number(serial), version=0, created_at=at, projected_at=at
        )
    )
    await record_event(session, "PERSON_CREATED", person_id, at=at)
    return person_id


async def add_assertions(
    session: AsyncSession,
    subject_id: UUID,
    values: Mapping[str, object],
    *,
    provenance: Provenance,
    subject_type: str = "PERSON",
) -> int:
    """Record what a source told, one row per field that has a value; give how many were new.

    The same exchange never tells a field twice: a repeat is passed over.
    """
    rows = [
        {
            "id": uuid4(),
            "subject_type": subject_type,
            "subject_id": subject_id,
            "field": field,
            "value": value.isoformat() if isinstance(value, date) else value,
            "source_code": provenance.source,
            "source_record_key": provenance.source_record_key,
            "exchange_id": provenance.exchange_id,
            "message_id": provenance.message_id,
            "entered_by": provenance.entered_by,
            "recorded_at": provenance.recorded_at,
            "verified_at": provenance.verified_at,
            "valid_from": provenance.valid_from,
            "document_on": provenance.document_on,
            "document_until": provenance.document_until,
            "told_at": provenance.verified_at or provenance.recorded_at,
        }
        for field, value in values.items()
        if value is not None
    ]
    if not rows:
        return 0
    statement = upsert(Assertion).on_conflict_do_nothing().returning(Assertion.id)
    return len((await session.execute(statement, rows)).all())


async def retract_value(
    session: AsyncSession, person_id: UUID, field: str, value: str, *, reason: str, at: datetime
) -> None:
    """Take back whatever was told of a person's field with this value."""
    await session.execute(
        update(Assertion)
        .where(
            Assertion.subject_id == person_id,
            Assertion.field == field,
            Assertion.value == cast(literal(value, JSONB), JSONB),
            Assertion.retracted_at.is_(None),
        )
        .values(retracted_at=at, retract_reason=reason)
    )


async def retract(session: AsyncSession, assertion_id: UUID, *, reason: str, at: datetime) -> None:
    """Take an assertion back with a reason; raises RegistryError when there is none to take back."""
    changed = await session.execute(
        update(Assertion)
        .where(Assertion.id == assertion_id, Assertion.retracted_at.is_(None))
        .values(retracted_at=at, retract_reason=reason)
        .returning(Assertion.id)
    )
    if changed.first() is None:
        raise RegistryError("there is no such assertion to retract")


async def claim_identifier(
    session: AsyncSession,
    person_id: UUID,
    scheme: Scheme,
    value: str,
    *,
    status: IdentifierStatus,
    at: datetime,
) -> IdentifierStatus:
    """Give a person an identifier and say with which status it stands.

    What another entry holds is DISPUTED here; only a verified one prevails, over mere claims of others.
    A verified identifier is never weakened by a claim. Entries read as one claim each for itself: undoing
    their merge then leaves nothing to mend.
    """
    rivals = await _claimants(session, scheme, value, other_than=person_id)
    if rivals and status is IdentifierStatus.VERIFIED and set(rivals.values()) == {IdentifierStatus.CLAIMED}:
        for rival in rivals:
            await set_identifier_status(
                session, rival, scheme, value, status=IdentifierStatus.DISPUTED, at=at
            )
    elif rivals:
        status = IdentifierStatus.DISPUTED
    current = await _own_identifier(session, person_id, scheme, value)
    if current is None:
        await session.execute(
            insert(PersonIdentifier).values(
                id=uuid4(), person_id=person_id, scheme=scheme, value=value, status=status, recorded_at=at
            )
        )
        await record_event(session, "IDENTIFIER_CHANGED", person_id, at=at)
        return status
    if status in {IdentifierStatus.CLAIMED, current}:
        return current
    await set_identifier_status(session, person_id, scheme, value, status=status, at=at)
    return status


async def set_identifier_status(
    session: AsyncSession,
    person_id: UUID,
    scheme: Scheme,
    value: str,
    *,
    status: IdentifierStatus,
    at: datetime,
) -> None:
    """Change the status of a person's identifier; one that is replaced stops being current today."""
    until = day_of(at) if status is IdentifierStatus.REPLACED else None
    await session.execute(
        update(PersonIdentifier)
        .where(
            PersonIdentifier.person_id == person_id,
            PersonIdentifier.scheme == scheme,
            PersonIdentifier.value == value,
            PersonIdentifier.valid_until.is_(None),
        )
        .values(status=status, valid_until=until)
    )
    await record_event(session, "IDENTIFIER_CHANGED", person_id, at=at)


async def supersede_claims(
    session: AsyncSession, person_id: UUID, scheme: Scheme, *, keep: str, at: datetime
) -> None:
    """End a person's unverified identifiers of a scheme in favour of the one claimed now."""
    await session.execute(
        update(PersonIdentifier)
        .where(
            PersonIdentifier.person_id == person_id,
            PersonIdentifier.scheme == scheme,
            PersonIdentifier.value != keep,
            PersonIdentifier.valid_until.is_(None),
            PersonIdentifier.status.in_(("CLAIMED", "DISPUTED")),
        )
        .values(status=IdentifierStatus.REPLACED, valid_until=day_of(at))
    )


async def holders(
    session: AsyncSession, scheme: Scheme, value: str, *, other_than: UUID
) -> dict[UUID, IdentifierStatus]:
    """Give the entries of other people an identifier stands with, and how; merged entries are one person."""
    root = func.coalesce(Person.master_id, Person.id)
    own = select(root).where(Person.id == other_than).scalar_subquery()
    found = await session.execute(
        select(PersonIdentifier.person_id, PersonIdentifier.status)
        .join(Person, Person.id == PersonIdentifier.person_id)
        .where(
            PersonIdentifier.scheme == scheme,
            PersonIdentifier.value == value,
            PersonIdentifier.valid_until.is_(None),
            PersonIdentifier.status.in_(("CLAIMED", "VERIFIED", "BLOCKED")),
            root != own,
        )
    )
    return {row.person_id: IdentifierStatus(row.status) for row in found}


async def _claimants(
    session: AsyncSession, scheme: Scheme, value: str, *, other_than: UUID
) -> dict[UUID, IdentifierStatus]:
    found = await session.execute(
        select(PersonIdentifier.person_id, PersonIdentifier.status).where(
            PersonIdentifier.scheme == scheme,
            PersonIdentifier.value == value,
            PersonIdentifier.valid_until.is_(None),
            PersonIdentifier.status.in_(("CLAIMED", "VERIFIED", "BLOCKED")),
            PersonIdentifier.person_id != other_than,
        )
    )
    return {row.person_id: IdentifierStatus(row.status) for row in found}


async def _own_identifier(
    session: AsyncSession, person_id: UUID, scheme: Scheme, value: str
) -> IdentifierStatus | None:
    found = await session.execute(
        select(PersonIdentifier.status).where(
            PersonIdentifier.person_id == person_id,
            PersonIdentifier.scheme == scheme,
            PersonIdentifier.value == value,
            PersonIdentifier.valid_until.is_(None),
        )
    )
    status = found.scalar_one_or_none()
    return IdentifierStatus(status) if status else None


async def add_enrolment(
    session: AsyncSession,
    *,
    at: datetime,
    opening: Mapping[str, Any] | None = None,
    basis: str = "",
    **values: Any,
) -> UUID:
    """Record an enrolment (columns of Enrolment by name) as ENROLLED from its first day, and give its id.

    `opening` is the order it rests on, columns of Movement by name; without one the journal notes an ENROL
    that has no order yet (with the `basis`, the decision it rests on, if there is one), and an END where a last
    day is given.
    """
    enrolment_id = uuid4()
    await session.execute(insert(Enrolment).values(id=enrolment_id, recorded_at=at, **values))
    await session.execute(
        insert(EnrolmentStatusPeriod).values(
            id=uuid4(),
            enrolment_id=enrolment_id,
            status="ENROLLED",
            from_on=values["start_on"],
            until_on=values.get("end_on"),
        )
    )
    rows = [
        dict(opening) if opening else _movement("ENROL", values["start_on"], at, values) | {"basis": basis}
    ]
    if values.get("end_on"):
        rows.append(_movement("END", values["end_on"], at, values))
    for row in rows:
        await session.execute(insert(Movement).values(enrolment_id=enrolment_id, **row))
    await record_event(
        session,
        "ENROLMENT_CREATED",
        enrolment_id,
        at=at,
        subject_type="ENROLMENT",
        effective_on=values["start_on"],
        detail={"movement_id": str(rows[0]["id"]), "kind": str(rows[0]["kind"])},
    )
    return enrolment_id


def _movement(kind: str, effective_on: date, at: datetime, values: Mapping[str, Any]) -> dict[str, Any]:
    """Make the order an enrolment has without papers."""
    arriving = kind == "ENROL"
    return {
        "id": uuid4(),
        "kind": kind,
        "effective_on": effective_on,
        "to_organisation_id" if arriving else "from_organisation_id": values["organisation_id"],
        "to_grade": values.get("grade") if arriving else None,
        "recorded_at": at,
    }


async def save_organisation(session: AsyncSession, *, code: str, **values: Any) -> UUID:
    """Create an organisation or amend it by its code (columns of Organisation by name); give its id."""
    made = upsert(Organisation).values(id=uuid4(), code=code, **values)
    saved = made.on_conflict_do_update(index_elements=["code"], set_=values).returning(Organisation.id)
    return (await session.execute(saved)).scalar_one()


async def record_event(  # noqa: PLR0913 - an event is who, what, when and since when
    session: AsyncSession,
    kind: str,
    subject_id: UUID,
    *,
    at: datetime,
    subject_type: str = "PERSON",
    effective_on: date | None = None,
    detail: Mapping[str, str] | None = None,
) -> None:
    """Add an event to the registry's outbox in the same transaction as the change itself.

    `detail` holds references only, never personal data; `effective_on` is the day the change counts from.
    """
    await session.execute(
        insert(RegistryEvent).values(
            type=kind,
            subject_type=subject_type,
            subject_id=subject_id,
            at=at,
            effective_on=effective_on,
            detail=dict(detail or {}),
        )
    )
