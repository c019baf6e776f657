"""Undoing a merge: whatever happened meanwhile, both entries are as if they had never been one."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import RegistryError
from gateway.intake.arrival import Arrival
from gateway.intake.case_effects import merge_people, split_people
from gateway.intake.enrolling import enrol
from gateway.registry.card import person_card
from gateway.registry.group import root_of
from gateway.registry.learners.journal import cancel_order, movements
from gateway.registry.learners.orders import CLOSING, OPENING, Kind
from gateway.registry.merges import Decided
from gateway.registry.projection import project_person
from gateway.registry.reading import organisation_by_code, person_by_id
from gateway.registry.repository import add_assertions, claim_identifier, retract
from gateway.registry.splits import plan_split
from gateway.registry.values import IdentifierStatus, Scheme
from gateway.registry.vital import settle_status
from tests.intake.support import POLICIES, SCHOOLS, add_schools, application_of
from tests.people import People
from tests.registry.learners.support import PAPER, entry_of, order, told_by

PEOPLE = 4
WHO = some.integers(0, PEOPLE - 1)
ORDERS = [Kind.ATTEND, Kind.LEAVE, Kind.RETURN, Kind.SUSPEND, Kind.EXPEL, Kind.GRADUATE]


@dataclass
class World:
    """Some entries and their enrolments; in one world they are merged and split, in the other never."""

    mark: str
    entries: list[UUID] = field(default_factory=list)
    places: list[tuple[int, UUID]] = field(default_factory=list)

    async def tell(
        self, session: AsyncSession, who: int, at: datetime, values: dict, source: str, key: str
    ) -> None:
        told = told_by(source, at, source_record_key=key)
        await add_assertions(session, self.entries[who], values, provenance=told)
        await project_person(session, self.entries[who], POLICIES, at=at)
        await settle_status(session, await root_of(session, self.entries[who]), at=at)

    async def retract(self, session: AsyncSession, who: int, at: datetime, number: int) -> None:
        found = await session.execute(
            text("select id from assertion where subject_id = :id and retracted_at is null order by seq"),
            {"id": self.entries[who]},
        )
        told = found.scalars().all()
        await retract(session, told[number % len(told)], reason="mistyped", at=at)
        await project_person(session, self.entries[who], POLICIES, at=at)
        await settle_status(session, await root_of(session, self.entries[who]), at=at)

    async def claim(self, session: AsyncSession, who: int, at: datetime, number: int, status: str) -> None:
        await claim_identifier(
            session,
            self.entries[who],
            Scheme.PASSPORT,
            f"{self.mark}{number}",
            status=IdentifierStatus(status),
            at=at,
        )

    async def enrol(self, session: AsyncSession, who: int, at: datetime, school: int, start_on: date) -> None:
        arrival = Arrival(
            session=session,
            application=application_of(
                People(1).person(), start_on=start_on, organisation_code=SCHOOLS[school]
            ),
            organisation=await organisation_by_code(session, SCHOOLS[school]),
            evidence=(),
            policies=POLICIES,
            recorded_by="clerk.one",
            at=at,
        )
        place, _ = await enrol(arrival, self.entries[who])
        if place not in {each for _, each in self.places}:
            self.places.append((who, place))

    async def order(self, session: AsyncSession, number: int, at: datetime, kind: Kind, on: date) -> None:
        _, place = self.places[number % len(self.places)]
        await order(session, place, kind, on, at=at)

    async def cancel(self, session: AsyncSession, number: int, at: datetime) -> None:
        _, place = self.places[number % len(self.places)]
        last = (await movements(session, place))[-1].order
        if last.kind in CLOSING or last.kind in OPENING:
            raise RegistryError("only what narrows nothing is taken back here")
        await cancel_order(session, last.movement_id, paper=PAPER, at=at)

    async def card(self, session: AsyncSession, who: int) -> tuple:
        entry = await person_by_id(session, self.entries[who])
        card = await person_card(session, entry.isuo_no, at=utc_now())
        return (
            card.entry.status,
            [
                (each.name, each.value.replace(self.mark, ""), each.source, each.status)
                for each in card.fields
            ],
            [(each.scheme, each.value.replace(self.mark, ""), each.status) for each in card.identifiers],
            sorted(
                (each.organisation.code, each.start_on, str(each.end_on), each.grade, each.held, each.periods)
                for each in card.enrolments
            ),
            card.open_case,
            card.also_known_as,
        )


class Histories(RuleBasedStateMachine):
    """The same histories in two worlds; at the end of one all merges are undone."""

    database: Database
    run: Callable[[Coroutine], Any]
    splits = 0

    @initialize()
    def begin(self) -> None:
        self.merged, self.never = World(mark=uuid4().hex), World(mark=uuid4().hex)
        self.run(self._begin())

    async def _begin(self) -> None:
        people = People(5)
        someone = [people.person() for _ in range(PEOPLE)]
        at = utc_now()
        for world in (self.merged, self.never):
            async with self.database.transaction() as session:
                for each in someone:
                    world.entries.append(await entry_of(session, _marked(each, world.mark), at=at))

    def both(self, change: Callable[[World, AsyncSession], Coroutine]) -> None:
        told = [self.run(self._one(change, world)) for world in (self.merged, self.never)]
        assert told[0] == told[1]

    async def _one(self, change: Callable[[World, AsyncSession], Coroutine], world: World) -> str:
        try:
            async with self.database.transaction() as session:
                await change(world, session)
        except RegistryError as refused:
            return type(refused).__name__
        return ""

    @rule(
        who=WHO,
        name=some.sampled_from(["surname", "given_name", "citizenship"]),
        value=some.sampled_from(["АСАНОВА", "БАКЫТОВА", "Токтогулова"]),
        source=some.sampled_from(["SCHOOL", "ZAGS", "PASSPORT"]),
        key=some.sampled_from(["", "row-1"]),
    )
    def tell(self, who: int, name: str, value: str, source: str, key: str) -> None:
        at = utc_now()
        self.both(lambda world, session: world.tell(session, who, at, {name: value}, source, key))

    @rule(who=WHO, day=some.sampled_from([date(2027, 1, 1), date(2027, 2, 2)]))
    def die(self, who: int, day: date) -> None:
        at = utc_now()
        self.both(lambda world, session: world.tell(session, who, at, {"death_date": day}, "ZAGS", "act"))

    @rule(who=WHO, number=some.integers(0, 9))
    def retract(self, who: int, number: int) -> None:
        at = utc_now()
        self.both(lambda world, session: world.retract(session, who, at, number))

    @rule(who=WHO, number=some.integers(1, 2), status=some.sampled_from(["CLAIMED", "VERIFIED"]))
    def claim(self, who: int, number: int, status: str) -> None:
        at = utc_now()
        self.both(lambda world, session: world.claim(session, who, at, number, status))

    @rule(who=WHO, school=some.integers(0, 2), days=some.integers(0, 60))
    def enrol(self, who: int, school: int, days: int) -> None:
        at, start_on = utc_now(), date(2026, 9, 1) + timedelta(days=days)
        self.both(lambda world, session: world.enrol(session, who, at, school, start_on))
        assert len(self.merged.places) == len(self.never.places)

    @rule(number=some.integers(0, 9), kind=some.sampled_from(ORDERS), days=some.integers(0, 90))
    def order(self, number: int, kind: Kind, days: int) -> None:
        at, on = utc_now(), date(2026, 9, 1) + timedelta(days=days)
        if self.merged.places:
            self.both(lambda world, session: world.order(session, number, at, kind, on))

    @rule(number=some.integers(0, 9))
    def cancel(self, number: int) -> None:
        at = utc_now()
        if self.merged.places:
            self.both(lambda world, session: world.cancel(session, number, at))

    @rule(one=WHO, other=WHO)
    def merge(self, one: int, other: int) -> None:
        self.run(self._merge(self.merged.entries[one], self.merged.entries[other]))

    async def _merge(self, one: UUID, other: UUID) -> None:
        decided = Decided(by="district.one", at=utc_now())
        try:
            async with self.database.transaction() as session:
                await merge_people(session, one, other, decided=decided, policies=POLICIES)
        except RegistryError:
            return

    @rule(who=WHO)
    def split(self, who: int) -> None:
        self.run(self._split(self.merged.entries[who]))

    async def _split(self, absorbed: UUID) -> None:
        try:
            async with self.database.transaction() as session:
                plan = await plan_split(session, absorbed)
                await split_people(
                    session,
                    absorbed,
                    decided=Decided(by="district.two", at=utc_now()),
                    reason="by mistake",
                    policies=POLICIES,
                    belongs=plan.as_recorded(),
                )
                Histories.splits += 1
        except RegistryError:
            return

    def teardown(self) -> None:
        if hasattr(self, "merged"):
            self.run(self._compare())

    async def _compare(self) -> None:
        for absorbed in self.merged.entries:
            await self._split(absorbed)
        async with self.database.transaction() as session:
            for who in range(PEOPLE):
                assert await self.merged.card(session, who) == await self.never.card(session, who)


def _marked(someone: Any, mark: str) -> Any:
    return replace(someone, pin=mark + someone.pin)


def test_a_split_is_the_inverse_of_a_merge(database_url: str) -> None:
    """After any history with merges and splits, undoing them all leaves what there would be without any."""
    with asyncio.Runner() as runner:
        Histories.database = Database(database_url)
        Histories.run = staticmethod(runner.run)
        runner.run(add_schools(Histories.database))
        run_state_machine_as_test(
            Histories,
            settings=settings(
                max_examples=10,
                stateful_step_count=22,
                deadline=None,
                database=None,
                derandomize=True,
                phases=(Phase.generate,),  # shrinking histories of a database takes longer than reading one
                suppress_health_check=list(HealthCheck),
            ),
        )
        runner.run(Histories.database.close())
    assert Histories.splits > 3
