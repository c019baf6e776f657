"""What was entered late: organisations by hours to answer for, and the orders of one, without a source's outage."""

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from gateway.access.model import Account, RoleGrant
from gateway.access.route_policy import holder
from gateway.access.values import Action, Caller, Kind
from gateway.access.within import organisation_within
from gateway.foundation.clock import today
from gateway.intake.lateness import lateness, lateness_of_places
from gateway.pages.room import NavEntry, Page, Room
from gateway.pages.visit import Visit
from gateway.portal.desk import Desk
from gateway.portal.places import places_within
from gateway.registry.model import Organisation, Person

READING = holder(Kind.STAFF, Action.READ)
DAYS = 30
_MOST = 200


class Lateness:
    """The answers of these pages; what was said to agencies is read as its owner, and counts alone are shown of it."""

    def __init__(self, desk: Desk) -> None:
        """Take the desk."""
        self._desk = desk

    def room(self) -> Room:
        """Give the pages."""
        of_place = "/organisations/{code}/lateness"
        return Room(
            pages=(
                Page(method="GET", path="/lateness", answer=self.places, policy=READING),
                Page(method="GET", path=of_place, answer=self.orders, policy=READING),
            ),
            nav=(NavEntry(path="/lateness", text="lateness.nav", icon="wait", policy=READING, order=45),),
        )

    async def places(self, visit: Visit) -> Response:
        """List the organisations within reach, those with the most hours first; one alone is opened at once."""
        since, until = _span()
        async with visit.reading() as session:
            named = {
                each.code: each.name for each in await places_within(session, visit.right, visit.language)
            }
        if len(named) == 1:
            return visit.redirect(f"/portal/organisations/{next(iter(named))}/lateness")
        within = visit.right.by_organisation(Organisation.id)
        async with self._desk.database.transaction() as session:
            places = list(await session.scalars(select(Organisation.id).where(within)))
            found = await lateness_of_places(session, places, since=since, until=until)
        return visit.render("portal/lateness.html", places=found[:_MOST], names=named, days=DAYS)

    async def orders(self, visit: Visit) -> Response:
        """List the late orders of an organisation: who entered each, how late, how much of it is excused."""
        since, until = _span()
        async with self._desk.database.transaction() as session:
            place = await organisation_within(session, visit.right, visit.path("code"))
            found = await lateness(session, place.id, since=since, until=until)
            names = await _names(session, place.id)
        late = sorted((each for each in found if each.hours > 0), key=lambda each: -each.answerable)
        return visit.render(
            "portal/lateness_orders.html",
            place=place,
            orders=late[:_MOST],
            names=names,
            entered=len(found),
            late=sum(each.answerable > 0 for each in found),
            days=DAYS,
        )


async def _names(session: AsyncSession, organisation_id: UUID) -> dict[str, str]:
    """Name those who have or had an appointment at an organisation, by what an order says of who entered it."""
    found = await session.execute(
        select(Account.id, Person.surname, Person.given_name)
        .join(Person, Person.id == Account.person_id)
        .where(
            Account.id.in_(select(RoleGrant.account_id).where(RoleGrant.organisation_id == organisation_id))
        )
    )
    return {
        Caller(account_id=row.id).user_id: " ".join(filter(None, (row.surname, row.given_name)))
        for row in found
    }


def _span() -> tuple[date, date]:
    until = today() + timedelta(days=1)
    return until - timedelta(days=DAYS), until
