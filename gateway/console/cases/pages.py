"""The pages of review cases: list, one case, and the words a reviewer says."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from gateway.access.errors import not_found, refused
from gateway.access.route_policy import holder
from gateway.access.values import Action, Kind
from gateway.console.cases.reading import CaseView, read_case
from gateway.console.cases.view import clock_of, steps_drawn
from gateway.console.dependencies import ConsoleDependencies
from gateway.disclosure.corrections import examine_changes
from gateway.foundation.clock import BISHKEK, day_of, utc_now
from gateway.foundation.errors import InputRefused, RegistryError
from gateway.intake.case_answers import answer_of, deciding, role_among, say_later, say_no, say_yes
from gateway.intake.case_desk import Actor
from gateway.intake.case_rules import KINDS, rule_of
from gateway.intake.case_search import TABS, CaseFilter, CaseRow, count_tabs, find_cases
from gateway.intake.case_states import UNDOING, Step
from gateway.intake.case_undo import propose_undo, reopen, undo
from gateway.intake.case_work import Proposal, approve, take_step
from gateway.pages import NavEntry, Page, Room, Visit
from gateway.pages.rendering import query_string

CASES = "/cases"
_READ = holder(Kind.CASE, Action.READ, Action.READ_MASKED)
_WORK = holder(Kind.CASE, Action.WORK, Action.APPROVE)
_PAGE = 50
_LONGEST_REASON = 1000
_NO_LETTERS = re.compile(r"[^a-z]+")
Work = Callable[[AsyncSession, Actor, str], Awaitable[str]]


def room(deps: ConsoleDependencies) -> Room:
    """Give the pages of this topic."""
    pages = _Cases(deps)
    words = (("yes", pages.yes), ("no", pages.no), ("later", pages.later), ("approve", pages.approve))
    others = (("return", pages.give_back), ("escalate", pages.escalate), ("undo", pages.undo))
    return Room(
        pages=(
            Page(method="GET", path=CASES, answer=pages.list_cases, policy=_READ),
            Page(method="GET", path=f"{CASES}/{{case_id}}", answer=pages.show, policy=_READ),
            *(
                Page(method="POST", path=f"{CASES}/{{case_id}}/{word}", answer=answer, policy=_WORK)
                for word, answer in (*words, *others, ("reopen", pages.reopen))
            ),
        ),
        nav=(NavEntry(path=CASES, text="cases.nav", icon="case", policy=_READ, order=30),),
    )


class _Cases:
    def __init__(self, deps: ConsoleDependencies) -> None:
        self._deps = deps

    async def list_cases(self, visit: Visit) -> Response:
        """List cases, those first whose answer is due first."""
        wanted = filter_of(visit)
        async with self._deps.database.transaction() as session:
            found, more = await find_cases(
                session, wanted, within=visit.right.filter, limit=_PAGE, after=_after(visit)
            )
            counts = await count_tabs(session, wanted, within=visit.right.filter)
        now, asked = utc_now(), _asked(wanted)
        following = query_string(**asked, after=_cursor(found[-1])) if more else ""
        return visit.render(
            "console/cases/list.html",
            cases=found,
            clocks={row.case_id: clock_of(row, now) for row in found},
            counts=counts,
            tabs=TABS,
            wanted=wanted,
            kinds=KINDS,
            asked=query_string(**asked),
            newest=f"/console{CASES}{query_string(**asked)}" if visit.query("after") else "",
            following=f"/console{CASES}{following}" if following else "",
        )

    async def show(self, visit: Visit) -> Response:
        """Show a case with two entries side by side."""
        return self._render(visit, await self._read(visit))

    async def yes(self, visit: Visit) -> Response:
        """Say that it is so."""
        view = await self._read(visit)
        if not view.is_whole:
            raise refused("CASE_BEYOND_REACH")
        answer = answer_of(view.row.kind, has_candidates=bool(view.rivals))
        chosen = _identifier(visit.field("candidate")) if view.rivals else None
        policies = self._deps.settings.fields

        async def work(session: AsyncSession, actor: Actor, reason: str) -> str:
            state = await say_yes(
                session,
                view.row.case_id,
                Proposal(answer=answer, candidate_id=chosen if answer == "merge" else None),
                actor=actor,
                reason=reason,
                policies=policies,
            )
            await examine_changes(session, at=utc_now())
            return "cases.told_proposed" if state == "PROPOSED" else "cases.told_confirmed"

        return await self._take(visit, view, work)

    async def no(self, visit: Visit) -> Response:
        """Say that it is not so."""
        view = await self._read(visit)
        if not view.is_whole:
            raise refused("CASE_BEYOND_REACH")

        async def work(session: AsyncSession, actor: Actor, reason: str) -> str:
            await say_no(session, view.row.case_id, actor=actor, reason=reason)
            return "cases.told_rejected"

        return await self._take(visit, view, work)

    async def later(self, visit: Visit) -> Response:
        """Lay it aside until a day."""
        view, until = await self._read(visit), _morning(visit.field("until"))

        async def work(session: AsyncSession, actor: Actor, reason: str) -> str:
            await say_later(session, view.row.case_id, until=until, actor=actor, reason=reason)
            return "cases.told_postponed"

        return await self._take(visit, view, work)

    async def approve(self, visit: Visit) -> Response:
        """Approve what another person proposed."""
        view = await self._read(visit)
        if not view.is_whole:
            raise refused("CASE_BEYOND_REACH")
        policies = self._deps.settings.fields

        async def work(session: AsyncSession, actor: Actor, reason: str) -> str:
            await approve(session, view.row.case_id, actor=actor, reason=reason, policies=policies)
            await examine_changes(session, at=utc_now())
            return "cases.told_approved"

        return await self._take(visit, view, work, roles=rule_of(view.row.kind).approves)

    async def give_back(self, visit: Visit) -> Response:
        """Give a proposal back to be looked at again."""
        return await self._step(visit, Step.RETURN, "cases.told_returned")

    async def escalate(self, visit: Visit) -> Response:
        """Hand the case to the district."""
        return await self._step(visit, Step.ESCALATE, "cases.told_escalated")

    async def undo(self, visit: Visit) -> Response:
        """Propose to undo what was decided, or do it where another person has proposed so."""
        view = await self._read(visit)
        if not view.is_whole:
            raise refused("CASE_BEYOND_REACH")
        belongs = {
            loose.assertion_id: _identifier(visit.field(f"belongs-{loose.assertion_id}")) or loose.person_id
            for plan in view.plans
            for loose in plan.loose
        }
        policies = self._deps.settings.fields

        async def work(session: AsyncSession, actor: Actor, reason: str) -> str:
            if view.work.undo_proposed_by is None:
                await propose_undo(session, view.row.case_id, actor=actor, reason=reason)
                return "cases.told_undo_proposed"
            await undo(
                session, view.row.case_id, actor=actor, reason=reason, policies=policies, belongs=belongs
            )
            await examine_changes(session, at=utc_now())
            return "cases.told_undone"

        return await self._take(visit, view, work, roles=UNDOING)

    async def reopen(self, visit: Visit) -> Response:
        """Ask again what was undone."""
        view = await self._read(visit)

        async def work(session: AsyncSession, actor: Actor, reason: str) -> str:
            await reopen(session, view.row.case_id, actor=actor, reason=reason)
            return "cases.told_reopened"

        return await self._take(visit, view, work)

    async def _step(self, visit: Visit, step: Step, told: str) -> Response:
        view = await self._read(visit)

        async def work(session: AsyncSession, actor: Actor, reason: str) -> str:
            await take_step(session, view.row.case_id, step, actor=actor, reason=reason)
            return told

        return await self._take(visit, view, work)

    async def _read(self, visit: Visit) -> CaseView:
        case_id = _identifier(visit.path("case_id"))
        if case_id is None:
            raise not_found()
        view = await read_case(
            self._deps, visit, case_id, filter_of(visit), candidate=visit.query("candidate")
        )
        if view is None:
            raise not_found()
        return view

    async def _take(
        self, visit: Visit, view: CaseView, work: Work, *, roles: frozenset[str] | None = None
    ) -> Response:
        """Do one thing to a case in a transaction of its own; what the rules refuse is said on the page."""
        allowed = deciding(rule_of(view.row.kind)) if roles is None else roles
        role = role_among({each.role.value for each in visit.right.grants}, allowed)
        actor, reason = Actor(reference=visit.caller.user_id, role=role), visit.field("reason")
        if not reason or len(reason) > _LONGEST_REASON:
            return self._render(visit, view, wrong=visit.say("cases.reason_missing"), status=422)
        try:
            async with self._deps.database.transaction() as session:
                told = await work(session, actor, reason)
        except RegistryError as error:
            return self._render(visit, view, wrong=_said(visit, error), status=409)
        return visit.redirect(
            f"/console{CASES}/{view.row.case_id}{query_string(**_asked(filter_of(visit)))}", told=told
        )

    def _render(self, visit: Visit, view: CaseView, *, wrong: str = "", status: int = 200) -> Response:
        rule, now = rule_of(view.row.kind), utc_now()
        roles = {each.role.value for each in visit.caller.grants}
        may_answer = bool(roles & deciding(rule)) and (
            visit.may("WORK", "CASE") or visit.may("APPROVE", "CASE")
        )
        me = visit.caller.user_id
        return visit.render(
            "console/cases/case.html",
            status=status,
            view=view,
            wrong=wrong,
            clock=clock_of(view.row, now),
            drawn=steps_drawn(view.steps, self._deps.settings.matching),
            rule=rule,
            means=answer_of(view.row.kind, has_candidates=bool(view.rivals)),
            may_answer=may_answer,
            may_approve=bool(roles & rule.approves) and view.work.proposed_by != me,
            may_undo=bool(roles & UNDOING) and visit.may("WORK", "CASE"),
            undo_is_mine=view.work.undo_proposed_by == me,
            asked=query_string(**_asked(filter_of(visit))),
            tomorrow=(day_of(now) + timedelta(days=1)).isoformat(),
            reason_typed=visit.field("reason"),
            against_key=lambda sentence: visit.say(f"cases.against_{_REFUSALS.get(sentence, 'other')}"),
            rule_said=_rule_said(visit, view.chosen.rule) if view.chosen else "",
            roles_said=lambda names: ", ".join(visit.say(f"cases.role_{name}") for name in sorted(names)),
        )


def filter_of(visit: Visit) -> CaseFilter:
    """Read the filter from the address; unknown words are passed over."""
    made = CaseFilter(me=visit.caller.user_id)
    tab, kind, severity = visit.query("tab"), visit.query("kind"), visit.query("severity")
    return replace(
        made,
        tab=tab if tab in TABS else "open",
        kind=kind if kind in KINDS else "",
        severity=severity if severity in {"A", "B", "C"} else "",
        isuo_no=visit.query("isuo_no").strip()[:40],
    )


def _asked(wanted: CaseFilter) -> dict[str, str]:
    tab = "" if wanted.tab == "open" else wanted.tab
    return {"tab": tab, "kind": wanted.kind, "severity": wanted.severity, "isuo_no": wanted.isuo_no}


def _after(visit: Visit) -> tuple[datetime, UUID] | None:
    due, _, case_id = visit.query("after").partition("~")
    found = _identifier(case_id)
    try:
        return (datetime.fromisoformat(due), found) if found else None
    except ValueError:
        return None


def _cursor(row: CaseRow) -> str:
    return f"{row.due_at.isoformat()}~{row.case_id}"


def _identifier(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _morning(text: str) -> datetime:
    """Read a day and give its morning in Bishkek; raises InputRefused for one that is not to come."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InputRefused((("until", "DATE_INCORRECT"),)) from None
    until = datetime.combine(day, time(9), BISHKEK)
    if until <= utc_now():
        raise InputRefused((("until", "DATE_INCORRECT"),))
    return until


_REFUSALS = {
    "one of them is annulled": "annulled",
    "their verified PINs differ": "pins_differ",
    "they are remembered as two people, and nothing verified says otherwise since": "remembered",
    "they died on different days": "died_differently",
    "one died before the other began to learn": "died_before",
    "they are read as one already": "one_already",
}


def _said(visit: Visit, error: RegistryError) -> str:
    """Say in the reader's words what the rules refused."""
    for sentence, name in _REFUSALS.items():
        if sentence in str(error):
            return visit.say("cases.cannot", why=visit.say(f"cases.against_{name}"))
    return visit.say("cases.refused_step")


def _rule_said(visit: Visit, sentence: str) -> str:
    """Say a rule of matching in the reader's language; of one this version no longer knows only that it was one."""
    if not sentence:
        return ""
    key = f"cases.rule_{_NO_LETTERS.sub('_', sentence.lower()).strip('_')}"
    return visit.say(key if visit.speech.knows(key) else "cases.rule_other")
