"""The background: jobs, dead letters, feeds, breakers, and what rests."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query

from gateway.api.dependencies import ApiDependencies
from gateway.api.guard import Permitted
from gateway.api.incident_routes import number_of
from gateway.api.paging import Cursor, Limit, cursor_of
from gateway.api.work_bodies import (
    BreakerAnswer,
    FeedAnswer,
    HoldAnswer,
    HoldBody,
    JobAnswer,
    JobsPage,
    JobStepBody,
    LetterAnswer,
    LetterStepBody,
    WorkAnswer,
)
from gateway.operations.actor import actor_of
from gateway.operations.exchange_work import work_of_exchange
from gateway.operations.work import (
    JobView,
    WorkView,
    drop_letter,
    let_go_on,
    let_rest,
    list_jobs,
    look_at_work,
    retry_letter,
    take_job_step,
)

Status = Literal["todo", "doing", "failed", "cancelled", "aborted", "succeeded"]
JobId = Annotated[int, Path(ge=1, le=2**62)]


def add_work_routes(router: APIRouter, deps: ApiDependencies) -> None:
    """Add what is asked about the background."""
    _add_reading(router)
    _add_steps(router, deps)


def _add_reading(router: APIRouter) -> None:
    @router.get("/background")
    async def work(permit: Permitted) -> WorkAnswer:
        """Show the background at a glance."""
        async with permit.database.transaction() as session:
            return _work(await look_at_work(session))

    @router.get("/background/jobs")
    async def jobs(
        permit: Permitted,
        status: Status | None = None,
        task: Annotated[str | None, Query(max_length=128)] = None,
        limit: Limit = 50,
        cursor: Cursor = "",
        exchange: Annotated[UUID | None, Query(description="Only the work of this exchange")] = None,
    ) -> JobsPage:
        """List jobs, the newest first; their arguments are not shown."""
        async with permit.database.transaction() as session:
            if exchange is not None:
                work = await work_of_exchange(session, exchange)
                return JobsPage(jobs=[_job(job) for job in work.jobs], next_cursor=None)
            found = await list_jobs(
                session, status=status, task=task, before=number_of(cursor), limit=limit + 1
            )
        return JobsPage(
            jobs=[_job(job) for job in found[:limit]],
            next_cursor=cursor_of(str(found[limit - 1].job_id)) if len(found) > limit else None,
        )


def _add_steps(router: APIRouter, deps: ApiDependencies) -> None:
    @router.post("/background/jobs/{job_id}/steps")
    async def step_job(job_id: JobId, body: JobStepBody, permit: Permitted) -> JobAnswer:
        """Hold a job, let it go, try it now, or drop it."""
        async with deps.database.transaction() as session:
            actor = actor_of(permit.caller, peer=permit.peer)
            made = await take_job_step(session, job_id, body.step, actor=actor, reason=body.reason)
        return _job(made)

    @router.post("/background/letters/{letter_id}/steps")
    async def step_letter(letter_id: UUID, body: LetterStepBody, permit: Permitted) -> WorkAnswer:
        """Try dead work anew, or give it up for good."""
        take = retry_letter if body.step == "retry" else drop_letter
        async with deps.database.transaction() as session:
            await take(
                session, letter_id, actor=actor_of(permit.caller, peer=permit.peer), reason=body.reason
            )
        async with deps.database.transaction() as session:
            return _work(await look_at_work(session))

    @router.post("/background/holds")
    async def step_hold(body: HoldBody, permit: Permitted) -> WorkAnswer:
        """Let an agency, a feed or a task rest, or go on."""
        actor = actor_of(permit.caller, peer=permit.peer)
        async with deps.database.transaction() as session:
            if body.step == "hold":
                await let_rest(session, body.kind, body.name, actor=actor, reason=body.reason)
            else:
                await let_go_on(session, body.kind, body.name, actor=actor)
        async with deps.database.transaction() as session:
            return _work(await look_at_work(session))


def _job(view: JobView) -> JobAnswer:
    return JobAnswer.model_validate(view, from_attributes=True)


def _work(view: WorkView) -> WorkAnswer:
    return WorkAnswer(
        jobs=view.jobs,
        letters=[LetterAnswer.model_validate(each, from_attributes=True) for each in view.letters],
        feeds=[FeedAnswer.model_validate(each, from_attributes=True) for each in view.feeds],
        breakers=[BreakerAnswer.model_validate(each, from_attributes=True) for each in view.breakers],
        holds=[HoldAnswer.model_validate(each, from_attributes=True) for each in view.holds],
    )
