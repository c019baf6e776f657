"""Marks, attendance, guardians, consents, the personal file and special records, against PostgreSQL."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from gateway.foundation.database import Base, Database
from gateway.foundation.errors import InputRefused, RegistryError
from gateway.migrations.upgrade import configuration, upgrade
from gateway.registry.card import person_card
from gateway.registry.learner_state import learner_state_by_pin
from gateway.registry.learners.attendance import (
    Fact,
    attendance,
    attendance_percent,
    correct_fact,
    record_fact,
)
from gateway.registry.learners.consents import (
    Agreed,
    ConsentState,
    Sheet,
    consent_state,
    consents,
    give_consent,
    withdraw_consent,
)
from gateway.registry.learners.guardians import (
    Bond,
    Proof,
    children,
    end,
    guardians,
    limit_rights,
    refute,
    relate,
    verify,
)
from gateway.registry.learners.marks import Mark, correct_mark, marks, record_mark
from gateway.registry.learners.orders import Kind
from gateway.registry.learners.personal_file import Leaf, file_leaf, first_break, personal_file
from gateway.registry.learners.special.keys import SpecialKeys
from gateway.registry.learners.special.records import (
    SpecialFact,
    SpecialKind,
    due_for_review,
    open_special,
    record_special,
)
from gateway.registry.merges import Decided, merge
from gateway.registry.reading import enrolments, person_by_id
from gateway.registry.timeline.card import card_as_of
from tests.intake.support import POLICIES, count
from tests.people import People
from tests.registry.learners.support import NOW, enrol, entry_of, order, schools

AUTUMN = date(2026, 9, 1)
BY = "teacher.one"
KEY = bytes(range(32))


async def pupil(database: Database, grade: str, seed: int) -> tuple[UUID, UUID]:
    (school,) = await schools(database, 1)
    async with database.transaction() as session:
        person_id = await entry_of(session, People(seed).person())
        return person_id, await enrol(session, person_id, school, AUTUMN, grade=grade)


@pytest.mark.requirement("R-036")
async def test_a_grade_takes_the_marks_of_its_scale(database: Database) -> None:
    """Grade 2 refuses every mark, grade 11 takes 2 to 5 and nothing else."""
    _, place = await pupil(database, "2", 30)
    expected = {
        ("2", "5"): "GRADE_IS_UNGRADED",
        ("11", "2"): "",
        ("11", "5"): "",
        ("11", "6"): "NOT_ON_THE_SCALE",
        ("4", "5"): "",
        ("0", "5"): "NO_SCALE_FOR_THE_GRADE",
    }
    for n, ((grade, value), refusal) in enumerate(expected.items()):
        mark = Mark(subject_code="MATH", period_code=f"Q{n}", kind="QUARTER", value=value)
        async with database.transaction() as session:
            await session.execute(text("update enrolment set grade = :grade"), {"grade": grade})
            if refusal:
                with pytest.raises(InputRefused, match=refusal):
                    await record_mark(session, place, mark, on=AUTUMN, by=BY, at=NOW)
            else:
                await record_mark(session, place, mark, on=AUTUMN, by=BY, at=NOW)
                assert mark in [each.mark for each in await marks(session, place)]


async def test_a_scale_has_versions(database: Database) -> None:
    """A mark keeps the version it was given on: grade 3 had marks before 2025 and has none since."""
    _, place = await pupil(database, "3", 31)
    mark = Mark(subject_code="MATH", period_code="2024-Q1", kind="QUARTER", value="4")
    async with database.transaction() as session:
        await record_mark(session, place, mark, on=date(2024, 10, 1), by=BY, at=NOW)
        with pytest.raises(InputRefused, match="GRADE_IS_UNGRADED"):
            await record_mark(session, place, replace(mark, period_code="2026-Q1"), on=AUTUMN, by=BY, at=NOW)
        assert [each.scale for each in await marks(session, place)] == [("FIVE", 1)]


async def test_a_corrected_mark_stays_to_be_read(database: Database) -> None:
    """A correction takes the old mark's place without erasing it; a second mark or correction is refused."""
    _, place = await pupil(database, "9", 32)
    mark = Mark(subject_code="MATH", period_code="2026-Q1", kind="QUARTER", value="3")
    async with database.transaction() as session:
        first = await record_mark(session, place, mark, on=AUTUMN, by=BY, at=NOW)
        second = await correct_mark(session, first, "4", by="head.one", at=NOW)
        with pytest.raises(RegistryError, match="no such mark"):
            await correct_mark(session, first, "5", by=BY, at=NOW)
        with pytest.raises(InputRefused, match="NOT_ON_THE_SCALE"):
            await correct_mark(session, second, "9", by=BY, at=NOW)
        (now,) = await marks(session, place)
        assert (now.mark.value, now.recorded_by) == ("4", "head.one")
        assert await count(session, "from result") == 2
    for forbidden in ("update result set mark = '5'", "delete from result"):
        with pytest.raises(DBAPIError, match="append-only"):
            async with database.transaction() as session:
                await session.execute(text(forbidden))
    with pytest.raises(IntegrityError, match="uq_result_first"):
        async with database.transaction() as session:
            await record_mark(session, place, mark, on=AUTUMN, by=BY, at=NOW)
    async with database.transaction() as session:
        await correct_mark(session, second, None, by=BY, at=NOW)
        assert await marks(session, place) == ()


@pytest.mark.requirement("R-037")
async def test_a_late_edit_of_attendance_leaves_a_trace(database: Database) -> None:
    """An absence that is taken back no longer counts, and that it was edited is seen."""
    _, place = await pupil(database, "9", 33)
    day, next_day = date(2026, 9, 3), date(2026, 9, 4)
    absent = Fact(happened_on=day, type="ABSENT", reason_code="ILLNESS")
    async with database.transaction() as session:
        fact_id = await record_fact(session, place, absent, by=BY, at=NOW)
        await record_fact(session, place, replace(absent, happened_on=next_day), by=BY, at=NOW)
        lesson = Fact(happened_on=next_day, type="LATE", lesson_no=2, hours=Decimal("0.25"))
        await record_fact(session, place, lesson, by=BY, at=NOW)
        month = {"since": AUTUMN, "until": date(2026, 10, 1)}
        facts = [each.fact for each in await attendance(session, place, **month)]
        assert attendance_percent(facts, 20) == Decimal("90.0")
        await correct_fact(session, fact_id, Fact(happened_on=day, type="PRESENT"), by="head.one", at=NOW)
        found = await attendance(session, place, **month)
        assert [(each.fact.type, each.corrections, each.recorded_by) for each in found] == [
            ("PRESENT", 1, "head.one"),
            ("ABSENT", 0, BY),
            ("LATE", 0, BY),
        ]
        assert attendance_percent([each.fact for each in found], 20) == Decimal("95.0")
        assert attendance_percent([], 0) is None
        with pytest.raises(RegistryError):
            await correct_fact(session, fact_id, absent, by=BY, at=NOW)
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.transaction() as session:
            await session.execute(text("delete from attendance_fact"))


async def test_nobody_is_absent_who_does_not_study(database: Database) -> None:
    """Before the enrolment, on leave and after expulsion there is nothing to be absent from."""
    _, place = await pupil(database, "9", 34)
    async with database.transaction() as session:
        await order(session, place, Kind.LEAVE, date(2026, 10, 1))
        for day in (date(2026, 8, 31), date(2026, 10, 1)):
            with pytest.raises(InputRefused, match="NOT_STUDYING"):
                await record_fact(session, place, Fact(happened_on=day, type="ABSENT"), by=BY, at=NOW)


async def family(database: Database, seed: int, born_on: date) -> tuple[UUID, UUID]:
    people = People(seed)
    async with database.transaction() as session:
        child = await entry_of(session, people.person(birth_date=born_on))
        return child, await entry_of(session, people.person(birth_date=date(1990, 1, 1)))


@pytest.mark.requirement("R-039")
async def test_a_declared_parent_waits_for_a_proof(database: Database) -> None:
    """A typed parent opens nothing; a birth act opens, and ends on the day the child is of age."""
    born_on = date(2010, 5, 1)
    child, adult = await family(database, 35, born_on)
    async with database.transaction() as session:
        bond = Bond(child_id=child, adult_id=adult, kind="MOTHER")
        relationship_id = await relate(session, bond, proof=Proof(), by=BY, at=NOW)

        async def opens(on: date = AUTUMN) -> bool:
            (found,) = await children(session, adult)
            return found.opens_access(child_born_on=born_on, on=on)

        assert not await opens()
        with pytest.raises(InputRefused, match="PROVES_NOTHING"):
            await verify(session, relationship_id, proof=Proof(evidence="COURT"), at=NOW)
        act = Proof(evidence="BIRTH_ACT", source="ZAGS", exchange_id=uuid4())
        assert await relate(session, bond, proof=act, by="worker", at=NOW) == relationship_id
        assert await opens()
        assert [await opens(date(2028, 4, 30)), await opens(date(2028, 5, 1))] == [True, False]
        (found,) = await guardians(session, child)
        assert (found.status, found.source) == ("VERIFIED", "ZAGS")
        await limit_rights(session, relationship_id, act="суд 12/2027", at=NOW)
        assert not await opens()


async def test_a_relationship_ends_and_can_be_denied(database: Database) -> None:
    """An ended guardianship opens nothing from its last day, a denied one never; neither stands again."""
    child, adult = await family(database, 36, date(2012, 5, 1))
    async with database.transaction() as session:
        bond = Bond(child_id=child, adult_id=adult, kind="GUARDIAN")
        proof = Proof(evidence="GUARDIANSHIP_DECISION", act="опека 7")
        first = await relate(session, bond, proof=proof, by=BY, at=NOW)
        await end(session, first, on=date(2026, 12, 1), reason="RETURNED_TO_PARENTS", at=NOW)
        second = await relate(session, bond, proof=Proof(), by=BY, at=NOW)
        await refute(session, second, reason="NOT_IN_THE_ACT", at=NOW)
        with pytest.raises(RegistryError):
            await verify(session, second, proof=proof, at=NOW)
        found = await guardians(session, child)
    assert {each.status for each in found} == {"ENDED", "REFUTED"}
    assert not any(each.opens_access(child_born_on=date(2012, 5, 1), on=AUTUMN) for each in found)


async def test_the_database_wants_a_proof(database: Database) -> None:
    """Past the program too, nobody's word makes a relationship verified."""
    child, adult = await family(database, 37, date(2012, 5, 1))
    async with database.transaction() as session:
        await relate(
            session, Bond(child_id=child, adult_id=adult, kind="FATHER"), proof=Proof(), by=BY, at=NOW
        )
    for change in (
        "status = 'VERIFIED'",
        "status = 'VERIFIED', evidence = 'BIRTH_ACT'",
        "adult_id = child_id",
    ):
        with pytest.raises(IntegrityError, match="ck_person_relationship"):
            async with database.transaction() as session:
                await session.execute(text(f"update person_relationship set {change}"))


async def test_guardians_are_read_through_a_merge(database: Database) -> None:
    """After a merge the child has the guardians of both entries, under the entry that reads today."""
    child, adult = await family(database, 38, date(2012, 5, 1))
    async with database.transaction() as session:
        twin_entry = await entry_of(session, People(39).person())
        proof = Proof(evidence="BIRTH_ACT", exchange_id=uuid4())
        bond = Bond(child_id=twin_entry, adult_id=adult, kind="MOTHER")
        await relate(session, bond, proof=proof, by=BY, at=NOW)
        await merge(session, child, twin_entry, decided=Decided(by="x", at=NOW), policies=POLICIES)
        (found,) = await guardians(session, child)
        assert (found.child_id, found.adult_id) == (child, adult)
        assert await guardians(session, twin_entry) == (found,)


PHOTO = Agreed(scope_code="PHOTO", purpose_code="SCHOOL_SITE")
PAPER_SHEET = Sheet(agreed=PHOTO, form="PAPER", given_on=AUTUMN, paper_location="шкаф 3, дело 17")


@pytest.mark.requirement("R-080")
async def test_consent_stands_until_it_is_withdrawn(database: Database) -> None:
    """Without consent it is required, given it stands, and from the instant of withdrawal it does not."""
    child, adult = await family(database, 40, date(2015, 5, 1))
    async with database.transaction() as session:

        async def state(at: datetime, wanted: Agreed = PHOTO) -> ConsentState:
            return consent_state(await consents(session, child), wanted, at=at)

        assert await state(NOW) is ConsentState.REQUIRED
        with pytest.raises(InputRefused, match="NO_RELATIONSHIP"):
            await give_consent(session, child, adult, PAPER_SHEET, by=BY, at=NOW)
        bond = Bond(child_id=child, adult_id=adult, kind="MOTHER")
        await relate(session, bond, proof=Proof(), by=BY, at=NOW)
        with pytest.raises(InputRefused, match="NOT_OLD_ENOUGH"):
            await give_consent(session, child, child, PAPER_SHEET, by=BY, at=NOW)
        consent_id = await give_consent(session, child, adult, PAPER_SHEET, by=BY, at=NOW)
        assert await state(NOW) is ConsentState.GIVEN
        assert await state(NOW, replace(PHOTO, recipient_code="PRESS")) is ConsentState.GIVEN
        assert await state(NOW, replace(PHOTO, purpose_code="OTHER")) is ConsentState.REQUIRED
        assert await state(datetime(2031, 5, 1, tzinfo=UTC)) is ConsentState.EXPIRED
        moment = NOW + timedelta(days=3)
        await withdraw_consent(session, consent_id, reason="changed mind", at=moment)
        assert await state(moment - timedelta(seconds=1)) is ConsentState.GIVEN
        assert await state(moment) is ConsentState.WITHDRAWN
        with pytest.raises(RegistryError):
            await withdraw_consent(session, consent_id, reason="again", at=moment)
        await give_consent(session, child, adult, PAPER_SHEET, by=BY, at=moment)
        assert await state(moment) is ConsentState.GIVEN


async def test_from_sixteen_the_learner_consents_himself(database: Database) -> None:
    """At 16 a parent's signature no longer makes a consent, the learner's own does."""
    child, adult = await family(database, 41, AUTUMN.replace(year=2010))
    async with database.transaction() as session:
        bond = Bond(child_id=child, adult_id=adult, kind="FATHER")
        await relate(session, bond, proof=Proof(), by=BY, at=NOW)
        with pytest.raises(InputRefused, match="SUBJECT_GIVES_IT"):
            await give_consent(session, child, adult, PAPER_SHEET, by=BY, at=NOW)
        await give_consent(session, child, child, PAPER_SHEET, by=BY, at=NOW)
        (own,) = await consents(session, child)
        assert (own.giver_relation, own.sheet.expires_on) == ("SELF", None)


async def test_a_consent_without_its_paper_is_refused(database: Database) -> None:
    """A consent has a place where the paper lies or a digest of what was signed: the database insists."""
    child, _ = await family(database, 42, date(2008, 1, 1))
    with pytest.raises(IntegrityError, match="ck_consent_evidence"):
        async with database.transaction() as session:
            await give_consent(session, child, child, replace(PAPER_SHEET, paper_location=""), by=BY, at=NOW)


async def test_a_file_shows_when_a_leaf_was_touched(database: Database) -> None:
    """Leaves follow one another in order; past the triggers, a changed or missing one is found."""
    person_id, _ = await pupil(database, "9", 43)
    async with database.transaction() as session:
        for n in range(5):
            leaf = Leaf(
                kind="ORDER", happened_on=AUTUMN, subject_id=uuid4(), paper_location=f"дело 1, лист {n}"
            )
            assert await file_leaf(session, person_id, leaf, by=BY, at=NOW) == n + 1
        leaves = await personal_file(session, person_id)
    assert first_break(leaves) is None
    assert first_break([*leaves[:2], *leaves[3:]]) == 3
    touched = replace(leaves[1], leaf=replace(leaves[1].leaf, paper_location="дело 2"))
    assert first_break([leaves[0], touched, *leaves[2:]]) == 2
    assert first_break(leaves[1:]) == 1


NEED = SpecialFact(
    kind=SpecialKind.NEED,
    source="SCHOOL",
    valid_from=AUTUMN,
    valid_until=date(2027, 5, 31),
    content={"type": "HEARING", "plan": "индивидуальный"},
)


async def test_special_records_open_only_with_a_reason_and_a_trace(database: Database) -> None:
    """What is stored shows nothing; opening it needs a reason and is noted; another's record does not open."""
    keys = SpecialKeys(KEY)
    person_id, _ = await pupil(database, "2", 44)
    async with database.transaction() as session:
        record_id = await record_special(session, keys, person_id, NEED, by=BY, at=NOW)
        stored = (await session.execute(text("select record::text from special.record"))).scalar_one()
        assert "HEARING" not in stored
        with pytest.raises(InputRefused, match="MISSING"):
            await open_special(session, keys, person_id, reason=" ", by=BY, at=NOW)
        (opened,) = await open_special(session, keys, person_id, reason="plan", by="psychologist", at=NOW)
        assert opened.fact == NEED
        assert "HEARING" not in repr(opened)
        assert await count(session, "from special.reading where read_by = 'psychologist'") == 1
        newer = replace(NEED, replaces_id=record_id, content={"type": "NONE"})
        await record_special(session, keys, person_id, newer, by=BY, at=NOW)
        (opened,) = await open_special(session, keys, person_id, reason="plan", by="psychologist", at=NOW)
        assert opened.fact.content == {"type": "NONE"}
        with pytest.raises(RegistryError, match="not configured"):
            await open_special(session, SpecialKeys(bytes(32)), person_id, reason="plan", by="x", at=NOW)
        rotated = SpecialKeys(bytes(32), older=(KEY,))
        assert len(await open_special(session, rotated, person_id, reason="plan", by="x", at=NOW)) == 1
    sealed = keys.seal({"type": "NONE"}, record_id, person_id)
    with pytest.raises(RegistryError, match="another person"):
        keys.open(sealed, record_id, uuid4())


@pytest.mark.requirement("R-038")
async def test_a_disability_comes_by_message_and_its_end_is_watched(database: Database) -> None:
    """Nobody types a disability; nothing outside the kept fields is stored; what ends soon is listed unopened."""
    keys = SpecialKeys(KEY)
    person_id, _ = await pupil(database, "2", 45)
    fact = replace(NEED, kind=SpecialKind.DISABILITY, source="KISSP", content={"group": "2"})
    async with database.transaction() as session:
        with pytest.raises(InputRefused, match="BY_MESSAGE"):
            await record_special(session, keys, person_id, fact, by=BY, at=NOW)
        proved = replace(fact, exchange_id=uuid4())
        with pytest.raises(InputRefused, match="NOT_KEPT"):
            wheelchair = replace(proved, content={"wheelchair_goal": "x"})
            await record_special(session, keys, person_id, wheelchair, by=BY, at=NOW)
        record_id = await record_special(session, keys, person_id, proved, by="worker", at=NOW)
        assert [each.record_id for each in await due_for_review(session, on=date(2027, 5, 2))] == [record_id]
        assert await due_for_review(session, on=date(2027, 4, 1)) == ()
        assert await count(session, "from special.reading") == 0


async def test_default_reads_never_touch_special_records(database: Database) -> None:
    """A role without any right to the special schema can do every default read."""
    someone = People(46).person()
    (school,) = await schools(database, 1)
    role = f"reader_{uuid4().hex[:8]}"
    async with database.transaction() as session:
        person_id = await entry_of(session, someone)
        await enrol(session, person_id, school, AUTUMN)
        await record_special(session, SpecialKeys(KEY), person_id, NEED, by=BY, at=NOW)
        await session.execute(text(f"create role {role} bypassrls"))
        await session.execute(text(f"grant usage on schema public to {role}"))
        await session.execute(text(f"grant select on all tables in schema public to {role}"))
    try:
        assert (await learner_state_by_pin(database, someone.pin)).person.person_id == person_id
        async with database.transaction() as session:
            await session.execute(text(f"set local role {role}"))
            entry = await person_by_id(session, person_id)
            assert await person_card(session, entry.isuo_no, at=NOW)
            assert await card_as_of(session, person_id, as_of=AUTUMN, known_at=datetime.now(UTC))
            assert len(await enrolments(session, person_id)) == 1
            assert await guardians(session, person_id) == ()
            assert await consents(session, person_id) == ()
        with pytest.raises(DBAPIError, match="permission denied"):
            async with database.transaction() as session:
                await session.execute(text(f"set local role {role}"))
                await session.execute(text("select count(*) from special.record"))
    finally:
        async with database.transaction() as session:
            await session.execute(text(f"drop owned by {role}"))
            await session.execute(text(f"drop role {role}"))


_MINE = {
    "registry_commit", "registry_cluster", "registry_version", "field_policy", "movement", "transfer_request",
    "grading_scale", "result", "attendance_fact", "person_relationship", "consent", "personal_file_entry",
    "record", "reading",
}  # fmt: skip


async def test_the_models_of_section_two_are_the_migrated_tables(database: Database) -> None:
    """What the code believes about these tables is what the migration made, and every column has its class."""
    assert {table.name for table in Base.metadata.sorted_tables} >= _MINE

    def differences(connection: Connection) -> list[object]:
        options = {
            "include_name": lambda name, kind, parents: kind != "table" or name in _MINE,
            "include_schemas": True,
            "compare_type": False,
        }
        found = compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)
        flat = [each for one in found for each in (one if isinstance(one, list) else [one])]
        return [each for each in flat if each[0] != "modify_comment" and _table_of(each) in _MINE]

    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    async with database.transaction() as session:
        unclassed = await session.execute(
            text("""
                select c.relname, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
                where c.relname = any(:tables) and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
                    and coalesce(col_description(c.oid, a.attnum), '')
                        !~ '^(CREDENTIAL|PERSONAL|CONTACT|SPECIAL|PUBLIC)'
            """),
            {"tables": sorted(_MINE)},
        )
        assert unclassed.all() == []


def _table_of(difference: tuple) -> str:
    if difference[0].startswith("modify"):
        return difference[2]
    named = difference[1]
    return getattr(getattr(named, "table", named), "name", "")


async def test_a_registry_that_is_in_use_is_taken_over(postgres: str) -> None:
    """People and places from before the journal get their orders and versions, and go on from there."""
    from tests.conftest import _admin, _with_name

    name = f"kopuro_upgrade_{uuid4().hex[:8]}"
    _admin(postgres, f'create database "{name}"')
    url = _with_name(postgres, name)
    database = Database(url)
    try:
        command.upgrade(configuration(url), "0004")
        person_id, school, past, place = (uuid4() for _ in range(4))
        async with database.transaction() as session:
            for statement in (
                f"insert into person (id, isuo_no, created_at, projected_at) values ('{person_id}', '00000000001X', now(), now())",
                f"insert into organisation (id, code, name_ky, name_ru) values ('{school}', 'S-1', 'М', 'Ш')",
                f"insert into enrolment (id, person_id, organisation_id, level, form, start_on, end_on, recorded_at) values ('{past}', '{person_id}', '{school}', 'GENERAL', 'FULL_TIME', '2020-09-01', '2024-06-01', now()), ('{place}', '{person_id}', '{school}', 'GENERAL', 'FULL_TIME', '2024-09-01', null, now())",
                f"insert into enrolment_status_period (id, enrolment_id, status, from_on, until_on) values (gen_random_uuid(), '{past}', 'ENROLLED', '2020-09-01', '2024-06-01'), (gen_random_uuid(), '{place}', 'ENROLLED', '2024-09-01', null)",
                f"insert into assertion (id, subject_type, subject_id, field, value, source_code, recorded_at) values (gen_random_uuid(), 'PERSON', '{person_id}', 'surname', '\"Асанов\"', 'SCHOOL', now())",
            ):
                await session.execute(text(statement))
        upgrade(url)
        async with database.transaction() as session:
            found = await card_as_of(session, person_id, as_of=AUTUMN, known_at=datetime.now(UTC))
            assert [status for _, status in found.places] == ["ENROLLED"]
            assert len(found.card.enrolments) == 2
            await order(session, place, Kind.GRADUATE, date(2027, 6, 1))
            with pytest.raises(InputRefused, match="ENROLMENT_ENDED"):
                await order(session, past, Kind.EXPEL, date(2025, 6, 1))
    finally:
        await database.close()
        _admin(postgres, f'drop database "{name}" with (force)')
