"""A new learner, first half: a PIN (or a document, or names) becomes a filled form, source by source."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID, uuid4

from gateway.foundation.database import Database
from gateway.foundation.errors import InputRefused
from gateway.intake.applications import parse_typed
from gateway.intake.autofill import FilledForm, Question, filling
from gateway.intake.autofill_more import Part, Patience
from gateway.intake.finding_pin import find_pins
from gateway.intake.ports import AskContext, Outcome
from gateway.matching.record import Record
from gateway.pages.visit import Visit
from gateway.portal.desk import Desk
from gateway.portal.drafts import LEARNER, Drafts
from gateway.portal.tasks import Tasks
from gateway.registry.values import Pin, passport_number, split_passport

PERSONAL = ("surname", "given_name", "patronymic", "birth_date", "sex", "citizenship")
TYPED = (*PERSONAL, "pin", "passport", "birth_certificate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was typed to begin with, and how: by PIN, by document, by names; and which parts are asked for besides."""

    way: str
    typed: Mapping[str, str]
    parts: tuple[str, ...] = ()

    @property
    def characters(self) -> int:
        """Count what was typed."""
        return sum(len(value) for value in self.typed.values())


def drafts_of(desk: Desk, visit: Visit) -> Drafts:
    """Give the learners this clerk has begun."""
    return Drafts(keys=desk.door.keys, account_id=visit.account_id, kind=LEARNER)


def read_asked(visit: Visit) -> Asked:
    """Read what was typed; raises InputRefused with every problem, before anybody is asked."""
    way = visit.field("way", "pin")
    names = {
        "pin": ("pin", "passport", *PERSONAL),
        "document": ("birth_certificate", "passport", *PERSONAL),
        "names": PERSONAL,
    }.get(way)
    if names is None:
        raise InputRefused((("", "UNKNOWN_FIELD"),))
    typed = {name: value for name in names if (value := visit.field(name))}
    problems = [*_missing(way, typed), *_wrong(typed)]
    if problems:
        raise InputRefused(tuple(problems))
    wanted = set(visit.fields("parts")) if way != "document" else set()
    return Asked(way=way, typed=typed, parts=tuple(each for each in Part if each in wanted))


def _missing(way: str, typed: Mapping[str, str]) -> list[tuple[str, str]]:
    if way == "names":
        return [(name, "REQUIRED") for name in ("surname", "given_name", "birth_date") if name not in typed]
    if way == "document" and not ({"birth_certificate", "passport"} & typed.keys()):
        return [("birth_certificate", "REQUIRED")]
    return [("pin", "REQUIRED")] if way == "pin" and "pin" not in typed else []


def _wrong(typed: Mapping[str, str]) -> list[tuple[str, str]]:
    readers: list[Callable[[], object]] = [lambda: _record(typed)]
    readers += [lambda: Pin.parse(typed["pin"])] if "pin" in typed else []
    return [problem for read in readers for problem in _problems(read)]


def _problems(read: Callable[[], object]) -> tuple[tuple[str, str], ...]:
    try:
        read()
    except InputRefused as refused:
        return refused.problems
    return ()


def _record(typed: Mapping[str, str]) -> Record:
    return parse_typed({name: value for name, value in typed.items() if name in PERSONAL[:5]})


class Filling:
    """Fills drafts from the agencies."""

    def __init__(self, desk: Desk) -> None:
        """Take the desk."""
        self._desk = desk
        self.tasks = Tasks()

    async def begin(self, visit: Visit, asked: Asked) -> UUID:
        """Begin a draft and ask the agencies; what they tell within a moment stands in it on return."""
        drafts = drafts_of(self._desk, visit)
        begun = {**asdict(asked), "fields": {}, "outcomes": {}, "warnings": [], "waiting": ["ZAGS"]}
        async with self._desk.database.transaction() as session:
            draft_id = await drafts.begin(session, begun)
        work = _Work(self._desk, drafts, draft_id, begun, visit.caller.user_id)
        await self.tasks.begin(work.run(asked), wait_seconds=self._desk.first_look_seconds)
        return draft_id


class _Work:
    """The filling of one draft."""

    def __init__(
        self, desk: Desk, drafts: Drafts, draft_id: UUID, begun: Mapping[str, Any], user_id: str
    ) -> None:
        self._desk, self._drafts, self._draft_id = desk, drafts, draft_id
        self._content = dict(begun)
        self._context = AskContext(user_id=user_id, issue=f"autofill-{uuid4()}")

    async def run(self, asked: Asked) -> None:
        pin = asked.typed.get("pin") or (await self._found_pin(asked) if asked.way == "names" else None)
        if pin is None:
            await self._keep(running=False, waiting=[])
            return
        series, number = split_passport(passport_number(asked.typed.get("passport", "")))
        parts = tuple(Part(each) for each in asked.parts)
        question = Question(pin=pin, series=series, number=number, typed=_record(asked.typed), parts=parts)
        of_source = self._desk.settings.background.filling.deadlines
        patience = Patience(whole=self._desk.fill_deadline_seconds, of_source=of_source)
        forms = filling(self._desk.agencies, question, self._context, patience=patience)
        self._content["pin"] = Pin.parse(pin).value
        async for form in forms:
            await self._keep(running=bool(form.waiting), **_content_of(form))

    async def _found_pin(self, asked: Asked) -> str | None:
        """Look the PIN of a name up; several people of that name are nobody."""
        answer = await find_pins(
            self._desk.agencies,
            _record(asked.typed),
            self._context,
            deadline_seconds=self._desk.fill_deadline_seconds,
        )
        self._content["outcomes"] = {answer.source: answer.outcome}
        self._content["warnings"] = ["SEVERAL_PEOPLE"] if answer.outcome is Outcome.AMBIGUOUS else []
        return answer.record[0] if answer.record and len(answer.record) == 1 else None

    async def _keep(self, *, running: bool, **values: Any) -> None:
        self._content |= values
        await keep(self._desk.database, self._drafts, self._draft_id, self._content, running=running)


async def keep(
    database: Database, drafts: Drafts, draft_id: UUID, content: Mapping[str, Any], *, running: bool
) -> None:
    """Write what a draft holds now."""
    async with database.transaction() as session:
        await drafts.write(session, draft_id, content, running=running)


def _content_of(form: FilledForm) -> dict[str, Any]:
    fields = {
        each.name: {
            "value": each.value,
            "source": each.source,
            "status": str(each.status),
            "at": each.verified_at.isoformat() if each.verified_at else None,
        }
        for each in form.fields
    }
    outcomes = {source: str(outcome) for source, outcome in form.outcomes.items()}
    return {
        "fields": fields,
        "outcomes": outcomes,
        "warnings": list(form.warnings),
        "waiting": list(form.waiting),
    }
