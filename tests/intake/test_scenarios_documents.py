"""What happens to people, continued: birth acts, foreign documents, decisions of a commission, staff passports."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

import pytest_asyncio
from sqlalchemy import text

from gateway.foundation.clock import today, utc_now
from gateway.foundation.database import Database
from gateway.intake.admission import Result
from gateway.intake.applications import parse_application
from gateway.intake.autofill import Question, autofill
from gateway.intake.cases import list_cases
from gateway.intake.family import Family, link_family
from gateway.intake.foreigners import verify_foreigner, warn_of_expiry
from gateway.intake.ports import Agencies, AgencyAnswer, AskContext, BirthActRecord
from gateway.intake.ports_documents import DocumentStatus, ForeignerRecord
from gateway.intake.staff_documents import check_passport, show_passport
from gateway.intake.verification import verify_person
from gateway.registry.learners.guardians import Bond, Proof, guardians, relate
from gateway.registry.learners.promotion import promote
from gateway.registry.protection import Ground, Regime, TwoPeople, protect
from gateway.registry.reading import enrolments, organisation_by_code, person_by_pin
from gateway.registry.staff.assigning import NewAssignment, assign, fte_of
from gateway.registry.staff.employing import NewEmployment, hire, note_social_fund
from gateway.registry.values import VerificationStatus
from tests.intake.support import (
    CONTEXT,
    POLICIES,
    Sources,
    add_schools,
    admit_one,
    application_of,
    count,
    evidence_of,
    person_record,
)
from tests.people import People, Person
from tests.registry.learners.support import PAPER, entry_of, told_by

TODAY = today()


@dataclass
class Registers(Sources):
    """The civil registry's acts, the registers of foreigners and passports, in memory behind the real ports."""

    acts: dict[str, BirthActRecord] = field(default_factory=dict)
    foreigners: dict[str, ForeignerRecord] = field(default_factory=dict)
    void: set[str] = field(default_factory=set)

    def agencies(self) -> Agencies:
        return Agencies(civil_registry=self, passports=self, foreigners=self, passport_register=self)

    async def birth_act(self, pin: str, *, context: AskContext) -> AgencyAnswer[BirthActRecord]:
        self.asked.append("birth_act")
        return await self._answer("ZAGS", self.acts.get(pin))

    async def by_document(
        self, number: str, *, country: str, context: AskContext
    ) -> AgencyAnswer[ForeignerRecord]:
        self.asked.append("by_document")
        return await self._answer("FOREIGN_SERVICE", self.foreigners.get(country + number))

    async def status(self, *, series: str, number: str, context: AskContext) -> AgencyAnswer[DocumentStatus]:
        told = DocumentStatus(series=series, number=number, valid=series + number not in self.void)
        return await self._answer("PASSPORT", told)

    async def lost_passports(self, **_: object) -> AgencyAnswer[tuple[DocumentStatus, ...]]:
        return await self._answer("PASSPORT", ())


@pytest_asyncio.fixture
async def registry(database: Database) -> Database:
    await add_schools(database)
    return database


async def kinds(registry: Database) -> list[str]:
    async with registry.transaction() as session:
        return sorted(case.kind for case in await list_cases(session))


def act_of(child: Person, *, mother: Person, father: Person | None = None) -> BirthActRecord:
    told = person_record(child)
    shared = {name: getattr(told, name) for name in ("pin", "surname", "given_name", "patronymic", "sex")}
    return BirthActRecord(
        **shared,
        birth_date=child.birth_date,
        act_number="0412",
        certificate_series=child.birth_certificate[:4],
        certificate_number=child.birth_certificate[4:],
        mother=person_record(mother),
        father=person_record(father) if father else None,
    )


async def tied(registry: Database, sources: Registers, child_id: object) -> Family | None:
    return await link_family(registry, sources.agencies(), child_id, policies=POLICIES, context=CONTEXT)


def family_of(people: People) -> tuple[Person, Person, Person]:
    child = people.person(sex="F", birth_date=date(2023, 4, 4))
    mother = people.person(sex="F", birth_date=date(1995, 2, 2))
    return child, mother, people.person(sex="M", birth_date=date(1993, 1, 1))


async def test_a_newborn_brings_both_parents_from_the_birth_act(registry: Database) -> None:
    """S-1: three typed fields suffice, both parents are tied by the act, a second nursery waits, a repeat adds nothing."""
    child, mother, father = family_of(People(51))
    sources = Registers.knowing([child])
    sources.acts[child.pin] = act_of(child, mother=mother, father=father)
    form = await autofill(sources.agencies(), Question(pin=child.pin), CONTEXT)
    filled = {"surname", "given_name", "patronymic", "sex", "birth_date", "citizenship"}
    typed = {"organisation_code": "SCHOOL-A", "start_on": "2026-09-01", "grade": "0"}
    named = {name: form.value(name) for name in filled}
    told = parse_application({**named, **typed, "pin": child.pin, "source_record_key": "1"})
    first = await admit_one(registry, told, evidence=await evidence_of(sources, child))
    assert first.verification is VerificationStatus.MATCHED_WITH_SOURCE
    async with registry.transaction() as session:
        assert await count(session, "from procrastinate_jobs where task_name = 'link_family'") == 1
    family = await tied(registry, sources, first.person_id)
    assert family is not None
    assert await tied(registry, sources, first.person_id) is None
    async with registry.transaction() as session:
        known = await guardians(session, first.person_id)
        assert {each.kind: (each.source, each.evidence, each.status) for each in known} == {
            "MOTHER": ("ZAGS", "BIRTH_ACT", "VERIFIED"),
            "FATHER": ("ZAGS", "BIRTH_ACT", "VERIFIED"),
        }
        assert (await person_by_pin(session, mother.pin)).person_id == family.parents["MOTHER"]
        assert await count(session, "from assertion where field = 'surname' and exchange_id is not null") == 3
    second = await admit_one(registry, application_of(child, organisation_code="SCHOOL-B"))
    assert second.reasons == ("DUP_ENROLMENT",)


async def test_siblings_share_their_parents_entries(registry: Database) -> None:
    """S-1: the second child's act ties it to the same mother; nobody is entered twice."""
    people = People(52)
    one, mother, father = family_of(people)
    other = people.person(sex="M", birth_date=date(2021, 7, 7))
    sources = Registers.knowing([one, other])
    families = []
    for child in (one, other):
        sources.acts[child.pin] = act_of(child, mother=mother, father=father)
        admitted = await admit_one(
            registry, application_of(child), evidence=await evidence_of(sources, child)
        )
        families.append(await tied(registry, sources, admitted.person_id))
    assert families[0] == families[1]
    async with registry.transaction() as session:
        assert await count(session, "from person") == 4


async def test_another_mother_than_the_proven_one_is_a_question(registry: Database) -> None:
    """S-1: an act that names another parent than an earlier proof ties nobody in the proven one's place."""
    people = People(53)
    child, mother, _ = family_of(people)
    sources = Registers.knowing([child])
    sources.acts[child.pin] = act_of(child, mother=people.person(sex="F", birth_date=date(1990, 3, 3)))
    admitted = await admit_one(registry, application_of(child), evidence=await evidence_of(sources, child))
    async with registry.transaction() as session:
        adult = await entry_of(session, mother)
        bond = Bond(child_id=admitted.person_id, adult_id=adult, kind="MOTHER")
        proof = Proof(evidence="COURT", source="COURT", act="7/2026")
        await relate(session, bond, proof=proof, by="clerk.one", at=utc_now())
    family = await tied(registry, sources, admitted.person_id)
    assert family.parents == {}
    assert await kinds(registry) == ["GUARDIAN_MISMATCH"]


async def test_a_child_known_by_certificate_is_found_when_its_pin_comes(registry: Database) -> None:
    """S-1: registered late, with a certificate alone, the child is linked when the PIN arrives; no case."""
    child = People(54).person(birth_date=date(2023, 1, 9))
    first = await admit_one(registry, application_of(child, pin=None))
    assert first.verification is VerificationStatus.UNVERIFIED
    later = await admit_one(registry, application_of(child))
    assert (later.result, later.person_id) == (Result.MATCHED, first.person_id)
    assert await kinds(registry) == []


async def test_a_class_of_thirty_is_enrolled_without_typing_a_name(registry: Database) -> None:
    """S-2: PINs alone fill every identity field; a child with two schools has one place that counts."""
    people = People(55)
    children = [people.person(birth_date=date(2019, 5, 1) + timedelta(days=n)) for n in range(30)]
    sources = Registers.knowing(children)
    for number, child in enumerate(children):
        form = await autofill(sources.agencies(), Question(pin=child.pin), CONTEXT)
        statuses = {each.status for each in form.fields if each.value and each.name != "death_date"}
        assert statuses == {VerificationStatus.FILLED_BY_SOURCE}
        names = {name: form.value(name) for name in ("surname", "given_name", "patronymic", "birth_date")}
        place = {"organisation_code": "SCHOOL-A", "grade": "1", "start_on": "2026-09-01"}
        told = parse_application({**names, **place, "pin": child.pin, "source_record_key": f"row-{number}"})
        admitted = await admit_one(registry, told, evidence=await evidence_of(sources, child))
        assert admitted.result is Result.CREATED
    again = await admit_one(registry, application_of(children[0], organisation_code="SCHOOL-C"))
    assert again.reasons == ("DUP_ENROLMENT",)
    async with registry.transaction() as session:
        assert await count(session, "from enrolment where not held") == 30
        assert (
            await count(session, "from field_provenance where field = 'surname' and source_code <> 'ZAGS'")
            == 0
        )


def uzbek(people: People) -> tuple[Person, dict[str, object]]:
    child = replace(people.person(birth_date=date(2014, 6, 1)), birth_certificate=None)
    return child, {"pin": None, "citizenship": "UZB", "foreign_document": "UZBAA1234567"}


def foreigner(child: Person, **changed: object) -> ForeignerRecord:
    told = person_record(child)
    shared = {name: getattr(told, name) for name in ("surname", "given_name", "patronymic", "sex")}
    return ForeignerRecord(
        **{
            **shared,
            "birth_date": child.birth_date,
            "citizenship": "UZB",
            "document_number": "AA1234567",
            "document_issued_on": date(2022, 1, 1),
            "document_expires_on": TODAY + timedelta(days=400),
            "stays_until": TODAY + timedelta(days=20),
            **changed,
        }
    )


async def test_a_foreign_pupil_learns_without_a_pin(registry: Database) -> None:
    """S-6: enrolled by the document, verified by its register, warned of in time, linked when the PIN comes."""
    child, papers = uzbek(People(56))
    sources = Registers(foreigners={"UZBAA1234567": foreigner(child)})
    first = await admit_one(registry, application_of(child, **papers))
    assert first.result is Result.CREATED
    agencies = sources.agencies()
    asked = {"policies": POLICIES, "context": CONTEXT}
    assert await verify_foreigner(registry, agencies, first.person_id, **asked) is True
    assert await verify_person(registry, agencies, first.person_id, **asked) is None, "nothing to ask by PIN"
    async with registry.transaction() as session:
        proof = "from field_provenance where field = 'surname' and source_code = 'FOREIGN_SERVICE'"
        assert await count(session, proof) == 1
        now = utc_now()
        assert await warn_of_expiry(session, on=TODAY, at=now) == 1
        assert await warn_of_expiry(session, on=TODAY, at=now) == 1, "asked about, but in the one open case"
        assert not any(place.end_on for place in await enrolments(session, first.person_id))
    assert await kinds(registry) == ["FOREIGN_DOC_EXPIRED"]
    later = await admit_one(
        registry, application_of(child, foreign_document="UZBAA1234567", organisation_code="SCHOOL-A")
    )
    assert (later.result, later.person_id) == (Result.MATCHED, first.person_id)


async def test_a_foreign_document_of_another_person_is_disputed(registry: Database) -> None:
    """S-6: where the register knows another holder nothing of that person is stored, and a person decides."""
    people = People(57)
    child, papers = uzbek(people)
    stranger = people.person(surname="Чокморов", birth_date=date(1980, 1, 1))
    sources = Registers(foreigners={"UZBAA1234567": foreigner(stranger)})
    first = await admit_one(registry, application_of(child, **papers))
    taken = await verify_foreigner(
        registry, sources.agencies(), first.person_id, policies=POLICIES, context=CONTEXT
    )
    assert taken is False
    assert await kinds(registry) == ["SOURCE_CONFLICT"]
    async with registry.transaction() as session:
        assert await count(session, "from assertion where value::text ilike '%чокморов%'") == 0


async def employed(registry: Database, person: Person, school: str) -> tuple[object, object]:
    async with registry.transaction() as session:
        known = await person_by_pin(session, person.pin)
        person_id = known.person_id if known else await entry_of(session, person)
        place = await organisation_by_code(session, school)
        new = NewEmployment(
            person_id=person_id,
            organisation_id=place.organisation_id,
            position_code="TEACHER",
            start_on=date(2026, 9, 1),
            kind_code="MAIN" if school == "SCHOOL-A" else "PART_TIME",
        )
        return person_id, await hire(session, new, provenance=told_by("SCHOOL"))


async def test_one_passport_at_two_workplaces_is_part_time_work(registry: Database) -> None:
    """S-8: one person, two employments, positions summed; what the Social Fund says is noted and changes nothing."""
    teacher = People(58).person(sex="F", birth_date=date(1985, 5, 5))
    for school in ("SCHOOL-A", "SCHOOL-B"):
        person_id, employment_id = await employed(registry, teacher, school)
        async with registry.transaction() as session:
            assert await show_passport(session, person_id, "ID1234567", provenance=told_by("SCHOOL")) is None
            position = NewAssignment(
                employment_id=employment_id,
                position_code="TEACHER",
                fte=Decimal("0.75"),
                from_on=date(2026, 9, 1),
            )
            await assign(session, position, at=utc_now())
            await note_social_fund(session, employment_id, "NOT_FOUND", provenance=told_by("SOCIAL_FUND"))
    async with registry.transaction() as session:
        assert await fte_of(session, person_id, on=date(2026, 10, 1)) == Decimal("1.50")
        assert await count(session, "from employment where end_on is null") == 2
    assert await kinds(registry) == []


async def test_one_passport_of_two_people_waits_for_two_people(registry: Database) -> None:
    """S-8: shown by a second person a passport is disputed there and asked about; the first one's stays."""
    people = People(59)
    cases = []
    for school in ("SCHOOL-A", "SCHOOL-B"):
        person_id, _ = await employed(registry, people.person(birth_date=date(1980, 1, 1)), school)
        async with registry.transaction() as session:
            cases.append(await show_passport(session, person_id, "ID 7654321", provenance=told_by("SCHOOL")))
    assert cases[0] is None
    assert await kinds(registry) == ["DUP_STAFF_DOCUMENT"]
    async with registry.transaction() as session:
        statuses = (
            "select status from person_identifier where scheme = 'PASSPORT' order by recorded_at, status"
        )
        assert sorted((await session.execute(text(statuses))).scalars()) == ["CLAIMED", "DISPUTED"]


async def test_a_void_passport_is_a_task_for_the_school(registry: Database) -> None:
    """S-8: a passport its issuer calls void answers for nobody and is asked for anew; the work goes on."""
    teacher = People(60).person(birth_date=date(1985, 5, 5))
    person_id, _ = await employed(registry, teacher, "SCHOOL-A")
    async with registry.transaction() as session:
        await show_passport(session, person_id, "ID1234567", provenance=told_by("SCHOOL"))
    sources = Registers(void={"ID1234567"})
    assert (
        await check_passport(registry, sources.agencies(), person_id, context=CONTEXT, policies=POLICIES)
        is False
    )
    assert await kinds(registry) == ["STALE"]
    async with registry.transaction() as session:
        assert await count(session, "from employment where end_on is null") == 1


async def test_a_child_without_any_document_rests_on_the_commissions_decision(registry: Database) -> None:
    """S-12: no document at all: the child is enrolled, and the decision stands with the order of enrolment."""
    child = replace(People(61).person(birth_date=date(2017, 2, 3)), birth_certificate=None)
    decision = "Комиссия по делам детей, решение 14 от 20.08.2026"
    admitted = await admit_one(
        registry, application_of(child, pin=None, birth_certificate=None, basis=decision)
    )
    assert admitted.result is Result.CREATED
    async with registry.transaction() as session:
        told = text("select basis from movement where enrolment_id = :id and kind = 'ENROL'")
        assert (await session.execute(told, {"id": admitted.enrolment_id})).scalar_one() == decision


async def test_the_jump_of_the_twelve_year_school_is_no_new_child(registry: Database) -> None:
    """S-13: from grade 3 to 5 by the rules; the same child told again in grade 5 is the same child, without a case."""
    child = People(62).person(birth_date=date(2016, 5, 5))
    first = await admit_one(registry, application_of(child, grade="3", start_on=date(2024, 9, 1)))
    async with registry.transaction() as session:
        place = await organisation_by_code(session, "SCHOOL-A")
        moved = await promote(session, place.organisation_id, on=date(2025, 9, 1), paper=PAPER, at=utc_now())
        assert list(moved.promoted) == [first.enrolment_id]
        grade = text("select grade from enrolment where id = :id")
        assert (await session.execute(grade, {"id": first.enrolment_id})).scalar_one() == "5"
    again = await admit_one(registry, application_of(child, pin=None, grade="5", start_on=date(2025, 9, 1)))
    assert (again.result, again.person_id, again.case_id) == (Result.MATCHED, first.person_id, None)


async def test_an_adopted_childs_former_entry_leads_nowhere(registry: Database) -> None:
    """S-17: sealed by two people, the former entry is found by no number, name, act or merge; the new one lives on."""
    people = People(63)
    former, mother, _ = family_of(people)
    adopted = replace(people.person(sex="F", birth_date=former.birth_date), birth_certificate="КР-Х1112223")
    sources = Registers.knowing([former, adopted])
    old = await admit_one(registry, application_of(former), evidence=await evidence_of(sources, former))
    async with registry.transaction() as session:
        ground = Ground(regime=Regime.ADOPTION_SECRECY, authority_ref="Суд, 2-114/26", from_on=TODAY)
        two = TwoPeople(proposed_by="admin.one", approved_by="admin.two")
        await protect(session, old.person_id, ground, people=two, at=utc_now())
    new = await admit_one(
        registry,
        application_of(adopted, organisation_code="SCHOOL-B"),
        evidence=await evidence_of(sources, adopted),
    )
    assert (new.result, new.case_id) == (Result.CREATED, None)
    sources.acts[former.pin] = act_of(former, mother=mother)
    assert await tied(registry, sources, old.person_id) is None
    again = await admit_one(registry, application_of(former, organisation_code="SCHOOL-C"))
    assert again.person_id not in {old.person_id, new.person_id}
    async with registry.transaction() as session:
        for table in ("match_key", "name_key"):
            assert await count(session, f"from {table} where person_id = '{old.person_id}'") == 0
        found = await person_by_pin(session, former.pin)
        assert found is None or found.person_id == again.person_id
