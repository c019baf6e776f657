"""Leaves, examinations, lateness, the undertaking and the head's signature on the screen; the parts of a filled form."""

import base64
import re
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import text

from gateway.access.undertakings import write_briefing
from gateway.access.values import Role
from gateway.crypto.detached import sign_detached
from gateway.foundation.clock import today
from gateway.foundation.settings import Signatures
from gateway.intake.ports import Agencies, AgencyAnswer, AskContext, BirthActRecord, PersonRecord
from gateway.intake.ports_documents import AddressRecord
from tests.access.world import PASSWORD, World, add_account
from tests.browsing import Chromium, Site, keys_of, make_pages, settings_for
from tests.intake.support import Sources, person_record
from tests.personal_pki import PersonalAuthority
from tests.portal.conftest import Answer, Clerk, Office
from tests.running import served

TODAY = today()
INN = "02211199810049"
SCHOOL = "/portal/organisations/A-SCHOOL"


async def _rows(world: World, question: str) -> list[tuple[object, ...]]:
    async with world.database.transaction() as session:
        return [tuple(row) for row in await session.execute(text(question))]


async def _hired(office: Office) -> str:
    clerk = await office.clerk("responsible")
    made = await clerk.post(
        f"{SCHOOL}/staff/new", pin=office.world.pins["teacher"], passport="ID 7654321", position_code="TEACHER",
        kind_code="MAIN", start_on="2026-01-10", order_no="12-к",
    )  # fmt: skip
    assert made.status == 303, made.words("//*[@role='alert']")
    return made.to.rsplit("/", 1)[1]


@pytest.mark.requirement("R-029")
async def test_a_leave_is_given_shown_and_ended_on_a_page(office: Office) -> None:
    """By order and within the employment; a second one beside it is refused in words; a head looks, another school sees nothing."""
    work = await _hired(office)
    assert await _rows(
        office.world, "select value, status from person_identifier where scheme = 'PASSPORT'"
    ) == [("ID7654321", "CLAIMED")]
    clerk, head = await office.clerk("responsible"), await office.clerk("head")
    leave = {
        "employment_id": work, "kind_code": "STUDY", "from_on": str(TODAY), "until_on": "",
        "order_no": "7-о", "order_on": str(TODAY),
    }  # fmt: skip
    (kind,) = (
        await _rows(office.world, "select code from book_value where book_code = 'STAFF_LEAVE_KIND' limit 1")
    )[0]
    leave["kind_code"] = str(kind)
    wrong = await clerk.post(
        f"{SCHOOL}/leaves", **leave | {"until_on": str(TODAY - timedelta(days=1)), "order_no": ""}
    )
    assert (wrong.status, wrong.wrong()) == (422, {"until_on", "order_no"})
    given = await clerk.post(f"{SCHOOL}/leaves", **leave)
    assert given.status == 303, given.words("//*[@role='alert']")
    twice = await clerk.post(f"{SCHOOL}/leaves", **leave | {"order_no": "8-о"})
    assert twice.status == 409
    assert "another leave" in twice.words("//*[@role='alert']")
    shown = await head.get(f"{SCHOOL}/leaves")
    assert "7-о" in shown.words("//tbody")
    assert not shown.tree.xpath("//main//form[@method='post']")
    assert "7-о" not in (await head.get(f"{SCHOOL}/leaves?on={TODAY - timedelta(days=1)}")).words("//main")
    assert (await (await office.clerk("b-responsible")).get(f"{SCHOOL}/leaves")).status == 404
    (leave_id,) = shown_ids(await clerk.get(f"{SCHOOL}/leaves"))
    stranger = await (await office.clerk("b-responsible")).post(
        "/portal/organisations/B-SCHOOL/leaves/end", leave_id=leave_id, until_on=str(TODAY)
    )
    assert stranger.status == 404
    ended = await clerk.post(
        f"{SCHOOL}/leaves/end", leave_id=leave_id, until_on=str(TODAY + timedelta(days=2))
    )
    assert ended.status == 303
    assert await _rows(office.world, "select until_on from staff_leave") == [(TODAY + timedelta(days=2),)]


def shown_ids(page: Answer) -> list[str]:
    return page.tree.xpath("//input[@name='leave_id']/@value")


async def test_a_result_is_recorded_and_corrected_on_the_learners_page(office: Office) -> None:
    """What is wrong is said beside its field; a correction takes the old one's place; a head reads and writes nothing."""
    path = f"/portal/learners/{office.world.numbers['a-pupil']}/exams"
    clerk = await office.clerk("responsible")
    exam = {
        "exam_code": "STATE_FINAL", "part": "MATH", "taken_on": str(TODAY), "points": "4,5",
        "certificate_no": "A-17", "corrects": "",
    }  # fmt: skip
    wrong = await clerk.post(path, **exam | {"points": "many", "exam_code": ""})
    assert (wrong.status, wrong.wrong()) == (422, {"points", "exam_code"})
    assert (await clerk.post(path, **exam)).status == 303
    again = await clerk.post(path, **exam)
    assert (again.status, "corrected" in again.words("//*[@role='alert']")) == (409, True)
    [first] = (await clerk.get(path)).tree.xpath("//select[@id='f-corrects']/option[@value!='']/@value")
    assert (await clerk.post(path, **exam | {"points": "5", "corrects": first})).status == 303
    head = await (await office.clerk("head")).get(path)
    assert "5" in head.words("//tbody//td[@class='number']")
    assert not head.tree.xpath("//main//form[@method='post']")
    assert (await (await office.clerk("b-responsible")).get(path)).status == 404


@pytest.mark.requirement("R-074")
async def test_the_head_and_the_district_see_who_was_late(office: Office) -> None:
    """The district sees its organisations, the latest first; a head is led to the own one and sees by whom."""
    world = office.world
    async with world.database.transaction() as session:
        await session.execute(
            text("insert into movement (id, enrolment_id, kind, order_no, order_on, effective_on, recorded_at, recorded_by) "
                 "values (gen_random_uuid(), :place, 'PROMOTE', '1', (now() at time zone 'Asia/Bishkek')::date, (now() at time zone 'Asia/Bishkek')::date - 4, now(), :by)"),
            {"place": world.enrolments["a-pupil"], "by": f"isuo.{world.accounts['responsible'].hex}"},
        )  # fmt: skip
    district = await (await office.clerk("district")).get("/portal/lateness")
    assert district.tree.xpath("string(//tbody/tr[1]//a/@href)") == f"{SCHOOL}/lateness"
    head = await office.clerk("head")
    assert (await head.get("/portal/lateness")).to == f"{SCHOOL}/lateness"
    shown = await head.get(f"{SCHOOL}/lateness")
    (named,) = await _rows(
        world,
        "select p.surname from person p join account a on a.person_id = p.id "
        f"where a.id = '{world.accounts['responsible']}'",
    )
    assert str(named[0]) in shown.words("//tbody")
    assert (await head.get("/portal/organisations/B-SCHOOL/lateness")).status == 404


@pytest.mark.requirement("R-052", "R-062")
async def test_the_undertaking_is_signed_on_the_screen_before_the_first_entry(office: Office) -> None:
    """Behind the briefing, with the own password and the box ticked; then the session opens, and the file has the leaf."""
    world = office.world
    school = world.organisations["A-SCHOOL"]
    await add_account(world, "unsworn", Role.RESPONSIBLE, undertaken=False, organisation_id=school)
    account = world.accounts["unsworn"]
    stranger = Clerk(office.http, office.site)

    async def sign(**form: str) -> Answer:
        sent = {"login": "unsworn", "password": PASSWORD, "agreed": "yes", **form}
        headers = {"Accept-Language": "ru", "Origin": office.site.address}
        async with office.http.post(
            "/portal/undertaking", data=sent, headers=headers, allow_redirects=False
        ) as got:
            return Answer(got.status, await got.text(), dict(got.headers))

    assert (await stranger.get("/portal/undertaking")).tree.xpath("//input[@type='checkbox'][@required]")
    assert (await sign(password="wrong")).status == 401
    early = await sign()
    assert early.status == 401
    assert "инструктаж" in early.words("//*[contains(@class, 'notice-bad')]")
    async with world.database.transaction() as session:
        await write_briefing(session, account, held_on=TODAY, topic="secrecy", by=world.accounts["head"])
    unticked = await sign(agreed="")
    assert (unticked.status, unticked.wrong()) == (422, {"agreed"})
    counted = f"select count(*) from undertaking where account_id = '{account}'"
    assert await _rows(world, counted) == [(0,)]
    signed = await sign()
    assert (signed.status, signed.to) == (303, "/")
    assert "kopuro-session" in signed.headers["Set-Cookie"] or "kopuro" in str(signed.headers)
    assert (await sign()).status == 303
    leaf = f"select form_version, octet_length(scan_sha256), registered_by::text from undertaking where account_id = '{account}'"
    assert await _rows(world, leaf) == [("1.1-draft-1", 32, str(account))]
    noted = f"select count(*) from access_act where act = 'UNDERTAKING_SIGNED' and account_id = '{account}'"
    assert await _rows(world, noted) == [(1,)]
    kept = (
        "select e.kind, e.paper_location from personal_file_entry e join account a on a.person_id = e.person_id "
        f"where a.id = '{account}'"
    )
    assert await _rows(world, kept) == [("UNDERTAKING", "подписано на экране, форма на русском")]


@pytest.mark.requirement("R-063")
async def test_the_head_signs_the_downloaded_passport_on_the_page(world: World, tmp_path: Path) -> None:
    """Where a signature is required a word is refused; the two files over today's document confirm, another's do not."""
    authority = PersonalAuthority()
    files = (str(authority.certificate_file),)
    settings = replace(
        settings_for(world, tmp_path), signatures=Signatures(authority_files=files, required=True)
    )
    async with world.database.transaction() as session:
        await session.execute(
            text("update organisation set inn = :inn where code = 'A-SCHOOL'"), {"inn": INN}
        )
    keys = keys_of(settings)
    app = make_pages(world, settings, keys, Sources().agencies())
    async with served(app, settings) as address:
        site = Site(world=world, settings=settings, keys=keys, app=app, address=address)
        async with aiohttp.ClientSession(address, cookie_jar=aiohttp.DummyCookieJar()) as http:
            head = Clerk(http, site, await site.cookies("head"))
            page = await head.get(SCHOOL)
            [digest] = page.tree.xpath("//form[@enctype]//input[@name='digest']/@value")
            assert not page.tree.xpath(f"//form[@action='{SCHOOL}/confirmation']")
            word = await head.post(f"{SCHOOL}/confirmation", digest=digest)
            assert (word.status, "signature is required" in word.words("//*[@role='alert']")) == (422, True)
            said = (await head.get(f"{SCHOOL}/statement")).text.encode()

            async def send(signer: object, *, coded: bool = False, shown: str = digest) -> Answer:
                made = sign_detached(signer, said)  # type: ignore[arg-type]
                form = aiohttp.FormData()
                for name, value in (("csrf", site.csrf(head.cookies)), ("once", uuid4().hex), ("digest", shown),
                                    ("algorithm", made.algorithm)):  # fmt: skip
                    form.add_field(name, value)
                signature = base64.b64encode(made.signature) if coded else made.signature
                pem = signer.certificate.public_bytes(Encoding.PEM)  # type: ignore[attr-defined]
                form.add_field("signature", signature, filename="a.sig")
                form.add_field("certificate", pem if coded else made.certificate, filename="a.crt")
                headers = {"Accept-Language": "en", "Origin": address}
                async with http.post(
                    f"{SCHOOL}/signature",
                    data=form,
                    headers=headers,
                    cookies=head.cookies,
                    allow_redirects=False,
                ) as got:
                    return Answer(got.status, await got.text(), dict(got.headers))

            other = await send(authority.issue(world.pins["teacher"], INN))
            assert (other.status, other.wrong()) == (422, {"signature"})
            own = authority.issue(world.pins["head"], INN)
            assert (await send(own, shown="0" * 64)).status == 409
            assert (await head.get(SCHOOL)).words("//main").count("Certificate of the last") == 0
            done = await send(own, coded=True)
            assert (done.status, done.to) == (303, SCHOOL)
            assert "Certificate of the last" in (await head.get(SCHOOL)).words("//main")
            missing = await head.post(f"{SCHOOL}/signature", digest=digest, algorithm="x")
            assert (missing.status, missing.wrong()) == (422, {"signature", "certificate", "algorithm"})
    assert await _rows(world, "select kind from signed_content") == [("PASSPORT",)]


@dataclass
class More(Sources):
    """The address register and birth acts beside the two agencies of identity."""

    addresses: dict[str, str] = field(default_factory=dict)
    acts: dict[str, BirthActRecord] = field(default_factory=dict)

    def agencies(self) -> Agencies:
        return Agencies(civil_registry=self, passports=self, addresses=self)

    async def registered_address(self, pin: str, *, context: AskContext) -> AgencyAnswer[AddressRecord]:
        self.asked.append("registered_address")
        known = self.addresses.get(pin)
        return await self._answer("ASB", AddressRecord(text=known) if known else None)

    async def birth_act(self, pin: str, *, context: AskContext) -> AgencyAnswer[BirthActRecord]:
        self.asked.append("birth_act")
        return await self._answer("ZAGS", self.acts.get(pin))


@pytest.fixture
def sources() -> Sources:
    """Agencies that know more than the person."""
    return More()


@pytest.mark.requirement("R-022")
async def test_a_clerk_asks_for_the_parts_that_are_ticked_and_no_other(office: Office) -> None:
    """Address and birth act come with their sources and are locked; what is not ticked is not asked; a certificate fills its field."""
    sources = office.sources
    assert isinstance(sources, More)
    child = office.world.people.person(birth_date=date(2019, 5, 31))
    mother = person_record(office.world.people.person(sex="F"))
    known = person_record(child)
    sources.people[child.pin] = known
    sources.addresses[child.pin] = "Бишкек, Токтогул көч. 7"
    sources.acts[child.pin] = BirthActRecord(
        **{name: getattr(known, name) for name in PersonRecord.__dataclass_fields__},
        act_number="114", certificate_series="KR-X", certificate_number="7654321", mother=mother,
    )  # fmt: skip
    clerk = await office.clerk("responsible")
    plain = await clerk.post("/portal/learners/new", way="pin", pin=child.pin)
    assert plain.status == 303
    assert not (await clerk.get(plain.to)).tree.xpath("//*[@data-field='registered_address']")
    assert not {"registered_address", "birth_act"} & set(sources.asked)
    asked = await clerk.post_many(
        "/portal/learners/new",
        [("way", "pin"), ("pin", child.pin), ("parts", "registered_address"), ("parts", "birth_act")],
    )
    page = await clerk.get(asked.to)
    for name, value, source in (
        ("registered_address", "Бишкек, Токтогул көч. 7", "Address register"),
        ("birth_act_number", "114", "Civil registry"),
        ("mother_pin", mother.pin, "Civil registry"),
        ("birth_certificate", "KR-X7654321", "Civil registry"),
    ):
        [box] = page.tree.xpath(f"//*[@data-field='{name}']")
        assert box.xpath("string(.//input/@value)") == value
        assert box.xpath(".//input/@readonly"), name
        assert source in box.text_content()
    assert not page.tree.xpath("//*[@data-field='actual_address']")
    by_source = page.tree.xpath(
        "//*[@data-field][contains(@class, 'filled-locked')][.//*[contains(., ' · ')]]"
    )
    assert len(by_source) >= 8
    assert page.words("//*[@data-fields]").split(" / ")[0] == str(len(by_source))
    assert child.pin not in asked.to


@pytest.mark.needs("chromium")
async def test_the_new_pages_pass_axe_and_a_late_part_arrives_by_itself(
    chromium: Chromium, office: Office
) -> None:
    """The pages a clerk, a head and a stranger open have nothing serious against them in three languages and two looks."""
    sources = office.sources
    assert isinstance(sources, More)
    await _hired(office)
    child = office.world.people.person(birth_date=date(2019, 5, 31))
    sources.people[child.pin] = person_record(child)
    sources.addresses[child.pin] = "Ош, Ленин көч. 1"
    looks = (("responsible", "ky", "dark"), ("head", "ru", "light"), ("district", "en", "dark"))
    paths = {
        "responsible": (f"{SCHOOL}/staff/new", f"/portal/learners/{office.world.numbers['a-pupil']}/exams"),
        "head": (SCHOOL, f"{SCHOOL}/leaves", "/portal/undertaking"),
        "district": ("/portal/lateness", f"{SCHOOL}/lateness", f"{SCHOOL}/leaves"),
    }
    for role, language, theme in looks:
        page = await chromium.page(role, language=language, theme=theme)
        for path in paths[role]:
            await page.goto(path)
            assert await chromium.axe(page) == [], (role, path)
            assert not await page.evaluate(
                "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            )
    clerk = await chromium.page("responsible", language="ru")
    await clerk.goto("/portal/learners/new")
    await clerk.locator("#f-pin").fill(child.pin)
    await clerk.get_by_label("Адрес регистрации").check()
    assert await chromium.axe(clerk) == []
    sources.seconds = 1.6
    await clerk.locator("#f-pin").press("Enter")
    await clerk.wait_for_url(re.compile(r"/portal/learners/new/[0-9a-f-]{36}"))
    await clerk.wait_for_selector("[data-field=registered_address].filled-locked")
    assert await clerk.locator("#f-registered_address").input_value() == "Ош, Ленин көч. 1"
    assert "Адресный реестр" in await clerk.locator("#h-registered_address").inner_text()
    assert await chromium.axe(clerk) == []
    assert chromium.complaints == []
