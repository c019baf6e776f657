"""Learners as they are read: the card on two axes of time, the search, the journal of orders."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime

from gateway.access.errors import not_found
from gateway.access.within import learner_within
from gateway.api.answers import learner_answer
from gateway.api.bodies import LearnerAnswer
from gateway.api.conditions import learner_tag
from gateway.api.dependencies import ApiDependencies
from gateway.api.guard import Permit, Permitted
from gateway.api.learner_bodies import (
    FoundAnswer,
    FoundPage,
    ListQuery,
    MovementAnswer,
    PlaceAnswer,
    SearchBody,
)
from gateway.api.paging import cursor_of, place_of
from gateway.foundation.clock import day_of, today, utc_now
from gateway.foundation.errors import InputRefused
from gateway.registry.card import PersonCard, person_card
from gateway.registry.entries import EnrolmentEntry
from gateway.registry.learners.journal import Recorded, movements_of
from gateway.registry.model import Person
from gateway.registry.reading import enrolments
from gateway.registry.search import Found, Search, search_learners
from gateway.registry.timeline.card import card_as_of
from gateway.registry.values import Pin

IsuoNo = Annotated[
    str, Path(pattern=r"^[0-9]{11}[0-9A-Z]$", description="The permanent number; a merged one leads on")
]
AsOf = Annotated[date | None, Query(description="The day the card is to speak of; today without it")]
KnownAt = Annotated[
    AwareDatetime | None,
    Query(description="The instant whose knowledge it is to hold, with its zone; now without"),
]
NO_STORE = {"Cache-Control": "no-store"}


def add_learner_routes(router: APIRouter, deps: ApiDependencies) -> None:
    """Add what is read about learners."""
    _add_card(router, deps)
    _add_search(router)
    _add_journal(router)


def _add_card(router: APIRouter, deps: ApiDependencies) -> None:
    @router.get("/learners/{isuo_no}")
    async def learner_card(
        isuo_no: IsuoNo,
        permit: Permitted,
        response: Response,
        as_of: AsOf = None,
        known_at: KnownAt = None,
    ) -> LearnerAnswer:
        """Show a learner's card, each value with its source; `as_of` and `known_at` give what was shown then.

        The ETag of the present card is what a change about the learner sends back as If-Match.
        """
        now = utc_now()
        if known_at and known_at > now:
            raise InputRefused((("known_at", "DATE_IN_FUTURE"),))
        person_id = await visible_learner(permit, isuo_no)
        response.headers.update(NO_STORE)
        if as_of is None and known_at is None:
            async with deps.database.transaction() as session:
                response.headers["ETag"] = await learner_tag(session, person_id)
        async with permit.reading() as session:
            if as_of is None and known_at is None:
                card = await person_card(session, isuo_no, at=now)
            else:
                at = known_at or now
                past = await card_as_of(session, person_id, as_of=as_of or day_of(at), known_at=at)
                card = past.card if past else None
        return _answer(card, as_of=as_of or day_of(known_at or now), known_at=known_at or now)


def _answer(card: PersonCard | None, *, as_of: date, known_at: AwareDatetime) -> LearnerAnswer:
    if card is None:
        raise not_found()
    return learner_answer(card).model_copy(update={"as_of": as_of, "known_at": known_at})


def _add_search(router: APIRouter) -> None:
    @router.get("/learners")
    async def list_learners(
        permit: Permitted,
        response: Response,
        asked: Annotated[ListQuery, Query()],
    ) -> FoundPage:
        """List learners within reach by organisation, status and grade; names and PINs are searched by POST."""
        response.headers.update(NO_STORE)
        search = Search(
            on=asked.on or today(),
            organisation_code=asked.organisation_code,
            status=asked.status,
            grade=asked.grade,
        )
        return await _page(permit, search, cursor=asked.cursor, limit=asked.limit)

    @router.post("/learners/search")
    async def search_for_learners(body: SearchBody, permit: Permitted, response: Response) -> FoundPage:
        """Search learners within reach by name (former ones too), birth date or PIN; none stands in an address."""
        response.headers.update(NO_STORE)
        search = Search(
            on=body.on or today(),
            name=body.name,
            birth_date=body.birth_date,
            pin=Pin.parse(body.pin).value if body.pin is not None else None,
            organisation_code=body.organisation_code,
            status=body.status,
            grade=body.grade,
        )
        return await _page(permit, search, cursor=body.cursor, limit=body.limit)


async def _page(permit: Permit, search: Search, *, cursor: str, limit: int) -> FoundPage:
    after = place_of(cursor)
    async with permit.reading() as session:
        found = await search_learners(
            session, search, within=permit.right.by_person(Person.id), after=after, limit=limit + 1
        )
    shown = found[:limit]
    return FoundPage(
        learners=[_found(each) for each in shown],
        next_cursor=cursor_of(shown[-1].isuo_no) if len(found) > limit else "",
    )


def _found(found: Found) -> FoundAnswer:
    return FoundAnswer(
        isuo_no=found.isuo_no,
        surname=found.surname,
        given_name=found.given_name,
        patronymic=found.patronymic,
        birth_date=found.birth_date,
        sex=found.sex,
        former=found.former,
        places=[_place(each, status) for each, status in found.places],
    )


def _place(entry: EnrolmentEntry, status: str) -> PlaceAnswer:
    return PlaceAnswer(
        enrolment_id=entry.enrolment_id,
        organisation_code=entry.organisation.code,
        grade=entry.grade,
        status=status,
        start_on=entry.start_on,
    )


def _add_journal(router: APIRouter) -> None:
    @router.get("/learners/{isuo_no}/orders")
    async def orders_about_learner(
        isuo_no: IsuoNo, permit: Permitted, response: Response
    ) -> list[MovementAnswer]:
        """List the orders about a learner's enrolments within reach, as they were recorded."""
        response.headers.update(NO_STORE)
        person_id = await visible_learner(permit, isuo_no)
        async with permit.reading() as session:
            places = await enrolments(session, person_id)
            found = await movements_of(session, [place.enrolment_id for place in places])
        gone = {each.order.cancels_id for each in found}
        return [_movement(each, cancelled=each.order.movement_id in gone) for each in found]


def _movement(entry: Recorded, *, cancelled: bool) -> MovementAnswer:
    return MovementAnswer(
        order_id=entry.order.movement_id,
        enrolment_id=entry.enrolment_id,
        kind=entry.order.kind,
        order_no=entry.paper.order_no,
        order_on=entry.paper.order_on,
        effective_on=entry.order.effective_on,
        until_on=entry.until_on,
        grade=entry.order.grade,
        reason_code=entry.paper.reason_code,
        cancels_id=entry.order.cancels_id,
        cancelled=cancelled,
        recorded_at=entry.recorded_at,
    )


async def visible_learner(permit: Permit, isuo_no: str) -> UUID:
    """Find a learner within reach, behind the wall; raises AccessError alike for missing and for another's."""
    async with permit.reading() as session:
        return await learner_within(session, permit.right, isuo_no)
