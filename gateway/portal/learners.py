"""Learners: the search, and the card with the source of every value, on two axes of time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from gateway.access.errors import not_found, refused
from gateway.access.route_policy import holder
from gateway.access.values import Action, Kind
from gateway.access.within import learner_within
from gateway.foundation.clock import BISHKEK, day_of, today, utc_now
from gateway.foundation.errors import InputRefused
from gateway.pages.room import NavEntry, Page, Room
from gateway.pages.visit import Visit
from gateway.portal.books import names_of, options
from gateway.portal.desk import Desk
from gateway.portal.forms import Form, Reading, form_again, new_form, say_problem
from gateway.portal.places import own_places
from gateway.registry.card import CardField, PersonCard, person_card
from gateway.registry.entries import EnrolmentEntry
from gateway.registry.learner_version import learner_version
from gateway.registry.learners.journal import Recorded, movements
from gateway.registry.learners.orders import Kind as Given
from gateway.registry.learners.orders import kinds_after
from gateway.registry.model import Person
from gateway.registry.reading import enrolments
from gateway.registry.search import Found, Search, search_learners
from gateway.registry.timeline.card import card_as_of
from gateway.registry.values import Pin, parse_date

READING = holder(Kind.PERSON, Action.READ)
CLERKS = holder(Kind.STAFF, Action.READ)
_PAGE = 25
_SHOWN_FIRST = ("surname", "given_name", "patronymic", "birth_date", "sex", "pin", "citizenship")


class Learners:
    """The answers of these pages."""

    def __init__(self, desk: Desk) -> None:
        """Take the desk."""
        self._desk = desk

    def room(self) -> Room:
        """Give the pages."""
        return Room(
            pages=(
                Page(method="GET", path="/learners", answer=self.ask, policy=READING),
                Page(method="POST", path="/learners", answer=self.search, policy=READING),
                Page(method="GET", path="/learners/{isuo_no}", answer=self.card, policy=READING),
            ),
            nav=(NavEntry(path="/learners", text="learners.nav", icon="search", policy=CLERKS, order=20),),
        )

    async def ask(self, visit: Visit) -> Response:
        """Show the search, empty; by grade and school it may be asked in the address, nothing there is personal."""
        clerks_only(visit)
        form = new_form(organisation_code=visit.query("organisation"), grade=visit.query("grade"))
        return await self._page(visit, form)

    async def search(self, visit: Visit) -> Response:
        """Search by name (former ones too), birth date, PIN, school and grade."""
        clerks_only(visit)
        try:
            search = _search_of(visit)
        except InputRefused as refused:
            return await self._page(visit, form_again(visit, refused), status=422)
        after = visit.field("after")[:12]
        async with visit.reading() as session:
            within = visit.right.by_person(Person.id)
            found = await search_learners(session, search, within=within, after=after, limit=_PAGE + 1)
        return await self._page(visit, form_again(visit), found=found)

    async def _page(
        self, visit: Visit, form: Form, *, found: tuple[Found, ...] | None = None, status: int = 200
    ) -> Response:
        async with visit.reading() as session:
            grades = await options(session, "GRADE", visit.language)
            places = await own_places(session, visit, Action.READ, Kind.ORGANISATION)
        return visit.render(
            "portal/learners.html",
            status=status,
            form=form,
            found=None if found is None else found[:_PAGE],
            after=found[_PAGE - 1].isuo_no if found and len(found) > _PAGE else "",
            grades=grades,
            places=places,
        )

    async def card(self, visit: Visit) -> Response:
        """Show a learner's card, of now or as it was shown."""
        clerks_only(visit)
        isuo_no = visit.path("isuo_no")
        form, as_of, known_at = _moment_of(visit)
        async with visit.reading() as session:
            person_id = await learner_within(session, visit.right, isuo_no)
        async with self._desk.database.transaction() as session:
            version = await learner_version(session, person_id)
        async with visit.reading() as session:
            card = await _card(session, isuo_no, person_id, as_of=as_of, known_at=known_at)
            orders = [] if as_of or known_at else await _orders(session, person_id)
            grades = await names_of(session, "GRADE", visit.language)
        return visit.render(
            "portal/learner.html",
            status=422 if form.errors else 200,
            form=form,
            card=card,
            fields=in_order(card.fields),
            places=[_place(visit, each) for each in card.enrolments],
            orders=orders,
            cancelled={each.order.cancels_id for each in orders},
            grades=grades,
            version=version,
            past=bool(as_of or known_at),
            told=visit.query("told"),
        )


def clerks_only(visit: Visit) -> None:
    """Let clerks in; whoever reads about a child or about themselves has pages of their own."""
    if not visit.may(Action.READ, Kind.STAFF):
        raise refused("FORBIDDEN")


def _search_of(visit: Visit) -> Search:
    reading = Reading(visit)
    name, born = reading.text("name"), reading.day("birth_date")
    grade, place = reading.text("grade"), reading.text("organisation_code")
    pin = reading.text("pin")
    reading.done()
    if not (name or born or pin or grade or place):
        raise InputRefused((("name", "SEARCH_EMPTY"),))
    return Search(
        on=today(),
        name=name or "",
        birth_date=born,
        pin=Pin.parse(pin).value if pin else None,
        organisation_code=place,
        grade=grade,
    )


def _moment_of(visit: Visit) -> tuple[Form, date | None, datetime | None]:
    """Read for which day and with which knowledge a card is asked for; what is wrong is said on the form."""
    day, known = visit.query("as_of"), visit.query("known_at")
    as_of = parse_date(day) if day else None
    known_at = _instant(known) if known else None
    errors = {}
    if day and as_of is None:
        errors["as_of"] = say_problem("DATE", visit)
    if known and known_at is None:
        errors["known_at"] = say_problem("DATE", visit)
    if known_at and known_at > utc_now():
        errors["known_at"], known_at = say_problem("DATE_IN_FUTURE", visit), None
    return Form(values={"as_of": day, "known_at": known}, errors=errors), as_of, known_at


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=BISHKEK)
    except ValueError:
        return None


async def _card(
    session: AsyncSession, isuo_no: str, person_id: UUID, *, as_of: date | None, known_at: datetime | None
) -> PersonCard:
    now = utc_now()
    if as_of is None and known_at is None:
        card = await person_card(session, isuo_no, at=now)
    else:
        at = known_at or now
        past = await card_as_of(session, person_id, as_of=as_of or day_of(at), known_at=at)
        card = past.card if past else None
    if card is None:
        raise not_found()
    return card


async def _orders(session: AsyncSession, person_id: UUID) -> list[Recorded]:
    places = await enrolments(session, person_id)
    found = [each for place in places for each in await movements(session, place.enrolment_id)]
    return sorted(found, key=lambda each: each.recorded_at)


def in_order(fields: tuple[CardField, ...]) -> list[CardField]:
    """Give the fields as a card shows them: who it is first, then the rest by name."""
    rank = {name: place for place, name in enumerate(_SHOWN_FIRST)}
    return sorted(fields, key=lambda each: (rank.get(each.name, len(rank)), each.name))


_OFFERED = ("PROMOTE", "REPEAT", "TRANSFER", "LEAVE", "EXCHANGE", "SUSPEND", "RETURN", "GRADUATE", "EXPEL")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceShown:
    """An enrolment as the card shows it, and the orders that may follow."""

    enrolment: EnrolmentEntry
    name: str
    status: str
    offered: tuple[str, ...]


def _place(visit: Visit, each: EnrolmentEntry) -> PlaceShown:
    name = each.organisation.name_ky if visit.language == "ky" else each.organisation.name_ru
    status = each.periods[-1].status if each.periods else ""
    offered = () if each.held or each.end_on else offered_after(status)
    return PlaceShown(enrolment=each, name=name or each.organisation.code, status=status, offered=offered)


def offered_after(status: str) -> tuple[str, ...]:
    """Give the orders a page offers for an enrolment of a status, the commonest first."""
    kinds: set[str] = set(kinds_after(status))
    if Given.TRANSFER_OUT in kinds:
        kinds.add("TRANSFER")
    return tuple(kind for kind in _OFFERED if kind in kinds)


def names_on(card: PersonCard) -> Mapping[str, Any]:
    """Give a learner's names and number for the head of a page."""
    entry = card.entry
    parts = [part for part in (entry.surname, entry.given_name, entry.patronymic) if part]
    return {"name": " ".join(parts) or entry.isuo_no, "isuo_no": entry.isuo_no}
