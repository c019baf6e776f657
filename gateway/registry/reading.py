"""Read what the registry knows, cheaply: one SELECT a question, plain rows into frozen values.

A merged entry is read through its master, and so are the enrolments and documents of what was merged into it.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, any_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from gateway.registry.entries import (
    EnrolmentEntry,
    OrganisationEntry,
    PersonEntry,
    StatusPeriod,
)
from gateway.registry.model import (
    Enrolment,
    EnrolmentStatusPeriod,
    FieldProvenance,
    Organisation,
    Person,
    PersonIdentifier,
    RegistryEvent,
    ReviewCase,
)
from gateway.registry.values import IdentifierStatus

Columns = Row[*tuple[Any, ...]]
Question = Select[*tuple[Any, ...]]
OPEN_STATES = (
    "NEW",
    "WAITING_SOURCE",
    "TRIAGE",
    "ASSIGNED",
    "IN_REVIEW",
    "INFO_REQUESTED",
    "PROPOSED",
    "APPROVED",
    "ESCALATED",
)


Root = aliased(Person, name="root")
PERSON_COLUMNS = (
    Root.id.label("person_id"),
    Root.isuo_no,
    Root.status.label("person_status"),
    Root.surname,
    Root.given_name,
    Root.patronymic,
    Root.birth_date,
    Root.sex,
    Root.citizenship,
    Root.death_date,
    Root.version,
)
ORGANISATION_COLUMNS = (
    Organisation.id.label("organisation_id"),
    Organisation.code,
    Organisation.inn,
    Organisation.soate,
    Organisation.name_ky,
    Organisation.name_ru,
    Organisation.mask_in_disclosure,
)


def through_master(statement: Question) -> Question:
    """Join the entry that stands for a person today: the master, or the person itself."""
    return statement.join(Root, Root.id == func.coalesce(Person.master_id, Person.id))


def pin_holders(pin: Any) -> Question:
    """Ask for every entry a PIN (a value or a `bindparam`) stands with at present."""
    return (
        through_master(
            select(*PERSON_COLUMNS, PersonIdentifier.status.label("pin_status"), FieldProvenance.verified_at)
            .select_from(PersonIdentifier)
            .join(Person, Person.id == PersonIdentifier.person_id)
        )
        .join(
            FieldProvenance,
            and_(FieldProvenance.subject_id == Root.id, FieldProvenance.field == "pin"),
            isouter=True,
        )
        .where(
            PersonIdentifier.scheme == "PIN",
            PersonIdentifier.value == pin,
            PersonIdentifier.valid_until.is_(None),
            Root.status != "ANNULLED",
        )
    )


async def person_by_pin(session: AsyncSession, pin: str) -> PersonEntry | None:
    """Find the entry a PIN stands with: verified, or claimed by one entry and disputed by none."""
    rows = (await session.execute(pin_holders(pin))).all()
    row = choose_holder(rows)
    if row is None:
        return None
    return person_of(row, pin=pin, pin_status=IdentifierStatus(row.pin_status), verified_at=row.verified_at)


def choose_holder(rows: Sequence[Columns]) -> Columns | None:
    """Choose the row of the one entry that holds the PIN; None where that is blocked, disputed or nobody."""
    verified = [row for row in rows if row.pin_status == IdentifierStatus.VERIFIED]
    if verified:
        return verified[0]
    one_entry = len({row.person_id for row in rows}) == 1
    claimed = [row for row in rows if row.pin_status == IdentifierStatus.CLAIMED]
    return claimed[0] if claimed and one_entry else None


async def person_by_number(session: AsyncSession, isuo_no: str) -> PersonEntry | None:
    """Find the entry of a permanent number; a merged one gives its master."""
    statement = through_master(select(*PERSON_COLUMNS).select_from(Person)).where(Person.isuo_no == isuo_no)
    row = (await session.execute(statement)).one_or_none()
    return person_of(row) if row else None


async def number_by_document(session: AsyncSession, document: str) -> str | None:
    """Give the permanent number a foreign document stands with; None where it is nobody's, shared or disputed."""
    found = await session.execute(
        through_master(
            select(Root.isuo_no, PersonIdentifier.status)
            .select_from(PersonIdentifier)
            .join(Person, Person.id == PersonIdentifier.person_id)
        ).where(
            PersonIdentifier.scheme == "FOREIGN_DOC",
            PersonIdentifier.value == document,
            PersonIdentifier.valid_until.is_(None),
            Root.status != "ANNULLED",
        )
    )
    rows = found.all()
    known = {row.isuo_no for row in rows}
    disputed = any(row.status in {IdentifierStatus.DISPUTED, IdentifierStatus.BLOCKED} for row in rows)
    return known.pop() if len(known) == 1 and not disputed else None


async def person_by_id(session: AsyncSession, person_id: UUID) -> PersonEntry | None:
    """Find an entry by id; a merged one gives its master."""
    statement = through_master(select(*PERSON_COLUMNS).select_from(Person)).where(Person.id == person_id)
    row = (await session.execute(statement)).one_or_none()
    return person_of(row) if row else None


def _same_person(person_id: UUID) -> Any:
    """Give the ids of an entry and of those merged into it, as a subquery."""
    return select(Person.id).where(or_(Person.id == person_id, Person.master_id == person_id))


def enrolments_with_periods() -> Question:
    """Ask for enrolments with organisation and status periods, a row for each period."""
    return (
        select(
            Enrolment.id,
            Enrolment.level,
            Enrolment.form,
            Enrolment.grade,
            Enrolment.start_on,
            Enrolment.expected_end_on,
            Enrolment.end_on,
            Enrolment.held,
            EnrolmentStatusPeriod.status.label("period_status"),
            EnrolmentStatusPeriod.from_on,
            EnrolmentStatusPeriod.until_on,
            *ORGANISATION_COLUMNS,
        )
        .join(Organisation, Organisation.id == Enrolment.organisation_id)
        .join(EnrolmentStatusPeriod, EnrolmentStatusPeriod.enrolment_id == Enrolment.id, isouter=True)
    )


async def enrolments(session: AsyncSession, person_id: UUID) -> tuple[EnrolmentEntry, ...]:
    """Read an entry's enrolments, the newest first, with their status periods."""
    statement = (
        enrolments_with_periods()
        .where(Enrolment.person_id.in_(_same_person(person_id)))
        .order_by(Enrolment.start_on.desc(), Enrolment.id, EnrolmentStatusPeriod.from_on)
    )
    grouped: dict[UUID, list[Columns]] = {}
    for row in await session.execute(statement):
        grouped.setdefault(row.id, []).append(row)
    return tuple(enrolment_of(rows) for rows in grouped.values())


async def enrolments_of(
    session: AsyncSession, roots: Iterable[UUID]
) -> dict[UUID, tuple[EnrolmentEntry, ...]]:
    """Read the enrolments of many entries that stand for themselves in one SELECT, by entry as `enrolments` gives."""
    wanted, own = list(roots), aliased(Person, name="own")
    reads_as = func.coalesce(own.master_id, own.id)
    statement = (
        enrolments_with_periods()
        .add_columns(reads_as.label("root_id"))
        .join(own, own.id == Enrolment.person_id)
        .where(or_(own.id == any_(wanted), own.master_id == any_(wanted)))  # type: ignore[arg-type]
        .order_by(Enrolment.start_on.desc(), Enrolment.id, EnrolmentStatusPeriod.from_on)
    )
    grouped: dict[UUID, dict[UUID, list[Columns]]] = {root: {} for root in wanted}
    for row in await session.execute(statement):
        grouped.setdefault(row.root_id, {}).setdefault(row.id, []).append(row)
    return {root: tuple(enrolment_of(rows) for rows in found.values()) for root, found in grouped.items()}


async def registry_seq(session: AsyncSession) -> int:
    """Give the number of the newest event: the state of the registry an answer was read at."""
    found = await session.execute(select(func.coalesce(func.max(RegistryEvent.seq), 0)))
    return int(found.scalar_one())


async def open_case(session: AsyncSession, person_id: UUID) -> bool:
    """Tell whether an undecided review case concerns the entry."""
    found = await session.execute(
        select(
            select(ReviewCase.id)
            .where(ReviewCase.subject_ids.contains([person_id]), ReviewCase.state.in_(OPEN_STATES))
            .exists()
        )
    )
    return bool(found.scalar_one())


async def organisation_by_code(session: AsyncSession, code: str) -> OrganisationEntry | None:
    """Find an organisation by its code."""
    row = (
        await session.execute(select(*ORGANISATION_COLUMNS).where(Organisation.code == code))
    ).one_or_none()
    return organisation_of(row) if row else None


async def merged_numbers(session: AsyncSession, person_id: UUID) -> tuple[str, ...]:
    """Give the permanent numbers that lead to this entry because theirs was merged into it."""
    found = await session.execute(select(Person.isuo_no).where(Person.master_id == person_id))
    return tuple(sorted(found.scalars()))


async def current_identifiers(
    session: AsyncSession, person_ids: Iterable[UUID]
) -> tuple[tuple[UUID, str, str, IdentifierStatus], ...]:
    """Give (entry, scheme, value, status) of the current identifiers of some entries."""
    found = await session.execute(
        select(
            PersonIdentifier.person_id,
            PersonIdentifier.scheme,
            PersonIdentifier.value,
            PersonIdentifier.status,
        )
        .where(
            PersonIdentifier.person_id == any_(list(person_ids)),  # type: ignore[arg-type]
            PersonIdentifier.valid_until.is_(None),
        )
        .order_by(PersonIdentifier.recorded_at, PersonIdentifier.scheme, PersonIdentifier.value)
    )
    return tuple((row[0], row[1], row[2], IdentifierStatus(row[3])) for row in found)


def person_of(row: Columns, **extra: Any) -> PersonEntry:
    """Make an entry of a row with PERSON_COLUMNS."""
    return PersonEntry(
        person_id=row.person_id,
        isuo_no=row.isuo_no,
        status=row.person_status,
        surname=row.surname,
        given_name=row.given_name,
        patronymic=row.patronymic,
        birth_date=row.birth_date,
        sex=row.sex,
        citizenship=row.citizenship,
        death_date=row.death_date,
        version=row.version,
        **extra,
    )


def organisation_of(row: Columns) -> OrganisationEntry:
    """Make an organisation of a row's columns."""
    return OrganisationEntry(
        organisation_id=row.organisation_id,
        code=row.code,
        inn=row.inn,
        soate=row.soate,
        name_ky=row.name_ky,
        name_ru=row.name_ru,
        masked=row.mask_in_disclosure,
    )


def enrolment_of(rows: list[Columns]) -> EnrolmentEntry:
    """Make an enrolment of its rows, one for each period."""
    first = rows[0]
    return EnrolmentEntry(
        enrolment_id=first.id,
        organisation=organisation_of(first),
        level=first.level,
        form=first.form,
        grade=first.grade,
        start_on=first.start_on,
        expected_end_on=first.expected_end_on,
        end_on=first.end_on,
        held=first.held,
        periods=tuple(
            StatusPeriod(status=row.period_status, from_on=row.from_on, until_on=row.until_on)
            for row in rows
            if row.period_status
        ),
    )
