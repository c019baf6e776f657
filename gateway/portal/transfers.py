"""Changes of schools: who waits for whom, and each school's own steps."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from gateway.access.decide import decide
from gateway.access.errors import not_found
from gateway.access.route_policy import holder
from gateway.access.values import Action, Kind
from gateway.foundation.clock import today
from gateway.intake.transferring import StepName, StepWanted, running_transfers, take_step
from gateway.pages.room import NavEntry, Page, Room
from gateway.pages.visit import Visit
from gateway.portal.changing import answer_form, change_once
from gateway.portal.desk import Desk
from gateway.portal.forms import Form, Reading, new_form
from gateway.portal.learners import CLERKS, READING, clerks_only

STEPPING = holder(Kind.PERSON, Action.WRITE)


class Transfers:
    """The answers of these pages."""

    def __init__(self, desk: Desk) -> None:
        """Take the desk."""
        self._desk = desk

    def room(self) -> Room:
        """Give the pages."""
        step = "/transfers/{transfer_id:uuid}"
        return Room(
            pages=(
                Page(method="GET", path="/transfers", answer=self.list, policy=READING),
                Page(method="GET", path=step, answer=self.ask, policy=STEPPING),
                Page(method="POST", path=step, answer=self.take, policy=STEPPING),
            ),
            nav=(
                NavEntry(path="/transfers", text="transfers.nav", icon="exchange", policy=CLERKS, order=30),
            ),
        )

    async def list(self, visit: Visit) -> Response:
        """List the changes of schools under way; no name is shown, only the number."""
        clerks_only(visit)
        right = decide(visit.caller, Action.WRITE, Kind.PERSON)
        async with self._desk.database.transaction() as session:
            found = await running_transfers(session, visit.right)
        return visit.render("portal/transfers.html", transfers=found, may_step=right.allowed)

    async def ask(self, visit: Visit) -> Response:
        """Show one change of schools with the steps that are ours."""
        day = today().isoformat()
        form = new_form(free_places="1", hold_days="10", order_on=day, effective_on=day)
        return await self._show(visit, form)

    async def take(self, visit: Visit) -> Response:
        """Take a step."""

        async def act() -> Response:
            wanted = read_step(visit)
            answer = await change_once(visit, lambda session: self._step(session, visit, wanted))
            told = f"transfers.told.{answer['state']}"
            return visit.redirect("/portal/transfers", told=told)

        async def again(form: Form, status: int) -> Response:
            return await self._show(visit, form, status=status)

        return await answer_form(act, again, visit)

    async def _step(self, session: AsyncSession, visit: Visit, wanted: StepWanted) -> dict[str, str]:
        transfer_id = _id_of(visit)
        user_id = visit.caller.user_id
        taken = await take_step(session, visit.right, transfer_id, wanted, by=user_id)
        return {"state": taken.state, "enrolment_id": str(taken.enrolment_id or "")}

    async def _show(self, visit: Visit, form: Form, *, status: int = 200) -> Response:
        async with self._desk.database.transaction() as session:
            found = await running_transfers(session, visit.right, transfer_id=_id_of(visit))
        if not found:
            raise not_found()
        return visit.render("portal/transfer.html", status=status, transfer=found[0], form=form)


def read_step(visit: Visit) -> StepWanted:
    """Read a step from its form; raises InputRefused with every problem."""
    reading = Reading(visit)
    step = reading.chosen("step", StepName.__members__)
    values: dict[str, object] = {}
    if step == StepName.HOLD:
        values = {
            "free_places": reading.number("free_places", 1, 1000),
            "hold_days": reading.number("hold_days", 1, 30),
        }
    if step == StepName.COMPLETE:
        values = {
            "order_no": reading.needed("order_no", longest=64),
            "order_on": reading.needed_day("order_on"),
            "effective_on": reading.needed_day("effective_on"),
        }
    reading.done()
    return StepWanted(step=StepName(step), **values)  # type: ignore[arg-type]


def _id_of(visit: Visit) -> UUID:
    found = visit.request.path_params["transfer_id"]
    assert isinstance(found, UUID)
    return found
