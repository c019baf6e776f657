"""A new learner before a real browser: fewest keys, slow and silent agencies, nobody entered twice."""

import asyncio
import re
from datetime import date

import pytest
from sqlalchemy import text

from gateway.intake.ports import PassportRecord
from tests.browsing import Chromium, focused
from tests.intake.support import Sources, person_record
from tests.people import Person
from tests.portal.conftest import Office

pytestmark = pytest.mark.needs("chromium")


def _child(office: Office, **given: object) -> Person:
    child = office.world.people.person(birth_date=date(2019, 5, 31), **given)
    office.sources.people[child.pin] = person_record(child)
    return child


async def _stored(office: Office, pin: str) -> list[tuple[str, str, str]]:
    async with office.world.database.transaction() as session:
        found = await session.execute(
            text("""
                select p.given_name, o.code, e.level from person_identifier i
                join person p on p.id = i.person_id join enrolment e on e.person_id = p.id
                join organisation o on o.id = e.organisation_id where i.value = :pin
            """),
            {"pin": pin},
        )
        return [tuple(row) for row in found]


async def test_a_pin_and_a_grade_are_all_a_clerk_types(chromium: Chromium, office: Office) -> None:
    """By keyboard alone: the PIN, Enter, a grade, Enter; the learner is stored with 14 typed characters."""
    child = _child(office)
    page = await chromium.page("responsible", language="ru")
    await page.goto("/portal")
    await focused(page, "input")
    await page.keyboard.type(child.pin)
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(r"/portal/learners/new/[0-9a-f-]{36}"))
    assert await page.locator("#f-surname").input_value() == child.surname.upper()
    assert await page.locator("#f-surname").get_attribute("readonly") is not None
    assert "ЗАГС" in await page.locator("#h-surname").inner_text()
    assert child.pin not in page.url
    await focused(page, "#f-grade")
    await page.keyboard.type("5")
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile("/done$"))
    assert "14 знаков" in await page.locator("main dl").inner_text()
    assert await _stored(office, child.pin) == [(child.given_name.upper(), "A-SCHOOL", "PRIMARY")]
    await focused(page, "a")
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(r"/portal/learners/new\?grade=5"))
    assert chromium.complaints == []


class _SlowRegistry(Sources):
    """The civil registry answers when it is let; the passport service at once."""

    def __init__(self) -> None:
        super().__init__()
        self.let = asyncio.Event()

    async def person_by_pin(self, pin, *, context):
        await self.let.wait()
        return await super().person_by_pin(pin, context=context)


@pytest.fixture
def sources(request: pytest.FixtureRequest) -> Sources:
    """Agencies as the test asks for them."""
    return _SlowRegistry() if "slow" in request.node.name else Sources()


async def test_what_a_slow_agency_tells_arrives_in_the_open_form(chromium: Chromium, office: Office) -> None:
    """The page shows what came first; the rest fills in while the clerk works, and is announced."""
    child = _child(office)
    passport = {"series": child.passport[:2], "number": child.passport[2:], "valid": True}
    told = person_record(child)
    office.sources.passports[child.passport] = PassportRecord(
        pin=child.pin, surname=told.surname, given_name=told.given_name, **passport
    )
    page = await chromium.page("responsible")
    await page.goto("/portal/learners/new")
    await page.locator("#f-pin").fill(child.pin)
    await page.locator("details.more summary").press("Enter")
    await page.locator("#f-passport").fill(child.passport)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#waits")
    assert await page.locator("#f-surname").input_value() == told.surname
    assert await page.locator("#f-birth_date").input_value() == ""
    office.sources.let.set()
    await page.wait_for_selector("[data-field=birth_date].filled-locked")
    assert await page.locator("#f-birth_date").input_value() == "2019-05-31"
    await page.wait_for_function("document.getElementById('announce').textContent !== ''")
    assert await page.locator("#waits").count() == 0
    assert chromium.complaints == []


async def test_an_outage_stops_nobody_and_is_said(office: Office) -> None:
    """With the agencies down the form is filled in by hand, the learner is stored and marked as not verified."""
    office.sources.down = True
    child = office.world.people.person(birth_date=date(2019, 5, 31))
    clerk = await office.clerk("responsible")
    begun = await clerk.post("/portal/learners/new", way="pin", pin=child.pin)
    form = await clerk.get(begun.to)
    assert "out of reach" in form.words("//*[@id='sources']")
    stored = await clerk.post(
        begun.to,
        surname=child.surname,
        given_name=child.given_name,
        birth_date="31.05.2019",
        pin=child.pin,
        organisation_code="A-SCHOOL",
        grade="1",
        start_on="2026-09-01",
        act="store",
    )
    assert stored.status == 303, stored.words("//*[@role='alert']")
    done = await clerk.get(stored.to)
    assert "the source did not answer: verified later" in done.words("//main")
    assert await _stored(office, child.pin) == [(child.given_name, "A-SCHOOL", "PRIMARY")]


async def test_a_known_child_is_a_match_and_a_like_one_a_question(office: Office) -> None:
    """Entered again by another school's record a child is linked, a namesake without a PIN opens a case."""
    child = _child(office)
    clerk = await office.clerk("responsible")
    for expected in ("CREATED", "UPDATED MATCHED"):
        begun = await clerk.post("/portal/learners/new", way="pin", pin=child.pin)
        stored = await clerk.post(begun.to, organisation_code="A-SCHOOL", grade="1", start_on="2026-09-01")
        done = await clerk.get(stored.to)
        short = done.words("//*[contains(@class,'badge')][1]")
        assert short.split()[0] in {"CREATED": {"new"}, "UPDATED MATCHED": {"updated", "known"}}[expected]
    other = await office.clerk("b-responsible")
    begun = await other.post("/portal/learners/new", way="document", birth_certificate="КР-Х 7654321")
    typed = {"surname": child.surname, "given_name": child.given_name, "birth_date": "2019-05-31"}
    stored = await other.post(
        begun.to, **typed, organisation_code="B-SCHOOL", grade="1", start_on="2026-09-01"
    )
    done = await other.get(stored.to)
    case = done.tree.xpath("//a[starts-with(@href,'/portal/cases/')]/@href")
    assert case, done.words("//main")
    assert (await other.get(case[0])).status == 200


async def test_a_name_finds_the_one_person_and_never_several(office: Office) -> None:
    """By name and birth date the civil registry's one person is filled in; of several none is shown."""
    child = _child(office)
    told = office.sources.people[child.pin]
    asked = {"surname": told.surname, "given_name": told.given_name, "birth_date": "2019-05-31"}
    clerk = await office.clerk("responsible")
    begun = await clerk.post("/portal/learners/new", way="names", **asked)
    assert child.pin in (await clerk.get(begun.to)).text
    twin = _child(office)
    office.sources.people[twin.pin] = person_record(twin, surname=told.surname)
    begun = await clerk.post("/portal/learners/new", way="names", **asked)
    page = await clerk.get(begun.to)
    assert child.pin not in page.text
    assert twin.pin not in page.text


BAD = [
    ({"way": "pin"}, {"pin"}),
    ({"way": "pin", "pin": "123"}, {"pin"}),
    ({"way": "pin", "pin": "2.01E+13"}, {"pin"}),
    ({"way": "pin", "pin": "<script>alert(1)</script>"}, {"pin"}),
    (
        {"way": "names", "surname": "9", "given_name": "A", "birth_date": "31.02.2019"},
        {"surname", "birth_date"},
    ),
    ({"way": "document"}, {"birth_certificate"}),
]


async def test_bad_input_is_named_field_by_field(office: Office) -> None:
    """Each wrong field has its sentence beside it, in every language, and nobody is asked."""
    clerks = [await office.clerk("responsible", language) for language in ("ky", "ru", "en")]
    for fields, wrong in BAD:
        said = set()
        for clerk in clerks:
            answer = await clerk.post("/portal/learners/new", **fields)
            assert answer.status == 422
            assert answer.wrong() == wrong
            said.add(answer.words("//*[contains(@class,'wrong') and starts-with(@id,'h-')]"))
            assert "<script>alert" not in answer.text
        assert len(said) == 3
    assert office.sources.asked == []
