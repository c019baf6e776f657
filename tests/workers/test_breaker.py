"""The breaker: what opens it, what does not, who may probe, and that everybody sees the same one."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text

from gateway.exchange.breaker import BREAKER_OPEN, HELD, Breakers, Line
from gateway.exchange.holds import hold, holds, resume
from gateway.exchange.ledger import Ledger, left_of, plan, spent
from gateway.foundation.background_settings import BreakerSettings, Budget
from gateway.foundation.clock import day_of
from gateway.foundation.database import Database
from gateway.foundation.errors import (
    AgencyRefused,
    AgencyUnavailable,
    ContractError,
    KopuroError,
    RegistryError,
)
from tests.workers.conftest import SetClock

LINE = Line(agency="infocom", service="zags-service/zagsDataByPin/v1")
OTHER = Line(agency="infocom", service="passport-service/passportDataByPSN/v1")
CHOICE = BreakerSettings(
    failures=3, open_seconds=30, longest_seconds=100, probe_seconds=20, slow_seconds=0.05
)
DOWN = AgencyUnavailable("down", code="http_503")


async def ask(breakers: Breakers, error: BaseException | None = None, line: Line = LINE) -> str:
    """Ask once; tell how it ended."""
    try:
        async with breakers.asking(line):
            if error:
                raise error
    except KopuroError as ended:
        return getattr(ended, "code", "") or type(ended).__name__
    return "answered"


async def state(database: Database) -> tuple[str, int]:
    async with database.transaction() as session:
        row = (await session.execute(text("select state, failures from agency_breaker"))).one()
        return row.state, row.failures


async def deferred(database: Database) -> list[dict[str, str]]:
    async with database.transaction() as session:
        found = await session.execute(
            text("select args from procrastinate_jobs where task_name = 'catch_up'")
        )
        return list(found.scalars())


async def opened(database: Database, clock: SetClock) -> Breakers:
    made = Breakers(database, CHOICE, clock=clock)
    for _ in range(3):
        assert await ask(made, DOWN) == "http_503"
    return made


async def test_silence_in_a_row_opens_for_every_process_and_for_that_service_only(
    database: Database, clock: SetClock
) -> None:
    """After three unanswered questions nobody anywhere asks that service; the others are asked."""
    first, second = Breakers(database, CHOICE, clock=clock), Breakers(database, CHOICE, clock=clock)
    assert [await ask(one, DOWN) for one in (first, second)] == ["http_503"] * 2
    assert await ask(first) == "answered"  # not in a row any more
    assert [await ask(one, DOWN) for one in (first, second, first)] == ["http_503"] * 3
    assert await state(database) == ("OPEN", 3)
    assert [await ask(one) for one in (first, second)] == [BREAKER_OPEN] * 2
    assert await ask(second, line=OTHER) == "answered"


async def test_what_answers_never_opens(database: Database, clock: SetClock) -> None:
    """A refusal, a broken answer or a fault of ours is no silence, however many there are."""
    breakers = Breakers(database, CHOICE, clock=clock)
    for error in (
        AgencyRefused("no", code="denied"),
        ContractError("bad", code="garbage"),
        RegistryError("ours"),
    ):
        for _ in range(5):
            await ask(breakers, error)
    async with database.transaction() as session:
        assert await session.scalar(text("select count(*) from agency_breaker")) == 0


async def test_one_probe_at_a_time_closes_or_opens_for_longer(database: Database, clock: SetClock) -> None:
    """When the pause is over one of many askers probes; silence doubles the pause, an answer closes and catches up."""
    breakers = await opened(database, clock)
    clock.go(seconds=31)
    gate = asyncio.Event()

    async def probe(error: Exception | None) -> str:
        try:
            async with breakers.asking(LINE):
                await gate.wait()
                if error:
                    raise error
        except AgencyUnavailable as ended:
            return ended.code
        return "answered"

    asked = [asyncio.create_task(probe(DOWN)) for _ in range(8)]
    await asyncio.sleep(0.3)
    gate.set()
    assert sorted(await asyncio.gather(*asked)) == [BREAKER_OPEN] * 7 + ["http_503"]
    clock.go(seconds=31)
    assert await ask(breakers) == BREAKER_OPEN  # the pause is 60 s now
    clock.go(seconds=30)
    assert await ask(breakers, AgencyRefused("no", code="denied")) == "denied"  # it answers: that closes
    assert await state(database) == ("CLOSED", 0)
    assert await deferred(database) == [{"agency": "infocom"}]


async def test_a_lost_probe_is_given_to_another(database: Database, clock: SetClock) -> None:
    """A prober that dies or fails by our own fault does not keep the service closed off."""
    breakers = await opened(database, clock)
    clock.go(seconds=31)
    with pytest.raises(RegistryError):
        async with breakers.asking(LINE):
            raise RegistryError("ours")
    async with breakers.asking(LINE):  # given back at once; this prober will not come back in time
        assert await ask(breakers) == BREAKER_OPEN
        clock.go(seconds=21)
        assert await ask(breakers, DOWN) == "http_503"
    assert (await state(database))[0] == "OPEN"  # the answer of a probe that was taken away closes nothing


async def test_an_asker_who_waited_long_and_left_counts(database: Database, clock: SetClock) -> None:
    """Three askers whose patience ended open the breaker; those who left at once do not."""
    breakers = Breakers(database, replace(CHOICE, slow_seconds=0.5), clock=clock)

    async def leave_after(seconds: float) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(None) as patience, breakers.asking(LINE):
                patience.reschedule(
                    asyncio.get_running_loop().time() + seconds
                )  # not while it still connects
                await asyncio.sleep(30)

    for _ in range(4):
        await leave_after(0.01)
    assert await ask(breakers) == "answered"
    for _ in range(3):
        await leave_after(0.6)
    assert await ask(breakers) == BREAKER_OPEN


async def test_a_person_lets_an_agency_rest_and_go_on(database: Database, clock: SetClock) -> None:
    """A held agency or service is not asked; the hold says who and why, ends once, and what waited is caught up."""
    breakers = Breakers(database, CHOICE, clock=clock)
    async with database.transaction() as session:
        await hold(
            session, "AGENCY", f"infocom/{OTHER.service}", reason="their request", by="o.p", at=clock()
        )
    assert [await ask(breakers, line=OTHER), await ask(breakers)] == [HELD, "answered"]
    async with database.transaction() as session:
        await hold(session, "AGENCY", "infocom", reason="their request", by="o.p", at=clock())
        with pytest.raises(RegistryError):
            await hold(session, "AGENCY", "infocom", reason="again", by="o.p", at=clock())
        with pytest.raises(RegistryError):
            await hold(session, "FEED", "minjust", reason=" ", by="o.p", at=clock())
    assert await ask(breakers) == HELD
    async with database.transaction() as session:
        await resume(session, "AGENCY", "infocom", by="o.q", at=clock())
        with pytest.raises(RegistryError):
            await resume(session, "AGENCY", "infocom", by="o.q", at=clock())
        assert {one.name for one in await holds(session)} == {f"infocom/{OTHER.service}"}
        assert len(await holds(session, past=True)) == 2
    assert await ask(breakers) == "answered"
    assert await deferred(database) == [{"agency": "infocom"}]


async def test_the_ledger_counts_and_bounds_a_day(database: Database, clock: SetClock) -> None:
    """Questions are counted with their price; what may be planned ends with the budget and begins with the next day."""
    budget = Budget(daily_calls=10, daily_som=12.0, prices={LINE.service: 2.5})
    ledger = Ledger(database, {"infocom": budget}, clock=clock)
    await asyncio.gather(*(ledger.count(LINE) for _ in range(5)))
    await ledger.count(Line(agency="minjust", service="x"))
    async with database.transaction() as session:
        (today,) = await spent(session, since=day_of(clock()))
        assert (today.calls, today.cost_tyiyn) == (5, 1250)
        left = await left_of(session, "infocom", budget, at=clock())
        assert [left.pay(250) for _ in range(6)] == [True] * 4 + [False] * 2  # 12 som at 2.5
        await plan(session, LINE, budget, questions=4, at=clock())
        assert not (await left_of(session, "infocom", budget, at=clock())).pay(250)
        clock.go(hours=18)  # past midnight in Bishkek
        assert (await left_of(session, "infocom", budget, at=clock())).pay(250)
        few = await left_of(session, "infocom", Budget(daily_calls=2), at=clock())
        assert [few.pay(0) for _ in range(3)] == [True, True, False]
        assert (await left_of(session, "infocom", Budget(), at=clock())).pay(10**9)
