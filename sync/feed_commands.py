"""The commands of feeds, agencies and notices: `kopuro feed …`, `kopuro breaker …`, `kopuro notice …`."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Annotated, TypeVar
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.disclosure.corrections import settle_correction
from gateway.disclosure.notices import open_notices
from gateway.exchange.breaker_state import BreakerState, breaker_states
from gateway.exchange.feed_state import FeedState, feed_states, rewind_feed, taken_items
from gateway.exchange.holds import HoldKind, hold, holds, resume
from gateway.exchange.ledger import spent
from gateway.foundation.clock import day_of, utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Settings
from gateway.wiring.ready import begin, ready_database
from sync.following import defer_feed

Given = TypeVar("Given")
Commands = Mapping[str, Callable[..., None]]


class Settled(StrEnum):
    """What became of a notice."""

    SENT = "SENT"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    NOT_NEEDED = "NOT_NEEDED"


_Reason = Annotated[str, typer.Option(help="why: whoever looks at it tomorrow reads this")]
_LEDGER_DAYS = 7


def register_feeds(app: typer.Typer) -> None:
    """Add `feed` and `breaker` with the commands below them."""
    _group(app, "feed", FEED, "Follow the feeds of other registers, and our own.")
    _group(app, "notice", NOTICE, "Notices to agencies that were answered wrongly.")
    _group(app, "breaker", BREAKER, "Which agencies answer, which rest, what they cost.")


def _group(app: typer.Typer, name: str, commands: Commands, told: str) -> None:
    group = typer.Typer(no_args_is_help=True, help=told)
    for word, command in commands.items():
        group.command(word)(command)
    app.add_typer(group, name=name)


def feed_list() -> None:
    """Show how far every feed is, its gap, and what its records did."""
    for state in _ask(feed_states):
        typer.echo(_feed_line(state))
    _print_holds("FEED")


def feed_items(
    feed: Annotated[str, typer.Argument(help="the feed")],
    *,
    effect: Annotated[str, typer.Option(help="PROPOSED, WAITING, CASE, DEAD, …: only these")] = "",
) -> None:
    """Show the records of a feed, the newest first, by their references."""
    for item in _ask(lambda session: taken_items(session, feed, effect=effect or None)):
        place = item.case_id or item.subject_id or "-"
        typer.echo(f"{item.page}\t{item.item_key}\t{item.version}\t{item.effect}\t{place}")


def feed_run(feed: Annotated[str, typer.Argument(help="the feed")]) -> None:
    """Let a running worker follow a feed now instead of when it is due."""
    with ready_database(begin()) as settings:
        _require_feed(settings, feed)
        deferred = asyncio.run(_in_transaction(settings, lambda session: defer_feed(session, feed)))
    typer.echo("deferred" if deferred else "a run waits already")


def feed_rewind(
    feed: Annotated[str, typer.Argument(help="the feed")],
    *,
    to: Annotated[str, typer.Option(help="the cursor to go on from: a day for minjust")],
) -> None:
    """Set a feed's cursor by hand; records that came before do nothing twice."""
    _ask(lambda session: rewind_feed(session, feed, to, at=utc_now()))
    typer.echo(f"{feed} goes on from {to}")


def feed_hold(feed: Annotated[str, typer.Argument(help="the feed")], *, reason: _Reason) -> None:
    """Let a feed rest until it is resumed."""
    with ready_database(begin()) as settings:
        _require_feed(settings, feed)
        _hold(settings, "FEED", feed, reason)


def feed_resume(feed: Annotated[str, typer.Argument(help="the feed")]) -> None:
    """Let a feed go on."""
    _resume("FEED", feed)


def breaker_list() -> None:
    """Show the services that do not answer or were left alone, and what rests by a person's word."""
    for state in _ask(breaker_states):
        typer.echo(_breaker_line(state))
    _print_holds("AGENCY")


def breaker_hold(
    agency: Annotated[
        str, typer.Argument(help="an agency, or one service: agency/subsystem/service/version")
    ],
    *,
    reason: _Reason,
) -> None:
    """Let an agency, or one service of it, rest until it is resumed: nothing is sent to it."""
    with ready_database(begin()) as settings:
        if agency.partition("/")[0] not in settings.agencies:
            raise SettingsError(
                f"there is no agency {agency!r}; there are {', '.join(sorted(settings.agencies))}"
            )
        _hold(settings, "AGENCY", agency, reason)


def breaker_resume(
    agency: Annotated[
        str, typer.Argument(help="an agency, or one service: agency/subsystem/service/version")
    ],
) -> None:
    """Let an agency be asked again, and catch up what waited for it."""
    _resume("AGENCY", agency)


def breaker_spent(*, days: Annotated[int, typer.Option(help="how many days")] = _LEDGER_DAYS) -> None:
    """Show what questions were planned and sent, by day, and what they cost in som."""
    since = day_of(utc_now()) - timedelta(days=days - 1)
    for row in _ask(lambda session: spent(session, since=since)):
        sent = f"{row.calls} sent, {row.cost_tyiyn / 100:.2f} som"
        planned = f"{row.planned} planned, {row.planned_tyiyn / 100:.2f} som"
        typer.echo(f"{row.day}\t{row.agency}\t{row.service}\t{sent}\t{planned}")


def notice_list() -> None:
    """Show the notices that were not delivered, those a person has to give first."""
    for route in ("PERSON", "SERVICE"):
        for one in _ask(partial(open_notices, route=route)):
            tried = f"\ttried {one.attempts} times ({one.last_code})" if one.attempts else ""
            fields = ", ".join(one.fields)
            typer.echo(f"{one.notice_id}\t{one.route}\t{one.client}\t{one.message_id}\t{fields}{tried}")


def notice_settle(
    notice: Annotated[UUID, typer.Argument(help="the notice")],
    *,
    outcome: Annotated[Settled, typer.Option("--as", help="what became of it")] = Settled.SENT,
) -> None:
    """Say that a person gave a notice, that it was acknowledged, or that it is not needed."""
    _ask(lambda session: settle_correction(session, notice, outcome, at=utc_now()))
    typer.echo(f"{notice} {outcome}")


def _ask(question: Callable[[AsyncSession], Awaitable[Given]]) -> Given:
    with ready_database(begin()) as settings:
        return asyncio.run(_in_transaction(settings, question))


async def _in_transaction(settings: Settings, question: Callable[[AsyncSession], Awaitable[Given]]) -> Given:
    database = Database(settings.database.url, pool_size=1)
    try:
        async with database.transaction() as session:
            return await question(session)
    finally:
        await database.close()


def _hold(settings: Settings, kind: HoldKind, name: str, reason: str) -> None:
    by = f"cli:{getpass.getuser()}"
    asyncio.run(
        _in_transaction(
            settings, lambda session: hold(session, kind, name, reason=reason, by=by, at=utc_now())
        )
    )
    typer.echo(f"{name} rests")


def _resume(kind: HoldKind, name: str) -> None:
    by = f"cli:{getpass.getuser()}"
    _ask(lambda session: resume(session, kind, name, by=by, at=utc_now()))
    typer.echo(f"{name} goes on")


def _print_holds(kind: HoldKind) -> None:
    for one in _ask(holds):
        if one.kind == kind:
            typer.echo(
                f"{one.name}\tRESTS\tsince {one.held_at:%Y-%m-%d %H:%M} by {one.held_by}: {one.reason}"
            )


def _require_feed(settings: Settings, feed: str) -> None:
    known = settings.background.feeds
    if feed not in known:
        raise SettingsError(f"there is no feed {feed!r}; there are {', '.join(sorted(known))}")


def _feed_line(state: FeedState) -> str:
    effects = (
        ", ".join(f"{number} {effect}" for effect, number in sorted(state.effects.items())) or "nothing yet"
    )
    answered = f"{state.answered_at:%Y-%m-%d %H:%M}" if state.answered_at else "never"
    trouble = f"\t{state.failures} times not answered ({state.last_code})" if state.failures else ""
    gap = "" if state.gap == "NONE" else f"\t{state.gap} since {state.gap_since:%Y-%m-%d %H:%M}"
    return f"{state.feed}\tat {state.cursor or 'the beginning'}\tanswered {answered}\t{effects}{trouble}{gap}"


def _breaker_line(state: BreakerState) -> str:
    when = f"\tnext probe {state.probe_at:%Y-%m-%d %H:%M:%S}" if state.probe_at else ""
    failures = f"{state.failures} not answered ({state.last_code})"
    return f"{state.agency}\t{state.service}\t{state.state}\t{failures}{when}"


FEED: Commands = {
    "list": feed_list,
    "items": feed_items,
    "run": feed_run,
    "rewind": feed_rewind,
    "hold": feed_hold,
    "resume": feed_resume,
}
NOTICE: Commands = {"list": notice_list, "settle": notice_settle}
BREAKER: Commands = {
    "list": breaker_list,
    "hold": breaker_hold,
    "resume": breaker_resume,
    "spent": breaker_spent,
}
