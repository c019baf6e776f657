"""`kopuro alert …`: rules, channels, trials, and the key of a webhook."""

import json
from datetime import time
from typing import Annotated, Any, Literal
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.cli.transaction import Attempt, By, actor_at_terminal, as_plain, in_transaction, say
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Settings
from gateway.operations.alert_carriers import Carriers
from gateway.operations.alert_kinds import RuleKind
from gateway.operations.alert_rules import (
    ChannelWish,
    RuleWish,
    list_alerts,
    list_channels,
    list_deliveries,
    list_rules,
    save_channel,
    save_rule,
    try_rule,
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Alerts: who is told of what, and what was told.", no_args_is_help=True)
    group.command("list")(list_open)
    group.command("rules")(rules)
    group.command("channels")(channels)
    group.command("deliveries")(deliveries)
    group.command("add-rule")(add_rule)
    group.command("add-channel")(add_channel)
    group.command("try")(try_out)
    group.command("webhook-key")(webhook_key)
    app.add_typer(group, name="alert")


def list_open(*, everything: Annotated[bool, typer.Option("--all", help="Past ones too.")] = False) -> None:
    """List what holds now: one line of JSON each."""
    found = in_transaction(lambda session, _: list_alerts(session, is_open=None if everything else True))
    for alert, rule in found:
        say({**as_plain(alert), "rule": rule.name, "kind": rule.kind})


def rules() -> None:
    """List the rules."""
    for rule in in_transaction(lambda session, _: list_rules(session)):
        say(rule)


def channels() -> None:
    """List the channels."""
    for channel in in_transaction(lambda session, _: list_channels(session)):
        say(channel)


def deliveries(*, limit: Annotated[int, typer.Option(min=1, max=500)] = 50) -> None:
    """List messages and what became of them, the newest first."""
    for delivery in in_transaction(lambda session, _: list_deliveries(session, limit=limit)):
        say(delivery)


def add_rule(
    name: Annotated[str, typer.Argument(help="Its name.")],
    kind: Annotated[RuleKind, typer.Argument(help="What it watches.")],
    *,
    by: By,
    numbers: Annotated[str, typer.Option(help='Its numbers as JSON, e.g. {"count": 5}.')] = "{}",
    channel: Annotated[list[UUID] | None, typer.Option(help="Who is told; may be repeated.")] = None,
    quiet: Annotated[str, typer.Option(help="Quiet hours in Bishkek, e.g. 22:00-07:00.")] = "",
) -> None:
    """Write a rule."""
    quiet_from, quiet_until = _hours(quiet)
    wish = RuleWish(
        name=name,
        kind=kind,
        parameters=_numbers(numbers),
        channels=tuple(channel or ()),
        quiet_from=quiet_from,
        quiet_until=quiet_until,
    )
    actor = actor_at_terminal(by)
    typer.echo(
        in_transaction(
            lambda session, _: save_rule(session, wish, actor=actor), Attempt("alert add-rule", by)
        )
    )


def add_channel(
    name: Annotated[str, typer.Argument(help="Its name.")],
    kind: Annotated[Literal["EMAIL", "WEBHOOK"], typer.Argument(help="EMAIL or WEBHOOK.")],
    address: Annotated[str, typer.Argument(help="A mailbox, or the address of a webhook.")],
    *,
    by: By,
    language: Annotated[Literal["ky", "ru", "en"], typer.Option(help="Of the messages.")] = "ru",
) -> None:
    """Add a channel."""
    wish, actor = ChannelWish(name=name, kind=kind, address=address, language=language), actor_at_terminal(by)

    async def save(session: AsyncSession, settings: Settings) -> UUID:
        return await save_channel(session, wish, actor=actor, settings=settings)

    typer.echo(in_transaction(save, Attempt("alert add-channel", by)))


def try_out(rule_id: Annotated[UUID, typer.Argument(help="The rule.")], *, by: By) -> None:
    """Send a trial message to every channel of a rule."""
    actor = actor_at_terminal(by)
    sent = in_transaction(
        lambda session, _: try_rule(session, rule_id, actor=actor), Attempt("alert try", by)
    )
    typer.echo(f"{len(sent)} on their way: `kopuro alert deliveries` shows what becomes of them")


def webhook_key(channel_id: Annotated[UUID, typer.Argument(help="The channel.")]) -> None:
    """Print the key under which a channel's webhooks are signed, for its receiver; keep it secret."""

    async def key(_: AsyncSession, settings: Settings) -> str:
        return Carriers(settings).channel_key(channel_id).hex()

    typer.echo(in_transaction(key))


def _numbers(text: str) -> dict[str, Any]:
    try:
        made = json.loads(text)
    except ValueError:
        made = None
    if not isinstance(made, dict):
        raise SettingsError('--numbers is a JSON object, e.g. {"count": 5}')
    return made


def _hours(text: str) -> tuple[time | None, time | None]:
    if not text:
        return None, None
    begin, _, end = text.partition("-")
    try:
        return time.fromisoformat(begin), time.fromisoformat(end)
    except ValueError:
        raise SettingsError("--quiet is written 22:00-07:00") from None
