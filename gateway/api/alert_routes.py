"""Alerts: what holds now, the rules, the channels, and what was delivered."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from gateway.access.decide import decide
from gateway.access.values import Action, Kind
from gateway.api.alert_bodies import (
    AlertAnswer,
    ChannelAnswer,
    ChannelBody,
    DeliveryAnswer,
    Made,
    RuleAnswer,
    RuleBody,
)
from gateway.api.dependencies import ApiDependencies
from gateway.api.guard import Permitted
from gateway.operations.actor import actor_of
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

Most = Annotated[int, Query(ge=1, le=500)]
_RULE = (
    "name", "kind", "parameters", "urgent", "quiet_from", "quiet_until", "enabled", "channels", "changed_by",
    "changed_at",
)  # fmt: skip
_DELIVERY = ("alert_id", "channel_id", "event", "state", "attempts", "due_at", "ended_at", "error")


def add_alert_routes(router: APIRouter, deps: ApiDependencies) -> None:
    """Add what is asked about alerts."""
    _add_reading(router)
    _add_rules(router, deps)
    _add_channels(router, deps)


def _add_reading(router: APIRouter) -> None:
    @router.get("/alerts")
    async def alerts(
        permit: Permitted, *, is_open: Annotated[bool | None, Query(alias="open")] = None, limit: Most = 100
    ) -> list[AlertAnswer]:
        """List alerts, the newest first."""
        async with permit.reading() as session:
            found = await list_alerts(session, is_open=is_open, limit=limit)
        return [
            AlertAnswer(
                alert_id=alert.id,
                rule=rule.name,
                kind=rule.kind,
                subject=alert.subject,
                value=alert.value,
                worst=alert.worst,
                opened_at=alert.opened_at,
                closed_at=alert.closed_at,
            )
            for alert, rule in found
        ]

    @router.get("/alerts/deliveries")
    async def alert_deliveries(permit: Permitted, limit: Most = 100) -> list[DeliveryAnswer]:
        """List messages about alerts and what became of them."""
        async with permit.reading() as session:
            found = await list_deliveries(session, limit=limit)
        return [
            DeliveryAnswer(delivery_id=each.id, **{name: getattr(each, name) for name in _DELIVERY})
            for each in found
        ]


def _add_rules(router: APIRouter, deps: ApiDependencies) -> None:
    @router.get("/alerts/rules")
    async def alert_rules(permit: Permitted) -> list[RuleAnswer]:
        """List the rules."""
        async with permit.reading() as session:
            return [_rule(rule) for rule in await list_rules(session)]

    @router.post("/alerts/rules", status_code=201)
    async def add_alert_rule(body: RuleBody, permit: Permitted) -> Made:
        """Write a new rule."""
        async with deps.database.transaction() as session:
            return Made(id=await save_rule(session, _wish(body), actor=actor_of(permit.caller)))

    @router.put("/alerts/rules/{rule_id}")
    async def change_alert_rule(rule_id: UUID, body: RuleBody, permit: Permitted) -> Made:
        """Change a rule; its kind stays."""
        async with deps.database.transaction() as session:
            actor = actor_of(permit.caller)
            return Made(id=await save_rule(session, _wish(body), actor=actor, rule_id=rule_id))

    @router.post("/alerts/rules/{rule_id}/trial", status_code=202)
    async def try_alert_rule(rule_id: UUID, permit: Permitted) -> list[Made]:
        """Send a trial message to every channel of a rule; gives the deliveries."""
        async with deps.database.transaction() as session:
            sent = await try_rule(session, rule_id, actor=actor_of(permit.caller))
        return [Made(id=each) for each in sent]


def _add_channels(router: APIRouter, deps: ApiDependencies) -> None:
    @router.get("/alerts/channels")
    async def alert_channels(permit: Permitted) -> list[ChannelAnswer]:
        """List the channels; the addresses for whoever may change them."""
        manages = decide(permit.caller, Action.MANAGE, Kind.WORK).allowed
        async with permit.reading() as session:
            found = await list_channels(session)
        return [
            ChannelAnswer(
                channel_id=each.id,
                name=each.name,
                kind=each.kind,
                address=each.address if manages else None,
                language=each.language,
                enabled=each.enabled,
            )
            for each in found
        ]

    @router.post("/alerts/channels", status_code=201)
    async def add_alert_channel(body: ChannelBody, permit: Permitted) -> Made:
        """Add a mailbox or a webhook."""
        wish, actor = ChannelWish(**body.model_dump()), actor_of(permit.caller)
        async with deps.database.transaction() as session:
            return Made(id=await save_channel(session, wish, actor=actor, settings=deps.settings))

    @router.put("/alerts/channels/{channel_id}")
    async def change_alert_channel(channel_id: UUID, body: ChannelBody, permit: Permitted) -> Made:
        """Change a channel, or switch it off."""
        wish, actor = ChannelWish(**body.model_dump()), actor_of(permit.caller)
        async with deps.database.transaction() as session:
            made = await save_channel(
                session, wish, actor=actor, settings=deps.settings, channel_id=channel_id
            )
            return Made(id=made)


def _wish(body: RuleBody) -> RuleWish:
    return RuleWish(**{**body.model_dump(), "channels": tuple(body.channels)})


def _rule(rule: AlertRule) -> RuleAnswer:
    return RuleAnswer(rule_id=rule.id, **{name: getattr(rule, name) for name in _RULE})
