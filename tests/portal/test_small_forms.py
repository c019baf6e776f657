"""The smaller forms: staff, passport, classes, accounts, the own password; good input counts once, bad is named."""

from uuid import uuid4

from sqlalchemy import text

from gateway.access.values import Role
from gateway.foundation.clock import utc_now
from gateway.intake.cases import CaseQuestion, open_case
from tests.access.world import PASSWORD, add_account, add_person
from tests.portal.conftest import Answer, Clerk, Office


async def _scalar(office: Office, statement: str) -> object:
    async with office.world.database.transaction() as session:
        return await session.scalar(text(statement))


async def test_somebody_is_hired_assigned_and_leaves(office: Office) -> None:
    """Hiring by PIN, a position, the end: each once, each upon the state that was seen."""
    clerk, world = await office.clerk("responsible"), office.world
    path = "/portal/organisations/A-SCHOOL/staff/new"
    bad = await clerk.post(path, pin="1", start_on="x")
    assert bad.wrong() == {"pin", "position_code", "start_on", "kind_code", "order_no"}
    wanted = {"position_code": "TEACHER", "kind_code": "MAIN", "start_on": "2026-09-01", "order_no": "5-к"}
    nobody = await clerk.post(path, pin=world.people.pin("M", world.people.person().birth_date), **wanted)
    assert nobody.wrong() == {"pin"}
    key = uuid4().hex
    hired = [await clerk.post(path, pin=world.pins["teacher"], once=key, **wanted) for _ in range(2)]
    assert hired[0].to == hired[1].to, hired[0].words("//*[@role='alert']")
    assert await _scalar(office, "select count(*) from employment") == 1
    twice = await clerk.post(path, pin=world.pins["teacher"], **wanted)
    assert "already works there" in twice.words("//*[@role='alert']")
    card = hired[0].to
    too_much = await clerk.post(
        f"{card}/assignments", version="1", position_code="TEACHER", fte="3", from_on="2026-09-01"
    )
    assert too_much.wrong() == {"fte"}
    given = {"position_code": "TEACHER", "fte": "0,5", "from_on": "2026-09-01"}
    assert (await clerk.post(f"{card}/assignments", version="1", **given)).status == 303
    stale = await clerk.post(f"{card}/end", version="7", end_on="2026-12-01", reason_code="OWN_WISH")
    assert stale.status == 409
    ended = await clerk.post(f"{card}/end", version="1", end_on="2026-12-01", reason_code="OWN_WISH")
    assert ended.status == 303, ended.words("//*[@role='alert']")
    assert "has ended" in (await clerk.get(card)).words("//h1/..")
    for someone in ("b-responsible",):
        assert (await (await office.clerk(someone)).get(card)).status == 404


async def test_a_passport_is_amended_and_its_head_confirms_what_was_read(office: Office) -> None:
    """The responsible specialist adds; the head confirms the content that was shown and no other."""
    clerk, head = await office.clerk("responsible"), await office.clerk("head")
    one = "/portal/organisations/A-SCHOOL"
    bad = await clerk.post(f"{one}/add/licence", number="", valid_until="soon")
    assert {"kind_code", "number", "issuer", "issued_on", "valid_from", "valid_until"} == bad.wrong()
    licence = {"kind_code": "LICENCE", "number": "Л-1", "issuer": "МОН", "issued_on": "2024-01-01"}
    shown = (await head.get(one)).tree.xpath("//input[@name='digest']/@value")[0]
    assert (await clerk.post(f"{one}/add/licence", **licence, valid_from="2024-01-01")).status == 303
    stale = await head.post(f"{one}/confirmation", digest=shown)
    assert stale.status == 409
    shown = (await head.get(one)).tree.xpath("//input[@name='digest']/@value")[0]
    assert (await head.post(f"{one}/confirmation", digest=shown)).status == 303
    assert "confirmed" in (await head.get(one)).words("//aside | //main")
    assert (await clerk.post(f"{one}/confirmation", digest=shown)).status == 403
    assert (await head.get(f"{one}/add/licence")).status == 403
    site = {
        "name": "Main",
        "soate": "41702205000000",
        "address": "Манас көчөсү 1",
        "valid_from": "2024-01-01",
    }
    assert (await clerk.post(f"{one}/add/site", **site)).status == 303
    made = {"name": "7Б", "grade_code": "7", "language_code": "KY", "kind_code": "REGULAR"}
    for status in (303, 409):
        answer = await clerk.post(f"{one}/add/class", **made, opened_on="2026-09-01")
        assert answer.status == status, answer.words("//*[@role='alert']")
    page = await clerk.get(f"{one}/classes")
    [class_id] = page.tree.xpath("//tr[contains(., '7Б')]//input[@name='class_id']/@value")
    closed = await clerk.post(f"{one}/classes/close", class_id=class_id, closed_on="2026-12-01")
    assert closed.status == 303
    other = await office.clerk("b-responsible")
    assert (await other.post(f"{one}/classes/close", class_id=class_id, closed_on="2026-12-01")).status == 404


async def test_a_head_appoints_an_own_specialist_step_by_step(office: Office) -> None:
    """Account, identification, appointment, briefing, undertaking, code: then the specialist can sign in."""
    head, world = await office.clerk("head"), office.world
    async with world.database.transaction() as session:
        await add_person(session, world, "newcomer", world.people.person())
    number = world.numbers["newcomer"]
    bad = await head.post("/portal/accounts/new", isuo_no="123", login="newcomer")
    assert bad.wrong() == {"isuo_no"}
    made = await head.post("/portal/accounts/new", isuo_no=number, login="newcomer")
    account = made.to
    assert (await head.post(f"{account}/identification", kind="MAGIC")).wrong() == {"kind", "reference"}
    steps = {
        "identification": {"kind": "IN_PERSON_ACT", "reference": "4", "place": "safe 1"},
        "appointment": {
            "role": "RESPONSIBLE",
            "organisation_code": "A-SCHOOL",
            "order_no": "9-к",
            "order_on": "2026-09-01",
            "valid_from": "2026-09-01",
        },
        "briefing": {"held_on": "2026-09-01", "topic": "personal data"},
        "undertaking": {"signed_on": "2026-09-02", "paper_location": "file 7"},
    }
    too_early = await head.post(f"{account}/undertaking", **steps["undertaking"])
    assert too_early.status == 409
    for act, fields in steps.items():
        answer = await head.post(f"{account}/{act}", **fields)
        assert answer.status == 303, (act, answer.words("//*[@role='alert']"))
    code = (await head.post(f"{account}/recovery")).words("//p[@class='secret']").strip()
    assert len(code) == 23
    assert (
        await _scalar(office, "select count(*) from idempotency_key where answer::text like '%-%-%-%-%-%-%'")
        is not None
    )
    beyond = await head.post(f"{account}/appointment", **{**steps["appointment"], "role": "MINISTRY"})
    assert beyond.wrong() == {"role"}
    district = await office.clerk("district")
    notices = await district.get("/portal/notices")
    assert "9-к" in notices.words("//table")
    stranger = await office.clerk("b-responsible")
    assert (await stranger.get(account)).status == 404
    assert (await stranger.post(f"{account}/block", reason="x")).status == 404


async def test_the_own_password_is_changed_by_the_old_one(office: Office) -> None:
    """A wrong old password, two that differ and a weak one are refused; nothing typed is shown again."""
    clerk = await office.clerk("responsible")
    new = "a new password of some length"
    wrong = await clerk.post("/portal/me/password", old_password="no", password=new, repeated=new)
    assert wrong.status == 401
    differ = await clerk.post("/portal/me/password", old_password=PASSWORD, password=new, repeated="x")
    assert differ.wrong() == {"repeated"}
    weak = await clerk.post("/portal/me/password", old_password=PASSWORD, password="a", repeated="a")
    assert weak.wrong() == {"password"}
    for answer in (wrong, differ, weak):
        assert new not in answer.text
        assert PASSWORD not in answer.text
    done = await clerk.post("/portal/me/password", old_password=PASSWORD, password=new, repeated=new)
    assert done.status == 303
    assert "Set-Cookie" in done.headers
    assert (await clerk.get("/portal/me")).status == 303


async def test_a_search_without_anything_and_with_nonsense_is_told(office: Office) -> None:
    """An empty search, a bad day and a bad PIN are named; a former name and a grade find."""
    clerk = await office.clerk("responsible")
    assert (await clerk.post("/portal/learners")).wrong() == {"name"}
    assert (await clerk.post("/portal/learners", birth_date="1.13.2019")).wrong() == {"birth_date"}
    assert (await clerk.post("/portal/learners", pin="12")).wrong() == {"pin"}
    found = await clerk.post("/portal/learners", pin=office.world.pins["a-pupil"])
    assert office.world.numbers["a-pupil"] in found.words("//table")
    card = f"/portal/learners/{office.world.numbers['a-pupil']}"
    assert (await clerk.get(f"{card}?as_of=nonsense")).wrong() == {"as_of"}
    assert (await clerk.get(f"{card}?known_at=2999-01-01T00:00")).wrong() == {"known_at"}


async def test_a_case_is_answered_where_all_of_it_is_in_sight(office: Office) -> None:
    """Who may approve answers a case within reach; a case that reaches beyond is shown and not answered."""
    world, district = office.world, await office.clerk("district")
    path = f"/portal/cases/{world.cases['a']}"
    page = await district.get(path)
    assert world.numbers["a-pupil"] in page.text
    assert page.tree.xpath("//button[@value='reject']")
    across = f"/portal/cases/{world.cases['across']}"
    assert not (await district.get(across)).tree.xpath("//button[@value='reject']")
    assert (await district.post(across, act="reject")).status == 403
    assert (await (await office.clerk("b-responsible")).get(path)).status == 404
    assert (
        await (await office.clerk("responsible")).post(f"/portal/cases/{world.cases['own']}", act="confirm")
    ).status in {403, 409}
    answered = await district.post(path, act="reject")
    assert answered.status == 303, answered.words("//*[@role='alert']")
    assert "decided" in (await district.get(path)).words("//h1/..")


async def test_a_question_about_a_place_is_answered_in_the_review_alone(office: Office) -> None:
    """Two full-time places are no likeness of two children: the desk offers no such answer, and takes none."""
    world, district = office.world, await office.clerk("district")
    question = CaseQuestion(
        kind="DUP_ENROLMENT", person_id=world.learners["a-pupil"], explanation="two places", field="enrolment"
    )
    async with world.database.transaction() as session:
        case_id = await open_case(session, question, at=utc_now())
    page = await district.get(f"/portal/cases/{case_id}")
    assert not page.tree.xpath("//button[@name='act']")
    assert page.tree.xpath(f"//a[contains(@class, 'button') and @href='/console/cases/{case_id}']")
    refused = await district.post(f"/portal/cases/{case_id}", act="confirm")
    assert refused.status == 409
    assert "answered in the whole review" in refused.words("//*[@role='alert']")


async def test_who_has_not_signed_is_led_to_the_undertaking(office: Office) -> None:
    """Before the first entry the paper: the sign-in says so and leads to the form, which anybody may print."""
    world = office.world
    school = world.organisations["A-SCHOOL"]
    await add_account(world, "unsworn", Role.RESPONSIBLE, undertaken=False, organisation_id=school)
    stranger = Clerk(office.http, office.site)
    form = {"login": "unsworn", "password": PASSWORD}
    headers = {"Origin": office.site.address, "Accept-Language": "ru"}
    async with office.http.post("/sign-in", data=form, headers=headers) as response:
        refused = Answer(response.status, await response.text(), dict(response.headers))
    assert refused.status == 401
    [link] = refused.tree.xpath("//main//a[contains(., 'Обязательства')]/@href")
    page = await stranger.get(link)
    assert page.status == 200
    assert page.words("//pre")
