"""Deliver one message: sent once as far as anybody can know, tried again later and later, then given up."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.address import public_url
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.logging import get_logger
from gateway.foundation.queue import defer
from gateway.foundation.settings import Settings
from gateway.operations.alert_carriers import Carriers, NotDelivered
from gateway.operations.alert_evaluation import CLOSED, OPENED, TASK
from gateway.operations.alert_kinds import RuleKind
from gateway.operations.alert_messages import News
from gateway.operations.alert_rules import EMAIL
from gateway.operations.alert_tables import Alert, AlertChannel, AlertDelivery, AlertRule

MOST_ATTEMPTS = 8
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=15), timedelta(hours=1)
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Letter:
    news: News
    channel_id: UUID
    by_mail: bool
    address: str
    language: str
    attempts: int


async def deliver_alert(
    database: Database,
    carriers: Carriers,
    settings: Settings,
    delivery_id: UUID,
    *,
    clock: Callable[[], datetime] = utc_now,
) -> None:
    """Send what waits; a failure is written down and deferred again in one transaction."""
    async with database.transaction() as session:
        letter = await _open(session, settings, delivery_id, clock())
    if letter is None:
        return
    try:
        if letter.by_mail:
            await carriers.mail(letter.address, letter.news, language=letter.language)
        else:
            await carriers.post(letter.address, letter.news, key=carriers.channel_key(letter.channel_id))
    except NotDelivered as error:
        await _failed(database, letter, error.code, clock())
        return
    await _end(database, delivery_id, "SENT", clock(), attempts=letter.attempts + 1)


async def _open(
    session: AsyncSession, settings: Settings, delivery_id: UUID, now: datetime
) -> _Letter | None:
    """Read what is to be sent; None when it is settled, not yet its turn, or no news any more."""
    found = await session.execute(
        select(AlertDelivery, AlertRule, AlertChannel)
        .join(AlertRule, AlertRule.id == AlertDelivery.rule_id)
        .join(AlertChannel, AlertChannel.id == AlertDelivery.channel_id)
        .where(AlertDelivery.id == delivery_id, AlertDelivery.state == "WAITING")
        .with_for_update(of=AlertDelivery)
    )
    row = found.one_or_none()
    if row is None:
        return None
    delivery, rule, channel = row
    alert = await session.get(Alert, delivery.alert_id) if delivery.alert_id else None
    if not channel.enabled or (alert and await _is_stale(session, delivery, alert)):
        delivery.state, delivery.ended_at = "SUPPRESSED", now
        return None
    if alert and delivery.event == CLOSED and await _opening_waits(session, delivery):
        await defer(session, TASK, scheduled_at=now + _FIRST_PAUSE, delivery_id=str(delivery_id))
        return None
    console = (settings.operations.console_url or public_url(settings)).rstrip("/")
    return _Letter(
        news=News(
            delivery_id=delivery.id,
            event=delivery.event,
            rule=rule.name,
            kind=RuleKind(rule.kind),
            subject=alert.subject if alert else "",
            value=alert.value if alert else None,
            opened_at=alert.opened_at if alert else None,
            closed_at=alert.closed_at if alert else None,
            console=f"{console}/console/alerts",
        ),
        channel_id=channel.id,
        by_mail=channel.kind == EMAIL,
        address=channel.address,
        language=channel.language,
        attempts=delivery.attempts,
    )


async def _is_stale(session: AsyncSession, delivery: AlertDelivery, alert: Alert) -> bool:
    """Tell whether trouble came and went before anybody was told: then nobody is, of either."""
    if alert.closed_at is None:
        return False
    opening = await _opening(session, delivery)
    if delivery.event == OPENED:
        return delivery.attempts == 0 and delivery.due_at > alert.opened_at
    return opening is not None and opening.state == "SUPPRESSED"


async def _opening_waits(session: AsyncSession, delivery: AlertDelivery) -> bool:
    opening = await _opening(session, delivery)
    return opening is not None and opening.state == "WAITING"


async def _opening(session: AsyncSession, delivery: AlertDelivery) -> AlertDelivery | None:
    found = await session.execute(
        select(AlertDelivery).where(
            AlertDelivery.alert_id == delivery.alert_id,
            AlertDelivery.channel_id == delivery.channel_id,
            AlertDelivery.event == OPENED,
        )
    )
    return found.scalar_one_or_none()


async def _failed(database: Database, letter: _Letter, code: str, now: datetime) -> None:
    attempts, delivery_id = letter.attempts + 1, letter.news.delivery_id
    _log.warning("alert not delivered", code=code, attempt=attempts)
    if attempts >= MOST_ATTEMPTS:
        await _end(database, delivery_id, "FAILED", now, attempts=attempts, error=code)
        return
    due = now + min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (attempts - 1))
    async with database.transaction() as session:
        kept = await session.execute(
            update(AlertDelivery)
            .where(
                AlertDelivery.id == delivery_id,
                AlertDelivery.state == "WAITING",
                AlertDelivery.attempts == letter.attempts,
            )
            .values(attempts=attempts, due_at=due, error=code)
            .returning(AlertDelivery.id)
        )
        if kept.first() is not None:
            await defer(session, TASK, scheduled_at=due, delivery_id=str(delivery_id))


async def _end(
    database: Database, delivery_id: UUID, state: str, now: datetime, *, attempts: int, error: str = ""
) -> None:
    async with database.transaction() as session:
        await session.execute(
            update(AlertDelivery)
            .where(AlertDelivery.id == delivery_id, AlertDelivery.state == "WAITING")
            .values(state=state, ended_at=now, attempts=attempts, error=error)
        )
