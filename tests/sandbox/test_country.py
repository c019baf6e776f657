"""The laws of a synthetic country, and its way into the registry."""

import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from sqlalchemy import select

from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database, psycopg_conninfo
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Settings, load
from gateway.matching.blocking import blocking_keys, lookup_keys
from gateway.matching.record import Record
from gateway.registry.candidates import find_candidates, population
from gateway.registry.learner_state import learner_state_by_pin
from gateway.registry.learners.orders import Kind, Order, place_of
from gateway.registry.model import FieldProvenance, Person
from gateway.registry.projection import project_person
from gateway.registry.timeline.card import card_as_of
from gateway.registry.values import Pin, isuo_number
from gateway.sandbox.country.load import Loaded, Watch, load_country
from gateway.sandbox.country.naming import genitive, stem
from gateway.sandbox.country.organisations import organisations
from gateway.sandbox.country.plan import PLANTED, Plan
from gateway.sandbox.country.planting import DUPLICATES, make_batch
from gateway.sandbox.country.rows import record_of
from gateway.sandbox.country.values import Batch, Human, Truth
from tests.conftest import ROOT

PLAN = Plan(learners=6000, seed=11)


def country(plan: Plan) -> list[Batch]:
    return [make_batch(plan, number) for number in range(plan.batches)]


@pytest.fixture(scope="module")
def batches() -> list[Batch]:
    return country(PLAN)


@pytest.fixture(scope="module")
def people(batches: list[Batch]) -> dict[str, Human]:
    return {person.id: person for batch in batches for person in batch.people}


@pytest.fixture(scope="module")
def truths(batches: list[Batch]) -> list[Truth]:
    return [truth for batch in batches for truth in batch.truths]


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load()


def test_the_same_seed_gives_the_same_country_in_any_order(batches: list[Batch]) -> None:
    """A batch depends on the plan and its number alone; another seed gives other people."""
    again = [make_batch(PLAN, number) for number in reversed(range(PLAN.batches))]
    assert list(reversed(again)) == batches
    other = make_batch(Plan(learners=6000, seed=12), 0)
    assert {p.id for p in other.people}.isdisjoint(p.id for p in batches[0].people)


@pytest.mark.parametrize("learners", [100, 1500, 2501, 6000])
def test_every_truth_is_planted_as_often_as_planned(learners: int) -> None:
    """A country has exactly its learners, and of each kind the planned number, in one batch or in many."""
    plan = Plan(learners=learners, seed=3)
    found = country(plan)
    roles = Counter(person.role for batch in found for person in batch.people)
    kinds = Counter(truth.kind for batch in found for truth in batch.truths)
    assert roles["LEARNER"] == learners
    assert roles["DUPLICATE"] == kinds["DUPLICATE"]
    assert {kind: kinds[kind] for kind in PLANTED} == {kind: plan.total(kind) for kind in PLANTED}


def test_a_pin_tells_sex_and_birth_date(people: dict[str, Human]) -> None:
    """Every PIN that somebody else did not mistype agrees with its person."""
    seen = 0
    for person in people.values():
        pins = [one for one in person.identifiers if one.scheme == "PIN" and person.role != "DUPLICATE"]
        for one in pins:
            parsed = Pin.parse(one.value)
            assert (parsed.sex, parsed.birth_date) == (person.sex, person.birth_date)
            seen += 1
    assert seen > PLAN.learners


def test_numbers_are_unique(people: dict[str, Human]) -> None:
    """No two people of a country are verified under one PIN or document, in whichever batches they are."""
    held = [
        (one.scheme, one.value)
        for person in people.values()
        for one in person.identifiers
        if one.status in {"VERIFIED", "BLOCKED", "REPLACED"}
    ]
    assert len(set(held)) == len(held)
    ids = [place.id for person in people.values() for place in person.places]
    assert len(set(ids)) == len(ids)


def test_twins_share_birth_date_and_parents(batches: list[Batch], people: dict[str, Human]) -> None:
    """Twins have one birth date, the same parents and different names and PINs; there are about 1.2 % of births."""
    parents: dict[str, set[str]] = defaultdict(set)
    for batch in batches:
        for tie in batch.ties:
            parents[tie.child_id].add(tie.adult_id)
    twins = [truth for batch in batches for truth in batch.truths if truth.kind == "TWINS"]
    assert 0.006 < len(twins) / PLAN.learners < 0.018
    for truth in twins:
        one, other = people[truth.one], people[truth.other]
        assert one.birth_date == other.birth_date
        assert parents[one.id] == parents[other.id] != set()
        assert one.given_name != other.given_name
        assert one.current("PIN") != other.current("PIN")


def test_periods_cover_every_day_of_a_place(people: dict[str, Human]) -> None:
    """Periods follow one another without a gap, and a person is at one full-time place at a time."""
    statuses: Counter[str] = Counter()
    for person in people.values():
        for place in person.places:
            assert place.periods[0].from_on == place.start_on
            for before, after in pairwise(place.periods):
                assert before.until_on == after.from_on
            assert place.periods[-1].until_on is None
            assert place.start_on < (place.end_on or date.max)
            statuses.update(period.status for period in place.periods)
        for left, entered in pairwise(person.places):
            assert left.end_on is not None
            assert left.end_on <= entered.start_on
    assert set(statuses) == {"ENROLLED", "TRANSFERRED", "ACADEMIC_LEAVE", "PRESENT", "DECEASED"}


def test_a_truth_is_what_its_label_says(people: dict[str, Human], truths: list[Truth]) -> None:
    """A duplicate differs as told, namesakes are called alike, the others lack or hold what their label says."""
    for truth in truths:
        one, other = people.get(truth.one), people.get(truth.other)
        if truth.kind == "DUPLICATE" and one and other:
            _is_duplicate(truth.detail, one, other)
        elif truth.kind == "NAMESAKES" and one and other:
            assert _names(one) == _names(other)
            assert (one.birth_date == other.birth_date) == (truth.detail == "SAME_BIRTH_DATE")
            assert one.current("PIN") != other.current("PIN")
        elif truth.kind == "STAFF_DOUBLE_DOCUMENT" and one and other:
            mine, theirs = one.current("PASSPORT"), other.current("PASSPORT")
            assert mine
            assert theirs
            assert (mine.value, theirs.status) == (theirs.value, "DISPUTED")
        elif one:
            _is_labelled(truth.kind, one)
    assert {t.detail for t in truths if t.kind == "NAMESAKES"} >= {"SAME_BIRTH_DATE"}


def test_every_duplicate_can_be_found(people: dict[str, Human], truths: list[Truth]) -> None:
    """A planted second entry shares a blocking key with the first, whatever was done to it."""
    pairs = [truth for truth in truths if truth.kind == "DUPLICATE"]
    assert {truth.detail for truth in pairs} == set(DUPLICATES)
    for truth in pairs:
        asked, stored = (record_of(people[each]) for each in (truth.other, truth.one))
        assert not set(lookup_keys(asked)).isdisjoint(blocking_keys(stored)), truth.detail


def _names(person: Human) -> tuple[str, str, str | None]:
    return person.surname, person.given_name, person.patronymic


def _is_duplicate(detail: str, one: Human, other: Human) -> None:
    mine, theirs = one.current("PIN"), other.current("PIN")
    assert other.source == "SCHOOL"
    assert one.places[-1].organisation != other.places[-1].organisation
    if detail == "PIN_ONE_DIGIT":
        assert mine
        assert theirs
        assert sum(a != b for a, b in zip(mine.value, theirs.value, strict=True)) == 1
    else:
        assert theirs is None
    if detail == "DAY_MONTH_SWAPPED":
        born = one.birth_date
        assert other.birth_date == born.replace(day=born.month, month=born.day) != born
    else:
        assert other.birth_date == one.birth_date
    same_names = detail in {"NO_PIN", "PIN_ONE_DIGIT", "DAY_MONTH_SWAPPED"}
    assert (_names(one) == _names(other)) == same_names


def _is_labelled(kind: str, one: Human) -> None:
    pins = {each.status for each in one.identifiers if each.scheme == "PIN"}
    if kind in {"FOREIGN", "NO_PIN"}:
        assert pins == set()
        assert (one.citizenship == "KGZ") == (kind == "NO_PIN")
    expected = {"PIN_REPLACED": {"VERIFIED", "REPLACED"}, "PIN_BLOCKED": {"BLOCKED"}}.get(kind)
    if expected:
        assert pins == expected
    if kind == "DEATH":
        assert one.death_date == one.places[-1].end_on
    if kind == "FALSE_DEATH":
        assert one.death_date is None
        assert one.falsely_dead_on is not None
    if kind == "ADOPTED":
        certificates = {each.status for each in one.identifiers if each.scheme == "BIRTH_CERT"}
        assert certificates == {"VERIFIED", "REPLACED"}


def test_names_come_in_all_their_forms(people: dict[str, Human]) -> None:
    """Surnames stand with and without endings and as уулу/кызы, patronymics in four forms and absent."""
    assert (stem("Асан"), stem("Абай"), stem("Муса")) == ("Асанов", "Абаев", "Мусаев")
    assert [genitive(name) for name in ("Асан", "Бакыт", "Темир", "Өмүр", "Муса")] == [
        "Асандын", "Бакыттын", "Темирдин", "Өмүрдүн", "Мусанын",
    ]  # fmt: skip
    surnames = {person.surname.split()[-1][-4:] for person in people.values()}
    assert {"уулу", "кызы"} <= surnames
    fathers = {person.patronymic for person in people.values()}
    for ending in ("ович", "овна", "евич", " уулу", " кызы", " угли", "дын", "тин"):
        assert any((father or "").endswith(ending) for father in fathers), ending
    assert None in fathers
    everything = " ".join(person.surname + person.given_name for person in people.values())
    assert set("ңөүҢӨҮ") - set(everything) <= {"Ң"}


async def test_a_loaded_learner_is_answered_like_any_other(
    database: Database, database_url: str, settings: Settings
) -> None:
    """After a real load the busiest read, the card, blocking and the projection find what was generated."""
    plan, told, done = Plan(learners=1500, seed=5), list[Truth](), list[int]()
    loaded = load_country(
        database_url, plan, settings.fields, watch=Watch(truth=told.append, progress=done.append)
    )
    assert (loaded, done) == (Loaded(batches=1, found=0), [1500])
    batch = make_batch(plan, 0)
    assert told == list(batch.truths)
    plain = next(p for p in batch.people if p.role == "LEARNER" and p.source == "ZAGS" and len(p.places) == 2)
    pin = plain.current("PIN")
    assert pin
    state = await learner_state_by_pin(database, pin.value)
    assert state.person
    assert (str(state.person.person_id), state.person.surname) == (plain.id, plain.surname)
    assert [entry.organisation.code for entry in state.enrolments] == [
        place.organisation.code for place in reversed(plain.places)
    ]
    assert state.enrolments[0].status_on(date(2026, 9, 15)) == "ENROLLED"
    async with database.transaction() as session:
        past = await card_as_of(session, state.person.person_id, as_of=date(2026, 9, 1), known_at=utc_now())
        assert past
        assert {field.name: field.value for field in past.card.fields}["given_name"] == plain.given_name
        asked = Record(surname=plain.surname, given_name=plain.given_name, birth_date=plain.birth_date)
        found = await find_candidates(session, asked)
        assert plain.id in {str(candidate.person_id) for candidate in found}
        assert await population(session) == len(batch.people)


async def test_loading_leaves_what_projecting_would(
    database: Database, database_url: str, settings: Settings
) -> None:
    """Projected again, an entry of every kind stays as it was loaded, provenance and match keys included."""
    plan = Plan(learners=400, seed=6)
    load_country(database_url, plan, settings.fields)
    batch = make_batch(plan, 0)
    kinds = {truth.kind: truth.one for truth in batch.truths if "ORGANISATION" not in truth.kind}
    kinds |= {person.role: person.id for person in batch.people}
    del kinds["HEAD_CHANGED"]
    for kind, person_id in kinds.items():
        before = await _shown(database, person_id)
        async with database.transaction() as session:
            await project_person(
                session, before[0][0], settings.fields, at=datetime(2026, 8, 20, 6, tzinfo=UTC)
            )
        assert await _shown(database, person_id) == before, kind


async def _shown(database: Database, person_id: str) -> tuple[tuple[object, ...], ...]:
    fields = [
        FieldProvenance.field, FieldProvenance.assertion_id, FieldProvenance.source_code,
        FieldProvenance.verified_at, FieldProvenance.status, FieldProvenance.stale_after,
    ]  # fmt: skip
    async with database.transaction() as session:
        entry = await session.execute(
            select(Person.id, Person.version, Person.surname, Person.death_date, Person.policy_digest).where(
                Person.id == person_id
            )
        )
        statement = select(*fields).where(FieldProvenance.subject_id == person_id)
        rows = await session.execute(statement.order_by(FieldProvenance.field))
        return (tuple(entry.one()), *(tuple(row) for row in rows))


def test_orders_lead_to_the_places_they_made(database_url: str, settings: Settings) -> None:
    """Replayed, the orders of every enrolment give its days, grade and periods as they were loaded."""
    load_country(database_url, Plan(learners=400, seed=6), settings.fields)
    orders, periods = defaultdict(list), defaultdict(list)
    for enrolment_id, *order in _ask(
        database_url, "select enrolment_id, id, number, kind, effective_on, to_grade from movement"
    ):
        names = ("movement_id", "number", "kind", "effective_on", "grade")
        values: dict[str, Any] = dict(zip(names, order, strict=True))
        orders[enrolment_id].append(Order(**{**values, "kind": Kind(values["kind"])}))
    for enrolment_id, *period in _ask(
        database_url,
        "select enrolment_id, status, from_on, until_on from enrolment_status_period order by from_on",
    ):
        periods[enrolment_id].append(tuple(period))
    kinds = {order.kind for found in orders.values() for order in found}
    assert kinds >= {Kind.ENROL, Kind.PROMOTE, Kind.TRANSFER_OUT, Kind.TRANSFER_IN, Kind.DIE}
    for enrolment_id, *stored in _ask(database_url, "select id, start_on, end_on, grade from enrolment"):
        place = place_of(orders[enrolment_id])
        assert [place.start_on, place.end_on, place.grade] == stored
        assert [(p.status, p.from_on, p.until_on) for p in place.periods] == periods[enrolment_id]


def test_a_full_registry_is_refused_without_leave(database_url: str, settings: Settings) -> None:
    """A second run changes nothing; another country comes beside it only with `add`, and numbers go on."""
    first, second = Plan(learners=100, seed=1), Plan(learners=100, seed=2)
    load_country(database_url, first, settings.fields)
    assert load_country(database_url, first, settings.fields) == Loaded(batches=0, found=1)
    with pytest.raises(SettingsError, match="holds people already"):
        load_country(database_url, second, settings.fields)
    load_country(database_url, second, settings.fields, add=True)
    numbers = _ask(database_url, "select isuo_no from person")
    count = sum(len(make_batch(plan, 0).people) for plan in (first, second))
    assert {row[0] for row in numbers} == {isuo_number(serial) for serial in range(1, count + 1)}


def test_a_renaming_keeps_the_former_name(database_url: str, settings: Settings) -> None:
    """A renamed school has its new name, and its former one among the versions of its row."""
    plan = Plan(learners=100, seed=1)
    load_country(database_url, plan, settings.fields)
    truth = next(t for t in make_batch(plan, 0).truths if t.kind == "ORGANISATION_RENAMED")
    versions = _ask(
        database_url,
        "select content->>'name_ru' from registry_version where row_id = %s order by tx",
        truth.one,
    )
    former = next(one for one in organisations(plan) if one.id == truth.one)
    assert versions == [(former.name_ru,), (truth.detail,)]


_PROGRAM = """
import sys
from gateway.foundation.settings import load
from gateway.sandbox.country.load import Watch, load_country
from gateway.sandbox.country.plan import Plan
plan = Plan(learners=900, seed=8, learners_a_batch=300)
watch = Watch(progress=lambda done: print(done, flush=True))
print(load_country(sys.argv[1], plan, load().fields, watch=watch))
"""


def test_a_killed_load_goes_on_where_it_stopped(database_url: str) -> None:
    """Killed while it works, the same load brings in the rest, everybody once."""
    plan = Plan(learners=900, seed=8, learners_a_batch=300)
    command = [sys.executable, "-c", _PROGRAM, database_url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        assert running.stdout.readline() == "300\n"
        running.send_signal(signal.SIGKILL)
    _wait_for_silence(database_url)
    wanted = {person.id for batch in country(plan) for person in batch.people}
    present = len(_ask(database_url, "select 1 from person"))
    assert 0 < present < len(wanted)
    done: list[int] = []
    loaded = load_country(database_url, plan, load().fields, watch=Watch(progress=done.append))
    assert 1 <= loaded.found < 3
    assert loaded == Loaded(batches=3 - loaded.found, found=loaded.found)
    assert done[-1] == 900
    assert {str(row[0]) for row in _ask(database_url, "select id from person")} == wanted
    assert _ask(database_url, "select count(distinct isuo_no) from person") == [(len(wanted),)]


def _ask(url: str, question: str, *values: object) -> list[tuple[object, ...]]:
    with psycopg.connect(psycopg_conninfo(url)) as connection:
        return connection.execute(question, values).fetchall()  # type: ignore[call-overload]


def _wait_for_silence(url: str) -> None:
    """Wait until the server has noticed that the killed client is gone."""
    others = (
        "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    )
    deadline = time.monotonic() + 20
    while _ask(url, others) != [(0,)] and time.monotonic() < deadline:
        time.sleep(0.1)
