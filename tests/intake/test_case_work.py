"""Cases worked on by people: two decide where two must, every step is written down, and all can be undone."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import AccessError, ConcurrentChange, RegistryError
from gateway.intake.admission import Result
from gateway.intake.case_desk import Actor, history, work_of
from gateway.intake.case_effects import merge_people, split_people
from gateway.intake.case_states import Step
from gateway.intake.case_undo import propose_undo, reopen, undo
from gateway.intake.case_work import (
    Proposal,
    approve,
    ask_source,
    assign_case,
    confirm,
    postpone_case,
    propose,
    reject,
    take_step,
    wake_silent,
)
from gateway.intake.cases import CaseQuestion, decide_case, list_cases, open_case, open_duplicate
from gateway.registry.group import root_of
from gateway.registry.learners.orders import Kind
from gateway.registry.merges import Decided, mark_not_same, merge, preview
from gateway.registry.projection import project_person
from gateway.registry.reading import enrolments
from gateway.registry.repository import add_assertions, claim_identifier
from gateway.registry.values import IdentifierStatus, Scheme
from tests.intake.support import POLICIES, add_schools, admit_one, application_of, count
from tests.people import People, Person
from tests.registry.learners.support import order, told_by

CLERK = Actor(reference="clerk.one", role="RESPONSIBLE")
HEAD = Actor(reference="head.one", role="HEAD")
DISTRICT = Actor(reference="district.one", role="DISTRICT")
MERGE = Proposal(answer="merge")


@pytest_asyncio.fixture
async def registry(database: Database) -> Database:
    await add_schools(database)
    return database


def child_of(seed: int) -> Person:
    return People(seed).person(given_name="Нурислам", sex="M", surname="Токтогулов")


async def two_children(registry: Database, seed: int = 1) -> tuple[UUID, UUID]:
    """Admit two children who look like nobody else."""
    people = People(seed)
    one, two = people.person(sex="M"), people.person(sex="F")
    first = await admit_one(registry, application_of(one))
    second = await admit_one(registry, application_of(two, organisation_code="SCHOOL-B"))
    return first.person_id, second.person_id


async def pair_case(registry: Database, seed: int = 1) -> tuple[UUID, UUID, UUID]:
    one, two = await two_children(registry, seed)
    async with registry.transaction() as session:
        question = CaseQuestion(kind="DUP_LIKELY", person_id=two, explanation="x", others=(one,))
        case_id = await open_duplicate(session, question, at=utc_now())
        await assign_case(session, case_id, to="clerk.one", actor=DISTRICT, reason="their school")
        await take_step(session, case_id, Step.OPEN, actor=CLERK, reason="begun")
    return case_id, one, two


async def merged_case(registry: Database, seed: int = 1) -> tuple[UUID, UUID, UUID]:
    case_id, one, two = await pair_case(registry, seed)
    async with registry.transaction() as session:
        await propose(session, case_id, MERGE, actor=CLERK, reason="same birth act on paper")
    async with registry.transaction() as session:
        await approve(session, case_id, actor=DISTRICT, reason="seen", policies=POLICIES)
    return case_id, one, two


async def test_a_merge_needs_the_word_of_another_person(registry: Database) -> None:
    """Who proposed cannot approve; another person can, and each step is in the case's journal."""
    case_id, one, two = await pair_case(registry)
    async with registry.transaction() as session:
        await propose(session, case_id, MERGE, actor=DISTRICT, reason="same birth act on paper")
    with pytest.raises(AccessError, match="another person"):
        async with registry.transaction() as session:
            await approve(session, case_id, actor=DISTRICT, reason="seen", policies=POLICIES)
    async with registry.transaction() as session:
        assert await root_of(session, two) == two
        state = await approve(session, case_id, actor=HEAD, reason="seen", policies=POLICIES)
        assert await root_of(session, two) == one
        steps = [(each.action, each.actor, each.to_state) for each in await history(session, case_id)]
    assert state == "CLOSED_APPLIED"
    assert steps == [
        ("triage", "kopuro", "TRIAGE"),
        ("assign", "district.one", "ASSIGNED"),
        ("open", "clerk.one", "IN_REVIEW"),
        ("propose", "district.one", "PROPOSED"),
        ("approve", "head.one", "APPROVED"),
        ("apply", "head.one", "CLOSED_APPLIED"),
    ]


async def test_the_database_itself_wants_two_people(registry: Database) -> None:
    """Past the program too: one person's two words, an application without approval, an edited journal are refused."""
    case_id, _, _ = await pair_case(registry)
    async with registry.transaction() as session:
        await propose(session, case_id, MERGE, actor=CLERK, reason="x")
    for statement, said in (
        ("update case_work set approved_by = proposed_by", "ck_case_work_four_eyes"),
        ("update case_work set approved_by = 'x', proposed_by = null", "ck_case_work_proposal"),
        ("update review_case set state = 'APPROVED'", "second person"),
        ("update review_case set state = 'CLOSED_APPLIED'", "second person"),
        ("update review_case set state = 'REVERTED'", "second person"),
        ("update case_event set reason = 'another'", "append-only"),
        ("delete from case_event", "append-only"),
        ("truncate case_event", "append-only"),
    ):
        with pytest.raises((IntegrityError, DBAPIError), match=said):
            async with registry.transaction() as session:
                await session.execute(text(statement))


async def test_one_person_may_link_a_records_guess_but_not_merge_two_known_entries(
    registry: Database,
) -> None:
    """A provisional entry of one record is linked by one reviewer; two established entries need two."""
    case_id, _, two = await pair_case(registry)
    async with registry.transaction() as session:
        await claim_identifier(
            session, two, Scheme.PASSPORT, "ID0000009", status=IdentifierStatus.VERIFIED, at=utc_now()
        )
    with pytest.raises(RegistryError, match="two people"):
        async with registry.transaction() as session:
            await decide_case(session, case_id, "confirm", by="district.one", policies=POLICIES)


async def test_who_may_not_decide_a_kind_does_not(registry: Database) -> None:
    """A head does not propose what the district decides, and a clerk approves nothing."""
    one, _ = await two_children(registry)
    async with registry.transaction() as session:
        question = CaseQuestion(kind="FALSE_DEATH", person_id=one, explanation="x")
        case_id = await open_case(session, question, at=utc_now())
        await assign_case(session, case_id, to="x", actor=DISTRICT, reason="x")
        await take_step(session, case_id, Step.OPEN, actor=DISTRICT, reason="x")
    accept = Proposal(answer="accept")
    with pytest.raises(AccessError, match="cases of this kind"):
        async with registry.transaction() as session:
            await propose(session, case_id, accept, actor=CLERK, reason="x")
    async with registry.transaction() as session:
        await propose(session, case_id, accept, actor=DISTRICT, reason="x")
    with pytest.raises(AccessError):
        async with registry.transaction() as session:
            await approve(session, case_id, actor=CLERK, reason="x", policies=POLICIES)


async def test_what_changed_since_the_proposal_must_be_looked_at_again(registry: Database) -> None:
    """Nothing is applied to people who changed after somebody proposed it."""
    case_id, one, two = await pair_case(registry)
    async with registry.transaction() as session:
        await propose(session, case_id, MERGE, actor=CLERK, reason="x")
    async with registry.transaction() as session:
        await add_assertions(session, one, {"surname": "БАШКА"}, provenance=told_by("ZAGS", utc_now()))
        await project_person(session, one, POLICIES, at=utc_now())
    with pytest.raises(ConcurrentChange):
        async with registry.transaction() as session:
            await approve(session, case_id, actor=DISTRICT, reason="x", policies=POLICIES)
    async with registry.transaction() as session:
        assert await root_of(session, two) == two
        assert (await list_cases(session, case_id=case_id))[0].state == "PROPOSED"


async def test_an_undone_merge_leaves_two_people_and_can_be_asked_again(registry: Database) -> None:
    """Undoing needs two people too; places that waited for the merge count again, its questions are closed."""
    case_id, one, two = await merged_case(registry)
    async with registry.transaction() as session:
        assert sorted(place.held for place in await enrolments(session, one)) == [False, True]
        kinds = [case.kind for case in await list_cases(session)]
        assert kinds == ["DUP_ENROLMENT"]
        with pytest.raises(RegistryError, match="nobody has proposed"):
            await undo(session, case_id, actor=DISTRICT, reason="x", policies=POLICIES)
    async with registry.transaction() as session:
        await propose_undo(session, case_id, actor=HEAD, reason="another child")
    with pytest.raises(AccessError):
        async with registry.transaction() as session:
            await undo(session, case_id, actor=HEAD, reason="another child", policies=POLICIES)
    async with registry.transaction() as session:
        (undone,) = await undo(session, case_id, actor=DISTRICT, reason="another child", policies=POLICIES)
        assert (undone.master_id, undone.absorbed_id) == (one, two)
        assert [await root_of(session, each) for each in (one, two)] == [one, two]
        for each in (one, two):
            assert [place.held for place in await enrolments(session, each)] == [False]
        assert await list_cases(session) == ()
        assert await count(session, "from registry_event where type in ('MERGED', 'UNMERGED')") == 2
        assert await reopen(session, case_id, actor=CLERK, reason="the mother came again") == "TRIAGE"


async def test_a_value_typed_into_a_merged_card_is_given_to_one_of_the_two(registry: Database) -> None:
    """What no record attributes must be attributed by a person before a merge is undone; nothing is re-pointed."""
    case_id, one, two = await merged_case(registry)
    async with registry.transaction() as session:
        told = told_by("SCHOOL", utc_now(), entered_by="clerk.one")
        await add_assertions(session, one, {"citizenship": "KAZ"}, provenance=told)
        await project_person(session, one, POLICIES, at=utc_now())
        await propose_undo(session, case_id, actor=HEAD, reason="x")
    with pytest.raises(RegistryError, match="belong to nobody"):
        async with registry.transaction() as session:
            await undo(session, case_id, actor=DISTRICT, reason="x", policies=POLICIES)
    async with registry.transaction() as session:
        value = "select id from assertion where value = '\"KAZ\"'"
        typed = (await session.execute(text(value))).scalar_one()
        await undo(session, case_id, actor=DISTRICT, reason="x", policies=POLICIES, belongs={typed: two})
        shown = (await session.execute(text("select id, citizenship from person"))).all()
        assert {row[0]: row[1] for row in shown} == {one: "KGZ", two: "KAZ"}
        assert await count(session, f"from assertion where id = '{typed}' and subject_id = '{one}'") == 1


async def test_the_clock_of_a_case_stands_still_while_a_source_is_asked(registry: Database) -> None:
    """Asking a source stops the clock, its silence starts it again; a postponed case waits for its day."""
    case_id, _, _ = await pair_case(registry)
    async with registry.transaction() as session:
        due = (await work_of(session, case_id)).due_at
        deadline = utc_now() + timedelta(days=3)
        await ask_source(session, case_id, deadline=deadline, actor=CLERK, reason="letter to the registry")
        assert (await work_of(session, case_id)).stopped_at
        assert await wake_silent(session, at=deadline - timedelta(hours=1)) == ()
        assert await wake_silent(session, at=deadline) == (case_id,)
        work = await work_of(session, case_id)
        assert (work.stopped_at, (await list_cases(session))[0].state) == (None, "TRIAGE")
        assert work.due_at >= due
        await assign_case(session, case_id, to="x", actor=DISTRICT, reason="x")
        await take_step(session, case_id, Step.OPEN, actor=CLERK, reason="x")
        state = await postpone_case(
            session, case_id, until=deadline, actor=CLERK, reason="after the holidays"
        )
        assert (state, (await work_of(session, case_id)).postponed_until) == ("ASSIGNED", deadline)


async def test_a_pair_told_apart_is_never_proposed_again(registry: Database) -> None:
    """A rejected pair is remembered whichever way round; only something verified for both brings it up again."""
    case_id, one, two = await pair_case(registry)
    async with registry.transaction() as session:
        assert await reject(session, case_id, actor=CLERK, reason="cousins") == "CLOSED_NO_ACTION"
    for first, second in ((one, two), (two, one)):
        async with registry.transaction() as session:
            await mark_not_same(session, first, second, decided=Decided(by="x", at=utc_now()))
            question = CaseQuestion(kind="DUP_LIKELY", person_id=first, explanation="x", others=(second,))
            assert await open_duplicate(session, question, at=utc_now()) is None
            assert await count(session, "from person_link where kind = 'NOT_SAME'") == 1
    with pytest.raises(RegistryError, match="remembered as two people"):
        async with registry.transaction() as session:
            await merge(session, one, two, decided=Decided(by="x", at=utc_now()), policies=POLICIES)
    async with registry.transaction() as session:
        for each in (one, two):
            await claim_identifier(
                session, each, Scheme.PASSPORT, "ID0000001", status=IdentifierStatus.VERIFIED, at=utc_now()
            )
    async with registry.transaction() as session:
        question = CaseQuestion(kind="DUP_LIKELY", person_id=one, explanation="x", others=(two,))
        again = await open_duplicate(session, question, at=utc_now())
        assert again not in {None, case_id}
        swapped = CaseQuestion(kind="DUP_LIKELY", person_id=two, explanation="x", others=(one,))
        assert await open_duplicate(session, swapped, at=utc_now()) is None
        await merge(session, one, two, decided=Decided(by="x", at=utc_now()), policies=POLICIES)


async def test_a_no_can_be_taken_back(registry: Database) -> None:
    """Undoing a rejection forgets the pair, so that it may be asked about again."""
    case_id, one, two = await pair_case(registry)
    async with registry.transaction() as session:
        await reject(session, case_id, actor=CLERK, reason="cousins")
    async with registry.transaction() as session:
        await propose_undo(session, case_id, actor=HEAD, reason="the same after all")
        assert await undo(session, case_id, actor=DISTRICT, reason="the same", policies=POLICIES) == ()
        question = CaseQuestion(kind="DUP_LIKELY", person_id=one, explanation="x", others=(two,))
        assert await open_duplicate(session, question, at=utc_now())


async def test_admission_uses_the_memory(registry: Database) -> None:
    """A record that fits one of a pair told apart is that one, without a new question."""
    child = child_of(10)
    await admit_one(registry, application_of(child))
    bare = application_of(
        child, pin=None, birth_certificate=None, surname="Токтагулов", organisation_code="SCHOOL-B"
    )
    second = await admit_one(registry, bare)
    assert second.result is Result.CASE
    async with registry.transaction() as session:
        await decide_case(session, second.case_id, "reject", by="district.one", policies=POLICIES)
    again = await admit_one(registry, replace(bare, source_record_key="another-row"))
    assert (again.result, again.person_id) == (Result.MATCHED, second.person_id)


async def test_groups_merge_and_one_of_several_splits_off(registry: Database) -> None:
    """Two entries that lead others merge with all of them; one of several leaves and the rest stay together."""
    people = People(30)
    five = [
        (await admit_one(registry, application_of(people.person(), form="EVENING"))).person_id
        for _ in range(5)
    ]
    decided = Decided(by="x", at=utc_now())
    async with registry.transaction() as session:
        for one, two in ((0, 1), (2, 3), (2, 4), (0, 2)):
            await merge_people(session, five[one], five[two], decided=decided, policies=POLICIES)
        assert {await root_of(session, each) for each in five} == {five[0]}
        assert await preview(session, five[0], five[1]) == ("they are read as one already",)

        async def roots() -> list[int]:
            return [five.index(await root_of(session, each)) for each in five]

        values = {"decided": decided, "reason": "x", "policies": POLICIES}
        await split_people(session, five[3], **values)
        assert await roots() == [0, 0, 0, 3, 0]
        await split_people(session, five[2], **values)
        assert await roots() == [0, 0, 2, 3, 2]
        with pytest.raises(RegistryError, match="not merged"):
            await split_people(session, five[2], **values)


async def test_what_cannot_be_one_person_is_not_merged(registry: Database) -> None:
    """Different verified PINs, and a death before the other's schooling, keep two entries apart."""
    case_id, one, two = await pair_case(registry)
    people = People(1)
    pins = [people.person(sex="M").pin, people.person(sex="F").pin]
    async with registry.transaction() as session:
        for each, pin in zip((one, two), pins, strict=True):
            await claim_identifier(
                session, each, Scheme.PIN, pin, status=IdentifierStatus.VERIFIED, at=utc_now()
            )
        told = told_by("ZAGS", utc_now())
        await add_assertions(session, one, {"death_date": date(2026, 1, 1)}, provenance=told)
        await project_person(session, one, POLICIES, at=utc_now())
    with pytest.raises(RegistryError, match="PINs differ; one died before"):
        async with registry.transaction() as session:
            await propose(session, case_id, MERGE, actor=CLERK, reason="x")


async def test_a_held_place_counts_once_the_other_has_ended(registry: Database) -> None:
    """One reviewer lets the second place count when the first has ended, and not before."""
    child = People(13).person()
    await admit_one(registry, application_of(child))
    second = await admit_one(registry, application_of(child, organisation_code="SCHOOL-B"))
    async with registry.transaction() as session:
        await assign_case(session, second.case_id, to="x", actor=DISTRICT, reason="x")
        await take_step(session, second.case_id, Step.OPEN, actor=CLERK, reason="x")
    count_it = {"actor": CLERK, "reason": "moved", "policies": POLICIES}
    with pytest.raises(RegistryError, match="still overlaps"):
        async with registry.transaction() as session:
            await confirm(session, second.case_id, Proposal(answer="count"), **count_it)
    async with registry.transaction() as session:
        first = next(each for each in await enrolments(session, second.person_id) if not each.held)
        await order(session, first.enrolment_id, Kind.TRANSFER_OUT, date(2026, 9, 1))
        state = await confirm(session, second.case_id, Proposal(answer="count"), **count_it)
        assert state == "CLOSED_APPLIED"
        assert not any(each.held for each in await enrolments(session, second.person_id))
