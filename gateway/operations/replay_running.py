"""Work a run off, item by item, at its pace; a killed worker loses none and asks none twice under two ids.

An item's new ids are committed before its question leaves. Whoever takes over after a crash finds in the journal
what became of it: answered, and it is settled from there; sent without an answer, and the very same bytes go once
more, or, where that would change something, a person is asked; never sent, and it is sent now.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.errors import JournalDamaged
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import ContractError, KopuroError
from gateway.foundation.queue import defer
from gateway.operations.incident_feeding import FAILED, REPLAYED
from gateway.operations.incident_tables import IncidentExchange
from gateway.operations.replay_planning import WORK
from gateway.operations.replay_rules import WRITE
from gateway.operations.replay_runs import DONE, RUNNING, STOPPED, defer_run, show_run
from gateway.operations.replay_sending import Address, NotAskedNow, Resender, Sent
from gateway.operations.replay_tables import ReplayItem, ReplayRun

SLICE_SECONDS = 60.0
_LEFT = "cancelled"  # our own worker stopped waiting
_LOOK_AGAIN_SECONDS = 2.0
_RESTING_SECONDS = 5.0
_LOCK = text("select pg_try_advisory_lock(7115, hashtext(:run))")
_UNLOCK = text("select pg_advisory_unlock(7115, hashtext(:run))")
_JOBS_ENDED = text("""
    update replay_item i
    set state = case when j.status is null or j.status = 'succeeded' then 'SUCCEEDED' else 'FAILED' end,
        ended_at = :at, fault_code = coalesce((select d.cause from dead_letter d
            where d.kind = 'JOB' and d.reference = i.job_id::text order by d.died_at desc limit 1), '')
    from replay_item k left join procrastinate_jobs j on j.id = k.job_id
    where k.run_id = :run and k.state = 'DEFERRED' and i.run_id = k.run_id and i.position = k.position
      and (j.status is null or j.status not in ('todo', 'doing'))
    returning i.exchange_id, i.state
""")


class RunIsBusy(KopuroError):
    """Another worker, alive as far as the database knows, is at work on the run."""

    permanent = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """An item in hand; `interrupted` when an earlier worker had it before."""

    run_id: UUID
    position: int
    exchange_id: UUID
    effect: str
    address: Address
    interrupted: bool


async def work_on_run(resender: Resender, run_id: UUID, *, seconds: float = SLICE_SECONDS) -> None:
    """Work on a run for about `seconds`; what is left is the next job's, deferred here.

    Raises RunIsBusy while another worker has it, JournalUnavailable when nothing can be recorded.
    """
    async with _alone(resender.database, run_id):
        end = time.monotonic() + seconds
        while (pause := await _one(resender, run_id)) is not None:
            if time.monotonic() + pause > end:
                async with resender.database.transaction() as session:
                    await defer_run(session, run_id, after=pause)
                return
            await asyncio.sleep(pause)


@asynccontextmanager
async def _alone(database: Database, run_id: UUID) -> AsyncIterator[None]:
    """Hold the run for this worker by a lock that dies with its connection."""
    async with database.engine.connect() as connection:
        held = await connection.execution_options(isolation_level="AUTOCOMMIT")
        if not (await held.execute(_LOCK, {"run": str(run_id)})).scalar_one():
            raise RunIsBusy("another worker is at work on this run")
        try:
            yield
        finally:
            await held.execute(_UNLOCK, {"run": str(run_id)})


async def _one(resender: Resender, run_id: UUID) -> float | None:
    """Do one item and give the pause before the next; None when there is nothing to do now."""
    began = time.monotonic()
    async with resender.database.transaction() as session:
        run = await _running(session, run_id)
        if run is None:
            return None
        per_item = 60.0 / run.per_minute
        if run.mode == WORK:
            return await _defer_work(session, run, per_item)
        claimed = await _claim(session, run)
    if claimed is None:
        return None
    try:
        await _settle(resender.database, claimed, *await _ask(resender, claimed))
    except NotAskedNow:
        if not claimed.interrupted:
            await _put_back(resender.database, claimed)
        return _RESTING_SECONDS
    return max(0.0, per_item - (time.monotonic() - began))


async def _running(session: AsyncSession, run_id: UUID) -> ReplayRun | None:
    """Give the run if it may go on; it stops itself after too many failures."""
    found = await session.execute(select(ReplayRun).where(ReplayRun.id == run_id).with_for_update())
    run = found.scalar_one_or_none()
    if run is None or run.state != RUNNING:
        return None
    view = await show_run(session, run_id)
    if view.failures - run.forgiven >= run.stop_after:
        run.state, run.ended_at = STOPPED, utc_now()
        return None
    return run


async def _claim(session: AsyncSession, run: ReplayRun) -> Claimed | None:
    """Take the item a dead worker left, else the next one; with none left the run is done."""
    found = await session.execute(
        select(ReplayItem)
        .where(ReplayItem.run_id == run.id, ReplayItem.state.in_(("SENDING", "WAITING")))
        .order_by(ReplayItem.state, ReplayItem.position)
        .limit(1)
    )
    item = found.scalar_one_or_none()
    if item is None:
        run.state, run.ended_at = DONE, utc_now()
        return None
    interrupted = item.state == "SENDING"
    if not interrupted:
        item.state, item.started_at = "SENDING", utc_now()
        item.new_exchange_id, item.new_message_id = uuid4(), str(uuid4())
    assert item.new_exchange_id is not None
    assert item.new_message_id is not None
    return Claimed(
        run_id=run.id,
        position=item.position,
        exchange_id=item.exchange_id,
        effect=item.effect,
        address=Address(
            exchange_id=item.new_exchange_id, message_id=item.new_message_id, user_id=run.asked_by
        ),
        interrupted=interrupted,
    )


async def _ask(resender: Resender, claimed: Claimed) -> tuple[str, str, str]:
    """Ask, and give (state, reason, fault code)."""
    if claimed.interrupted:
        was_sent, known = await resender.outcome(claimed.address.exchange_id)
        left = known is not None and known.fault_code == _LEFT
        if known is not None and not left:
            return _state(known)
        if was_sent and claimed.effect == WRITE:
            return "UNKNOWN", "CUT_OFF", ""
    try:
        return _state(await resender.ask_again(claimed.exchange_id, claimed.address))
    except ContractError as error:
        return "REFUSED", error.code.upper(), ""
    except JournalDamaged:
        return "REFUSED", "NOT_REPLAYABLE", ""


async def _put_back(database: Database, claimed: Claimed) -> None:
    """Let an item wait that was not sent: its agency rests."""
    async with database.transaction() as session:
        await session.execute(
            update(ReplayItem)
            .where(ReplayItem.run_id == claimed.run_id, ReplayItem.position == claimed.position)
            .values(state="WAITING", reason="AGENCY_RESTS", new_exchange_id=None, new_message_id=None)
        )


def _state(sent: Sent) -> tuple[str, str, str]:
    return ("SUCCEEDED", "", "") if sent.succeeded else ("FAILED", "", sent.fault_code)


async def _settle(database: Database, claimed: Claimed, state: str, reason: str, fault_code: str) -> None:
    async with database.transaction() as session:
        await session.execute(
            update(ReplayItem)
            .where(
                ReplayItem.run_id == claimed.run_id,
                ReplayItem.position == claimed.position,
                ReplayItem.new_exchange_id == claimed.address.exchange_id,
                ReplayItem.state == "SENDING",
            )
            .values(state=state, reason=reason, fault_code=fault_code, ended_at=utc_now())
        )
        if state == "SUCCEEDED":
            await _mark_replayed(session, [claimed.exchange_id])


async def _mark_replayed(session: AsyncSession, exchanges: list[UUID]) -> None:
    await session.execute(
        update(IncidentExchange)
        .where(IncidentExchange.exchange_id.in_(exchanges), IncidentExchange.state == FAILED)
        .values(state=REPLAYED)
    )


async def _defer_work(session: AsyncSession, run: ReplayRun, per_item: float) -> float | None:
    """Hand the next piece of work to the workers in the transaction that says so; look after those handed over."""
    ended = (await session.execute(_JOBS_ENDED, {"run": run.id, "at": utc_now()})).all()
    await _mark_replayed(session, [exchange_id for exchange_id, state in ended if state == "SUCCEEDED"])
    found = await session.execute(
        select(ReplayItem)
        .where(ReplayItem.run_id == run.id, ReplayItem.state == "WAITING")
        .order_by(ReplayItem.position)
        .limit(1)
    )
    item = found.scalar_one_or_none()
    if item is not None:
        subject = str(item.work_subject)
        item.job_id = await defer(session, str(item.work_task), lock=f"person:{subject}", person_id=subject)
        item.state, item.started_at = "DEFERRED", utc_now()
        return per_item
    if (await show_run(session, run.id)).counts.get("DEFERRED"):
        return _LOOK_AGAIN_SECONDS
    run.state, run.ended_at = DONE, utc_now()
    return None
