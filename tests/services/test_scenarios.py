"""What other agencies hear when lives are not plain: an outage, a consent withdrawn, protection, several roles."""

from dataclasses import replace
from datetime import date

import aiohttp
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from gateway.foundation.clock import today, utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import AgencyUnavailable
from gateway.intake.verification import verify_person
from gateway.registry.learners.consents import Agreed, Sheet, give_consent, withdraw_consent
from gateway.registry.learners.guardians import Bond, Proof, children, relate
from gateway.registry.learners.journal import give_order
from gateway.registry.learners.orders import Kind
from gateway.registry.protection import Ground, Regime, TwoPeople, lift, protect
from gateway.registry.reading import enrolments, organisation_by_code, person_by_pin
from gateway.registry.staff.employing import NewEmployment, hire
from tests.intake.support import (
    CONTEXT,
    POLICIES,
    Sources,
    add_schools,
    admit_one,
    application_of,
    count,
    evidence_of,
)
from tests.people import People, Person
from tests.registry.learners.support import entry_of, given, told_by
from tests.running import Running
from tests.services.asking import PORTAL, call, context
from tests.services.test_endpoint import adult

TWO = TwoPeople(proposed_by="admin.one", approved_by="admin.two")


async def asked_about(
    http: aiohttp.ClientSession, product: Running, person: Person, purpose: str = "BENEFIT_CASE"
) -> dict[str, object]:
    control = {"birthDate": person.birth_date.isoformat()}
    body = {"context": context(purpose), "subject": {"pin": person.pin, "control": control}}
    status, answer, _ = await call(http, product, body)
    assert status == 200
    return answer


async def test_an_outage_delays_verification_and_nothing_else(
    product: Running, http: aiohttp.ClientSession, database: Database
) -> None:
    """S-15: saved UNVERIFIED and told so, queued for the check, and verified by itself once the source is back."""
    await add_schools(database)
    child = People(71).person(birth_date=date(2015, 5, 5))
    sources = replace(Sources.knowing([child]), down=True)
    with pytest.raises(AgencyUnavailable):
        await evidence_of(sources, child)
    admitted = await admit_one(database, application_of(child))
    answer = await asked_about(http, product, child)
    assert (answer["resultCode"], answer["dataQuality"]["identity"]) == ("OK", "UNVERIFIED")
    with pytest.raises(AgencyUnavailable):
        await verify_person(
            database, sources.agencies(), admitted.person_id, policies=POLICIES, context=CONTEXT
        )
    async with database.transaction() as session:
        job = f"from procrastinate_jobs where args->>'person_id' = '{admitted.person_id}'"
        assert await count(session, job) == 1
        assert await count(session, "from review_case") == 0
    back = replace(sources, down=False)
    await verify_person(database, back.agencies(), admitted.person_id, policies=POLICIES, context=CONTEXT)
    answer = await asked_about(http, product, child)
    assert answer["dataQuality"]["identity"] == "VERIFIED"


@pytest.mark.requirement("R-080")
async def test_a_withdrawn_consent_stops_at_once(
    product: Running, http: aiohttp.ClientSession, database: Database
) -> None:
    """S-16: without consent nobody, with it the profile, after its withdrawal nobody; what was told stays listed."""
    person = adult()
    outcomes = [(await asked_about(http, product, person, "PORTAL_REFERENCE"))["resultCode"]]
    async with database.transaction() as session:
        known = await person_by_pin(session, person.pin)
        agreed = Agreed(scope_code="LEARNING", purpose_code="PORTAL_REFERENCE", recipient_code=PORTAL)
        sheet = Sheet(agreed=agreed, form="PAPER", given_on=date(2026, 1, 1), paper_location="папка 3")
        consent = await give_consent(
            session, known.person_id, known.person_id, sheet, by="clerk.one", at=utc_now()
        )
    answer = await asked_about(http, product, person, "PORTAL_REFERENCE")
    assert set(answer["status"]) == {"studying", "level"}
    async with database.transaction() as session:
        await withdraw_consent(session, consent, reason="по заявлению", at=utc_now())
    outcomes.append((await asked_about(http, product, person, "PORTAL_REFERENCE"))["resultCode"])
    assert outcomes == ["NOT_FOUND_OR_NOT_ALLOWED"] * 2
    async with database.transaction() as session:
        assert await count(session, f"from disclosure where person_id = '{known.person_id}'") == 1
        assert await count(session, "from disclosure") == 1


@pytest.mark.requirement("R-034")
async def test_a_leave_is_told_as_not_studying_with_its_days(
    product: Running, http: aiohttp.ClientSession, database: Database
) -> None:
    """An academic leave by order shows at once to who may ask: not studying, from which day."""
    day = today()
    async with database.transaction() as session:
        known = await person_by_pin(session, adult().pin)
        [place] = [each for each in await enrolments(session, known.person_id) if each.end_on is None]
        leave = given(Kind.LEAVE, day, until_on=day.replace(year=day.year + 1))
        await give_order(session, place.enrolment_id, leave, at=utc_now())
    answer = await asked_about(http, product, adult())
    assert (answer["resultCode"], answer["status"]["studying"]) == ("OK", False)
    assert {"from": day.isoformat(), "state": "ACADEMIC_LEAVE"} in answer["status"]["period"]


@pytest.mark.parametrize("regime", Regime)
async def test_a_protected_person_is_nobody(
    product: Running,
    http: aiohttp.ClientSession,
    database: Database,
    regime: Regime,
) -> None:
    """S-17: under protection the one answer is that of nobody; the duty officer can find out that it was asked."""
    person = adult()
    async with database.transaction() as session:
        known = await person_by_pin(session, person.pin)
        ground = Ground(regime=regime, authority_ref="Суд, 2-114/26", from_on=date(2026, 1, 1))
        await protect(session, known.person_id, ground, people=TWO, at=utc_now())
    with capture_logs() as logged:
        answer = await asked_about(http, product, person)
    noted = [] if regime is Regime.ADOPTION_SECRECY else [{"event", "log_level", "disclosure_id"}]
    assert [set(each) for each in logged] == noted
    assert (answer["resultCode"], "status" in answer) == ("NOT_FOUND_OR_NOT_ALLOWED", False)
    if regime is Regime.ADOPTION_SECRECY:
        return
    async with database.transaction() as session:
        await lift(session, known.person_id, people=TWO, at=utc_now())
    assert (await asked_about(http, product, person))["resultCode"] == "OK"


async def test_a_foreigner_is_found_by_the_document(
    product: Running, http: aiohttp.ClientSession, database: Database
) -> None:
    """S-6: whoever has no PIN is asked about by the document; another country's same number is nobody's."""
    await add_schools(database)
    child = replace(People(72).person(birth_date=date(2014, 6, 1)), birth_certificate=None)
    papers = {"pin": None, "citizenship": "UZB", "foreign_document": "UZBAA1234567"}
    await admit_one(database, application_of(child, **papers))
    results = []
    for country in ("UZB", "KAZ"):
        document = {"country": country, "type": "PASSPORT", "number": "AA 1234567"}
        control = {"birthDate": child.birth_date.isoformat()}
        body = {"context": context(), "subject": {"foreignDocument": document, "control": control}}
        _, answer, _ = await call(http, product, body)
        results.append(answer["resultCode"])
    assert results == ["OK", "NOT_FOUND_OR_NOT_ALLOWED"]


async def test_one_person_may_teach_learn_and_be_a_parent(
    product: Running, http: aiohttp.ClientSession, database: Database
) -> None:
    """S-19: three roles are one entry; what is told of her learning says nothing of her work or her child."""
    await add_schools(database)
    people = People(73)
    teacher = people.person(sex="F", birth_date=date(1995, 5, 5))
    child = people.person(birth_date=date(2018, 5, 5))
    async with database.transaction() as session:
        person_id = await entry_of(session, teacher)
        school = await organisation_by_code(session, "SCHOOL-A")
        new = NewEmployment(
            person_id=person_id,
            organisation_id=school.organisation_id,
            position_code="TEACHER",
            start_on=date(2026, 9, 1),
        )
        await hire(session, new, provenance=told_by("SCHOOL"))
        bond = Bond(child_id=await entry_of(session, child), adult_id=person_id, kind="MOTHER")
        await relate(session, bond, proof=Proof(), by="clerk.one", at=utc_now())
    studies = application_of(teacher, organisation_code="SCHOOL-B", form="EXTRAMURAL", level="GENERAL")
    admitted = await admit_one(database, studies)
    assert admitted.person_id == person_id
    async with database.transaction() as session:
        assert len(await children(session, person_id)) == 1
        roles = text(
            "select (select count(*) from employment where person_id = :id),"
            " (select count(*) from enrolment where person_id = :id)"
        )
        assert tuple((await session.execute(roles, {"id": person_id})).one()) == (1, 1)
    answer = await asked_about(http, product, teacher)
    assert set(answer["status"]) <= {"studying", "level", "form", "period", "expectedEnd"}
    assert answer["status"]["form"] == "EXTRAMURAL"
