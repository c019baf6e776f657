"""A new learner: the pages from the PIN to the stored entry."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.responses import JSONResponse, Response

from gateway.access.errors import not_found
from gateway.access.route_policy import holder
from gateway.access.values import Action, Kind
from gateway.foundation.clock import today
from gateway.foundation.errors import InputRefused
from gateway.intake.admitting import Admitted, admit_within
from gateway.intake.autofill_more import Part, fields_of
from gateway.intake.reasons import sentence
from gateway.pages.room import Page, Room
from gateway.pages.visit import Visit
from gateway.portal.books import Option, options
from gateway.portal.changing import answer_form
from gateway.portal.desk import Desk
from gateway.portal.drafts import Draft
from gateway.portal.filling import TYPED, Filling, drafts_of, keep, read_asked
from gateway.portal.forms import Form, form_again, new_form, say_problem
from gateway.portal.places import Place, own_places
from gateway.registry.books.lookup import value_on
from gateway.registry.values import parse_date

FILLING = holder(Kind.PERSON, Action.FILL)
ADMITTING = holder(Kind.PERSON, Action.WRITE)
WAYS = ("pin", "document", "names")
_GOOD = frozenset({"FILLED_BY_SOURCE", "MATCHED_WITH_SOURCE"})
_STUDY = ("organisation_code", "grade", "level", "form", "start_on")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldShown:
    """A field of the form: its value, who told it and what that is worth; a source's own value is locked."""

    name: str
    value: str
    source: str = ""
    status: str = ""
    at: datetime | None = None
    locked: bool = False
    waiting: bool = False


class Entering:
    """The answers of these pages."""

    def __init__(self, desk: Desk) -> None:
        """Take the desk."""
        self._desk = desk
        self.filling = Filling(desk)

    def room(self) -> Room:
        """Give the pages."""
        one = "/learners/new/{draft_id:uuid}"
        return Room(
            pages=(
                Page(method="GET", path="/learners/new", answer=self.ask, policy=FILLING),
                Page(method="POST", path="/learners/new", answer=self.begin, policy=FILLING),
                Page(method="GET", path=one, answer=self.form, policy=FILLING),
                Page(method="GET", path=f"{one}/state", answer=self.state, policy=FILLING, traced=False),
                Page(method="POST", path=one, answer=self.admit, policy=ADMITTING),
                Page(method="GET", path=f"{one}/done", answer=self.done, policy=FILLING),
            )
        )

    async def ask(self, visit: Visit) -> Response:
        """Ask for the PIN, the document or the names."""
        way = visit.query("way", "pin")
        return _first_page(visit, new_form(), way if way in WAYS else "pin")

    async def begin(self, visit: Visit) -> Response:
        """Take what was typed, ask the agencies, and show what they told within a moment."""
        try:
            asked = read_asked(visit)
        except InputRefused as refused:
            way = visit.field("way", "pin")
            return _first_page(visit, form_again(visit, refused), way if way in WAYS else "pin", status=422)
        draft_id = await self.filling.begin(visit, asked)
        kept = {name: visit.field(name) for name in ("grade", "start_on")}
        query = "&".join(
            f"{name}={value}" for name, value in kept.items() if value.isalnum() or _is_day(value)
        )
        return visit.redirect(f"/portal/learners/new/{draft_id}{'?' if query else ''}{query}")

    async def form(self, visit: Visit) -> Response:
        """Show the form as far as it is filled."""
        draft = await self._draft(visit)
        if "result" in draft.content:
            return visit.redirect(f"/portal/learners/new/{draft.draft_id}/done")
        start_on = visit.query("start_on") or today().isoformat()
        return await self._show(visit, draft, new_form(start_on=start_on, grade=visit.query("grade")))

    async def state(self, visit: Visit) -> Response:
        """Tell what has come since, for a page that waits."""
        draft = await self._draft(visit)
        shown = {
            each.name: {
                "value": each.value,
                "source": visit.say(f"words.source.{each.source}") if each.source else "",
                "status": visit.say(f"words.status.{each.status}") if each.status else "",
                "locked": each.locked,
            }
            for each in _fields(draft.content)
        }
        content = {
            "waiting": draft.running,
            "fields": shown,
            "filled": characters_filled(draft.content),
            "fields_filled": fields_filled(draft.content),
            "warnings": [say_problem(code, visit) for code in draft.content["warnings"]],
            "sources": [
                {
                    "name": visit.say(f"words.source.{source}"),
                    "outcome": visit.say(f"words.outcome.{outcome}"),
                }
                for source, outcome in draft.content["outcomes"].items()
            ],
        }
        return JSONResponse(content, headers={"Cache-Control": "no-store"})

    async def admit(self, visit: Visit) -> Response:
        """Store the learner, or show what has come in the meantime."""
        draft = await self._draft(visit)
        if visit.field("act") == "refresh":
            return await self._show(visit, draft, form_again(visit))

        async def act() -> Response:
            return await self._admitted(visit, draft)

        async def again(form: Form, status: int) -> Response:
            return await self._show(visit, draft, form, status=status)

        return await answer_form(act, again, visit)

    async def _admitted(self, visit: Visit, draft: Draft) -> Response:
        if "result" not in draft.content:
            given = await self._application(visit, draft)
            admitted = await admit_within(
                self._desk.counter, visit.right, given, caller=visit.caller, user_id=visit.caller.user_id
            )
            content = {**draft.content, **_result(visit, draft, given, admitted)}
            await keep(
                self._desk.database, drafts_of(self._desk, visit), draft.draft_id, content, running=False
            )
        return visit.redirect(f"/portal/learners/new/{draft.draft_id}/done")

    async def _application(self, visit: Visit, draft: Draft) -> dict[str, str]:
        """Put the application together; what a source told stands as it told it, whatever was sent."""
        told = {each.name: each.value for each in _fields(draft.content) if each.locked}
        given = {name: value for name in (*TYPED, *_STUDY) if (value := told.get(name) or visit.field(name))}
        if not given.get("level") and given.get("grade"):
            async with visit.reading() as session:
                grade = await value_on(session, "GRADE", given["grade"], on=today())
            if grade is None:
                raise InputRefused((("grade", "NOT_IN_BOOK"),))
            given["level"] = str(grade.attributes.get("level", "GENERAL"))
        return given | {"source_record_key": f"portal:{draft.draft_id}"}

    async def _show(self, visit: Visit, draft: Draft, form: Form, *, status: int = 200) -> Response:
        places, grades, forms, levels = await self._choices(visit)
        return visit.render(
            "portal/entering_form.html",
            status=status,
            draft=draft,
            fields=[_with_typed(each, form) for each in _fields(draft.content) if each.name in TYPED],
            more=[each for each in _fields(draft.content) if each.name not in TYPED],
            form=form,
            places=places,
            grades=grades,
            forms=forms,
            levels=levels,
            outcomes=draft.content["outcomes"],
            warnings=[say_problem(code, visit) for code in draft.content["warnings"]],
            typed_before=sum(map(len, draft.content["typed"].values())),
            filled=characters_filled(draft.content),
            fields_filled=fields_filled(draft.content),
        )

    async def _choices(
        self, visit: Visit
    ) -> tuple[list[Place], tuple[Option, ...], tuple[Option, ...], tuple[Option, ...]]:
        async with visit.reading() as session:
            places = await own_places(session, visit, Action.WRITE, Kind.PERSON)
            grades = await options(session, "GRADE", visit.language)
            forms = await options(session, "STUDY_FORM", visit.language)
            return places, grades, forms, await options(session, "LEVEL", visit.language)

    async def done(self, visit: Visit) -> Response:
        """Say what became of the learner."""
        draft = await self._draft(visit)
        if "result" not in draft.content:
            return visit.redirect(f"/portal/learners/new/{draft.draft_id}")
        reasons = [sentence(code, visit.language) for code in draft.content["reasons"]]
        return visit.render("portal/entering_done.html", draft=draft, done=draft.content, reasons=reasons)

    async def _draft(self, visit: Visit) -> Draft:
        draft_id = visit.request.path_params["draft_id"]
        if not isinstance(draft_id, UUID):
            raise not_found()
        async with self._desk.database.transaction() as session:
            return await drafts_of(self._desk, visit).read(session, draft_id)


def _first_page(visit: Visit, form: Form, way: str, *, status: int = 200) -> Response:
    return visit.render(
        "portal/entering.html",
        status=status,
        form=form,
        way=way,
        ways=WAYS,
        parts=tuple(Part),
        chosen=visit.fields("parts"),
        grade=visit.query("grade") or visit.field("grade"),
        start_on=visit.query("start_on") or visit.field("start_on"),
    )


def _fields(content: Mapping[str, Any]) -> list[FieldShown]:
    """Give the fields of a draft in the form's order: a source's value, else what was typed."""
    typed, told, waiting = content["typed"], content["fields"], bool(content["waiting"])
    shown = []
    for name in (*TYPED, *_more(content)):
        found = told.get(name) or {}
        good = found.get("status") in _GOOD and bool(found.get("value"))
        pin = content.get("pin", "") if name == "pin" else ""
        shown.append(
            FieldShown(
                name=name,
                value=str(found["value"]) if good else typed.get(name, "") or pin,
                source=found.get("source", "") if found.get("status") != "UNVERIFIED" else "",
                status=found.get("status", ""),
                at=datetime.fromisoformat(found["at"]) if found.get("at") else None,
                locked=good or bool(pin),
                waiting=waiting and not good,
            )
        )
    return shown


def _more(content: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the fields of the parts that were asked for; a certificate has its place in the form already."""
    asked = (fields_of(Part(each)) for each in content.get("parts", ()))
    return tuple(name for names in asked for name in names if name not in TYPED)


def _with_typed(shown: FieldShown, form: Form) -> FieldShown:
    """Put what was typed into the form over what stood there, where no source has spoken."""
    if shown.locked or shown.name not in form.values:
        return shown
    return FieldShown(
        name=shown.name,
        value=form.value(shown.name),
        source=shown.source,
        status=shown.status,
        waiting=shown.waiting,
    )


def characters_filled(content: Mapping[str, Any]) -> int:
    """Count the characters a source wrote in the clerk's place."""
    fields = _fields(content)
    return sum(len(each.value) for each in fields if each.locked and each.name not in content["typed"])


def fields_filled(content: Mapping[str, Any]) -> str:
    """Count the fields a source filled, out of all that the form has."""
    fields = _fields(content)
    return f"{sum(each.locked and bool(each.source) for each in fields)} / {len(fields)}"


def _result(visit: Visit, draft: Draft, given: Mapping[str, str], admitted: Admitted) -> dict[str, Any]:
    admission, before = admitted.admission, sum(map(len, draft.content["typed"].values()))
    open_fields = {each.name: each.value for each in _fields(draft.content) if not each.locked}
    by_hand = [visit.field(name) for name, value in open_fields.items() if visit.field(name) != value]
    return {
        "result": str(admission.result),
        "isuo_no": admission.isuo_no or "",
        "case_id": str(admission.case_id) if admission.case_id else "",
        "verification": str(admission.verification),
        "reasons": list(admission.reasons),
        "visible": bool(admitted.fields),
        "characters": before + sum(map(len, by_hand)),
        "grade": given.get("grade", ""),
        "start_on": given.get("start_on", ""),
    }


def _is_day(text: str) -> bool:
    return parse_date(text) is not None
