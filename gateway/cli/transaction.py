"""One transaction for one command, and its answer as JSON."""

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, TypeVar

import typer
from sqlalchemy import inspect
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.acts import Act, record_act
from gateway.foundation.database import Database
from gateway.foundation.errors import AccessError, InputRefused, KopuroError, SettingsError
from gateway.foundation.settings import Settings
from gateway.operations.actor import Actor
from gateway.wiring.ready import begin, ready_database

By = Annotated[str, typer.Option("--by", help="Who does it: a reference to an account, not a name.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is kept.")]
Result = TypeVar("Result")
Doing = Callable[[AsyncSession, Settings], Awaitable[Result]]


@dataclasses.dataclass(frozen=True, slots=True)
class Attempt:
    """Who tries which command; a refusal is recorded under both."""

    command: str
    by: str
    object: str = "WORK"


def in_transaction(work: Doing[Result], attempt: Attempt | None = None) -> Result:
    """Do something in one transaction of its own; what was typed wrongly is one sentence.

    Of an attempt that is refused a record stays, after everything else was taken back.
    """
    with ready_database(begin()) as ready:
        try:
            return asyncio.run(_do(ready, work, attempt))
        except InputRefused as refused:
            raise SettingsError(
                "; ".join(f"{field}: {reason}" for field, reason in refused.problems)
            ) from None


async def _do(settings: Settings, work: Doing[Result], attempt: Attempt | None) -> Result:
    database = Database(settings.database.url, pool_size=2)
    try:
        async with database.transaction() as session:
            return await work(session, settings)
    except KopuroError as error:
        if attempt and attempt.by.strip():
            await _record_refusal(database, attempt, error)
        raise
    finally:
        await database.close()


async def _record_refusal(database: Database, attempt: Attempt, error: KopuroError) -> None:
    act = Act(
        act=f"kopuro {attempt.command}",
        object=attempt.object,
        allowed=False,
        reason=_code_of(error),
        caller="PROGRAM",
        detail={"by": actor_at_terminal(attempt.by).reference},
    )
    async with database.transaction() as session:
        await record_act(session, act)


def _code_of(error: KopuroError) -> str:
    if isinstance(error, AccessError):
        return error.code
    if isinstance(error, InputRefused):
        return " ".join(f"{field}:{reason}" for field, reason in error.problems)
    return type(error).__name__


def actor_at_terminal(by: str) -> Actor:
    """Make the actor of a command; raises SettingsError where nobody is named."""
    if not by.strip():
        raise SettingsError("--by must name somebody")
    return Actor(reference=f"cli.{by.strip()}")


def say(told: Any, *, indent: int | None = None) -> None:
    """Print something as JSON: a row of a table, a value, or a mapping."""
    typer.echo(json.dumps(as_plain(told), ensure_ascii=False, default=str, indent=indent))


def as_plain(told: Any) -> Any:
    """Turn rows and values into what JSON knows."""
    if isinstance(told, Mapping):
        return dict(told)
    if dataclasses.is_dataclass(told) and not isinstance(told, type):
        return {field.name: as_plain(getattr(told, field.name)) for field in dataclasses.fields(told)}
    state = inspect(told, raiseerr=False)
    return {column.key: getattr(told, column.key) for column in state.mapper.column_attrs} if state else told
