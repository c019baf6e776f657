"""Hold the rules against what is: an alert opens once per rule and subject, and closes once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.queue import defer
from gateway.foundation.settings import Settings
from gateway.operations.alert_kinds import Finding, RuleKind, due_at
from gateway.operations.alert_signals import SIGNALS, Looking
from gateway.operations.alert_tables import Alert, AlertChannel, AlertDelivery, AlertRule

TASK = "deliver_alert"
OPENED, CLOSED, TEST = "OPENED", "CLOSED", "TEST"
_ONE_AT_A_TIME = text("select pg_advisory_xact_lock(7116)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """How many alerts this look opened and closed."""

    opened: int
    closed: int


async def evaluate_alerts(database: Database, settings: Settings, *, at: datetime | None = None) -> Evaluated:
    """Look at every rule that is switched on; what opens or closes is on its way in the same transaction."""
    now, opened, closed = at or utc_now(), 0, 0
    async with database.transaction() as session:
        await session.execute(_ONE_AT_A_TIME)
        for rule in (await session.execute(select(AlertRule).order_by(AlertRule.name))).scalars().all():
            findings = await _findings(session, settings, rule, now) if rule.enabled else []
            opened += await _open(session, rule, findings, now)
            closed += await _close(session, rule, findings, now)
    return Evaluated(opened=opened, closed=closed)


async def _findings(
    session: AsyncSession, settings: Settings, rule: AlertRule, at: datetime
) -> list[Finding]:
    look = Looking(session=session, settings=settings, parameters=rule.parameters, at=at)
    return await SIGNALS[RuleKind(rule.kind)](look)


async def _open(session: AsyncSession, rule: AlertRule, findings: list[Finding], at: datetime) -> int:
    opened = 0
    for finding in findings:
        value: dict[str, Any] = {"value": finding.value, "seen_at": at}
        made = await session.execute(
            insert(Alert)
            .values(
                id=uuid4(),
                rule_id=rule.id,
                subject=finding.subject,
                opened_at=at,
                worst=finding.value,
                **value,
            )
            .on_conflict_do_update(
                index_elements=[Alert.rule_id, Alert.subject],
                index_where=Alert.closed_at.is_(None),
                set_={**value, "worst": _worse(rule, finding)},
            )
            .returning(Alert.id, (Alert.opened_at == at).label("new"))
        )
        alert_id, is_new = made.one()
        if is_new:
            opened += 1
            await _send(session, rule, alert_id, OPENED, at)
    return opened


def _worse(rule: AlertRule, finding: Finding) -> Any:
    pick = func.least if rule.kind == RuleKind.CERTIFICATE_DAYS else func.greatest
    return pick(Alert.worst, finding.value)


async def _close(session: AsyncSession, rule: AlertRule, findings: list[Finding], at: datetime) -> int:
    over = await session.execute(
        update(Alert)
        .where(
            Alert.rule_id == rule.id,
            Alert.closed_at.is_(None),
            Alert.subject.not_in([finding.subject for finding in findings]),
        )
        .values(closed_at=at)
        .returning(Alert.id)
    )
    closed = over.scalars().all()
    for alert_id in closed:
        await _send(session, rule, alert_id, CLOSED, at)
    return len(closed)


async def _send(session: AsyncSession, rule: AlertRule, alert_id: UUID, event: str, at: datetime) -> None:
    due = at if rule.urgent else due_at(at, rule.quiet_from, rule.quiet_until)
    for channel_id in await open_channels(session, rule):
        await put_delivery(session, rule.id, channel_id, event=event, due=due, alert_id=alert_id)


async def open_channels(session: AsyncSession, rule: AlertRule) -> list[UUID]:
    """Give the channels of a rule that are switched on."""
    found = await session.execute(
        select(AlertChannel.id).where(AlertChannel.id.in_(rule.channels), AlertChannel.enabled)
    )
    return list(found.scalars())


async def put_delivery(
    session: AsyncSession,
    rule_id: UUID,
    channel_id: UUID,
    *,
    event: str,
    due: datetime,
    alert_id: UUID | None = None,
) -> UUID | None:
    """Write a delivery down and defer it; None where this event went to this channel already."""
    made = await session.execute(
        insert(AlertDelivery)
        .values(
            id=uuid4(),
            alert_id=alert_id,
            rule_id=rule_id,
            channel_id=channel_id,
            event=event,
            state="WAITING",
            due_at=due,
        )
        .on_conflict_do_nothing()
        .returning(AlertDelivery.id)
    )
    delivery_id = made.scalar_one_or_none()
    if delivery_id is not None:
        await defer(session, TASK, scheduled_at=due, delivery_id=str(delivery_id))
    return delivery_id
