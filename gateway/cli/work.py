"""`kopuro work …`: jobs, dead letters, feeds, breakers, and what rests."""

from typing import Annotated, Literal
from uuid import UUID

import typer

from gateway.cli.transaction import Attempt, By, Why, actor_at_terminal, as_plain, in_transaction, say
from gateway.operations.exchange_work import work_of_exchange
from gateway.operations.work import (
    JobStep,
    drop_letter,
    let_go_on,
    let_rest,
    list_jobs,
    look_at_work,
    retry_letter,
    take_job_step,
)

Kind = Annotated[Literal["AGENCY", "FEED", "TASK"], typer.Argument(help="What kind of thing.")]
Name = Annotated[str, typer.Argument(help="Its name; of an agency also agency/subsystem/service/version.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The background: what waits, what died, what rests.", no_args_is_help=True)
    group.command("status")(status)
    group.command("jobs")(jobs)
    group.command("job")(job)
    group.command("letter")(letter)
    group.command("hold")(hold)
    group.command("resume")(resume)
    app.add_typer(group, name="work")


def status() -> None:
    """Show jobs by task and state, open dead letters, feeds, breakers, and what rests."""
    view = in_transaction(lambda session, _: look_at_work(session))
    say(
        {
            "jobs": view.jobs,
            "letters": [as_plain(each) for each in view.letters],
            "feeds": [as_plain(each) for each in view.feeds],
            "breakers": [as_plain(each) for each in view.breakers],
            "holds": [as_plain(each) for each in view.holds],
        },
        indent=2,
    )


def jobs(
    *,
    state: Annotated[str | None, typer.Option("--state", help="todo, doing, failed, …")] = None,
    task: Annotated[str | None, typer.Option(help="Of one task.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
    exchange: Annotated[UUID | None, typer.Option(help="Only the work of this exchange.")] = None,
) -> None:
    """List jobs, the newest first, without their arguments."""
    if exchange is not None:
        for each in in_transaction(lambda session, _: work_of_exchange(session, exchange)).jobs:
            say(each)
        return
    found = in_transaction(lambda session, _: list_jobs(session, status=state, task=task, limit=limit))
    for each in found:
        say(each)


def job(
    job_id: Annotated[int, typer.Argument(help="The job.")],
    step: Annotated[JobStep, typer.Argument(help="hold, release, retry or drop.")],
    *,
    by: By,
    reason: Why,
) -> None:
    """Hold a job, let it go, try it now, or drop it."""
    actor = actor_at_terminal(by)
    say(
        in_transaction(
            lambda session, _: take_job_step(session, job_id, step, actor=actor, reason=reason),
            Attempt(f"work job {step}", by),
        )
    )


def letter(
    letter_id: Annotated[UUID, typer.Argument(help="The dead letter.")],
    step: Annotated[Literal["retry", "drop"], typer.Argument(help="Try it anew, or give it up.")],
    *,
    by: By,
    reason: Why,
) -> None:
    """Try dead work anew, or give it up for good."""
    actor, take = actor_at_terminal(by), retry_letter if step == "retry" else drop_letter
    in_transaction(
        lambda session, _: take(session, letter_id, actor=actor, reason=reason),
        Attempt(f"work letter {step}", by),
    )


def hold(kind: Kind, name: Name, *, by: By, reason: Why) -> None:
    """Let an agency, a feed or a task rest."""
    actor = actor_at_terminal(by)
    in_transaction(
        lambda session, _: let_rest(session, kind, name, actor=actor, reason=reason), Attempt("work hold", by)
    )


def resume(kind: Kind, name: Name, *, by: By) -> None:
    """Let it go on."""
    actor = actor_at_terminal(by)
    in_transaction(lambda session, _: let_go_on(session, kind, name, actor=actor), Attempt("work resume", by))
