"""The walls the API reads behind, cell by cell: what PostgreSQL shows each role when every filter is forgotten."""

from datetime import date
from importlib.util import module_from_spec, spec_from_file_location
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from gateway.access.values import Role
from gateway.foundation.clock import utc_now
from gateway.registry.organisations.confirmation import confirm_passport
from gateway.registry.repository import Provenance
from gateway.registry.staff.appointing import Appointment, appoint_head, appoint_responsible
from gateway.registry.staff.assigning import NewAssignment, assign
from gateway.registry.staff.employing import NewEmployment, hire
from gateway.registry.writing import Order
from tests.access.test_wall import PEOPLE, named, seen
from tests.access.world import ROLES, World
from tests.conftest import ROOT

ALL = {"A-SCHOOL", "A-KINDERGARTEN", "A-COLLEGE", "B-SCHOOL"}
COUNTRY = {"ministry": ALL, "special": ALL}
PLACES = {"district": ALL - {"B-SCHOOL"}, "head": {"A-SCHOOL"}, "responsible": {"A-SCHOOL"}}
BY_ORGANISATION = (
    "organisation_name", "organisation_language", "licence", "site", "head_appointment", "responsible_appointment",
    "organisation_confirmation", "class_group",
)  # fmt: skip
ROWS = """
    insert into organisation_name (id, organisation_id, language_code, full_name, valid_from, recorded_at)
        values (gen_random_uuid(), :o, 'KY', 'x', '2020-01-01', now());
    insert into organisation_language (id, organisation_id, language_code, valid_from)
        values (gen_random_uuid(), :o, 'KY', '2020-01-01');
    insert into licence (id, organisation_id, kind_code, number, issuer, issued_on, valid_from, recorded_at)
        values (gen_random_uuid(), :o, 'LICENCE', :number, 'x', '2020-01-01', '2020-01-01', now());
    insert into site (id, organisation_id, name, soate, address, valid_from)
        values (:site, :o, 'x', '41702000000000', 'x', '2020-01-01');
    insert into building (id, site_id, name) values (:building, :site, 'x');
    insert into room (id, building_id, number, kind_code)
        values (gen_random_uuid(), :building, '1', (select code from book_value where book_code = 'ROOM_KIND' limit 1));
    insert into facility_year (site_id, academic_year, facility_code, amount, recorded_at) values (:site, '2026/27',
        (select code from book_value where book_code = 'FACILITY' limit 1), 1, now());
    insert into class_group (id, organisation_id, academic_year, grade_code, name, language_code, kind_code,
        opened_on, recorded_at)
        values (gen_random_uuid(), :o, '2026/27', '5', '5А', 'KY', 'REGULAR', '2026-09-01', now());
"""


async def _fill(world: World) -> dict[str, UUID]:
    """Give every organisation a row of each kind and an employee; give the employees by organisation."""
    employees = dict(zip(ALL, ("ministry", "special", "operator", "auditor"), strict=True))
    people: dict[str, UUID] = {}
    at = utc_now()
    told = Provenance(source="SCHOOL", recorded_at=at)
    async with world.database.transaction() as session:
        for code, organisation_id in world.organisations.items():
            values = {"o": organisation_id, "number": code, "site": uuid4(), "building": uuid4()}
            for statement in ROWS.split(";\n")[:-1]:
                await session.execute(text(statement), values)
            found = await session.execute(
                text("select person_id from account where login = :login"), {"login": employees[code]}
            )
            people[code] = found.scalar_one()
            new = NewEmployment(
                person_id=people[code],
                organisation_id=organisation_id,
                position_code="TEACHER",
                start_on=date(2026, 9, 1),
            )
            work = await hire(session, new, provenance=told)
            position = NewAssignment(
                employment_id=work, position_code="TEACHER", fte=1, from_on=date(2026, 9, 1)
            )
            await assign(session, position, at=at)
            appointed = Appointment(
                organisation_id=organisation_id,
                person_id=people[code],
                from_on=date(2026, 9, 1),
                order=Order(number="1", on=date(2026, 9, 1)),
            )
            await appoint_head(session, appointed, provenance=told)
            await appoint_responsible(session, appointed, provenance=told)
            await confirm_passport(session, organisation_id, confirmed_by="x", at=at)
    return people


async def test_sections_one_and_three_are_walled(world: World) -> None:
    """Passports are read by the country and the place, work by the place alone; a teacher sees the own class at most."""
    people = await _fill(world)
    for role in ROLES:
        account, expected = world.accounts[role], (COUNTRY | PLACES).get(role, set())
        for table in BY_ORGANISATION:
            found = await seen(world, account, f"select organisation_id from {table}")
            taught = {"A-SCHOOL"} if (role, table) == ("teacher", "class_group") else set()
            assert named(found, world.organisations) == expected | taught, (role, table)
        for question in (
            "select s.organisation_id from building b join site s on s.id = b.site_id",
            "select s.organisation_id from facility_year f join site s on s.id = f.site_id",
            "select s.organisation_id from room r join building b on b.id = r.building_id join site s on s.id = b.site_id",
        ):
            assert named(await seen(world, account, question), world.organisations) == expected, role
        for table in ("building", "facility_year", "room"):
            assert len(await seen(world, account, f"select 1 from {table}")) == len(expected), (role, table)
        staff = PLACES.get(role, set())
        works = await seen(world, account, "select organisation_id from employment")
        assert named(works, world.organisations) == staff, role
        assert len(await seen(world, account, "select 1 from assignment")) == len(staff)
        names = await seen(world, account, "select id from person")
        assert named(names, people) - set(map(str, world.learners.values())) >= staff, role
        assert len(names) == len(staff) + len(PEOPLE.get(role, set())), role


async def test_names_versions_and_orders_are_walled(world: World) -> None:
    """Keys of names, past versions of rows and the journal of orders hold the people of the role's cell."""
    at_school = {"a-pupil", "b-pupil", "moved"}
    journal = {"head": at_school, "responsible": at_school, "district": at_school | {"a-child", "a-student"}}
    for role in ROLES:
        account, expected = world.accounts[role], PEOPLE.get(role, set())
        keys = await seen(world, account, "select distinct person_id from name_key")
        assert named(keys, world.learners) == expected, role
        for table, column in (("person", "row_id"), ("person_identifier", "parent_id")):
            question = f"select distinct {column} from registry_version where table_name = '{table}'"
            assert named(await seen(world, account, question), world.learners) == expected, (role, table)
        orders = "select distinct e.person_id from movement m join enrolment e on e.id = m.enrolment_id"
        assert named(await seen(world, account, orders), world.learners) == journal.get(role, expected), role
        every = len(await seen(world, account, "select 1 from movement"))
        assert every == len(
            await seen(
                world, account, "select m.id from movement m join enrolment e on e.id = m.enrolment_id"
            )
        )
        versions = "select distinct row_id from registry_version where table_name = 'enrolment'"
        assert set(await seen(world, account, versions)) == set(
            await seen(world, account, "select id from enrolment")
        )
        periods = "select distinct row_id from registry_version where table_name = 'enrolment_status_period'"
        assert set(await seen(world, account, periods)) == set(
            await seen(world, account, "select id from enrolment_status_period")
        )
        cases = "select distinct row_id from registry_version where table_name = 'review_case'"
        assert set(await seen(world, account, cases)) == set(
            await seen(world, account, "select id from review_case")
        )
        others = "select distinct table_name from registry_version where table_name not in ('person', 'person_identifier', 'organisation', 'enrolment', 'enrolment_status_period', 'review_case')"
        assert await seen(world, account, others) == []


async def test_an_employee_who_left_is_no_name_any_more(world: World) -> None:
    """The employer reads the entry while the work lasts, not after it."""
    people = await _fill(world)
    question = f"select id from person where id = '{people['A-SCHOOL']}'"
    assert len(await seen(world, world.accounts["head"], question)) == 1
    async with world.database.transaction() as session:
        await session.execute(text("update assignment set until_on = from_on"))
        await session.execute(
            text("update employment set end_on = '2026-09-02', end_reason_code = 'OWN_WISH'")
        )
    assert await seen(world, world.accounts["head"], question) == []
    assert Role.HEAD in (await world.caller("head")).roles


async def test_kept_answers_and_what_is_written_stay_closed(world: World) -> None:
    """No role reads the keys of requests, and none writes any of the tables opened for reading."""
    for role in ("special", "district", "responsible", "auditor"):
        account = world.accounts[role]
        with pytest.raises(ProgrammingError, match="permission denied"):
            await seen(world, account, "select 1 from idempotency_key")
        for table in (
            *BY_ORGANISATION,
            "employment",
            "assignment",
            "movement",
            "name_key",
            "registry_version",
        ):
            with pytest.raises(ProgrammingError, match="permission denied"):
                await seen(world, account, f"delete from {table} returning 1")


# before revision 0017 a given name had no kind of key of its own
_AS_KEYS_WERE = """
    insert into match_key (key, person_id)
    select 'born' || substr(key, 6), person_id from match_key where key like 'given|%' on conflict do nothing
"""


async def test_the_names_of_those_already_entered_are_filled_in(world: World) -> None:
    """The migration's statement gives everybody entered before it the keys that entering gives."""
    file = ROOT / "gateway" / "migrations" / "versions" / "0011_api.py"
    spec = spec_from_file_location("api_migration", file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    every = text("select root, person_id from name_key order by 1, 2")
    async with world.database.transaction() as session:
        before = [tuple(row) for row in await session.execute(every)]
        await session.execute(text(_AS_KEYS_WERE))
        await session.execute(text("delete from name_key"))
        await session.execute(text(module.FILL_NAME_KEYS))
        assert [tuple(row) for row in await session.execute(every)] == before
        assert len(before) >= 2 * len(world.numbers)
