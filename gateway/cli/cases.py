"""`kopuro case …`: work on review cases from a terminal, until pages exist; people are masked unless revealed."""

import dataclasses
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.cli.transaction import Attempt, in_transaction
from gateway.disclosure.corrections import examine_changes
from gateway.foundation.clock import BISHKEK, utc_now
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Settings
from gateway.intake.case_answers import say_later
from gateway.intake.case_desk import Actor, history, reveal, work_of
from gateway.intake.case_rules import rule_of
from gateway.intake.case_states import Step
from gateway.intake.case_undo import propose_undo, reopen, undo
from gateway.intake.case_work import Proposal, approve, assign_case, confirm, propose, reject, take_step
from gateway.intake.cases import CaseEntry, list_cases
from gateway.registry.splits import merges_of, plan_split

Role = Literal["RESPONSIBLE", "HEAD", "DISTRICT", "SPECIAL_ADMIN"]
By = Annotated[str, typer.Option("--by", help="Who decides: a reference to an account.")]
As = Annotated[Role, typer.Option("--as", help="The role in which it is decided.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is kept with the step.")]
Case = Annotated[UUID, typer.Argument(help="The case's id.")]
Choice = Literal["merge", "count", "revive", "accept"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    case = typer.Typer(help="Review cases: questions only people may answer.")
    case.command("list")(list_open)
    case.command("show")(show)
    case.command("assign")(assign)
    case.command("step")(step)
    case.command("propose")(propose_answer)
    case.command("approve")(approve_answer)
    case.command("confirm")(confirm_alone)
    case.command("reject")(reject_case)
    case.command("postpone")(postpone)
    case.command("undo")(undo_case)
    app.add_typer(case, name="case")


def list_open(*, limit: Annotated[int, typer.Option(min=1, max=500, help="How many at most.")] = 100) -> None:
    """List the open cases, the oldest first: one line of JSON each, without anybody's name or PIN."""
    _run(lambda session, _: _list(session, limit))


async def _list(session: AsyncSession, limit: int) -> None:
    for case in await list_cases(session, limit=limit):
        _say(await _masked(session, case))


def show(
    case_id: Case,
    *,
    revealed: Annotated[bool, typer.Option("--reveal", help="Show the people; noted in the case.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="With --reveal: why.")] = "",
    by: Annotated[str, typer.Option("--by", help="With --reveal: who looks.")] = "",
) -> None:
    """Show a case with its steps and candidates; with --reveal also who they are, which leaves a trace."""
    if revealed and not (reason.strip() and by.strip()):
        raise SettingsError("--reveal needs --by and --reason: who looks at people says why")
    _run(
        lambda session, _: _show(session, case_id, (by, reason) if revealed else None),
        _attempt("show --reveal", by) if revealed else None,
    )


async def _show(session: AsyncSession, case_id: UUID, trace: tuple[str, str] | None) -> None:
    found = await list_cases(session, case_id=case_id)
    if not found:
        raise SettingsError(f"there is no case {case_id}")
    told = await _masked(session, found[0])
    told["candidates"] = [
        {"rank": each.rank, "entry": str(each.person_id), "score": each.score, "rule": each.rule}
        for each in found[0].candidates
    ]
    told["steps"] = [
        {"step": each.action, "to": each.to_state, "by": each.actor, "at": each.at.isoformat()}
        for each in await history(session, case_id)
    ]
    if trace:
        told["people"] = await reveal(session, case_id, actor=trace[0], reason=trace[1])
    _say(told, indent=2)


def assign(
    case_id: Case,
    to: Annotated[str, typer.Argument(help="Who shall work on it: a reference to an account.")],
    *,
    by: By,
    role: As,
    reason: Why,
) -> None:
    """Give a case to somebody."""
    _run(
        lambda session, _: assign_case(session, case_id, to=to, actor=_actor(by, role), reason=reason),
        _attempt("assign", by),
    )


def step(
    case_id: Case,
    name: Annotated[Step, typer.Argument(help="open, ask, reply, return, escalate, take-back, reopen …")],
    *,
    by: By,
    role: As,
    reason: Why,
) -> None:
    """Take a step that answers nothing yet."""
    actor, attempt = _actor(by, role), _attempt(f"step {name}", by)
    if name is Step.REOPEN:
        _run(lambda session, _: reopen(session, case_id, actor=actor, reason=reason), attempt)
    else:
        _run(lambda session, _: take_step(session, case_id, name, actor=actor, reason=reason), attempt)


def propose_answer(
    case_id: Case,
    answer: Annotated[
        Choice, typer.Argument(help="merge, count (a held place), revive, or accept as it is.")
    ],
    *,
    by: By,
    role: As,
    reason: Why,
    candidate: Annotated[
        UUID | None, typer.Option(help="With merge: which candidate, if not the first.")
    ] = None,
) -> None:
    """Propose an answer; another person approves it."""
    proposal = Proposal(answer=answer, candidate_id=candidate)
    _run(
        lambda session, _: propose(session, case_id, proposal, actor=_actor(by, role), reason=reason),
        _attempt("propose", by),
    )


def approve_answer(case_id: Case, *, by: By, role: As, reason: Why) -> None:
    """Approve and apply what another person proposed."""
    actor = _actor(by, role)
    _run(
        lambda session, settings: _and_examine(
            session,
            approve(session, case_id, actor=actor, reason=reason, policies=settings.fields),
        ),
        _attempt("approve", by),
    )


def confirm_alone(
    case_id: Case,
    answer: Annotated[Choice, typer.Argument(help="count (a held place) or accept as it is.")],
    *,
    by: By,
    role: As,
    reason: Why,
) -> None:
    """Answer a case of a kind that one person may answer."""
    actor, proposal = _actor(by, role), Proposal(answer=answer)
    _run(
        lambda session, settings: confirm(
            session, case_id, proposal, actor=actor, reason=reason, policies=settings.fields
        ),
        _attempt("confirm", by),
    )


def reject_case(case_id: Case, *, by: By, role: As, reason: Why) -> None:
    """Close a case as no problem; a pair is remembered as two people."""
    _run(
        lambda session, _: reject(session, case_id, actor=_actor(by, role), reason=reason),
        _attempt("reject", by),
    )


def postpone(
    case_id: Case,
    until: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="The day, in Bishkek.")],
    *,
    by: By,
    role: As,
    reason: Why,
) -> None:
    """Lay a case aside until a day; its clock runs on."""
    morning = until.replace(hour=9, tzinfo=BISHKEK)
    _run(
        lambda session, _: say_later(session, case_id, until=morning, actor=_actor(by, role), reason=reason),
        _attempt("postpone", by),
    )


def undo_case(
    case_id: Case,
    *,
    by: By,
    role: As,
    reason: Why,
    belongs: Annotated[
        list[str] | None, typer.Option(help="assertion=entry: whose a value typed since the merge is.")
    ] = None,
) -> None:
    """Undo what a case decided: the first call proposes and shows the plan, another person's call does it."""
    actor, given = _actor(by, role), _pairs(belongs or [])
    _run(
        lambda session, settings: _undo(session, settings, case_id, actor, reason, given),
        _attempt("undo", by),
    )


async def _undo(
    session: AsyncSession,
    settings: Settings,
    case_id: UUID,
    actor: Actor,
    reason: str,
    belongs: dict[UUID, UUID],
) -> str:
    if (await work_of(session, case_id)).undo_proposed_by is None:
        state = await propose_undo(session, case_id, actor=actor, reason=reason)
        for absorbed_id in await merges_of(session, case_id):
            plan = await plan_split(session, absorbed_id)
            told = dataclasses.asdict(plan)
            _say(json.loads(json.dumps(told, default=str)), indent=2)
        return f"{state}: the undo is proposed; another person's `kopuro case undo` does it"
    await undo(session, case_id, actor=actor, reason=reason, policies=settings.fields, belongs=belongs)
    marked = await examine_changes(session, at=utc_now())
    return f"REVERTED: {marked} disclosures marked for correction"


async def _and_examine(session: AsyncSession, deciding: Awaitable[str]) -> str:
    state = await deciding
    marked = await examine_changes(session, at=utc_now())
    return f"{state}: {marked} disclosures marked for correction" if marked else state


async def _masked(session: AsyncSession, case: CaseEntry) -> dict[str, Any]:
    """Tell of a case what names nobody: references, states, times."""
    work = await work_of(session, case.case_id)
    return {
        "case": str(case.case_id),
        "kind": case.kind,
        "severity": work.severity,
        "state": case.state,
        "entry": str(case.person_id),
        "why": case.explanation,
        "opened_at": case.created_at.isoformat(),
        "due_at": work.due_at.isoformat(),
        "clock": "stopped" if work.stopped_at else "late" if work.due_at < utc_now() else "running",
        "assignee": work.assignee,
        "two_people": work.four_eyes,
        "may_approve": sorted(rule_of(case.kind).approves),
    }


def _attempt(step: str, by: str) -> Attempt:
    return Attempt(f"case {step}", by, object="CASE")


def _actor(by: str, role: str) -> Actor:
    if not by.strip():
        raise SettingsError("--by must name somebody")
    return Actor(reference=by, role=role)


def _pairs(texts: list[str]) -> dict[UUID, UUID]:
    try:
        return {UUID(one): UUID(other) for one, _, other in (text.partition("=") for text in texts)}
    except ValueError:
        raise SettingsError("--belongs is written assertion=entry, with two ids") from None


def _run(work: Callable[[AsyncSession, Settings], Awaitable[Any]], attempt: Attempt | None = None) -> None:
    """Do something in one transaction of its own and print what it came to."""
    told = in_transaction(work, attempt)
    if isinstance(told, str):
        typer.echo(told)


def _say(told: dict[str, Any], indent: int | None = None) -> None:
    typer.echo(json.dumps(told, ensure_ascii=False, indent=indent))
