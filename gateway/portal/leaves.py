"""Leaves of staff: who is away on a day, a leave given by order, the day of return."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from gateway.access.decide import decide
from gateway.access.errors import not_found
from gateway.access.route_policy import holder
from gateway.access.values import Action, Kind
from gateway.access.within import organisation_within
from gateway.foundation.clock import today, utc_now
from gateway.foundation.errors import InputRefused
from gateway.pages.room import Page, Room
from gateway.pages.visit import Visit
from gateway.portal.books import Option, names_of, options
from gateway.portal.changing import Again, answer_form, change_once
from gateway.portal.desk import Desk
from gateway.portal.forms import Form, Reading, new_form
from gateway.registry.staff.leave_model import StaffLeave
from gateway.registry.staff.leaving import NewLeave, end_leave, give_leave, leaves_of
from gateway.registry.staff.listing import StaffEntry, list_staff
from gateway.registry.staff.model import Employment
from gateway.registry.values import parse_date
from gateway.registry.writing import Order

READING = holder(Kind.STAFF, Action.READ)
CHANGING = holder(Kind.STAFF, Action.WRITE)
_MOST = 500


class Leaves:
    """The answers of these pages."""

    def __init__(self, desk: Desk) -> None:
        """Take the desk."""
        self._desk = desk

    def room(self) -> Room:
        """Give the pages."""
        path = "/organisations/{code}/leaves"
        return Room(
            pages=(
                Page(method="GET", path=path, answer=self.list, policy=READING),
                Page(method="POST", path=path, answer=self.give, policy=CHANGING),
                Page(method="POST", path=f"{path}/end", answer=self.end, policy=CHANGING),
            )
        )

    async def list(self, visit: Visit) -> Response:
        """Show who is away on a day, and the form of a leave."""
        day = today().isoformat()
        return await self._list(visit, new_form(from_on=day, order_on=day))

    async def _list(self, visit: Visit, form: Form, *, status: int = 200) -> Response:
        readers = decide(visit.caller, Action.READ, Kind.STAFF)
        on = parse_date(visit.query("on")) or today()
        async with visit.reading() as session:
            place = await organisation_within(session, readers, visit.path("code"))
            of_place = (Employment.organisation_id == place.id, readers.filter)
            staff = {each.employment_id: each for each in await list_staff(session, *of_place, limit=_MOST)}
            kinds = await names_of(session, "STAFF_LEAVE_KIND", visit.language)
            offered = await options(session, "STAFF_LEAVE_KIND", visit.language)
            found = await leaves_of(session, place.id, on=on)
        return visit.render(
            "portal/leaves.html",
            status=status,
            form=form,
            place=place,
            on=on,
            leaves=found,
            names={employment_id: _name(each) for employment_id, each in staff.items()},
            working=_working(staff, on=today()),
            kinds=kinds,
            offered=offered,
            today=today().isoformat(),
        )

    async def give(self, visit: Visit) -> Response:
        """Give a leave by order."""

        async def act() -> Response:
            new, order = read_leave(visit)
            await change_once(visit, lambda session: self._give(session, visit, new, order))
            return visit.redirect(_path(visit, new.from_on), told="staff.leave_given")

        return await answer_form(act, self._again(visit), visit)

    async def _give(self, session: AsyncSession, visit: Visit, new: NewLeave, order: Order) -> dict[str, str]:
        place = await organisation_within(session, visit.right, visit.path("code"))
        found = await session.execute(
            select(Employment.id).where(
                Employment.id == new.employment_id, Employment.organisation_id == place.id
            )
        )
        if found.scalar_one_or_none() is None:
            raise InputRefused((("employment_id", "NOT_IN_BOOK"),))
        made = await give_leave(session, new, order=order, by=visit.caller.user_id, at=utc_now())
        return {"leave_id": str(made)}

    async def end(self, visit: Visit) -> Response:
        """End a leave: the first day of work again."""

        async def act() -> Response:
            reading = Reading(visit)
            leave_id, until_on = reading.id("leave_id"), reading.needed_day("until_on")
            reading.done()
            await change_once(visit, lambda session: self._end(session, visit, leave_id, until_on))
            return visit.redirect(_path(visit), told="staff.leave_ended")

        return await answer_form(act, self._again(visit), visit)

    async def _end(
        self, session: AsyncSession, visit: Visit, leave_id: UUID | None, until_on: date
    ) -> dict[str, str]:
        place = await organisation_within(session, visit.right, visit.path("code"))
        found = await session.execute(
            select(StaffLeave.id)
            .join(Employment, Employment.id == StaffLeave.employment_id)
            .where(StaffLeave.id == leave_id, Employment.organisation_id == place.id)
        )
        known = found.scalar_one_or_none()
        if known is None:
            raise not_found()
        await end_leave(session, known, until_on=until_on, at=utc_now())
        return {"leave_id": str(known)}

    def _again(self, visit: Visit) -> Again:
        async def again(form: Form, status: int) -> Response:
            return await self._list(visit, form, status=status)

        return again


def read_leave(visit: Visit) -> tuple[NewLeave, Order]:
    """Read whom to let go for how long by which order; raises InputRefused with every problem."""
    reading = Reading(visit)
    employment_id = reading.id("employment_id")
    if employment_id is None and not reading.problems:
        reading.problems.append(("employment_id", "REQUIRED"))
    values: dict[str, Any] = {
        "kind_code": reading.needed("kind_code", longest=64),
        "from_on": reading.needed_day("from_on"),
        "until_on": reading.day("until_on"),
    }
    if values["until_on"] is not None and values["until_on"] <= values["from_on"]:
        reading.problems.append(("until_on", "RANGE"))
    order = Order(number=reading.needed("order_no", longest=64), on=reading.needed_day("order_on"))
    reading.done()
    assert employment_id is not None
    return NewLeave(employment_id=employment_id, **values), order


def _working(staff: Mapping[UUID, StaffEntry], *, on: date) -> list[Option]:
    running = [each for each in staff.values() if each.end_on is None or each.end_on > on]
    found = [Option(code=str(each.employment_id), name=_name(each)) for each in running]
    return sorted(found, key=lambda each: each.name)


def _name(entry: StaffEntry) -> str:
    return " ".join(filter(None, (entry.surname, entry.given_name, entry.patronymic)))


def _path(visit: Visit, on: date | None = None) -> str:
    day = f"?on={on.isoformat()}" if on else ""
    return f"/portal/organisations/{visit.path('code')}/leaves{day}"
