"""Questions only people may answer: is this the same child; one confirms or rejects with the reasons in view."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from gateway.access.decide import decide_first
from gateway.access.errors import not_found, refused
from gateway.access.route_policy import holder
from gateway.access.values import Action, Kind
from gateway.foundation.clock import utc_now
from gateway.intake.case_answers import IN_REVIEW, answer_of
from gateway.intake.cases import CaseEntry, decide_case, list_cases
from gateway.intake.reasons import sentence
from gateway.pages import NavEntry, Page, Room, Visit
from gateway.portal.changing import answer_form, change_once
from gateway.portal.desk import Desk
from gateway.portal.forms import Form, new_form
from gateway.registry.card import card_fields
from gateway.registry.model import ReviewCandidate
from gateway.registry.reading import OPEN_STATES

READING = holder(Kind.CASE, Action.READ)
ANSWERING = holder(Kind.CASE, Action.APPROVE, Action.WORK)
_COMPARED = (
    "surname",
    "given_name",
    "patronymic",
    "birth_date",
    "sex",
    "pin",
    "birth_certificate",
    "passport",
)


class Cases:
    """The answers of these pages."""

    def __init__(self, desk: Desk) -> None:
        """Take the desk."""
        self._desk = desk

    def room(self) -> Room:
        """Give the pages."""
        one = "/cases/{case_id:uuid}"
        return Room(
            pages=(
                Page(method="GET", path="/cases", answer=self.list, policy=READING),
                Page(method="GET", path=one, answer=self.show, policy=READING),
                Page(method="POST", path=one, answer=self.answer, policy=ANSWERING),
            ),
            nav=(NavEntry(path="/cases", text="cases.nav", icon="case", policy=READING, order=35),),
        )

    async def list(self, visit: Visit) -> Response:
        """List the undecided cases, the oldest first."""
        async with visit.reading() as session:
            found = await list_cases(session, limit=200, within=visit.right.filter)
        said = {each.kind: sentence(each.kind, visit.language) for each in found}
        return visit.render("portal/cases.html", cases=found, said=said)

    async def show(self, visit: Visit) -> Response:
        """Show a case: both entries side by side, and why they look alike."""
        return await self._show(visit, new_form())

    async def _show(self, visit: Visit, form: Form, *, status: int = 200) -> Response:
        right = decide_first(visit.caller, (Action.READ,), Kind.CASE)
        async with visit.reading() as session:
            found = await list_cases(session, case_id=_id_of(visit), within=right.filter)
            if not found:
                raise not_found()
            case = found[0]
            people = [case.person_id, *(each.person_id for each in case.candidates)]
            values = [await _values(session, person_id) for person_id in people]
        whole = await self._whole(case)
        means = answer_of(case.kind, has_candidates=bool(case.candidates))
        deciding = decide_first(visit.caller, (Action.APPROVE, Action.WORK), Kind.CASE)
        return visit.render(
            "portal/case.html",
            status=status,
            case=case,
            said=sentence(case.kind, visit.language),
            form=form,
            compared=[name for name in _COMPARED if any(name in each for each in values)],
            values=values,
            whole=whole,
            means=means,
            in_review=means in IN_REVIEW,
            is_open=case.state in OPEN_STATES,
            may_answer=deciding.allowed and whole,
            may_confirm=deciding.allowed and deciding.action is Action.APPROVE and whole,
        )

    async def _whole(self, case: CaseEntry) -> bool:
        """Tell whether every entry of the case is within reach: what one may not see, one does not decide."""
        async with self._desk.database.transaction() as session:
            count = select(func.count()).select_from(ReviewCandidate)
            all_of_them = await session.scalar(count.where(ReviewCandidate.case_id == case.case_id))
        return all_of_them == len(case.candidates)

    async def answer(self, visit: Visit) -> Response:
        """Confirm that it is the candidate, or say that they are two people."""

        async def act() -> Response:
            state = await self._decided(visit)
            return visit.redirect("/portal/cases", told=f"cases.told.{state}")

        async def again(form: Form, status: int) -> Response:
            return await self._show(visit, form, status=status)

        return await answer_form(act, again, visit)

    async def _decided(self, visit: Visit) -> str:
        confirms = visit.field("act") == "confirm"
        async with visit.reading() as session:
            found = await list_cases(session, case_id=_id_of(visit), within=visit.right.filter)
        if not found:
            raise not_found()
        if confirms and visit.right.action is not Action.APPROVE:
            raise refused("FORBIDDEN")
        if not await self._whole(found[0]):
            raise refused("CASE_BEYOND_REACH")
        candidate = next(
            (
                each.person_id
                for each in found[0].candidates
                if str(each.person_id) == visit.field("candidate")
            ),
            None,
        )
        answer = await change_once(
            visit, lambda session: self._decide(session, visit, candidate, confirms=confirms)
        )
        return str(answer["state"]) if found[0].candidates else "DECIDED"

    async def _decide(
        self, session: AsyncSession, visit: Visit, candidate: UUID | None, *, confirms: bool
    ) -> dict[str, str]:
        state = await decide_case(
            session,
            _id_of(visit),
            "confirm" if confirms else "reject",
            by=visit.caller.user_id,
            policies=self._desk.settings.fields,
            candidate_id=candidate,
        )
        return {"state": state}


async def _values(session: AsyncSession, person_id: UUID) -> dict[str, str]:
    return {each.name: each.value for each in await card_fields(session, person_id, at=utc_now())}


def _id_of(visit: Visit) -> UUID:
    found = visit.request.path_params["case_id"]
    assert isinstance(found, UUID)
    return found
