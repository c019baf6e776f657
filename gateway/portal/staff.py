"""Staff: who works here, hiring by the PIN of the contract, positions, the end of work."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from gateway.access.decide import decide
from gateway.access.errors import not_found
from gateway.access.route_policy import holder
from gateway.access.values import Action, Kind
from gateway.access.within import employment_version, organisation_within
from gateway.foundation.clock import today, utc_now
from gateway.foundation.errors import InputRefused
from gateway.intake.hiring import hire_by_pin
from gateway.pages.room import Page, Room
from gateway.pages.visit import Visit
from gateway.portal.books import names_of, options
from gateway.portal.changing import Again, answer_form, change_once, check_version, told_by
from gateway.portal.desk import Desk
from gateway.portal.forms import Form, Reading, new_form
from gateway.registry.staff.assigning import NewAssignment, assign
from gateway.registry.staff.employing import end_employment
from gateway.registry.staff.listing import StaffEntry, list_staff
from gateway.registry.staff.model import Employment
from gateway.registry.values import Pin

READING = holder(Kind.STAFF, Action.READ)
CHANGING = holder(Kind.STAFF, Action.WRITE)
_MOST = 200
_FTE = Decimal(2)


class Staff:
    """The answers of these pages."""

    def __init__(self, desk: Desk) -> None:
        """Take the desk."""
        self._desk = desk

    def room(self) -> Room:
        """Give the pages."""
        of_place, one = "/organisations/{code}/staff", "/staff/{employment_id:uuid}"
        return Room(
            pages=(
                Page(method="GET", path=of_place, answer=self.list, policy=READING),
                Page(method="GET", path=f"{of_place}/new", answer=self.ask_hiring, policy=CHANGING),
                Page(method="POST", path=f"{of_place}/new", answer=self.hire, policy=CHANGING),
                Page(method="GET", path=one, answer=self.card, policy=READING),
                Page(method="POST", path=f"{one}/assignments", answer=self.assign, policy=CHANGING),
                Page(method="POST", path=f"{one}/end", answer=self.end, policy=CHANGING),
            )
        )

    async def list(self, visit: Visit) -> Response:
        """List the employments at an organisation; who has left is shown without a name."""
        async with visit.reading() as session:
            place = await organisation_within(session, visit.right, visit.path("code"))
            where = (Employment.organisation_id == place.id, visit.right.filter)
            found = await list_staff(session, *where, limit=_MOST)
            positions = await names_of(session, "POSITION", visit.language)
        return visit.render("portal/staff.html", place=place, staff=_by_name(found), positions=positions)

    async def ask_hiring(self, visit: Visit) -> Response:
        """Show the form of hiring."""
        return await self._hiring(visit, new_form(start_on=today().isoformat(), kind_code="MAIN"))

    async def hire(self, visit: Visit) -> Response:
        """Hire a person the registry knows."""

        async def act() -> Response:
            pin, values = read_hiring(visit)
            made = await change_once(visit, lambda session: self._hire(session, visit, pin, values))
            return visit.redirect(f"/portal/staff/{made['employment_id']}", told="staff.hired")

        async def again(form: Form, status: int) -> Response:
            return await self._hiring(visit, form, status=status)

        return await answer_form(act, again, visit)

    async def _hire(
        self, session: AsyncSession, visit: Visit, pin: Pin, values: dict[str, Any]
    ) -> dict[str, str]:
        place = await organisation_within(session, visit.right, visit.path("code"))
        passport = values.pop("passport")
        made = await hire_by_pin(session, place.id, pin, values, passport=passport, provenance=told_by(visit))
        return {"employment_id": str(made)}

    async def _hiring(self, visit: Visit, form: Form, *, status: int = 200) -> Response:
        async with visit.reading() as session:
            return visit.render(
                "portal/staff_hire.html",
                status=status,
                form=form,
                place=await organisation_within(session, visit.right, visit.path("code")),
                positions=await options(session, "POSITION", visit.language),
                kinds=await options(session, "EMPLOYMENT_KIND", visit.language),
            )

    async def card(self, visit: Visit) -> Response:
        """Show somebody's work with its positions."""
        day = today().isoformat()
        return await self._card(visit, new_form(from_on=day, end_on=day, fte="1"))

    async def _card(self, visit: Visit, form: Form, *, status: int = 200) -> Response:
        readers = decide(visit.caller, Action.READ, Kind.STAFF)
        async with visit.reading() as session:
            found = await list_staff(session, Employment.id == _id_of(visit), readers.filter)
            if not found:
                raise not_found()
            return visit.render(
                "portal/staff_card.html",
                status=status,
                form=form,
                entry=found[0],
                positions=await names_of(session, "POSITION", visit.language),
                offered=await options(session, "POSITION", visit.language),
                kinds=await names_of(session, "EMPLOYMENT_KIND", visit.language),
                reasons=await options(session, "EMPLOYMENT_END", visit.language),
                reason_names=await names_of(session, "EMPLOYMENT_END", visit.language),
            )

    async def assign(self, visit: Visit) -> Response:
        """Give a position within an employment."""

        async def act() -> Response:
            new = read_assignment(visit)
            await change_once(visit, lambda session: self._assign(session, visit, new))
            return visit.redirect(f"/portal/staff/{_id_of(visit)}", told="staff.assigned")

        return await answer_form(act, self._again(visit), visit)

    async def _assign(self, session: AsyncSession, visit: Visit, new: NewAssignment) -> dict[str, str]:
        check_version(visit, str(await employment_version(session, visit.right, new.employment_id)))
        return {"assignment_id": str(await assign(session, new, at=utc_now()))}

    async def end(self, visit: Visit) -> Response:
        """End an employment; its positions end with it."""

        async def act() -> Response:
            reading = Reading(visit)
            end_on, reason = reading.needed_day("end_on"), reading.needed("reason_code", longest=64)
            reading.done()
            await change_once(
                visit, lambda session: self._end(session, visit, {"end_on": end_on, "reason_code": reason})
            )
            return visit.redirect(f"/portal/staff/{_id_of(visit)}", told="staff.ended")

        return await answer_form(act, self._again(visit), visit)

    async def _end(self, session: AsyncSession, visit: Visit, values: dict[str, Any]) -> dict[str, str]:
        employment_id = _id_of(visit)
        check_version(visit, str(await employment_version(session, visit.right, employment_id)))
        await end_employment(session, employment_id, **values, provenance=told_by(visit))
        return {"employment_id": str(employment_id)}

    def _again(self, visit: Visit) -> Again:
        async def again(form: Form, status: int) -> Response:
            return await self._card(visit, form, status=status)

        return again


def read_hiring(visit: Visit) -> tuple[Pin, dict[str, Any]]:
    """Read whom to hire as what, and the passport shown; raises InputRefused with every problem."""
    reading = Reading(visit)
    typed = reading.needed("pin", longest=32)
    values = {
        "passport": reading.text("passport", longest=32),
        "position_code": reading.needed("position_code", longest=64),
        "start_on": reading.needed_day("start_on"),
        "kind_code": reading.needed("kind_code", longest=64),
        "contract_no": reading.text("contract_no", longest=64),
        "order_no": reading.needed("order_no", longest=64),
    }
    pin = None
    try:
        pin = Pin.parse(typed) if typed else None
    except InputRefused as refused:
        reading.problems += refused.problems
    reading.done()
    assert pin is not None
    return pin, values


def read_assignment(visit: Visit) -> NewAssignment:
    """Read a position to hold; raises InputRefused with every problem."""
    reading = Reading(visit)
    new = NewAssignment(
        employment_id=_id_of(visit),
        position_code=reading.needed("position_code", longest=64),
        fte=reading.amount("fte", _FTE),
        from_on=reading.needed_day("from_on"),
        until_on=reading.day("until_on"),
    )
    if new.until_on is not None and new.until_on <= new.from_on:
        reading.problems.append(("until_on", "RANGE"))
    reading.done()
    return new


def _by_name(found: list[StaffEntry]) -> list[StaffEntry]:
    return sorted(
        found, key=lambda each: (each.end_on is not None, each.surname or "", each.given_name or "")
    )


def _id_of(visit: Visit) -> UUID:
    found = visit.request.path_params["employment_id"]
    assert isinstance(found, UUID)
    return found
