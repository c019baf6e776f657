"""What was entered late, by whom, and how much of it a source that was down excuses (R-074)."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy import select

from gateway.access.within import organisation_within
from gateway.api.dependencies import ApiDependencies
from gateway.api.guard import Permit, Permitted
from gateway.api.learner_routes import NO_STORE
from gateway.api.organisation_routes import Code
from gateway.api.record_bodies import LateAnswer, LatePlaceAnswer
from gateway.foundation.errors import InputRefused
from gateway.intake.lateness import lateness, lateness_of_places
from gateway.registry.model import Organisation

Since = Annotated[date | None, Query(description="The first day of entry; 30 days ago without it")]
Until = Annotated[date | None, Query(description="The first day that no longer counts; tomorrow without it")]
_DAYS, _LONGEST, _MOST = 30, 366, 500


def add_lateness_routes(router: APIRouter, deps: ApiDependencies) -> None:
    """Add the lateness of organisations and of their orders; the journal is read as its owner, counts alone leave."""

    @router.get("/lateness")
    async def lateness_within_reach(
        permit: Permitted, response: Response, since: Since = None, until: Until = None
    ) -> list[LatePlaceAnswer]:
        """Sum up how late the organisations within reach enter their orders, the latest first; at most 500."""
        response.headers.update(NO_STORE)
        span = _span(permit, since, until)
        within = permit.right.by_organisation(Organisation.id)
        async with deps.database.transaction() as session:
            places = list(await session.scalars(select(Organisation.id).where(within)))
            found = await lateness_of_places(session, places, since=span[0], until=span[1])
        return [LatePlaceAnswer.model_validate(each, from_attributes=True) for each in found[:_MOST]]

    @router.get("/organisations/{code}/lateness")
    async def lateness_of_organisation(
        code: Code, permit: Permitted, response: Response, since: Since = None, until: Until = None
    ) -> list[LateAnswer]:
        """List the orders an organisation entered: who, how many hours late, how many of them excused."""
        response.headers.update(NO_STORE)
        span = _span(permit, since, until)
        async with deps.database.transaction() as session:
            place = await organisation_within(session, permit.right, code)
            found = await lateness(session, place.id, since=span[0], until=span[1])
        return [LateAnswer.model_validate(each, from_attributes=True) for each in found]


def _span(permit: Permit, since: date | None, until: date | None) -> tuple[date, date]:
    last = until or permit.right.on + timedelta(days=1)
    try:
        first = since or last - timedelta(days=_DAYS)
        sound = first < last <= first + timedelta(days=_LONGEST) and first.year > 1900
    except OverflowError:
        sound = False
    if not sound:
        raise InputRefused((("until", "RANGE"),))
    return first, last
