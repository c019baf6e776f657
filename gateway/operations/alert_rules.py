"""Rules and channels of alerts: written, changed, switched, tried out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from email.errors import MessageError
from email.headerregistry import Address
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.errors import not_found
from gateway.foundation.clock import utc_now
from gateway.foundation.errors import InputRefused
from gateway.foundation.settings import Settings
from gateway.foundation.tls import is_loopback
from gateway.operations.actor import Actor, told, trace
from gateway.operations.alert_evaluation import TEST, open_channels, put_delivery
from gateway.operations.alert_kinds import RuleKind, checked_parameters
from gateway.operations.alert_tables import Alert, AlertChannel, AlertDelivery, AlertRule

ALERT = "ALERT"
EMAIL, WEBHOOK = "EMAIL", "WEBHOOK"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleWish:
    """A rule as somebody wants it."""

    name: str
    kind: RuleKind
    parameters: Mapping[str, Any] = field(default_factory=dict)
    urgent: bool = False
    quiet_from: time | None = None
    quiet_until: time | None = None
    enabled: bool = True
    channels: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelWish:
    """A channel as somebody wants it: a mailbox or the address of a webhook."""

    name: str
    kind: str
    address: str
    language: str = "ru"
    enabled: bool = True


async def save_rule(
    session: AsyncSession, wish: RuleWish, *, actor: Actor, rule_id: UUID | None = None
) -> UUID:
    """Write a new rule, or change one; raises InputRefused naming the field that cannot be."""
    values = {
        "name": _name(wish.name),
        "kind": wish.kind.value,
        "parameters": checked_parameters(wish.kind, wish.parameters),
        "urgent": wish.urgent,
        "quiet_from": wish.quiet_from,
        "quiet_until": wish.quiet_until,
        "enabled": wish.enabled,
        "channels": await _known_channels(session, wish.channels),
        "changed_by": actor.reference,
        "changed_at": utc_now(),
    }
    if (wish.quiet_from is None) is not (wish.quiet_until is None):
        raise InputRefused((("quiet_until", "REQUIRED"),))
    rule = await _rule(session, rule_id) if rule_id else AlertRule(id=uuid4())
    before = {"kind": rule.kind, "parameters": rule.parameters, "enabled": rule.enabled} if rule_id else {}
    if rule_id and rule.kind != wish.kind:
        raise InputRefused((("kind", "FIXED"),))
    await _free_name(session, AlertRule, wish.name, rule.id)
    _put(session, rule, values)
    await session.flush()
    after = {"kind": rule.kind, "parameters": rule.parameters, "enabled": rule.enabled}
    await trace(session, actor, "alert.rule", about=(ALERT, rule.id), before=before, after=after)
    return rule.id


async def save_channel(
    session: AsyncSession,
    wish: ChannelWish,
    *,
    actor: Actor,
    settings: Settings,
    channel_id: UUID | None = None,
) -> UUID:
    """Write a new channel, or change one; raises InputRefused for an address that cannot be reached safely."""
    _check_address(wish, plain_http=settings.operations.webhook_plain_http)
    if wish.language not in {"ky", "ru", "en"}:
        raise InputRefused((("language", "TEXT"),))
    values = {
        "name": _name(wish.name),
        "kind": wish.kind,
        "address": wish.address,
        "language": wish.language,
        "enabled": wish.enabled,
        "changed_by": actor.reference,
        "changed_at": utc_now(),
    }
    channel = await _channel(session, channel_id) if channel_id else AlertChannel(id=uuid4())
    await _free_name(session, AlertChannel, wish.name, channel.id)
    _put(session, channel, values)
    await session.flush()
    await trace(
        session, actor, "alert.channel", about=(ALERT, channel.id), kind=wish.kind, enabled=wish.enabled
    )
    return channel.id


async def try_rule(session: AsyncSession, rule_id: UUID, *, actor: Actor) -> list[UUID]:
    """Send a trial message to every channel of a rule, quiet hours or not; gives the deliveries."""
    rule = await _rule(session, rule_id)
    now = utc_now()
    sent = [
        await put_delivery(session, rule.id, channel_id, event=TEST, due=now)
        for channel_id in await open_channels(session, rule)
    ]
    await trace(session, actor, "alert.test", about=(ALERT, rule.id), count=len(sent))
    return [delivery_id for delivery_id in sent if delivery_id is not None]


async def list_rules(session: AsyncSession) -> Sequence[AlertRule]:
    """List all rules by name."""
    return (await session.execute(select(AlertRule).order_by(AlertRule.name))).scalars().all()


async def list_channels(session: AsyncSession) -> Sequence[AlertChannel]:
    """List all channels by name."""
    return (await session.execute(select(AlertChannel).order_by(AlertChannel.name))).scalars().all()


async def list_alerts(
    session: AsyncSession, *, is_open: bool | None = None, limit: int = 100
) -> Sequence[tuple[Alert, AlertRule]]:
    """List alerts with their rules, the newest first."""
    statement = select(Alert, AlertRule).join(AlertRule, AlertRule.id == Alert.rule_id)
    if is_open is not None:
        statement = statement.where(Alert.closed_at.is_(None) if is_open else Alert.closed_at.is_not(None))
    found = await session.execute(statement.order_by(Alert.opened_at.desc(), Alert.id).limit(limit))
    return [(alert, rule) for alert, rule in found]


async def list_deliveries(session: AsyncSession, *, limit: int = 100) -> Sequence[AlertDelivery]:
    """List deliveries, those due last first."""
    statement = select(AlertDelivery).order_by(AlertDelivery.due_at.desc(), AlertDelivery.id).limit(limit)
    return (await session.execute(statement)).scalars().all()


async def _rule(session: AsyncSession, rule_id: UUID) -> AlertRule:
    found = await session.get(AlertRule, rule_id, with_for_update=True)
    if found is None:
        raise not_found()
    return found


async def _channel(session: AsyncSession, channel_id: UUID) -> AlertChannel:
    found = await session.get(AlertChannel, channel_id, with_for_update=True)
    if found is None:
        raise not_found()
    return found


async def _known_channels(session: AsyncSession, wanted: tuple[UUID, ...]) -> list[UUID]:
    found = set((await session.execute(select(AlertChannel.id).where(AlertChannel.id.in_(wanted)))).scalars())
    if found != set(wanted):
        raise InputRefused((("channels", "UNKNOWN"),))
    return list(dict.fromkeys(wanted))


async def _free_name(session: AsyncSession, table: Any, name: str, own: UUID) -> None:
    taken = await session.execute(select(table.id).where(table.name == name.strip(), table.id != own))
    if taken.first():
        raise InputRefused((("name", "TAKEN"),))


def _put(session: AsyncSession, row: AlertRule | AlertChannel, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    session.add(row)


def _name(text: str) -> str:
    name = told(text, "name", longest=80)
    if not name.isprintable():
        raise InputRefused((("name", "TEXT"),))
    return name


def _check_address(wish: ChannelWish, *, plain_http: bool) -> None:
    if wish.kind == EMAIL:
        try:
            Address(addr_spec=wish.address)
        except (MessageError, ValueError, IndexError):
            raise InputRefused((("address", "TEXT"),)) from None
        if not wish.address.isascii() or "@" not in wish.address or len(wish.address) > 254:
            raise InputRefused((("address", "TEXT"),))
        return
    if wish.kind != WEBHOOK:
        raise InputRefused((("kind", "TEXT"),))
    parts = urlsplit(wish.address)
    safe = parts.scheme == "https" or (
        parts.scheme == "http" and (plain_http or is_loopback(parts.hostname or ""))
    )
    if not safe or not parts.hostname or parts.username or len(wish.address) > 500:
        raise InputRefused((("address", "TEXT"),))
