"""Two axes of time: whatever happened since, the past is answered as it was."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import day_of, utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import InputRefused, RegistryError
from gateway.registry.card import person_card
from gateway.registry.learners.journal import cancel_order, movements
from gateway.registry.learners.orders import OPENING, Kind
from gateway.registry.merges import Decided, merge
from gateway.registry.model import Enrolment, Person, ReviewCase
from gateway.registry.projection import project_person
from gateway.registry.reading import enrolments, person_by_id
from gateway.registry.repository import (
    Provenance,
    add_assertions,
    claim_identifier,
    record_event,
    retract,
    set_identifier_status,
)
from gateway.registry.timeline.card import PastCard, card_as_of
from gateway.registry.timeline.due import due_projections
from gateway.registry.timeline.feed import START, feed_lag, read_feed
from gateway.registry.values import IdentifierStatus, Scheme
from tests.intake.support import POLICIES
from tests.people import People
from tests.registry.learners.support import NOW, PAPER, enrol, entry_of, order, schools, split, told_by

OTHER_POLICIES = {**POLICIES, "surname": replace(POLICIES["surname"], sources=("SCHOOL", "ZAGS"), from_age=0)}
DAYS = (date(2020, 1, 1), date(2026, 10, 1), date(2027, 2, 1))


@dataclass
class History:
    """A random history of three entries, and every answer given on the way."""

    database: Database
    random: Random
    people: list[UUID]
    schools: list[UUID]
    policies: dict = field(default_factory=lambda: POLICIES)
    answers: list[tuple[UUID, date, datetime, PastCard | None]] = field(default_factory=list)
    done: set[str] = field(default_factory=set)

    async def step(self) -> None:
        change = self.random.choice(
            [self.tell, self.tell, self.retract, self.order, self.order, self.cancel, self.merge, self.split, self.split,
             self.identify, self.ask_person, self.hold, self.rename_school, self.change_policy]
        )  # fmt: skip
        try:
            async with self.database.transaction() as session:
                await change(session, self.random.choice(self.people), utc_now())
                self.done.add(change.__name__)
        except (RegistryError, DBAPIError):
            self.done.add(f"{change.__name__} refused")

    async def remember(self) -> None:
        now = utc_now()
        async with self.database.transaction() as session:
            for person_id in self.people:
                entry = await person_by_id(session, person_id)
                shown = await person_card(session, entry.isuo_no, at=now)
                today = await card_as_of(session, person_id, as_of=day_of(now), known_at=now)
                assert today.card == shown
                for day in (day_of(now), *DAYS):
                    answer = await card_as_of(session, person_id, as_of=day, known_at=now)
                    self.answers.append((person_id, day, now, answer))

    async def tell(self, session: AsyncSession, person_id: UUID, at: datetime) -> None:
        source = self.random.choice(["SCHOOL", "ZAGS", "PASSPORT"])
        name = self.random.choice(["surname", "given_name", "citizenship"])
        on = self.random.choice([None, date(2026, 8, 1), date(2027, 1, 1)])
        value = self.random.choice(["АСАНОВА", "БАКЫТОВА", "Токтогулова"])
        told = told_by(source, at, valid_from=on, document_on=on)
        await add_assertions(session, person_id, {name: value}, provenance=told)
        await project_person(session, person_id, self.policies, at=at)

    async def retract(self, session: AsyncSession, person_id: UUID, at: datetime) -> None:
        found = await session.execute(
            text("select id from assertion where subject_id = :id and retracted_at is null order by seq"),
            {"id": person_id},
        )
        await retract(session, self.random.choice(found.scalars().all()), reason="mistyped", at=at)
        await project_person(session, person_id, self.policies, at=at)

    async def order(self, session: AsyncSession, person_id: UUID, at: datetime) -> None:
        on = date(2026, 9, 1) + timedelta(days=self.random.randrange(200))
        places = await enrolments(session, person_id)
        if not places or self.random.random() < 0.2:
            await enrol(session, person_id, self.random.choice(self.schools), on, at=at)
            return
        kind = self.random.choice(sorted(set(Kind) - OPENING - {Kind.CANCEL}))
        await order(session, self.random.choice(places).enrolment_id, kind, on, at=at)

    async def cancel(self, session: AsyncSession, person_id: UUID, at: datetime) -> None:
        place = self.random.choice(await enrolments(session, person_id) or [None])
        if place:
            told = await movements(session, place.enrolment_id)
            await cancel_order(session, self.random.choice(told).order.movement_id, paper=PAPER, at=at)

    async def merge(self, session: AsyncSession, person_id: UUID, at: datetime) -> None:
        other = self.random.choice(self.people)
        await merge(session, person_id, other, decided=Decided(by="x", at=at), policies=self.policies)

    async def split(self, session: AsyncSession, person_id: UUID, at: datetime) -> None:
        found = await session.execute(text("select id from person where master_id is not null limit 1"))
        absorbed = found.scalar_one_or_none()
        if absorbed is None:
            raise RegistryError("nothing to split")
        await split(session, absorbed, at=at)

    async def identify(self, session: AsyncSession, person_id: UUID, at: datetime) -> None:
        value = self.random.choice(["ID0000001", "ID0000002"])
        status = self.random.choice([IdentifierStatus.VERIFIED, IdentifierStatus.CLAIMED])
        await claim_identifier(session, person_id, Scheme.PASSPORT, value, status=status, at=at)
        if self.random.random() < 0.3:
            await set_identifier_status(
                session, person_id, Scheme.PASSPORT, value, status=IdentifierStatus.REPLACED, at=at
            )

    async def ask_person(self, session: AsyncSession, person_id: UUID, at: datetime) -> None:
        kind = uuid4().hex
        values = {"evidence": {}, "explanation": "x", "created_at": at, "subject_ids": [person_id]}
        await session.execute(insert(ReviewCase).values(id=uuid4(), kind=kind, person_id=person_id, **values))
        if self.random.random() < 0.5:
            await session.execute(
                update(ReviewCase).where(ReviewCase.person_id == person_id).values(state="CLOSED_APPLIED")
            )

    async def hold(self, session: AsyncSession, person_id: UUID, at: datetime) -> None:
        await session.execute(
            update(Enrolment).where(Enrolment.person_id == person_id).values(held=~Enrolment.held)
        )

    async def rename_school(self, session: AsyncSession, person_id: UUID, at: datetime) -> None:
        name = f"Школа {uuid4().hex[:4]}"
        await session.execute(text("update organisation set name_ru = :name"), {"name": name})

    async def change_policy(self, session: AsyncSession, person_id: UUID, at: datetime) -> None:
        self.policies = OTHER_POLICIES if self.policies is POLICIES else POLICIES


@pytest.mark.parametrize("seed", range(2))
async def test_every_past_answer_is_given_again(database: Database, seed: int) -> None:
    """After any history of values, orders, merges, splits and cancellations the past is answered as it was."""
    people = People(seed)
    async with database.transaction() as session:
        entries = [await entry_of(session, people.person(), at=utc_now()) for _ in range(3)]
    history = History(
        database=database, random=Random(seed), people=entries, schools=await schools(database, 2)
    )
    for _ in range(40):
        await history.step()
        await history.remember()
    async with database.transaction() as session:
        for person_id, day, known_at, answer in history.answers[:: 1 + len(history.answers) // 200]:
            assert await card_as_of(session, person_id, as_of=day, known_at=known_at) == answer
    assert {"tell", "order", "cancel", "merge", "split", "retract"} <= history.done
    assert len({repr(answer) for *_, answer in history.answers}) > 100


async def test_an_entry_is_not_known_before_it_was_made(database: Database) -> None:
    """Before its transaction committed, an entry is nobody's."""
    before = utc_now()
    async with database.transaction() as session:
        person_id = await entry_of(session, People(1).person(), at=before - timedelta(days=9))
    async with database.transaction() as session:
        assert await card_as_of(session, person_id, as_of=date(2026, 9, 1), known_at=before) is None
        assert await card_as_of(session, person_id, as_of=date(2026, 9, 1), known_at=utc_now())


async def test_what_was_true_and_what_was_known_are_two_questions(database: Database) -> None:
    """A name changed in March and told in May: April shows the old name then, and the new one now."""
    act = date(2027, 3, 1)
    async with database.transaction() as session:
        person_id = await entry_of(session, People(2).person(surname="Асанова"), at=NOW)
    known_before = utc_now()
    told = Provenance(
        source="ZAGS", recorded_at=utc_now(), verified_at=utc_now(), valid_from=act, document_on=act
    )
    async with database.transaction() as session:
        await add_assertions(session, person_id, {"surname": "БАКЫТОВА"}, provenance=told)
        await project_person(session, person_id, POLICIES, at=datetime(2027, 5, 1, tzinfo=UTC))
    async with database.transaction() as session:

        async def surname(day: date, known_at: datetime) -> str:
            found = await card_as_of(session, person_id, as_of=day, known_at=known_at)
            return found.card.entry.surname

        now = utc_now()
        april = date(2027, 4, 1)
        assert [await surname(april, known_before), await surname(april, now)] == ["Асанова", "БАКЫТОВА"]
        assert await surname(date(2027, 2, 28), now) == "Асанова"
        assert (await person_by_id(session, person_id)).surname == "БАКЫТОВА"


async def test_a_place_is_answered_by_its_day(database: Database) -> None:
    """The status on a day is read off the card, and a later counter-order does not change what was known."""
    (school,) = await schools(database, 1)
    async with database.transaction() as session:
        person_id = await entry_of(session, People(3).person())
        place = await enrol(session, person_id, school, date(2026, 9, 1))
        leave = await order(session, place, Kind.LEAVE, date(2027, 1, 10))
    known = utc_now()
    async with database.transaction() as session:
        await cancel_order(session, leave, paper=PAPER, at=utc_now())
    async with database.transaction() as session:

        async def status(day: date, known_at: datetime) -> list[str]:
            found = await card_as_of(session, person_id, as_of=day, known_at=known_at)
            return [status for _, status in found.places]

        assert await status(date(2027, 2, 1), known) == ["ACADEMIC_LEAVE"]
        assert await status(date(2027, 2, 1), utc_now()) == ["ENROLLED"]
        assert await status(date(2026, 8, 1), utc_now()) == []


async def test_a_simulated_clock_moves_record_time(database: Database) -> None:
    """Record time follows the clock a transaction was given, for rehearsals of years in a minute."""
    async with database.transaction() as session:
        await session.execute(text("select set_config('kopuro.now', '2019-09-01T00:00:00Z', true)"))
        person_id = await entry_of(session, People(4).person())
    async with database.transaction() as session:
        then = datetime(2019, 9, 2, tzinfo=UTC)
        assert await card_as_of(session, person_id, as_of=day_of(then), known_at=then)
        earlier = datetime(2019, 8, 30, tzinfo=UTC)
        assert await card_as_of(session, person_id, as_of=day_of(then), known_at=earlier) is None


async def test_a_merged_entry_is_never_edited(database: Database) -> None:
    """The database refuses to edit or delete a merged entry; what is told of it shows on its master."""
    people = People(5)
    async with database.transaction() as session:
        one, two = [await entry_of(session, people.person()) for _ in range(2)]
        await merge(session, one, two, decided=Decided(by="x", at=NOW), policies=POLICIES)
    for forbidden in (
        update(Person).where(Person.id == two).values(surname="Башка"),
        text(f"delete from person where id = '{one}'"),
    ):
        with pytest.raises(DBAPIError, match=r"never edited|never deleted"):
            async with database.transaction() as session:
                await session.execute(forbidden)
    async with database.transaction() as session:
        await add_assertions(session, two, {"surname": "БАШКА"}, provenance=told_by("ZAGS"))
        await project_person(session, two, POLICIES, at=NOW)
        assert (await person_by_id(session, one)).surname == "БАШКА"


@pytest.mark.requirement("R-083")
async def test_the_feed_misses_nothing_that_commits_late(database: Database) -> None:
    """An event numbered early and committed late is shown when it is there, and none is shown twice."""
    subject = uuid4()
    seen: list[str] = []
    cursor = START

    async def read() -> None:
        nonlocal cursor
        async with database.transaction() as session:
            page = await read_feed(session, after=cursor, limit=2)
        cursor = page.cursor
        seen.extend(event.type for event in page.events)
        if page.has_more:
            await read()

    async with database.transaction() as slow:
        await record_event(slow, "SLOW", subject, at=NOW)
        for name in ("FAST_ONE", "FAST_TWO", "FAST_THREE"):
            async with database.transaction() as session:
                await record_event(session, name, subject, at=NOW)
        await read()
        assert seen == []
        async with database.transaction() as session:
            assert await feed_lag(session) == 3
    await read()
    assert seen == ["SLOW", "FAST_ONE", "FAST_TWO", "FAST_THREE"]
    await read()
    assert len(seen) == 4


async def test_many_writers_and_a_reader_agree(database: Database) -> None:
    """While writers commit and roll back in any order, a reader gets each committed event exactly once."""
    subject, random = uuid4(), Random(7)
    committed: set[str] = set()

    async def write(name: str) -> None:
        try:
            async with database.transaction() as session:
                await record_event(session, name, subject, at=NOW)
                await asyncio.sleep(random.random() / 20)
                if random.random() < 0.3:
                    await session.execute(text("select 1/0"))
        except DBAPIError:
            return
        committed.add(name)

    seen: list[str] = []
    writers = asyncio.gather(*(write(f"EVENT_{n}") for n in range(60)))
    cursor = START
    while True:
        done = writers.done()
        async with database.transaction() as session:
            page = await read_feed(session, after=cursor, limit=5)
        cursor = page.cursor
        seen += [event.type for event in page.events]
        if done and not page.events:
            break
        await asyncio.sleep(0.002)
    await writers
    assert len(seen) == len(set(seen))
    assert set(seen) == committed


async def test_a_cursor_that_is_none_is_refused(database: Database) -> None:
    """A cursor is taken as it was given, or refused."""
    async with database.transaction() as session:
        for cursor in ("", "12", "1.x", "-1.2"):
            with pytest.raises(InputRefused):
                await read_feed(session, after=cursor)


async def test_the_feed_goes_on_after_a_restore(database: Database) -> None:
    """Where a dump is restored transaction ids begin anew; new events still follow the ones read before."""
    subject = uuid4()
    async with database.transaction() as session:
        await record_event(session, "BEFORE", subject, at=NOW)
    async with database.transaction() as session:
        page = await read_feed(session)
    last = int(page.cursor.split(".")[0])
    async with database.transaction() as session:
        # what a younger cluster finds in the dump: events of another one, numbered far ahead of its own
        await session.execute(text("alter table registry_event disable trigger user"))
        await session.execute(text("update registry_event set xid = xid + 1000000"))
        await session.execute(text("alter table registry_event enable trigger user"))
        await session.execute(text("update registry_cluster set system_identifier = 1"))
    async with database.transaction() as session:
        await record_event(session, "AFTER", subject, at=NOW)
    async with database.transaction() as session:
        old = await read_feed(session)
        assert [event.type for event in old.events][-2:] == ["BEFORE", "AFTER"]
        new = await read_feed(session, after=f"{last + 1000000}.{old.events[-2].seq}")
        assert [event.type for event in new.events] == ["AFTER"]


async def test_what_the_calendar_changes_is_found(database: Database) -> None:
    """A word that begins to hold and a sixteenth birthday are due on their day, and once projected they show."""
    people, day = People(24), date(2027, 3, 1)
    async with database.transaction() as session:
        renamed = await entry_of(session, people.person(birth_date=date(2015, 5, 5)))
        grown = await entry_of(session, people.person(birth_date=date(2011, 3, 1)))
        told = told_by("ZAGS", valid_from=day, document_on=day)
        await add_assertions(session, renamed, {"surname": "БАКЫТОВА"}, provenance=told)
        await project_person(session, renamed, POLICIES, at=NOW)
        assert (await person_by_id(session, renamed)).surname != "БАКЫТОВА"
        assert (
            await due_projections(session, POLICIES, since=day - timedelta(9), until=day - timedelta(1)) == ()
        )
        due = await due_projections(session, POLICIES, since=day - timedelta(1), until=day)
        assert set(due) == {renamed, grown}
        await project_person(session, renamed, POLICIES, at=datetime(2027, 3, 1, tzinfo=UTC))
        assert (await person_by_id(session, renamed)).surname == "БАКЫТОВА"
        assert await due_projections(session, POLICIES, since=day, until=day + timedelta(9)) == ()
