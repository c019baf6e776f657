"""The first page: what is mine to do, and the shortest ways to begin."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from gateway.access.decide import decide
from gateway.access.model import AppointmentNotice
from gateway.access.route_policy import holder
from gateway.access.values import Action, Kind, Role
from gateway.foundation.clock import utc_now
from gateway.intake.cases import CaseEntry, list_cases
from gateway.intake.transferring import RunningTransfer, StepName, running_transfers
from gateway.pages.room import NavEntry, Page, Room
from gateway.pages.visit import Visit
from gateway.portal.desk import Desk
from gateway.portal.places import Place, own_places
from gateway.registry.import_tables import ImportBatch
from gateway.registry.organisations.confirmation import PassportState, passport_standing

ENTERING = holder(Kind.ORGANISATION, Action.READ)
ONWARD = frozenset({StepName.HOLD, StepName.RELEASE, StepName.COMPLETE})
_FIRST = 5
_PASSPORTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PassportToDo:
    """A passport that waits for its head's word."""

    place: Place
    state: PassportState
    completeness: int


class Home:
    """The answers of the first page."""

    def __init__(self, desk: Desk) -> None:
        """Take the desk."""
        self._desk = desk

    def room(self) -> Room:
        """Give the page."""
        return Room(
            pages=(Page(method="GET", path="", answer=self.show, policy=ENTERING),),
            nav=(NavEntry(path="", text="home.nav", icon="work", policy=ENTERING, order=10),),
        )

    async def show(self, visit: Visit) -> Response:
        """Show what waits for this clerk."""
        async with visit.reading() as session:
            cases = await _cases(session, visit)
            passports = await _passports(session, visit)
            notices = await _notices(session, visit)
        async with self._desk.database.transaction() as session:
            transfers = await _transfers(session, visit)
            imports = await _imports(session, visit)
        return visit.render(
            "portal/home.html",
            cases=cases,
            first=_FIRST,
            passports=passports,
            transfers=transfers,
            imports=imports,
            notices=notices,
            is_head=Role.HEAD in visit.caller.roles,
        )


async def _cases(session: AsyncSession, visit: Visit) -> tuple[CaseEntry, ...]:
    right = decide(visit.caller, Action.READ, Kind.CASE)
    return await list_cases(session, limit=_FIRST + 1, within=right.filter) if right.allowed else ()


async def _passports(session: AsyncSession, visit: Visit) -> list[PassportToDo]:
    """Give the passports of own organisations that nobody can rely on now."""
    places = await own_places(session, visit, Action.READ, Kind.CONFIRMATION)
    waiting = []
    for place in places[:_PASSPORTS]:
        standing = await passport_standing(session, place.organisation_id, at=utc_now())
        if standing.state is not PassportState.CONFIRMED:
            share = standing.passport.completeness
            waiting.append(PassportToDo(place=place, state=standing.state, completeness=share))
    return waiting


async def _notices(session: AsyncSession, visit: Visit) -> list[datetime]:
    right = decide(visit.caller, Action.WRITE, Kind.NOTICE)
    if not right.allowed:
        return []
    found = await session.scalars(
        select(AppointmentNotice.sent_at).where(right.filter, AppointmentNotice.received_at.is_(None))
    )
    return list(found)


async def _transfers(session: AsyncSession, visit: Visit) -> list[RunningTransfer]:
    """Give the changes of schools whose next step is this clerk's."""
    right = decide(visit.caller, Action.WRITE, Kind.PERSON)
    if not right.allowed:
        return []
    return [each for each in await running_transfers(session, right) if ONWARD & set(each.steps)]


async def _imports(session: AsyncSession, visit: Visit) -> list[ImportBatch]:
    found = await session.scalars(
        select(ImportBatch)
        .where(ImportBatch.received_by == visit.caller.user_id)
        .order_by(ImportBatch.received_at.desc())
        .limit(3)
    )
    return list(found)
