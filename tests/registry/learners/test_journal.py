"""Orders against PostgreSQL: the journal, the periods it makes, and what the database itself refuses."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from gateway.foundation.database import Database
from gateway.foundation.errors import InputRefused, RegistryError
from gateway.registry.education_documents import add_education_document
from gateway.registry.learner_state import learner_state_by_pin
from gateway.registry.learners.journal import cancel_order, give_order, movements, open_enrolment
from gateway.registry.learners.orders import OPENING, Kind, place_of
from gateway.registry.learners.promotion import promote
from gateway.registry.learners.registers import (
    academic_leaves,
    entry_timeliness,
    graduates,
    movement_balance,
)
from gateway.registry.learners.transfers import (
    Step,
    complete_transfer,
    decide_transfer,
    hold_place,
    lapse_holds,
    may_follow,
    request_transfer,
)
from gateway.registry.merges import Decided, merge
from gateway.registry.reading import enrolments
from gateway.registry.repository import add_enrolment
from tests.intake.support import POLICIES, count
from tests.people import People
from tests.registry.learners.support import NOW, PAPER, enrol, entry_of, given, order, schools

AUTUMN = date(2026, 9, 1)


async def test_random_orders_keep_periods_and_journal_one(database: Database) -> None:
    """Whatever is ordered, taken back and refused, the stored periods are those the journal makes."""
    random, people = Random(11), People(11)
    (school,) = await schools(database, 1)
    async with database.transaction() as session:
        person_ids = [await entry_of(session, people.person()) for _ in range(3)]
        places = [await enrol(session, each, school, AUTUMN) for each in person_ids]
    kinds = sorted(set(Kind) - OPENING - {Kind.CANCEL})
    kinds += [Kind.LEAVE, Kind.RETURN, Kind.SUSPEND, Kind.PROMOTE] * 3
    refused = given_orders = 0
    for _ in range(90):
        place = random.choice(places)
        day = AUTUMN + timedelta(days=random.randrange(-5, 60))
        try:
            async with database.transaction() as session:
                if random.random() < 0.3:
                    told = await movements(session, place)
                    await cancel_order(session, random.choice(told).order.movement_id, paper=PAPER, at=NOW)
                else:
                    kind = random.choice(kinds)
                    await order(session, place, kind, day, grade=random.choice([None, "2"]))
            given_orders += 1
        except InputRefused:
            refused += 1
    assert given_orders > 15
    assert refused > 15
    async with database.transaction() as session:
        for person_id, place in zip(person_ids, places, strict=True):
            (entry,) = await enrolments(session, person_id)
            made = place_of(each.order for each in await movements(session, place))
            assert (entry.periods, entry.start_on, entry.end_on, entry.grade) == (
                made.periods,
                made.start_on,
                made.end_on,
                made.grade,
            )


async def test_two_orders_at_once_wait_for_each_other(database: Database) -> None:
    """Of two closing orders given at the same moment one stands and the other is refused."""
    (school,) = await schools(database, 1)
    async with database.transaction() as session:
        place = await enrol(session, await entry_of(session, People(12).person()), school, AUTUMN)

    async def close(kind: Kind, day: date) -> str:
        try:
            async with database.transaction() as session:
                await order(session, place, kind, day)
        except InputRefused as error:
            return error.problems[0][1]
        return "given"

    answers = await asyncio.gather(
        close(Kind.EXPEL, date(2027, 1, 1)), close(Kind.TRANSFER_OUT, date(2027, 1, 2))
    )
    assert sorted(answers) == ["ENROLMENT_ENDED", "given"]


GAPS = (
    "delete from enrolment_status_period where enrolment_id = :id",
    "update enrolment_status_period set until_on = '2027-01-01' where enrolment_id = :id",
    "update enrolment_status_period set from_on = '2026-09-02' where enrolment_id = :id",
    "update enrolment_status_period set status = 'EXPELLED' where enrolment_id = :id",
    "update enrolment set end_on = '2027-05-25' where id = :id",
    "update enrolment set start_on = '2026-08-25' where id = :id",
    """
    insert into enrolment_status_period (id, enrolment_id, status, from_on, until_on)
        values (gen_random_uuid(), :id, 'PRESENT', '2026-08-01', '2026-08-20')
    """,
)


async def test_the_database_refuses_a_gap(database: Database) -> None:
    """Periods that leave a day of an enrolment uncovered, or cover one too many, do not commit."""
    (school,) = await schools(database, 1)
    async with database.transaction() as session:
        place = await enrol(session, await entry_of(session, People(13).person()), school, AUTUMN)
    for statement in GAPS:
        with pytest.raises(IntegrityError, match=r"gap or overlap|do not cover|closing status"):
            async with database.transaction() as session:
                await session.execute(text(statement), {"id": place})


ROWS = {
    "movement": "id", "registry_event": "type", "registry_commit": "tx", "grading_scale": "code",
    "field_policy": "content",
}  # fmt: skip
EMPTY = ("result", "attendance_fact", "personal_file_entry", "special.record", "special.reading")


async def test_journals_are_append_only(database: Database) -> None:
    """The database itself refuses to empty a journal; a row of one is refused a change and a deletion."""
    (school,) = await schools(database, 1)
    async with database.transaction() as session:
        await enrol(session, await entry_of(session, People(14).person()), school, AUTUMN)
    statements = [f"truncate {table} cascade" for table in (*ROWS, *EMPTY)]
    for table, column in ROWS.items():
        statements += [f"delete from {table}", f"update {table} set {column} = {column}"]
    for statement in statements:
        with pytest.raises(DBAPIError, match="append-only"):
            async with database.transaction() as session:
                await session.execute(text(statement))


async def test_an_unknown_place_and_a_wrong_order_are_refused(database: Database) -> None:
    """There is no order about nothing, no second counter-order, and none that takes a counter-order back."""
    (school,) = await schools(database, 1)
    async with database.transaction() as session:
        person_id = await entry_of(session, People(15).person())
        place = await enrol(session, person_id, school, AUTUMN)
        leave = await order(session, place, Kind.LEAVE, date(2026, 10, 1))
        counter = await cancel_order(session, leave, paper=PAPER, at=NOW)
        for again in (leave, counter):
            with pytest.raises(InputRefused):
                await cancel_order(session, again, paper=PAPER, at=NOW)
        with pytest.raises(RegistryError, match="no such order"):
            await cancel_order(session, uuid4(), paper=PAPER, at=NOW)
        with pytest.raises(RegistryError, match="no such enrolment"):
            await order(session, uuid4(), Kind.EXPEL, AUTUMN)
        with pytest.raises(InputRefused):
            await order(session, place, Kind.ENROL, AUTUMN)
        with pytest.raises(InputRefused):
            await open_enrolment(session, given(Kind.LEAVE, AUTUMN), at=NOW, organisation_id=school)


async def test_a_leave_shows_in_its_register_and_in_the_hot_read(database: Database) -> None:
    """An academic leave stands with its order in the register, and as a status where agencies ask."""
    (school,) = await schools(database, 1)
    someone = People(16).person()
    async with database.transaction() as session:
        place = await enrol(session, await entry_of(session, someone), school, AUTUMN)
        await order(
            session, place, Kind.LEAVE, date(2027, 1, 10), until_on=date(2028, 1, 10),
            paper=replace(PAPER, reason_code="HEALTH"),
        )  # fmt: skip
        (leave,) = await academic_leaves(session, school, on=date(2027, 3, 1))
        assert (leave.order_no, leave.until_on, leave.returned_on, leave.reason_code) == (
            "17-к",
            date(2028, 1, 10),
            None,
            "HEALTH",
        )
        await order(session, place, Kind.RETURN, date(2027, 9, 1))
        assert await academic_leaves(session, school, on=date(2027, 9, 1)) == ()
    state = await learner_state_by_pin(database, someone.pin)
    assert [period.status for period in state.enrolments[0].periods] == [
        "ENROLLED",
        "ACADEMIC_LEAVE",
        "PRESENT",
    ]


@pytest.mark.requirement("R-044")
async def test_start_and_movement_give_the_end(database: Database) -> None:
    """For any span the journal's sums give the number of learners that the enrolments themselves give."""
    random, people = Random(17), People(17)
    (school,) = await schools(database, 1)
    async with database.transaction() as session:
        for _ in range(25):
            start = AUTUMN + timedelta(days=random.randrange(300))
            person_id = await entry_of(session, people.person())
            place = await enrol(session, person_id, school, start, held=random.random() < 0.1)
            if random.random() < 0.6:
                kind = random.choice([Kind.EXPEL, Kind.TRANSFER_OUT, Kind.GRADUATE])
                given_id = await order(session, place, kind, start + timedelta(days=random.randrange(200)))
                if random.random() < 0.3:
                    await cancel_order(session, given_id, paper=PAPER, at=NOW)
            elif random.random() < 0.2:
                (opening,) = await movements(session, place)
                await cancel_order(session, opening.order.movement_id, paper=PAPER, at=NOW)
        for _ in range(12):
            since = AUTUMN + timedelta(days=random.randrange(200))
            until = since + timedelta(days=random.randrange(1, 200))
            balance = await movement_balance(session, school, since=since, until=until)
            for day, expected in ((since, balance.start), (until, balance.end)):
                on = f"start_on < '{day}' and (end_on is null or end_on >= '{day}') and start_on is distinct from end_on"
                assert await count(session, f"from enrolment where not held and {on}") == expected
        assert balance.arrived or balance.left


@pytest.mark.requirement("R-072")
async def test_lateness_is_measured(database: Database) -> None:
    """The median of days between an order's effect and its entry, for orders entered in a span."""
    (school,) = await schools(database, 1)
    people = People(18)
    async with database.transaction() as session:
        for days in (0, 3, 30):
            person_id = await entry_of(session, people.person())
            await enrol(
                session, person_id, school, AUTUMN, at=datetime(2026, 9, 1, tzinfo=UTC) + timedelta(days=days)
            )
        found = await entry_timeliness(session, school, since=AUTUMN, until=date(2027, 1, 1))
    assert (found.orders, found.median_days) == (3, 3.0)


async def test_a_transfer_gives_both_orders_and_both_are_taken_back(database: Database) -> None:
    """The child is in one school each day; taking back one order of the pair takes back the other."""
    old, new = await schools(database, 2)
    async with database.transaction() as session:
        person_id = await entry_of(session, People(19).person())
        place = await enrol(session, person_id, old, AUTUMN, grade="3")
        request = await request_transfer(session, place, new, grade=None, by="parent.one", at=NOW)
        with pytest.raises(InputRefused, match="COMPLETED_FROM_REQUESTED"):
            await complete_transfer(session, request, on=date(2026, 11, 2), paper=PAPER, at=NOW)
        await hold_place(session, request, free_places=1, hold_until=NOW + timedelta(days=5), at=NOW)
        await decide_transfer(session, request, Step.RELEASED, at=NOW)
        done = await complete_transfer(session, request, on=date(2026, 11, 2), paper=PAPER, at=NOW)
    async with database.transaction() as session:
        now, before = await enrolments(session, person_id)
        assert (now.organisation.organisation_id, now.grade, now.start_on) == (new, "3", date(2026, 11, 2))
        assert (before.end_on, before.periods[-1].status) == (date(2026, 11, 2), "TRANSFERRED")
        await cancel_order(session, done.left_by, paper=PAPER, at=NOW)
    async with database.transaction() as session:
        never, again = await enrolments(session, person_id)
        assert ([p.status for p in never.periods], again.end_on) == (["ANNULLED"], None)
        balances = [
            await movement_balance(session, each, since=AUTUMN, until=date(2027, 1, 1)) for each in (old, new)
        ]
        assert [balance.end for balance in balances] == [1, 0]


async def test_a_place_is_held_once_and_lapses(database: Database) -> None:
    """Two children do not get the last place, also when they ask at once; a lapsed hold frees it."""
    old, new = await schools(database, 2)
    people = People(20)
    requests = []
    async with database.transaction() as session:
        for _ in range(2):
            place = await enrol(session, await entry_of(session, people.person()), old, AUTUMN)
            requests.append(await request_transfer(session, place, new, grade="1", by="x", at=NOW))

    async def hold(request: UUID, at: datetime) -> str:
        try:
            async with database.transaction() as session:
                await hold_place(session, request, free_places=1, hold_until=at + timedelta(days=2), at=at)
        except InputRefused as error:
            return error.problems[0][1]
        return "held"

    answers = await asyncio.gather(*(hold(request, NOW) for request in requests))
    assert sorted(answers) == ["NO_FREE_PLACE", "held"]
    later = NOW + timedelta(days=3)
    async with database.transaction() as session:
        winner = requests[answers.index("held")]
        with pytest.raises(InputRefused, match="HOLD_LAPSED"):
            await decide_transfer(session, winner, Step.RELEASED, at=later)
        assert await lapse_holds(session, at=later) == 1
    assert await hold(requests[answers.index("NO_FREE_PLACE")], later) == "held"


def test_a_transfer_never_goes_back() -> None:
    """From a final step nothing follows, and no step follows itself."""
    final = {Step.COMPLETED, Step.REFUSED, Step.WITHDRAWN, Step.LAPSED}
    assert not any(may_follow(step, other) for step in final for other in Step)
    assert not any(may_follow(step, step) for step in Step)


@pytest.mark.requirement("R-072")
async def test_everybody_is_promoted_by_the_rules_of_the_year(database: Database) -> None:
    """In 2025 grade 3 goes to 5 and 6 to 8; the year after, one by one; nobody moves twice or by a guess."""
    (school,) = await schools(database, 1)
    people = People(21)
    async with database.transaction() as session:
        places = {}
        for grade in ("1", "3", "6", "12", "x"):
            person_id = await entry_of(session, people.person())
            places[grade] = await enrol(session, person_id, school, date(2024, 9, 1), grade=grade)
        away = await enrol(
            session, await entry_of(session, people.person()), school, date(2024, 9, 1), grade="3"
        )
        await order(session, away, Kind.LEAVE, date(2025, 2, 1))
        on = date(2025, 9, 1)
        done = await promote(session, school, on=on, paper=PAPER, at=NOW, repeaters=frozenset({places["1"]}))
        assert set(done.promoted) == {places["1"], places["3"], places["6"]}
        assert done.left == {
            places["12"]: "NO_RULE_FOR_THE_GRADE",
            places["x"]: "NO_RULE_FOR_THE_GRADE",
            away: "PROMOTE_FROM_ACADEMIC_LEAVE",
        }
        again = await promote(session, school, on=on, paper=PAPER, at=NOW)
        assert again.promoted == {}
        found = await session.execute(text("select id, grade from enrolment"))
        grades = {row.id: row.grade for row in found}
        assert [grades[places[grade]] for grade in ("1", "3", "6", "12")] == ["1", "5", "8", "12"]
        assert grades[away] == "3"
        year_after = await promote(session, school, on=date(2026, 9, 1), paper=PAPER, at=NOW)
        moved = {grade for grade, place in places.items() if place in year_after.promoted}
        assert moved == {"1", "3", "6"}
        found = await session.execute(text("select id, grade from enrolment"))
        grades = {row.id: row.grade for row in found}
        assert [grades[places[grade]] for grade in ("1", "3", "6")] == ["2", "6", "9"]


async def test_who_stayed_in_the_eleven_year_school_is_told_from_who_jumped(database: Database) -> None:
    """Grade 5 of 2025 is two grades: who came from 3 goes on by one, who came from 4 is asked about; nobody by a guess."""
    (school,) = await schools(database, 1)
    people = People(22)
    async with database.transaction() as session:
        jumped, stayed = [
            await enrol(
                session, await entry_of(session, people.person()), school, date(2024, 9, 1), grade=grade
            )
            for grade in ("3", "5")
        ]
        newcomer = await enrol(
            session, await entry_of(session, people.person()), school, date(2025, 11, 1), grade="6"
        )
        for year in (2025, 2026):
            await promote(session, school, on=date(year, 9, 1), paper=PAPER, at=NOW)
        found = await session.execute(text("select id, grade from enrolment"))
        grades = {row.id: row.grade for row in found}
        assert grades[jumped] == "6"  # 12/5, then 12/6
        assert grades[stayed] == "6"  # 11/6, and the rule of 2026 from there is not confirmed
        assert grades[newcomer] == "6"
        done = await promote(session, school, on=date(2026, 9, 2), paper=PAPER, at=NOW, sure=False)
        assert stayed in done.promoted
        assert done.left[newcomer] == "SCHOOL_OF_THE_GRADE_UNKNOWN"


@pytest.mark.requirement("R-032")
async def test_graduates_come_with_their_documents_through_a_merge(database: Database) -> None:
    """A graduate stands in the register under the entry that reads today, with the document issued."""
    (school,) = await schools(database, 1)
    people = People(22)
    async with database.transaction() as session:
        kept, gone = await entry_of(session, people.person()), await entry_of(session, people.person())
        place = await enrol(session, gone, school, date(2016, 9, 1), grade="11")
        await order(session, place, Kind.GRADUATE, date(2026, 6, 20))
        await add_education_document(
            session, at=NOW, type="ATTESTAT", series="А", number="0001", issued_on=date(2026, 6, 20),
            person_id=kept, organisation_id=school, honours=True, level="GENERAL",
        )  # fmt: skip
        await merge(session, kept, gone, decided=Decided(by="x", at=NOW), policies=POLICIES)
        (graduate,) = await graduates(session, school, since=date(2026, 6, 1), until=date(2026, 7, 1))
        assert (graduate.person_id, graduate.number, graduate.honours) == (kept, "0001", True)
        assert await graduates(session, school, since=date(2026, 7, 1), until=date(2027, 7, 1)) == ()


async def test_a_place_without_papers_is_in_the_journal_too(database: Database) -> None:
    """An enrolment that came from an application has its opening in the journal, and can be ended by order."""
    (school,) = await schools(database, 1)
    async with database.transaction() as session:
        person_id = await entry_of(session, People(23).person())
        plain = {"organisation_id": school, "level": "GENERAL", "form": "FULL_TIME", "person_id": person_id}
        past = await add_enrolment(
            session, at=NOW, start_on=date(2020, 9, 1), end_on=date(2024, 6, 1), **plain
        )
        place = await add_enrolment(session, at=NOW, start_on=AUTUMN, grade="9", **plain)
        assert [each.order.kind for each in await movements(session, past)] == [Kind.ENROL, Kind.END]
        with pytest.raises(InputRefused, match="ENROLMENT_ENDED"):
            await order(session, past, Kind.EXPEL, date(2025, 1, 1))
        await give_order(session, place, given(Kind.GRADUATE, date(2027, 6, 1)), at=NOW)
        opening, closing = await movements(session, place)
        assert (opening.order.grade, opening.paper.order_no, closing.order.kind) == ("9", "", Kind.GRADUATE)
