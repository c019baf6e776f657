"""Orders about a learner: a small form, a look at what the order would do, and then the order."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from gateway.access.route_policy import holder
from gateway.access.values import Action, Kind
from gateway.access.within import learner_within
from gateway.foundation.clock import today, utc_now
from gateway.foundation.errors import InputRefused
from gateway.intake.ordering import Made, OrderKind, OrderWanted, carry_out
from gateway.pages.room import Page, Room
from gateway.pages.visit import Visit
from gateway.portal.books import names_of, options
from gateway.portal.changing import answer_form, change_once, check_version
from gateway.portal.desk import Desk
from gateway.portal.forms import Form, Reading, form_again, new_form
from gateway.portal.learners import names_on
from gateway.portal.places import own_places
from gateway.registry.card import PersonCard, person_card
from gateway.registry.entries import EnrolmentEntry
from gateway.registry.learner_version import learner_version
from gateway.registry.reading import enrolments

ORDERING = holder(Kind.PERSON, Action.WRITE)
WITH_GRADE = frozenset({"PROMOTE", "ENROL", "REINSTATE", "TRANSFER"})
WITH_END = frozenset({"LEAVE", "EXCHANGE", "SUSPEND"})
WITH_REASON = frozenset({"EXPEL", "LEAVE", "SUSPEND", "CANCEL", "ENROL"})
OPENING = frozenset({"ENROL", "REINSTATE"})
_PAPERLESS = frozenset({"TRANSFER"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What an order does to one enrolment: its status and grade before and after, from which day."""

    place: str
    before: str
    after: str
    grade_before: str
    grade_after: str
    end_on: str


class Orders:
    """The answers of these pages."""

    def __init__(self, desk: Desk) -> None:
        """Take the desk."""
        self._desk = desk

    def room(self) -> Room:
        """Give the pages."""
        path = "/learners/{isuo_no}/orders"
        return Room(
            pages=(
                Page(method="GET", path=path, answer=self.ask, policy=ORDERING),
                Page(method="POST", path=path, answer=self.take, policy=ORDERING),
            )
        )

    async def ask(self, visit: Visit) -> Response:
        """Show the form of an order."""
        form = new_form(
            kind=visit.query("kind", "ENROL"),
            enrolment_id=visit.query("enrolment"),
            cancels_id=visit.query("cancels"),
            order_on=today().isoformat(),
            effective_on=today().isoformat(),
            version=await self._version(visit),
        )
        return await self._show(visit, form)

    async def take(self, visit: Visit) -> Response:
        """Look at what the order would do, or give it."""

        async def act() -> Response:
            wanted = read_order(visit)
            if visit.field("act") != "give":
                return await self._preview(visit, wanted)
            await change_once(visit, lambda session: self._give(session, visit, wanted))
            return visit.redirect(f"/portal/learners/{visit.path('isuo_no')}", told="orders.given")

        async def again(form: Form, status: int) -> Response:
            fresh = Form(
                values={**form.values, "version": await self._version(visit)},
                errors=form.errors,
                notice=form.notice,
                once=form.once,
            )
            return await self._show(visit, fresh, status=status)

        return await answer_form(act, again, visit)

    async def _version(self, visit: Visit) -> str:
        async with visit.reading() as session:
            person_id = await learner_within(session, visit.right, visit.path("isuo_no"))
        async with self._desk.database.transaction() as session:
            return await learner_version(session, person_id)

    async def _give(self, session: AsyncSession, visit: Visit, wanted: OrderWanted) -> dict[str, str]:
        made, person_id = await self._carry_out(session, visit, wanted)
        return {"order_id": str(made.order_id or ""), "version": await learner_version(session, person_id)}

    async def _carry_out(self, session: AsyncSession, visit: Visit, wanted: OrderWanted) -> tuple[Made, UUID]:
        person_id = await learner_within(session, visit.right, visit.path("isuo_no"))
        check_version(visit, await learner_version(session, person_id, lock=True))
        user_id = visit.caller.user_id
        made = await carry_out(session, visit.right, person_id, wanted, by=user_id, at=utc_now())
        return made, person_id

    async def _preview(self, visit: Visit, wanted: OrderWanted) -> Response:
        """Carry the order out, look, and roll it back: what is shown is what would be."""
        async with self._desk.database.transaction() as session:
            person_id = await learner_within(session, visit.right, visit.path("isuo_no"))
            before = await enrolments(session, person_id)
            await self._carry_out(session, visit, wanted)
            after = await enrolments(session, person_id)
            await session.rollback()
        form = form_again(visit)
        form = Form(values={**form.values, "version": visit.field("version")}, once=form.once)
        return await self._show(visit, form, effects=_effects(before, after, visit.language))

    async def _show(
        self, visit: Visit, form: Form, *, effects: list[Effect] | None = None, status: int = 200
    ) -> Response:
        kind = form.value("kind")
        async with visit.reading() as session:
            await learner_within(session, visit.right, visit.path("isuo_no"))
            card = await person_card(session, visit.path("isuo_no"), at=utc_now())
            assert card is not None
            return visit.render(
                "portal/order.html",
                status=status,
                form=form,
                kind=kind if kind in OrderKind.__members__ else "ENROL",
                effects=effects,
                learner=names_on(card),
                enrolment=_enrolment_of(card, form, visit.language),
                grades=await options(session, "GRADE", visit.language),
                grade_names=await names_of(session, "GRADE", visit.language),
                reasons=await options(session, _reasons_of(kind), visit.language),
                places=await own_places(session, visit, Action.WRITE, Kind.PERSON),
                wants={
                    "grade": kind in WITH_GRADE,
                    "end": kind in WITH_END,
                    "reason": kind in WITH_REASON,
                    "paper": kind not in _PAPERLESS,
                    "place": kind in OPENING,
                    "target": kind == "TRANSFER",
                },
            )


def read_order(visit: Visit) -> OrderWanted:
    """Read an order from its form; raises InputRefused with every problem."""
    reading = Reading(visit)
    kind = reading.chosen("kind", OrderKind.__members__)
    with_paper = kind not in _PAPERLESS
    values: dict[str, Any] = {
        "order_no": reading.needed("order_no", longest=64) if with_paper else None,
        "order_on": reading.needed_day("order_on") if with_paper else None,
        "effective_on": reading.needed_day("effective_on") if with_paper and kind != "CANCEL" else None,
        "until_on": reading.day("until_on") if kind in WITH_END else None,
        "reason_code": (reading.text("reason_code", longest=64) or "") if kind in WITH_REASON else "",
        "enrolment_id": reading.id("enrolment_id"),
        "grade": reading.text("grade", longest=16) if kind in WITH_GRADE else None,
        "cancels_id": reading.id("cancels_id") if kind == "CANCEL" else None,
    }
    if kind in OPENING:
        values["organisation_code"] = reading.needed("organisation_code", longest=64)
    if kind == "TRANSFER":
        values["to_organisation_code"] = reading.needed("to_organisation_code", longest=64)
    reading.done()
    if values["order_on"] and values["order_on"] > today():
        raise InputRefused((("order_on", "DATE_IN_FUTURE"),))
    return OrderWanted(kind=OrderKind(kind), **values)


def _reasons_of(kind: str) -> str:
    return "ENTRY_REASON" if kind in OPENING else "EXIT_REASON"


def _enrolment_of(card: PersonCard, form: Form, language: str) -> dict[str, str] | None:
    """Give the enrolment the order is about, as the form names it."""
    found = next(
        (each for each in card.enrolments if str(each.enrolment_id) == form.value("enrolment_id")), None
    )
    if found is None:
        return None
    status = found.periods[-1].status if found.periods else ""
    return {"name": _named(found, language), "grade": found.grade or "", "status": status}


def _effects(
    before: tuple[EnrolmentEntry, ...], after: tuple[EnrolmentEntry, ...], language: str
) -> list[Effect]:
    """Compare enrolments before and after, and give those that differ."""
    known = {each.enrolment_id: each for each in before}
    return [
        Effect(
            place=_named(each, language),
            before=_status(known.get(each.enrolment_id)),
            after=_status(each),
            grade_before=_grade(known.get(each.enrolment_id)),
            grade_after=each.grade or "",
            end_on=each.end_on.isoformat() if each.end_on else "",
        )
        for each in after
        if each != known.get(each.enrolment_id)
    ]


def _named(entry: EnrolmentEntry, language: str) -> str:
    name = entry.organisation.name_ky if language == "ky" else entry.organisation.name_ru
    return name or entry.organisation.code


def _status(entry: EnrolmentEntry | None) -> str:
    return entry.periods[-1].status if entry and entry.periods else ""


def _grade(entry: EnrolmentEntry | None) -> str:
    return (entry.grade or "") if entry else ""
