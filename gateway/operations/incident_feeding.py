"""Turn settled rows of the journal into incidents: each opens once per cause and closes once."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.entry import Kind
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.operations.causes import Cause, cause_of, place_of
from gateway.operations.incident_tables import Incident, IncidentExchange
from gateway.operations.journal_reading import BATCH, SettledRow, read_settled

CURSOR = "incidents"
FAILED, RECOVERED, REPLAYED = "FAILED", "RECOVERED", "REPLAYED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calm:
    """When trouble counts as over: nothing for `quiet`; or a success, and no failure for `settle`."""

    quiet: timedelta = timedelta(minutes=60)
    settle: timedelta = timedelta(minutes=2)


async def feed_incidents(database: Database, *, most: int = BATCH) -> int:
    """Take in everything that is settled, in transactions of `most` rows; gives how many rows were read."""
    read = 0
    while True:
        async with database.transaction() as session:
            page = await read_settled(session, CURSOR, most=most)
            await take_in(session, page.rows)
        read += len(page.rows)
        if not page.has_more:
            return read


async def take_in(session: AsyncSession, rows: Sequence[SettledRow]) -> None:
    """Open, count and recover; the same rows a second time change nothing."""
    last = _last_of_each(rows)
    failures: dict[Cause, list[SettledRow]] = defaultdict(list)
    for row in last:
        if row.succeeded is False:
            failures[
                cause_of(kind=row.kind, client=row.client, service=row.service, fault_code=row.fault_code)
            ].append(row)
    for cause in sorted(failures, key=lambda each: each.key):  # one order, so that no two wait in a circle
        await _take_failures(session, cause, failures[cause])
    await _take_successes(session, [row for row in last if row.succeeded])


def _last_of_each(rows: Iterable[SettledRow]) -> list[SettledRow]:
    """Give the last word on each exchange: a later attempt speaks over an earlier one."""
    last: dict[UUID, SettledRow] = {}
    for row in rows:
        if row.kind == Kind.SENT:
            continue
        before = last.get(row.exchange_id)
        if before is None or (row.attempt, row.seq) > (before.attempt, before.seq):
            last[row.exchange_id] = row
    return list(last.values())


async def _take_failures(session: AsyncSession, cause: Cause, rows: list[SettledRow]) -> None:
    """Put failures where they belong: those older than the last closing to the closed incident."""
    known = set(
        (
            await session.execute(
                select(IncidentExchange.exchange_id).where(
                    IncidentExchange.exchange_id.in_([row.exchange_id for row in rows])
                )
            )
        ).scalars()
    )
    new = [row for row in rows if row.exchange_id not in known]
    if not new:
        return
    closed_at, closed_id = await _last_closed(session, cause)
    late = [row for row in new if closed_at is not None and row.at <= closed_at]
    fresh = [row for row in new if closed_at is None or row.at > closed_at]
    if late and closed_id is not None:
        await _add(session, closed_id, late)
    if fresh:
        await _add(session, await _open(session, cause, fresh), fresh)


async def _last_closed(session: AsyncSession, cause: Cause) -> tuple[datetime | None, UUID | None]:
    found = await session.execute(
        select(Incident.closed_at, Incident.id)
        .where(Incident.cause_key == cause.key, Incident.closed_at.is_not(None))
        .order_by(Incident.closed_at.desc())
        .limit(1)
    )
    row = found.first()
    return (row[0], row[1]) if row else (None, None)


async def _open(session: AsyncSession, cause: Cause, rows: list[SettledRow]) -> UUID:
    """Give the open incident of a cause, opening it where there is none."""
    await _insert(session, cause, rows)
    open_one = (
        select(Incident.id)
        .where(Incident.cause_key == cause.key, Incident.closed_at.is_(None))
        .with_for_update()
    )
    found = (await session.execute(open_one)).scalar_one_or_none()
    if found is None:  # closed by somebody between the two statements
        await _insert(session, cause, rows)
        found = (await session.execute(open_one)).scalar_one()
    return found


async def _insert(session: AsyncSession, cause: Cause, rows: list[SettledRow]) -> None:
    values: dict[str, Any] = {
        name: getattr(cause, name) for name in Cause.__slots__ if name != "closes_on_success"
    }
    await session.execute(
        insert(Incident)
        .values(
            id=uuid4(),
            cause_key=cause.key,
            closes_on_success=cause.closes_on_success,
            opened_at=utc_now(),
            first_at=min(row.at for row in rows),
            last_at=max(row.at for row in rows),
            failure_count=0,
            **values,
        )
        .on_conflict_do_nothing(index_elements=[Incident.cause_key], index_where=Incident.closed_at.is_(None))
    )


async def _add(session: AsyncSession, incident_id: UUID, rows: list[SettledRow]) -> None:
    added = await session.execute(
        insert(IncidentExchange)
        .values(
            [
                {
                    "exchange_id": row.exchange_id,
                    "incident_id": incident_id,
                    "entry_id": row.entry_id,
                    "seq": row.seq,
                    "failed_at": row.at,
                    "state": FAILED,
                }
                for row in rows
            ]
        )
        .on_conflict_do_nothing()
        .returning(IncidentExchange.failed_at)
    )
    at = added.scalars().all()
    if at:
        await session.execute(
            update(Incident)
            .where(Incident.id == incident_id)
            .values(
                failure_count=Incident.failure_count + len(at),
                first_at=func.least(Incident.first_at, min(at)),
                last_at=func.greatest(Incident.last_at, max(at)),
            )
        )


async def _take_successes(session: AsyncSession, rows: list[SettledRow]) -> None:
    """Note that a service answers, and which failed exchanges a later attempt brought to an answer."""
    if not rows:
        return
    await session.execute(
        update(IncidentExchange)
        .where(
            IncidentExchange.exchange_id.in_([row.exchange_id for row in rows]),
            IncidentExchange.state == FAILED,
        )
        .values(state=RECOVERED)
    )
    latest: dict[tuple[str, str, str], datetime] = {}
    for row in rows:
        place = (*place_of(row.kind, row.client, row.service), row.service)
        latest[place] = max(row.at, latest.get(place, row.at))
    for (direction, agency, service), at in sorted(latest.items()):
        await session.execute(
            update(Incident)
            .where(
                Incident.closed_at.is_(None),
                Incident.direction == direction,
                Incident.agency == agency,
                Incident.service == service,
            )
            .values(last_success_at=func.greatest(Incident.last_success_at, at))
        )


async def close_calm(session: AsyncSession, calm: Calm, *, at: datetime | None = None) -> int:
    """Close what is over; gives how many were closed by this call and by no other."""
    now = at or utc_now()
    still = Incident.closed_at.is_(None)
    answered = (
        Incident.closes_on_success,
        Incident.last_success_at > Incident.last_at,
        Incident.last_at <= now - calm.settle,
    )
    closed = 0
    for reason, conditions in (("SUCCESS", answered), ("QUIET", (Incident.last_at <= now - calm.quiet,))):
        done: CursorResult[Any] = await session.execute(  # type: ignore[assignment]
            update(Incident).where(still, *conditions).values(closed_at=now, close_reason=reason)
        )
        closed += done.rowcount
    return closed
