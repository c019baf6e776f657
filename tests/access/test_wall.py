"""Role × data, cell by cell: what PostgreSQL itself shows under the API's role when every filter is forgotten."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import ColumnElement, select, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from gateway.access.decide import decide
from gateway.access.model import Account, AppointmentNotice
from gateway.access.values import Action, Kind, Role
from gateway.access.wall import API_ROLE, walled
from gateway.foundation.clock import today, utc_now
from gateway.registry.model import Person, ReviewCase
from gateway.registry.protection import Ground, Regime, TwoPeople, protect
from tests.access.world import ROLES, World

# role → what it may see: learners by name, and counts of what is hung on nobody in particular
PEOPLE = {
    "district": {"a-pupil", "a-child", "a-student"},
    "head": {"a-pupil"},
    "responsible": {"a-pupil"},
    "learner": {"a-pupil"},
    "parent": {"a-pupil"},
}
CASES = {
    "district": {"a", "across", "own"},
    "head": {"a", "across", "own"},
    "responsible": {"a", "across", "own"},
    "special": {"a", "b", "across", "own"},
    "auditor": {"a", "b", "across", "own"},
}
DOCUMENTS = {
    "district": {"a-pupil"},
    "head": {"a-pupil"},
    "responsible": {"a-pupil"},
    "learner": {"a-pupil"},
    "parent": {"a-pupil"},
}
USAGE = {"learner": {"a-pupil"}, "parent": {"a-pupil"}}
EXCHANGES = {
    "operator": {"responsible", "b-responsible"},
    "auditor": {"responsible", "b-responsible"},
    "head": {"responsible"},
    "responsible": {"responsible"},
}
NOTICES = {
    "district": {"responsible"},
    "special": {"responsible", "b-responsible"},
    "head": {"responsible"},
    "responsible": {"responsible"},
}
STAFF_OF_A = {"head", "responsible", "teacher"}
ACCOUNTS = {"district": STAFF_OF_A | {"district"}, "head": STAFF_OF_A, "responsible": STAFF_OF_A}
OPEN_TO_API = {
    "alert", "alert_channel", "alert_delivery", "alert_rule", "incident", "incident_exchange", "incident_note",
    "job_decision", "replay_item", "replay_run",
    "account", "appointment_notice", "assertion", "assignment", "book_value", "book_version", "briefing",
    "building", "class_group", "class_learner", "class_membership", "employee_within_reach", "enquiry",
    "enquiry_message", "exam_result", "attendance_fact", "learner_within_reach", "programme_offering",
    "register_definition", "register_entry", "result", "shift", "staff_leave", "teaching_load", "term", "disclosure", "education_document", "employment", "enrolment",
    "enrolment_status_period", "facility_year", "field_policy", "field_provenance", "head_appointment",
    "journal_entry", "licence", "movement", "name_key", "organisation", "organisation_confirmation",
    "organisation_language", "organisation_level", "organisation_name", "person", "person_identifier",
    "person_link", "registry_commit", "registry_version", "responsible_appointment", "review_candidate",
    "review_case", "role_grant", "room", "site", "undertaking",
}  # fmt: skip


async def seen(world: World, account_id: UUID, question: str) -> list[Any]:
    """Ask a question with no filter at all under the API's role."""
    async with walled(world.database, account_id) as session:
        return list((await session.execute(text(question))).scalars())


def named(found: list[Any], names: dict[str, UUID]) -> set[str]:
    by_id = {value: name for name, value in names.items()}
    return {by_id.get(value, str(value)) for value in found}


@pytest.mark.requirement("R-054")
async def test_every_role_sees_its_people_and_nobody_else(world: World) -> None:
    """All the tables about people, asked without any filter, hold the same people: those of the role's cell."""
    for role in ROLES:
        expected, account_id = PEOPLE.get(role, set()), world.accounts[role]
        for table, column in (
            ("person", "id"),
            ("person_identifier", "person_id"),
            ("assertion", "subject_id"),
            ("field_provenance", "subject_id"),
        ):
            found = await seen(world, account_id, f"select distinct {column} from {table}")
            assert named(found, world.learners) == expected, (role, table)


async def test_enrolments_documents_and_usage_are_walled(world: World) -> None:
    """A school sees the enrolments at itself, even claims, a family its own; usage belongs to the family alone."""
    theirs = {"a-pupil", "b-pupil", "moved"}  # rows at A-SCHOOL itself: one held, one ended
    at_school = {"head": theirs, "responsible": theirs, "district": theirs | {"a-child", "a-student"}}
    for role in ROLES:
        account_id = world.accounts[role]
        found = await seen(world, account_id, "select distinct person_id from enrolment")
        assert named(found, world.learners) == at_school.get(role, PEOPLE.get(role, set())), role
        places = await seen(world, account_id, "select distinct organisation_id from enrolment")
        assert "B-SCHOOL" not in named(places, world.organisations)
        periods = await seen(
            world,
            account_id,
            "select distinct e.organisation_id from enrolment_status_period p join enrolment e on e.id = p.enrolment_id",
        )
        assert set(periods) == set(places)
        papers = await seen(world, account_id, "select person_id from education_document")
        assert named(papers, world.learners) == DOCUMENTS.get(role, set()), role
        usage = await seen(world, account_id, "select person_id from disclosure")
        assert named(usage, world.learners) == USAGE.get(role, set()), role


async def test_cases_exchanges_and_notices_are_walled(world: World) -> None:
    """Cases go to the staff of the place, exchanges to those who asked, notices to the territory."""
    users = {name: f"isuo.{world.accounts[name].hex}" for name in ("responsible", "b-responsible")}
    for role in ROLES:
        account_id = world.accounts[role]
        cases = await seen(world, account_id, "select id from review_case")
        assert named(cases, world.cases) == CASES.get(role, set()), role
        exchanges = await seen(world, account_id, "select user_id from journal_entry")
        assert named(exchanges, users) == EXCHANGES.get(role, set()), role
        notices = await seen(world, account_id, "select id from appointment_notice")
        assert named(notices, world.notices) == NOTICES.get(role, set()), role


async def test_a_candidate_beyond_reach_is_not_shown(world: World) -> None:
    """Of a case that names a child of another district only the own side is seen."""
    for role in ("responsible", "district", "special", "auditor"):
        question = f"select person_id from review_candidate where case_id = '{world.cases['across']}'"
        assert await seen(world, world.accounts[role], question) == []


async def test_accounts_are_walled(world: World) -> None:
    """Everybody sees the own account, managers those of their place, the special administrator all."""
    for role in ROLES:
        found = named(await seen(world, world.accounts[role], "select id from account"), world.accounts)
        expected = ACCOUNTS.get(role, {role})
        assert found == (set(world.accounts) if role == "special" else expected), role
        for table in ("role_grant", "briefing", "undertaking"):
            held = await seen(world, world.accounts[role], f"select distinct account_id from {table}")
            assert named(held, world.accounts) <= found, (role, table)


async def test_an_account_nobody_is_sees_nothing(world: World) -> None:
    """Neither an unknown account nor none at all, neither a blocked one nor one whose time is over, sees a row."""
    statements = (
        "update account set state = 'BLOCKED', blocked_at = now() where login = 'responsible'",
        "update role_grant set valid_until = valid_from where account_id = (select id from account where login = 'head')",
        "update role_grant set ended_at = now() where account_id = (select id from account where login = 'parent')",
        "update role_grant set valid_from = '2999-01-01' where account_id = (select id from account where login = 'district')",
    )
    async with world.database.transaction() as session:
        for statement in statements:
            await session.execute(text(statement))
    for account_id in (
        uuid4(),
        *(world.accounts[each] for each in ("responsible", "head", "parent", "district")),
    ):
        for table in (
            "person",
            "person_identifier",
            "assertion",
            "enrolment",
            "education_document",
            "review_case",
        ):
            assert await seen(world, account_id, f"select 1 from {table}") == []
    async with world.database.transaction() as session:
        await session.execute(text(f"set local role {API_ROLE}"))
        assert list((await session.execute(text("select 1 from person"))).scalars()) == []


async def test_the_api_role_reaches_no_other_table(world: World) -> None:
    """Secrets, sessions, bodies of messages, match keys, jobs: no right at all, whoever asks."""
    async with walled(world.database, world.accounts["special"]) as session:
        found = await session.execute(
            text("""
                select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where n.nspname = 'public' and c.relkind in ('r', 'p', 'v', 'm', 'f')
                    and (has_table_privilege(c.oid, 'select') or has_any_column_privilege(c.oid, 'select')
                        or has_table_privilege(c.oid, 'insert, update, delete, truncate'))
            """)
        )
        assert set(found.scalars()) == OPEN_TO_API
    walls = text(
        "select relname from pg_class where relrowsecurity and relnamespace = 'public'::regnamespace"
    )
    async with world.database.transaction() as session:
        assert set((await session.execute(walls)).scalars()) == OPEN_TO_API - {
            "organisation",
            "organisation_level",
            "class_learner",
            "employee_within_reach",
            "learner_within_reach",
        }
    for table in (
        "credential",
        "access_session",
        "journal_body",
        "match_key",
        "access_act",
        "idempotency_key",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"):
            await seen(world, world.accounts["special"], f"select 1 from {table}")
    with pytest.raises(ProgrammingError, match="permission denied"):
        await seen(world, world.accounts["auditor"], "select subject from journal_entry")


ADD = (
    "insert into education_document (id, type, number, issued_on, person_id, organisation_id) "
    "values (gen_random_uuid(), 'CERT_9', 'x', '2026-06-01', '{person}', '{organisation}')"
)
WRITERS = {"district": {"A-SCHOOL", "A-KINDERGARTEN", "A-COLLEGE"}, "responsible": {"A-SCHOOL"}}


async def test_every_role_writes_its_place_and_no_other(world: World) -> None:
    """Under the API's role only district and responsible write, and only rows of their own organisations."""
    for role in ROLES:
        for code, organisation_id in world.organisations.items():
            statement = ADD.format(person=world.learners["a-pupil"], organisation=organisation_id)
            allowed = code in WRITERS.get(role, set())
            assert await _writes(world, role, statement) is allowed, (role, code)
        changed = "update enrolment set grade = '9' where organisation_id = '{}'"
        own, other = (changed.format(world.organisations[code]) for code in ("A-SCHOOL", "B-SCHOOL"))
        assert (await _touched(world, role, own) > 0) is ("A-SCHOOL" in WRITERS.get(role, set())), role
        assert await _touched(world, role, other) == 0
        move = f"update enrolment set organisation_id = '{world.organisations['B-SCHOOL']}'"
        assert not await _writes(world, role, move) or await _touched(world, role, move) == 0


@pytest.mark.requirement("R-051")
async def test_nobody_changes_people_or_rights_under_the_api_role(world: World) -> None:
    """Names, identifiers, assertions, grants and accounts have no way to be written there at all."""
    for role in ROLES:
        for table, column in (
            ("person", "surname"), ("person_identifier", "value"), ("assertion", "field"), ("role_grant", "role"),
            ("account", "login"), ("undertaking", "paper_location"), ("organisation", "name_ru"),
        ):  # fmt: skip
            with pytest.raises(ProgrammingError, match="permission denied"):
                await _touched(world, role, f"update {table} set {column} = {column}")


@pytest.mark.requirement("R-079")
async def test_without_an_undertaking_nothing_is_written(world: World) -> None:
    """R-079 behind the program's back: once the undertaking is withdrawn the wall takes no row."""
    statement = ADD.format(person=world.learners["a-pupil"], organisation=world.organisations["A-SCHOOL"])
    async with world.database.transaction() as session:
        await session.execute(text("update undertaking set withdrawn_at = now()"))
    assert not await _writes(world, "responsible", statement)
    assert await seen(world, world.accounts["responsible"], "select 1 from person") != []


async def _writes(world: World, role: str, statement: str) -> bool:
    try:
        await _touched(world, role, statement)
    except DBAPIError as error:
        if "row-level security" in str(error) or "permission denied" in str(error):
            return False
        raise
    return True


async def _touched(world: World, role: str, statement: str) -> int:
    """Try a change under the wall, count what it met, and take it back."""
    async with walled(world.database, world.accounts[role]) as session:
        count = (await session.execute(text(statement))).rowcount  # type: ignore[attr-defined]
        await session.rollback()
    return int(count)


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        (Kind.PERSON, Person.id),
        (Kind.CASE, ReviewCase.id),
        (Kind.ACCOUNT, Account.id),
        (Kind.NOTICE, AppointmentNotice.id),
    ],
)
async def test_filter_and_wall_say_the_same(world: World, kind: Kind, column: ColumnElement[UUID]) -> None:
    """The rows `decide` gives to the owner are, for roles with the right, the rows the wall shows."""
    for role in ROLES:
        caller = await world.caller(role)
        actions = (Action.READ, Action.READ_MASKED)
        decisions = [made for made in (decide(caller, action, kind) for action in actions) if made.allowed]
        if not decisions:
            assert list(await _ids(world, column, decide(caller, Action.READ, kind).filter)) == []
            continue
        filtered = set(await _ids(world, column, decisions[0].filter))
        async with walled(world.database, world.accounts[role]) as session:
            shown = set((await session.execute(select(column))).scalars())
        own = {world.accounts[role]} if kind is Kind.ACCOUNT else set()
        assert filtered | own == shown | own, role
        assert filtered <= shown


async def _ids(world: World, column: ColumnElement[UUID], clause: ColumnElement[bool]) -> list[UUID]:
    async with world.database.transaction() as session:
        return list((await session.execute(select(column).where(clause))).scalars())


async def test_merged_entries_are_read_through_either_number(world: World) -> None:
    """Whoever may read the master may read what was merged into it, and the other way round."""
    async with world.database.transaction() as session:
        merge = "update person set status = 'MERGED_INTO', master_id = :master where id = :absorbed"
        await session.execute(
            text(merge), {"master": world.learners["moved"], "absorbed": world.learners["a-pupil"]}
        )
    for role in ("responsible", "learner", "parent"):
        found = named(await seen(world, world.accounts[role], "select id from person"), world.learners)
        assert found == {"a-pupil", "moved"}, role
    caller = await world.caller("responsible")
    clause = decide(caller, Action.READ, Kind.PERSON, on=today()).filter
    assert set(named(await _ids(world, Person.id, clause), world.learners)) == {"a-pupil", "moved"}
    tomorrow = decide(caller, Action.READ, Kind.PERSON, on=today() + timedelta(days=1))
    assert tomorrow.allowed
    assert Role.RESPONSIBLE in caller.roles


async def test_a_sealed_entry_is_behind_the_wall_for_everybody(world: World) -> None:
    """Adoption secrecy: whoever saw the former entry yesterday sees neither it nor its enrolments today."""
    sealed = world.learners["a-pupil"]
    ground = Ground(regime=Regime.ADOPTION_SECRECY, authority_ref="Суд, 2-114/26", from_on=today())
    async with world.database.transaction() as session:
        two = TwoPeople(proposed_by="admin.one", approved_by="admin.two")
        await protect(session, sealed, ground, people=two, at=utc_now())
    for role in PEOPLE:
        for table in ("person_identifier", "enrolment", "education_document"):
            question = f"select person_id from {table}"
            assert sealed not in await seen(world, world.accounts[role], question), (role, table)
        for table in ("field_provenance", "assertion"):
            question = f"select subject_id from {table}"
            assert sealed not in await seen(world, world.accounts[role], question), (role, table)
        assert sealed not in await seen(world, world.accounts[role], "select id from person"), role
