"""The page of alerts, the form of a rule, the form of a channel."""

from dataclasses import replace
from datetime import time
from typing import Any
from uuid import UUID

from starlette.responses import Response

from gateway.access.errors import not_found
from gateway.console.dependencies import ConsoleDependencies
from gateway.console.steps import MANAGE, READ, WRITE, actor, change, uuid_in_path, uuid_or_none
from gateway.operations.alert_kinds import NUMBERS, TEXTS, RuleKind
from gateway.operations.alert_messages import EVENTS, KINDS, say
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
from gateway.operations.alert_tables import AlertRule
from gateway.pages import NavEntry, Page, Room, Visit

ALERTS = "/alerts"
_HOME = f"/console{ALERTS}"
_NEW = "new"


def room(deps: ConsoleDependencies) -> Room:
    """Give the pages of this topic."""
    pages = _Alerts(deps)
    rule = f"{ALERTS}/rules/{{rule_id}}"
    channel = f"{ALERTS}/channels/{{channel_id}}"
    return Room(
        pages=(
            Page(method="GET", path=ALERTS, answer=pages.show, policy=READ),
            Page(method="GET", path=rule, answer=pages.rule_form, policy=MANAGE),
            Page(method="POST", path=rule, answer=pages.save_rule, policy=MANAGE),
            Page(method="POST", path=f"{rule}/trial", answer=pages.try_rule, policy=WRITE),
            Page(method="GET", path=channel, answer=pages.channel_form, policy=MANAGE),
            Page(method="POST", path=channel, answer=pages.save_channel, policy=MANAGE),
        ),
        nav=(NavEntry(path=ALERTS, text="alerts.nav", icon="alarm", policy=READ, order=50),),
    )


class _Alerts:
    def __init__(self, deps: ConsoleDependencies) -> None:
        self._deps = deps

    async def show(self, visit: Visit) -> Response:
        """Show everything about alerts."""
        async with visit.reading() as session:
            alerts = await list_alerts(session, limit=50)
            rules = await list_rules(session)
            channels = await list_channels(session)
            deliveries = await list_deliveries(session, limit=50)
        return visit.render(
            "console/alerts/list.html",
            alerts=alerts,
            rules=rules,
            channels=channels,
            deliveries=deliveries,
            names={each.id: each.name for each in channels},
            rule_names={each.id: _called(visit, each.name) for each in rules},
            kinds=_kinds(visit),
            events={name: say(texts, visit.language) for name, texts in EVENTS.items()},
        )

    async def rule_form(self, visit: Visit) -> Response:
        """Show the form of a rule; a new one is of the kind that the address names."""
        async with visit.reading() as session:
            rules, channels = await list_rules(session), await list_channels(session)
        if visit.path("rule_id") == _NEW:
            wanted = visit.query("kind")
            kind = RuleKind(wanted) if wanted in set(RuleKind) else RuleKind.RECEIVER_DOWN
            rule = AlertRule(name="", kind=kind.value, parameters={}, urgent=False, enabled=True, channels=[])
        else:
            rule_id = uuid_in_path(visit, "rule_id")
            found = next((each for each in rules if each.id == rule_id), None)
            if found is None:
                raise not_found()
            rule, kind = found, RuleKind(found.kind)
        return visit.render(
            "console/alerts/rule.html",
            rule=rule,
            called=_called(visit, rule.name),
            kind=kind,
            kinds=_kinds(visit),
            channels=channels,
            numbers=NUMBERS[kind],
            texts=sorted(TEXTS.get(kind, ())),
            is_new=visit.path("rule_id") == _NEW,
        )

    async def save_rule(self, visit: Visit) -> Response:
        """Keep a rule."""
        rule_id = None if visit.path("rule_id") == _NEW else uuid_in_path(visit, "rule_id")
        wanted = visit.field("kind")
        if wanted not in set(RuleKind):
            return visit.redirect(_HOME, told="operations.input", kind="bad")
        wish = _wish(visit, RuleKind(wanted))
        return await change(
            visit,
            self._deps.database,
            lambda session: save_rule(session, wish, actor=actor(visit), rule_id=rule_id),
            back=_HOME,
            told="alerts.told_rule",
        )

    async def try_rule(self, visit: Visit) -> Response:
        """Send a trial message to every channel of a rule."""
        rule_id = uuid_in_path(visit, "rule_id")
        return await change(
            visit,
            self._deps.database,
            lambda session: try_rule(session, rule_id, actor=actor(visit)),
            back=_HOME,
            told="alerts.told_trial",
        )

    async def channel_form(self, visit: Visit) -> Response:
        """Show the form of a channel."""
        channel: Any = ChannelWish(name="", kind="EMAIL", address="", language=visit.language)
        if visit.path("channel_id") != _NEW:
            channel_id = uuid_in_path(visit, "channel_id")
            async with visit.reading() as session:
                found = [each for each in await list_channels(session) if each.id == channel_id]
            if not found:
                raise not_found()
            channel = found[0]
        return visit.render("console/alerts/channel.html", channel=channel)

    async def save_channel(self, visit: Visit) -> Response:
        """Keep a channel."""
        channel_id = None if visit.path("channel_id") == _NEW else uuid_in_path(visit, "channel_id")
        wish = ChannelWish(
            name=visit.field("name"),
            kind=visit.field("kind"),
            address=visit.field("address"),
            language=visit.field("language"),
            enabled=visit.field("enabled") == "yes",
        )
        settings = self._deps.settings
        return await change(
            visit,
            self._deps.database,
            lambda session: save_channel(
                session, wish, actor=actor(visit), settings=settings, channel_id=channel_id
            ),
            back=_HOME,
            told="alerts.told_channel",
        )


def _called(visit: Visit, name: str) -> str:
    """Say a shipped rule's name in the visitor's language; any other is as somebody wrote it."""
    key = f"alerts.shipped.{name.replace('-', '_')}"
    return visit.say(key) if visit.speech.knows(key) else name


def _kinds(visit: Visit) -> dict[str, str]:
    return {kind.value: say(texts, visit.language) for kind, texts in KINDS.items()}


def _wish(visit: Visit, kind: RuleKind) -> RuleWish:
    parameters: dict[str, Any] = {name: _number(visit.field(name)) for name in NUMBERS[kind]}
    parameters |= {name: visit.field(name) for name in TEXTS.get(kind, ()) if visit.field(name)}
    wish = RuleWish(
        name=visit.field("name"),
        kind=kind,
        parameters=parameters,
        urgent=visit.field("urgent") == "yes",
        enabled=visit.field("enabled") == "yes",
        channels=_channels(visit),
    )
    return replace(
        wish, quiet_from=_time(visit.field("quiet_from")), quiet_until=_time(visit.field("quiet_until"))
    )


def _channels(visit: Visit) -> tuple[UUID, ...]:
    wanted = (uuid_or_none(each) for each in visit.fields("channels"))
    return tuple(each for each in wanted if each is not None)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")  # refused by the rule's own bounds


def _time(text: str) -> time | None:
    try:
        return time.fromisoformat(text)
    except ValueError:
        return None
