"""Orders and changes of schools from their forms: looked at before, given once, upon the state that was seen."""

import re
from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import text

from gateway.access.appointments import Appointment, write_grant
from gateway.access.values import Role
from tests.access.world import add_account
from tests.browsing import Chromium, focused
from tests.portal.conftest import Clerk, Office


async def _standing(office: Office, name: str) -> list[tuple[str, str]]:
    async with office.world.database.transaction() as session:
        found = await session.execute(
            text("""
                select o.code, s.status from enrolment e join organisation o on o.id = e.organisation_id
                join enrolment_status_period s on s.enrolment_id = e.id and s.until_on is null
                where e.person_id = :person and not e.held order by e.start_on, o.code
            """),
            {"person": office.world.learners[name]},
        )
        return [tuple(row) for row in found]


async def _order(clerk: Clerk, number: str, kind: str, **fields: str) -> dict[str, str]:
    """Open an order's form from the card and fill it in."""
    card = await clerk.get(f"/portal/learners/{number}")
    [link] = card.tree.xpath(f"//a[contains(@href,'kind={kind}&')]/@href")
    form = await clerk.get(link)
    hidden = {
        each.get("name"): each.get("value") for each in form.tree.xpath("//main//input[@type='hidden']")
    }
    return {**{name: value for name, value in hidden.items() if name != "csrf"}, **fields}


PAPER = {"order_no": "7-у", "order_on": "2026-09-01", "effective_on": "2026-12-01"}


async def test_an_order_is_looked_at_then_given_once(office: Office) -> None:
    """The look changes nothing and says what will be; given twice it counts once; a stale form is refused."""
    clerk, number = await office.clerk("responsible"), office.world.numbers["a-pupil"]
    path = f"/portal/learners/{number}/orders"
    wanted = await _order(clerk, number, "LEAVE", **PAPER, until_on="2027-03-01")
    looked = await clerk.post(path, **wanted, act="preview")
    assert looked.status == 200, looked.words("//*[@role='alert']")
    assert "on academic leave" in looked.words("//section[@id='effect']")
    assert await _standing(office, "a-pupil") == [("A-SCHOOL", "ENROLLED")]
    first = await clerk.post(path, **wanted, act="give")
    again = await clerk.post(path, **wanted, act="give")
    assert (first.status, again.status) == (303, 303)
    assert await _standing(office, "a-pupil") == [("A-SCHOOL", "ACADEMIC_LEAVE")]
    stale = await clerk.post(path, **{**wanted, "once": uuid4().hex}, act="give")
    assert stale.status == 409
    assert "changed since you opened it" in stale.words("//*[@role='alert']")
    card = await clerk.get(f"/portal/learners/{number}")
    assert "7-у" in card.words("//table")
    [cancel] = card.tree.xpath("//a[contains(@href,'kind=CANCEL') and contains(., '7-у')]/@href")
    form = await clerk.get(cancel)
    hidden = {
        each.get("name"): each.get("value") for each in form.tree.xpath("//main//input[@type='hidden']")
    }
    hidden.pop("csrf")
    taken = await clerk.post(path, **hidden, order_no="8-у", order_on="2026-11-20", act="give")
    assert taken.status == 303, taken.words("//*[@role='alert']")
    assert await _standing(office, "a-pupil") == [("A-SCHOOL", "ENROLLED")]


async def test_a_bad_order_says_what_is_wrong_where(office: Office) -> None:
    """Missing papers, impossible days and orders that cannot follow are told beside their fields."""
    clerk, number = await office.clerk("responsible"), office.world.numbers["a-pupil"]
    path = f"/portal/learners/{number}/orders"
    wanted = await _order(clerk, number, "LEAVE")
    bad = await clerk.post(path, **wanted, order_on="31.02.2026", until_on="2026-01-01", act="preview")
    assert bad.status == 422
    assert bad.wrong() == {"order_no", "order_on", "effective_on"}
    backwards = await clerk.post(path, **wanted, **PAPER, until_on="2026-01-01", act="preview")
    assert backwards.wrong() == {"until_on"}
    cannot = await clerk.post(path, **{**wanted, "kind": "RETURN"}, **PAPER, act="preview")
    assert cannot.status == 422
    assert "cannot follow" in cannot.words("//*[@role='alert']")
    assert (await clerk.post(path, **{**wanted, "kind": "NONSENSE"}, act="give")).status == 422
    assert await _standing(office, "a-pupil") == [("A-SCHOOL", "ENROLLED")]


async def test_another_schools_learner_is_as_one_that_is_not_there(office: Office) -> None:
    """Card, order and search give the same answer for another school's learner as for nobody."""
    clerk, number = await office.clerk("responsible"), office.world.numbers["b-pupil"]
    nobody = "000000000001"
    for path in ("/portal/learners/{}", "/portal/learners/{}/orders?kind=LEAVE"):
        theirs, none = await clerk.get(path.format(number)), await clerk.get(path.format(nobody))
        assert (theirs.status, none.status) == (404, 404)
        assert theirs.words("//main") == none.words("//main")
    posted = await clerk.post(f"/portal/learners/{number}/orders", kind="EXPEL", **PAPER, act="give")
    assert posted.status == 404
    found = await clerk.post("/portal/learners", pin=office.world.pins["b-pupil"])
    assert found.status == 200
    assert number not in found.text
    for place in ("", "/staff", "/classes"):
        assert (await clerk.get(f"/portal/organisations/B-SCHOOL{place}")).status == 404
    await_head = await office.clerk("ministry")
    assert (await await_head.get(f"/portal/learners/{number}")).status == 403


@pytest.mark.needs("chromium")
async def test_two_heads_move_a_child_between_their_schools(chromium: Chromium, office: Office) -> None:
    """A head changes nothing as head; appointed responsible besides, two of them hold, release and complete."""
    world = office.world
    for name, code in (("a-head", "A-SCHOOL"), ("b-head", "B-SCHOOL")):
        place = world.organisations[code]
        account = await add_account(world, name, Role.HEAD, organisation_id=place)
        paper = {"order_no": "3-к", "order_on": date(2026, 1, 5), "valid_from": date(2026, 1, 5)}
        duty = Appointment(role=Role.RESPONSIBLE, organisation_id=place, **paper)
        async with world.database.transaction() as session:
            await write_grant(session, account, duty, by=None)
    number = world.numbers["a-pupil"]
    card = await (await office.clerk("head")).get(f"/portal/learners/{number}")
    assert card.status == 200
    assert not card.tree.xpath("//a[contains(@href,'/orders')]")
    old, new = await chromium.page("a-head"), await chromium.page("b-head", language="ky")
    await old.goto(f"/portal/learners/{number}")
    await old.get_by_role("link", name="Transfer", exact=True).press("Enter")
    await old.wait_for_url("**/orders?*")
    await focused(old, "input")
    await old.keyboard.type("B-SCHOOL")
    await old.keyboard.press("Enter")
    await old.wait_for_selector("#effect")
    await focused(old, "button")
    await old.keyboard.press("Enter")
    await old.wait_for_url(f"**/portal/learners/{number}")
    await new.goto("/portal")
    await new.locator(f"a:has-text('{number}')").press("Enter")
    await new.locator("#f-free_places").press("Enter")
    await new.wait_for_url("**/portal/transfers")
    await old.goto("/portal")
    await old.locator(f"a[href^='/portal/transfers/']:has-text('{number}')").press("Enter")
    await old.get_by_role("button", name="Release").press("Enter")
    await old.wait_for_url("**/portal/transfers")
    await new.goto("/portal/transfers")
    await new.locator(f"th a:has-text('{number}')").press("Enter")
    await new.locator("#f-order_no").fill("12-к")
    await new.keyboard.press("Enter")
    await new.wait_for_url("**/portal/transfers")
    assert await _standing(office, "a-pupil") == [("A-SCHOOL", "TRANSFERRED"), ("B-SCHOOL", "ENROLLED")]
    await new.goto(f"/portal/learners/{number}")
    assert re.search("B-SCHOOL", await new.locator("main").inner_text())
    assert chromium.complaints == []
