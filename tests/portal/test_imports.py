"""A file of learners through the pages: tried, mended, imported; other schools' rows and other clerks' files apart."""

import re
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import text

from gateway.intake.ports import Agencies
from sync.dependencies import WorkerDependencies
from sync.imports import run_batch
from tests.browsing import Chromium
from tests.people import Person
from tests.portal.conftest import Office

HEAD = "record_id;surname;given_name;sex;pin;birth_date;organisation_code;grade;start_on"


def _row(number: int, child: Person, **changed: str) -> str:
    cells = {
        "record_id": f"r{number}",
        "surname": child.surname,
        "given_name": child.given_name,
        "sex": child.sex,
        "pin": child.pin,
        "birth_date": f"{child.birth_date:%d.%m.%Y}",
        "organisation_code": "A-SCHOOL",
        "grade": "1",
        "start_on": "01.09.2026",
    }
    return ";".join((cells | changed).values())


def _file(rows: list[str]) -> bytes:
    return "\n".join([HEAD, *rows, ""]).encode("utf-8-sig")


def _defects(children: list[Person]) -> list[str]:
    """Five rows as spreadsheets and people spoil them."""
    one, two, three, four, five = children
    return [
        _row(1, one, pin="2.01E+13"),
        _row(2, two, birth_date="31.02.2019"),
        _row(3, three, surname=""),
        _row(4, four, sex="?"),
        _row(5, five, organisation_code="B-SCHOOL"),
    ]


async def _count(office: Office) -> int:
    async with office.world.database.transaction() as session:
        return await session.scalar(text("select count(*) from enrolment where start_on = '2026-09-01'"))


@pytest.mark.needs("chromium")
async def test_five_defects_are_found_mended_and_imported(chromium: Chromium, office: Office) -> None:
    """The trial names all five and stores nothing; the mended file runs to its end before the clerk's eyes."""
    people = [office.world.people.person(birth_date=date(2019, 5, day)) for day in range(1, 9)]
    good = [_row(10 + number, child) for number, child in enumerate(people[5:])]
    page = await chromium.page("responsible")
    await page.goto("/portal/imports")
    spoiled = {"name": "first.csv", "mimeType": "text/csv", "buffer": _file(_defects(people[:5]) + good)}
    await page.locator("#f-file").set_input_files(spoiled)
    await page.locator("main form button").press("Enter")
    await page.wait_for_url(re.compile("/portal/imports/trial/"))
    await page.wait_for_selector("table tbody tr")
    rows = await page.locator("table tbody tr").all_inner_texts()
    assert [re.match(r"\d+", row)[0] for row in rows] == ["2", "3", "4", "5", "6"]
    assert await page.get_by_role("button", name="Import").count() == 0
    async with page.expect_download() as started:
        await page.get_by_role("link", name="The file with comments").click()
    given = await (await started.value).path()
    assert "no organisation with this code" in given.read_text(encoding="utf-8-sig")
    assert await _count(office) == 0
    await page.get_by_role("link", name="Try a mended file").press("Enter")
    mended = [_row(number + 1, child) for number, child in enumerate(people[:5])]
    clean = {"name": "second.csv", "mimeType": "text/csv", "buffer": _file(mended + good)}
    await page.locator("#f-file").set_input_files(clean)
    await page.locator("main form button").press("Enter")
    await page.get_by_role("button", name="Import 8 rows").press("Enter")
    await page.wait_for_url(re.compile(r"/portal/imports/[0-9a-f-]{36}$"))
    assert await page.locator("progress").count() == 1
    batch_id = UUID(page.url.rpartition("/")[2])
    work = WorkerDependencies(
        database=office.world.database, agencies=Agencies(), settings=office.site.settings
    )
    assert await run_batch(work, batch_id)
    await page.wait_for_selector("text=Every row is stored.")
    assert await _count(office) == 8
    assert [each for each in chromium.complaints if "422" not in each] == []


async def test_a_file_and_its_import_are_the_clerks_own(office: Office) -> None:
    """Another clerk finds neither the trial nor the import; a file with another school's row does not run."""
    clerk, other = await office.clerk("responsible"), await office.clerk("b-responsible")
    child = office.world.people.person(birth_date=date(2019, 5, 9))
    tried = await clerk.upload("/portal/imports", "own.csv", _file([_row(1, child)]))
    for path in ("", "/state", "/errors"):
        assert (await other.get(tried.to + path)).status == 404
    imported = await clerk.post(tried.to)
    for path in ("", "/state", "/errors"):
        assert (await other.get(imported.to + path)).status == 404
    foreign = await clerk.upload(
        "/portal/imports", "b.csv", _file([_row(1, child, organisation_code="B-SCHOOL")])
    )
    assert "not yours or not there" in (await clerk.get(foreign.to)).words("//main")
    assert "trial" in (await clerk.post(foreign.to)).to
    async with office.world.database.transaction() as session:
        assert await session.scalar(text("select count(*) from import_batch")) == 1


async def test_what_is_no_list_is_refused_with_the_cure(office: Office) -> None:
    """No file, a picture, a file without headings: each is refused with a sentence in the reader's language."""
    clerk = await office.clerk("responsible", "ru")
    none = await clerk.post("/portal/imports")
    assert (none.status, none.wrong()) == (422, {"file"})
    for content in (b"\x89PNG\r\n\x1a\n\x00\x00", b"a;b;c\n1;2;3\n", b""):
        answer = await clerk.upload("/portal/imports", "list.csv", content)
        assert answer.status == 422
        assert answer.words("//*[@role='alert']")
    template = await clerk.get("/portal/imports/template.csv")
    assert template.text.lstrip("\ufeff").startswith("kopuro:learners:1")
    assert "attachment" in template.headers["Content-Disposition"]


async def test_a_trial_lies_sealed(office: Office) -> None:
    """What a clerk has begun stands in the database encrypted: no name, no PIN."""
    child = office.world.people.person(birth_date=date(2019, 5, 9))
    clerk = await office.clerk("responsible")
    await clerk.upload("/portal/imports", "own.csv", _file([_row(1, child)]))
    await clerk.post("/portal/learners/new", way="pin", pin=child.pin)
    async with office.world.database.transaction() as session:
        found = (
            await session.execute(text("select sealed, coalesce(sealed_file, '') from portal_draft"))
        ).all()
    assert len(found) == 2
    for row in found:
        for secret in (child.pin, child.surname):
            assert secret.encode() not in bytes(row[0]) + bytes(row[1])
