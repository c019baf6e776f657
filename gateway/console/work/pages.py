"""The page of the background, the list of jobs, and what a person does about them."""

from typing import cast

from starlette.responses import Response

from gateway.access.errors import not_found
from gateway.console.dependencies import ConsoleDependencies
from gateway.console.logins import logins_of
from gateway.console.steps import READ, WRITE, actor, change, uuid_in_path, uuid_or_none
from gateway.exchange.holds import HoldKind
from gateway.operations.work import (
    STATES,
    JobStep,
    drop_letter,
    let_go_on,
    let_rest,
    list_jobs,
    look_at_work,
    retry_letter,
    take_job_step,
)
from gateway.pages import NavEntry, Page, Room, Visit
from gateway.pages.rendering import query_string

WORK = "/background"
_HOME = f"/console{WORK}"
_PAGE = 50
_KINDS = frozenset({"AGENCY", "FEED", "TASK"})


def room(deps: ConsoleDependencies) -> Room:
    """Give the pages of this topic."""
    pages = _Work(deps)
    return Room(
        pages=(
            Page(method="GET", path=WORK, answer=pages.show, policy=READ),
            Page(method="GET", path=f"{WORK}/live", answer=pages.show, policy=READ, traced=False),
            Page(method="GET", path=f"{WORK}/jobs", answer=pages.list_jobs, policy=READ),
            Page(method="POST", path=f"{WORK}/jobs/{{job_id}}", answer=pages.step_job, policy=WRITE),
            Page(method="POST", path=f"{WORK}/letters/{{letter_id}}", answer=pages.step_letter, policy=WRITE),
            Page(method="POST", path=f"{WORK}/holds", answer=pages.step_hold, policy=WRITE),
        ),
        nav=(NavEntry(path=WORK, text="work.nav", icon="work", policy=READ, order=40),),
    )


class _Work:
    def __init__(self, deps: ConsoleDependencies) -> None:
        self._deps = deps

    async def show(self, visit: Visit) -> Response:
        """Show the background at a glance."""
        async with self._deps.database.transaction() as session:
            view = await look_at_work(session)
            logins = await logins_of(session, [each.held_by for each in view.holds])
        resting = {(each.kind, each.name) for each in view.holds}
        return visit.render(
            "console/background/show.html", view=view, resting=resting, logins=logins, states=STATES
        )

    async def list_jobs(self, visit: Visit) -> Response:
        """List jobs, the newest first."""
        status = visit.query("status") if visit.query("status") in STATES else ""
        task, before = visit.query("task")[:128], visit.query("before")
        async with self._deps.database.transaction() as session:
            found = await list_jobs(
                session,
                status=status or None,
                task=task or None,
                before=int(before) if before.isdecimal() and len(before) < 19 else None,
                limit=_PAGE + 1,
            )
            logins = await logins_of(session, [each.held_by for each in found])
        kept = {"status": status, "task": task}
        following = found[_PAGE - 1].job_id if len(found) > _PAGE else None
        return visit.render(
            "console/background/jobs.html",
            jobs=found[:_PAGE],
            logins=logins,
            states=STATES,
            here=f"{_HOME}/jobs{query_string(**kept)}",
            newest=f"{_HOME}/jobs{query_string(**kept)}" if before else "",
            following=f"{_HOME}/jobs{query_string(**kept, before=following)}" if following else "",
            chosen=status,
            task=task,
        )

    async def step_job(self, visit: Visit) -> Response:
        """Hold a job, let it go, try it now, or drop it."""
        job_id, step = visit.path("job_id"), visit.field("step")
        if not (job_id.isdecimal() and len(job_id) < 19) or step not in set(JobStep):
            raise not_found()
        reason = visit.field("reason")
        return await change(
            visit,
            self._deps.database,
            lambda session: take_job_step(
                session, int(job_id), JobStep(step), actor=actor(visit), reason=reason
            ),
            back=_back(visit, f"{_HOME}/jobs"),
            told=f"work.told_{step}",
        )

    async def step_letter(self, visit: Visit) -> Response:
        """Try dead work anew, or give it up."""
        letter_id, reason = uuid_in_path(visit, "letter_id"), visit.field("reason")
        retries = visit.field("step") == "retry"
        take = retry_letter if retries else drop_letter
        return await change(
            visit,
            self._deps.database,
            lambda session: take(session, letter_id, actor=actor(visit), reason=reason),
            back=_back(visit, _HOME),
            told="work.told_retry" if retries else "work.told_letter_dropped",
        )

    async def step_hold(self, visit: Visit) -> Response:
        """Let an agency, a feed or a task rest, or go on."""
        if visit.field("kind") not in _KINDS:
            raise not_found()
        kind, name, reason = cast(HoldKind, visit.field("kind")), visit.field("name"), visit.field("reason")
        if visit.field("step") == "resume":
            return await change(
                visit,
                self._deps.database,
                lambda session: let_go_on(session, kind, name, actor=actor(visit)),
                back=_HOME,
                told="work.told_resumed",
            )
        return await change(
            visit,
            self._deps.database,
            lambda session: let_rest(session, kind, name, actor=actor(visit), reason=reason),
            back=_HOME,
            told="work.told_rests",
        )


def _back(visit: Visit, usual: str) -> str:
    """Give the page a step was taken on: the attempts of an exchange, or the usual one."""
    exchange = uuid_or_none(visit.field("exchange"))
    return f"/console/exchanges/{exchange}/attempts" if exchange else usual
