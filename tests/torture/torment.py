"""The torture itself: strike while work goes on, wait until everything is at rest, then count."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from gateway.exchange.dead_letters import Cause, dead_letters, settle_letter
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.sandbox.people import Population, population
from gateway.sandbox.seed import seed_registry
from tests.torture.checks import Findings, find, stuck, verify_journal
from tests.torture.load import Asking, files_of, hand_in
from tests.torture.plan import Plan
from tests.torture.stage import PEOPLE, Stage, staged
from tests.whole.test_kill import Agency

_PROGRESS = text("""
    select (select count(*) from import_row)
        + (select count(*) from field_provenance where field = 'pin'
           and status not in ('UNVERIFIED', 'FORMAT_OK', 'SOURCE_UNAVAILABLE'))
        + (select count(*) from registry_event where type = 'TORTURED')
""")
_AWAY = (SQLAlchemyError, psycopg.Error, OSError)


@dataclass(slots=True, kw_only=True)
class Torment:
    """One run: what was struck so far, and how far the work is."""

    plan: Plan
    stage: Stage
    database: Database
    tell: Callable[[str], None]
    asking: Asking | None = None
    files: tuple[str, ...] = ()
    struck: dict[str, int] = field(default_factory=dict)
    chance: random.Random = field(init=False)
    _outage: "asyncio.Task[None] | None" = None

    def __post_init__(self) -> None:
        self.chance = random.Random(self.plan.seed)

    async def run(self) -> None:
        """Do the work under blows spread evenly over it; then let everything come to rest."""
        blows = self.plan.blows()
        self.chance.shuffle(blows)
        step = self.plan.records / (len(blows) + 1)
        working = [asyncio.create_task(self.asking.run())] if self.asking else []
        for number, blow in enumerate(blows):
            await self._until((number + self.chance.uniform(0.4, 0.9)) * step)
            await self._strike(blow)
        await asyncio.gather(*working)
        if self._outage:
            await self._outage
        await self._rest()
        if self.asking:
            await self.asking.ask_again()

    async def _until(self, progress: float) -> None:
        """Wait until so much is done; a while without progress ends the waiting, and the checks will tell why."""
        best, since = -1, time.monotonic()
        while best < progress and time.monotonic() - since < self.plan.patience_seconds / 3:
            done = await self._progress()
            if done > best:
                best, since = done, time.monotonic()
            await asyncio.sleep(0.05)

    async def _progress(self) -> int:
        self.stage.revive()
        answered = len(self.asking.answered) if self.asking else 0
        try:
            async with self.database.transaction() as session:
                return answered + int(await session.scalar(_PROGRESS) or 0)
        except _AWAY:
            return -1

    async def _strike(self, blow: str) -> None:
        self.struck[blow] = self.struck.get(blow, 0) + 1
        match blow:
            case "worker":
                name = f"worker-{self.chance.randrange(self.plan.workers)}"
                await asyncio.to_thread(self._replace, name)
            case "gateway":
                await asyncio.to_thread(self._replace, "gateway")
            case "postgres":
                await asyncio.to_thread(self.stage.kill_postgres)
            case "outage":
                if self._outage:
                    await self._outage
                self._outage = asyncio.create_task(self._let_agencies_rest(self.chance.uniform(2, 5)))
        if sum(self.struck.values()) % 10 == 0:
            self.tell(f"struck {self.struck}, done {await self._progress()} of {self.plan.records}")

    def _replace(self, name: str) -> None:
        self.stage.kill(name)
        self.stage.start(name)

    async def _let_agencies_rest(self, seconds: float) -> None:
        await asyncio.to_thread(self.stage.misbehave, "down")
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self.stage.misbehave, "ok")

    async def _hand_in_again(self) -> None:
        """Do what an operator does about an import that lost five workers and was given up."""
        async with self.database.transaction() as session:
            if not await session.scalar(text("select count(*) from import_batch where state = 'STOPPED'")):
                return
            for letter in await dead_letters(session, kind="JOB"):
                if letter.cause == Cause.KILLS_ITS_WORKER:
                    await settle_letter(session, letter.letter_id, "RETRIED", by="operator", at=utc_now())
        for content in self.files:
            await hand_in(self.database, self.stage.settings, content)

    async def _rest(self) -> None:
        """Wait until nothing waits any more, or the patience ends."""
        quiet, best, since = 0, 1 << 30, time.monotonic()
        while quiet < 3 and time.monotonic() - since < self.plan.rest_seconds:
            try:
                await self._hand_in_again()
                left = await stuck(self.database, self.plan) + max(
                    0, self.plan.records - await self._progress()
                )
            except _AWAY:
                left = 1 << 30
            quiet = quiet + 1 if left == 0 else 0
            if left < best:
                best, since = left, time.monotonic()
            await asyncio.sleep(0.3)


def torment(plan: Plan, *, tell: Callable[[str], None], given: str = "") -> Findings:
    """Run a plan on a stage of its own, or over a `given` migrated database, and give what was found."""
    with staged(plan, given=given) as stage:
        findings = asyncio.run(_torment(plan, stage, tell))
        for name in list(stage.running):
            stage.terminate(name)
        findings.journal = verify_journal(stage)
        return findings


async def _torment(plan: Plan, stage: Stage, tell: Callable[[str], None]) -> Findings:
    database = Database(stage.url, pool_size=4)
    try:
        people = population(plan.seed, PEOPLE) if plan.lines else None
        files = tuple(files_of(people, plan.lines)) if people else ()
        asking = await _prepare(stage, database, people, files)
        tell(f"{plan.records} records, {plan.kills} kills, {plan.outages} outages, seed {plan.seed}")
        run = Torment(plan=plan, stage=stage, database=database, tell=tell, asking=asking, files=files)
        await run.run()
        tell(f"struck {run.struck}")
        return await find(database, plan, asking, seeded=1 if plan.lines else 0)
    finally:
        await database.close()


async def _prepare(
    stage: Stage, database: Database, people: Population | None, files: Sequence[str]
) -> Asking | None:
    asking, plan = None, stage.plan
    if people:
        stage.start_sandbox()
        await seed_registry(database, people, stage.settings)
        for content in files:
            await hand_in(database, stage.settings, content)
        stage.wait_for_sandbox()
    if plan.asks:
        stage.start("gateway")
        agency = Agency(stage.settings, lifetime=timedelta(days=1))
        agency.url = f"http://127.0.0.1:{stage.ports['gateway']}"
        asking = Asking(agency, plan.asks)
    for number in range(plan.workers):
        stage.start(f"worker-{number}")
    return asking
