"""Search learners by name (former ones too), birth date, PIN, organisation and status, a page at a time."""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, func, intersect, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.registry.entries import EnrolmentEntry
from gateway.registry.model import Enrolment, EnrolmentStatusPeriod, Organisation, Person, PersonIdentifier
from gateway.registry.name_keys import NameKey, roots_of, roots_of_words
from gateway.registry.reading import enrolments_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is searched for; every condition given must hold. `on` is the day of organisation and status."""

    on: date
    name: str = field(default="", repr=False)
    birth_date: date | None = field(default=None, repr=False)
    pin: str | None = field(default=None, repr=False)
    organisation_code: str | None = None
    status: str | None = None
    grade: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An entry that was found, with its enrolments on the day; `former` when only an old name fits."""

    person_id: UUID
    isuo_no: str
    surname: str | None
    given_name: str | None
    patronymic: str | None
    birth_date: date | None
    sex: str | None
    former: bool
    places: tuple[tuple[EnrolmentEntry, str], ...]


async def search_learners(
    session: AsyncSession, search: Search, *, within: ColumnElement[bool], after: str, limit: int
) -> tuple[Found, ...]:
    """Give up to `limit` entries in the order of their numbers, beginning after a number.

    `within` narrows Person. A name without a letter finds nobody.
    """
    words = roots_of_words(search.name)
    if search.name and not words:
        return ()
    clauses = ([_has_names(words)] if words else []) + _clauses(search)
    statement = (
        select(Person)
        .where(
            Person.master_id.is_(None), Person.status != "ANNULLED", Person.isuo_no > after, within, *clauses
        )
        .order_by(Person.isuo_no)
        .limit(limit)
    )
    people = (await session.execute(statement)).scalars().all()
    places = await enrolments_of(session, [person.id for person in people])
    return tuple(_found(person, words, places[person.id], search.on) for person in people)


def _clauses(search: Search) -> list[ColumnElement[bool]]:
    clauses: list[ColumnElement[bool]] = []
    if search.birth_date:
        clauses.append(Person.birth_date == search.birth_date)
    if search.pin:
        clauses.append(_has_pin(search.pin))
    if search.organisation_code or search.status or search.grade:
        clauses.append(_learns(search))
    return clauses


def _has_names(words: tuple[frozenset[str], ...]) -> ColumnElement[bool]:
    """Say who has a key for each word; they are intersected before anybody is fetched, as names are shared by many."""
    return Person.id.in_(intersect(*(_holders(roots) for roots in words)))


def _holders(roots: frozenset[str]) -> CompoundSelect[UUID]:
    """Give who has one of the roots; the keys of entries merged into others apart, so that the index alone tells."""
    own = select(NameKey.person_id).where(NameKey.root.in_(sorted(roots)))
    merged = (
        select(Person.master_id)
        .join(NameKey, NameKey.person_id == Person.id)
        .where(Person.master_id.is_not(None), NameKey.root.in_(sorted(roots)))
        .correlate(None)
    )
    return own.union_all(merged)


def _has_pin(pin: str) -> ColumnElement[bool]:
    root = func.coalesce(Person.master_id, Person.id)
    holders = (
        select(root)
        .join(PersonIdentifier, PersonIdentifier.person_id == Person.id)
        .where(
            PersonIdentifier.scheme == "PIN",
            PersonIdentifier.value == pin,
            PersonIdentifier.valid_until.is_(None),
        )
    )
    return _among(holders)


def _learns(search: Search) -> ColumnElement[bool]:
    root = func.coalesce(Person.master_id, Person.id)
    period = EnrolmentStatusPeriod
    learning = (
        select(root)
        .join(Enrolment, Enrolment.person_id == Person.id)
        .join(period, period.enrolment_id == Enrolment.id)
        .join(Organisation, Organisation.id == Enrolment.organisation_id)
        .where(
            ~Enrolment.held,
            period.from_on <= search.on,
            or_(period.until_on.is_(None), period.until_on > search.on),
        )
    )
    if search.organisation_code:
        learning = learning.where(Organisation.code == search.organisation_code)
    if search.status:
        learning = learning.where(period.status == search.status)
    if search.grade:
        learning = learning.where(Enrolment.grade == search.grade)
    return _among(learning)


def _among(found: object) -> ColumnElement[bool]:
    clause: ColumnElement[bool] = Person.id.in_(found.correlate(None))  # type: ignore[attr-defined]
    return clause


def _found(
    person: Person, words: tuple[frozenset[str], ...], enrolments: tuple[EnrolmentEntry, ...], on: date
) -> Found:
    names = [name for name in (person.surname, person.given_name, person.patronymic) if name]
    present = roots_of(names)
    places = ((each, each.status_on(on)) for each in enrolments if not each.held)
    return Found(
        person_id=person.id,
        isuo_no=person.isuo_no,
        surname=person.surname,
        given_name=person.given_name,
        patronymic=person.patronymic,
        birth_date=person.birth_date,
        sex=person.sex,
        former=any(not roots & present for roots in words),
        places=tuple((each, status) for each, status in places if status),
    )
