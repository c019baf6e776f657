"""Learners over real HTTP: the card and what was shown then, the search, orders, changes of schools."""

import asyncio
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import text

from gateway.foundation.clock import today, utc_now
from gateway.registry.projection import project_person
from gateway.registry.repository import Provenance, add_assertions
from tests.api.conftest import Desk
from tests.intake.support import POLICIES

TODAY = today()


async def _rename(desk: Desk, name: str, surname: str) -> None:
    at = utc_now()
    told = Provenance(source="ZAGS", recorded_at=at, exchange_id=uuid4(), verified_at=at)
    async with desk.world.database.transaction() as session:
        await add_assertions(session, desk.world.learners[name], {"surname": surname}, provenance=told)
        await project_person(session, desk.world.learners[name], POLICIES, at=at)


async def _surname(desk: Desk, name: str) -> str:
    async with desk.world.database.transaction() as session:
        found = await session.execute(
            text("select surname from person where id = :id"), {"id": desk.world.learners[name]}
        )
        return str(found.scalar_one())


async def test_the_card_says_where_each_value_comes_from(desk: Desk) -> None:
    """Every field has its source and its worth, the answer has a tag and is not kept by anybody on the way."""
    status, card, headers = await desk.ask("responsible", "GET", f"learners/{desk.world.numbers['a-pupil']}")
    assert status == 200
    by_name = {each["name"]: each for each in card["fields"]}
    assert {by_name[name]["source"] for name in ("surname", "birth_date", "pin")} == {"ZAGS"}
    assert all(each["exchange_id"] and each["verified_at"] for each in card["fields"])
    assert headers["Etag"].startswith('"')
    assert headers["Cache-Control"] == "no-store"


async def test_the_card_is_given_again_as_it_was_shown(desk: Desk) -> None:
    """After a new name and an order, `as_of` and `known_at` of the old answer give the old answer, to each reader."""
    path = f"learners/{desk.world.numbers['a-pupil']}"
    shown = {role: (await desk.ask(role, "GET", path))[1] for role in ("responsible", "parent", "program")}
    await asyncio.sleep(0.05)
    known_at = utc_now()
    await asyncio.sleep(0.05)
    await _rename(desk, "a-pupil", "Башкабаева")
    assert (await desk.order("responsible", "a-pupil", kind="LEAVE", effective_on=str(TODAY)))[0] == 201
    for role, before in shown.items():
        asked = f"{path}?as_of={before['as_of']}&known_at={known_at.isoformat().replace('+00:00', 'Z')}"
        status, again, headers = await desk.ask(role, "GET", asked)
        assert status == 200
        assert again | {"known_at": None} == before | {"known_at": None}, role
        assert "Etag" not in headers
        assert (await desk.ask(role, "GET", path))[1]["fields"] != before["fields"]


async def test_before_it_was_known_there_is_no_card(desk: Desk) -> None:
    """An instant before the entry was made gives the answer of a missing one; a coming instant is refused."""
    path = f"learners/{desk.world.numbers['a-pupil']}"
    missing = await desk.ask("responsible", "GET", "learners/99999999999X")
    early = await desk.ask("responsible", "GET", f"{path}?known_at=2020-01-01T00:00:00Z")
    assert (early[0], early[1]) == (404, missing[1])
    late = (utc_now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (await desk.ask("responsible", "GET", f"{path}?known_at={late}"))[0] == 422
    assert (await desk.ask("responsible", "GET", f"{path}?known_at=2026-01-01T00:00:00"))[0] == 422


async def test_a_former_name_finds_the_learner(desk: Desk) -> None:
    """The old surname, the new one, another spelling and ending all find the entry; the answer says which is old."""
    old = await _surname(desk, "a-pupil")
    await _rename(desk, "a-pupil", "Жээнбекова")
    number = desk.world.numbers["a-pupil"]
    for typed, former in ((old, True), (old.upper(), True), ("жеенбеков", False), ("Жээнбекова", False)):
        status, page, _ = await desk.ask("responsible", "POST", "learners/search", {"name": typed})
        found = {each["isuo_no"]: each["former"] for each in page["learners"]}
        assert (status, found) == (200, {number: former}), typed
    nobody = await desk.ask("responsible", "POST", "learners/search", {"name": "Эчкимбаев"})
    assert nobody[1]["learners"] == []
    assert (await desk.ask("responsible", "POST", "learners/search", {"name": "—"}))[1]["learners"] == []


async def test_the_search_ends_at_the_reach(desk: Desk) -> None:
    """By PIN, birth date, organisation or status nobody beyond reach is found, and a page is the same as none."""
    for name, seen in (("a-pupil", 1), ("b-pupil", 0), ("moved", 0)):
        body = {"pin": desk.world.pins[name]}
        assert len((await desk.ask("responsible", "POST", "learners/search", body))[1]["learners"]) == seen
        assert len((await desk.ask("program", "POST", "learners/search", body))[1]["learners"]) == 1
    own = await desk.ask("district", "GET", "learners?organisation_code=A-SCHOOL&status=ENROLLED")
    assert [each["isuo_no"] for each in own[1]["learners"]] == [desk.world.numbers["a-pupil"]]
    assert own[1]["learners"][0]["places"][0]["organisation_code"] == "A-SCHOOL"
    assert (await desk.ask("district", "GET", "learners?organisation_code=B-SCHOOL"))[1]["learners"] == []
    status, refused, _ = await desk.ask("responsible", "POST", "learners/search", {"pin": "123"})
    assert (status, refused["errors"][0]["field"]) == (422, "pin")


async def test_pages_hold_everybody_once(desk: Desk) -> None:
    """Following the cursor gives each learner once in the order of numbers; what is no cursor is refused."""
    seen, cursor = [], ""
    for _ in range(20):
        _, page, _ = await desk.ask("program", "GET", f"learners?limit=3&cursor={cursor}")
        seen += [each["isuo_no"] for each in page["learners"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen == sorted(set(desk.world.numbers.values()))
    for wrong in ("x", "AAAA", "MjpmYWtl"):
        status, answer, _ = await desk.ask("program", "GET", f"learners?cursor={wrong}")
        assert (status, answer["errors"][0]["code"]) == (422, "NOT_A_CURSOR")


async def test_orders_move_a_learner_through_a_year(desk: Desk) -> None:
    """Leave, return, promotion, graduation; the journal holds them, and a counter-order takes the last one back."""
    days = [str(TODAY + timedelta(days=each)) for each in range(1, 5)]
    assert (await desk.order("responsible", "a-pupil", kind="LEAVE", effective_on=days[0], until_on=days[3]))[
        0
    ] == 201
    assert (await desk.order("responsible", "a-pupil", kind="RETURN", effective_on=days[1]))[0] == 201
    assert (await desk.order("responsible", "a-pupil", kind="PROMOTE", effective_on=days[2], grade="6"))[
        0
    ] == 201
    status, made, headers = await desk.order("responsible", "a-pupil", kind="GRADUATE", effective_on=days[3])
    assert (status, headers["Etag"]) == (201, f'"{made["version"]}"')
    path = f"learners/{desk.world.numbers['a-pupil']}"
    _, journal, _ = await desk.ask("responsible", "GET", f"{path}/orders")
    assert [each["kind"] for each in journal] == ["ENROL", "LEAVE", "RETURN", "PROMOTE", "GRADUATE"]
    assert journal[-1]["order_id"] == made["order_id"]
    back = await desk.order("responsible", "a-pupil", kind="CANCEL", cancels_id=made["order_id"])
    assert back[0] == 201
    _, card, _ = await desk.ask("responsible", "GET", path)
    (place,) = card["enrolments"]
    assert (place["end_on"], place["grade"], place["periods"][-1]["status"]) == (None, "6", "PRESENT")
    _, journal, _ = await desk.ask("responsible", "GET", f"{path}/orders")
    assert [each["cancelled"] for each in journal[-2:]] == [True, False]


async def test_an_order_that_cannot_follow_is_refused_in_three_languages(desk: Desk) -> None:
    """The reason is a sentence in the reader's language, and nothing is written."""
    said = set()
    for language in ("ky", "ru", "en"):
        status, answer, _ = await desk.ask(
            "responsible",
            "POST",
            f"learners/{desk.world.numbers['a-pupil']}/orders",
            {"kind": "RETURN", "effective_on": str(TODAY), "order_no": "1", "order_on": str(TODAY)},
            Idempotency_Key="one-and-the-same",
            If_Match=await desk.tag("a-pupil"),
            Accept_Language=language,
        )
        assert (status, answer["errors"][0]["code"]) == (422, "RETURN_FROM_ENROLLED")
        said.add(answer["errors"][0]["message"])
    assert len(said) == 3
    assert not any("_" in each for each in said)
    paperless = await desk.order(
        "responsible", "a-pupil", kind="EXPEL", effective_on=str(TODAY), order_no=None
    )
    assert (paperless[0], paperless[1]["errors"][0]["field"]) == (422, "order_no")


async def test_a_change_is_made_upon_the_present_state(desk: Desk) -> None:
    """Without If-Match 428, with an old tag 412; of two made upon the same state only one stands."""
    tag = await desk.tag("a-pupil")
    address = f"learners/{desk.world.numbers['a-pupil']}/orders"
    body = {"kind": "LEAVE", "effective_on": str(TODAY), "order_no": "1", "order_on": str(TODAY)}
    status, answer, _ = await desk.ask("responsible", "POST", address, body, Idempotency_Key="12345678")
    assert (status, answer["type"]) == (428, "urn:kopuro:problem:if_match_required")
    both = await asyncio.gather(
        desk.order("responsible", "a-pupil", tag=tag, kind="LEAVE", effective_on=str(TODAY)),
        desk.order("district", "a-pupil", tag=tag, kind="SUSPEND", effective_on=str(TODAY)),
    )
    assert sorted(each[0] for each in both) == [201, 412]


async def test_the_same_request_again_gives_the_first_answer(desk: Desk) -> None:
    """Ten at once with one key make one order, also after the tag has changed; another body is refused."""
    tag = await desk.tag("a-pupil")
    asked = {"kind": "EXPEL", "effective_on": str(TODAY), "key": "key-of-this-order", "tag": tag}
    answers = await asyncio.gather(*(desk.order("responsible", "a-pupil", **asked) for _ in range(10)))
    assert {each[0] for each in answers} == {201}
    assert len({each[1]["order_id"] for each in answers}) == 1
    assert sum("Idempotency-Replayed" in each[2] for each in answers) == 9
    other = await desk.order("responsible", "a-pupil", **{**asked, "kind": "SUSPEND"})
    assert (other[0], other[1]["type"]) == (422, "urn:kopuro:problem:idempotency_key_reused")
    assert (await desk.order("district", "a-pupil", **asked))[0] in {
        404,
        412,
    }  # the key is one account's alone
    async with desk.world.database.transaction() as session:
        count = await session.execute(text("select count(*) from movement where kind = 'EXPEL'"))
        kept = await session.execute(
            text("select convert_from(key_digest, 'LATIN1'), answer::text from idempotency_key")
        )
        assert count.scalar_one() == 1
        assert [row for row in kept if "key-of-this-order" in str(row)] == []
        await session.execute(text("update idempotency_key set expires_at = now()"))
    again = await desk.order("responsible", "a-pupil", **asked)
    assert again[0] == 404  # forgotten: asked anew, and the child has left by now


async def test_orders_of_others_are_like_missing_ones(desk: Desk) -> None:
    """A learner, an enrolment or an order of another school is answered like one that is not there."""
    for role in ("responsible", "district"):
        foreign = await desk.order(role, "b-pupil", kind="EXPEL", effective_on=str(TODAY))
        path = "learners/99999999999X/orders"
        body = {"kind": "EXPEL", "effective_on": str(TODAY), "order_no": "1", "order_on": str(TODAY)}
        absent = await desk.ask(role, "POST", path, body, Idempotency_Key="abcdefgh", If_Match="*")
        assert (foreign[0], foreign[1]) == (404, absent[1])
    async with desk.world.database.transaction() as session:
        row = (
            await session.execute(
                text("""
                    select e.id, m.id from enrolment e join movement m on m.enrolment_id = e.id
                    join organisation o on o.id = e.organisation_id where o.code = 'B-SCHOOL' limit 1
                """)
            )
        ).one()
    for theirs, missing in ((row[0], uuid4()), (row[1], uuid4())):
        field = "enrolment_id" if theirs == row[0] else "cancels_id"
        kind = "EXPEL" if field == "enrolment_id" else "CANCEL"
        answers = [
            await desk.order(
                "responsible", "a-pupil", kind=kind, effective_on=str(TODAY), **{field: str(each)}
            )
            for each in (theirs, missing)
        ]
        assert answers[0][:2] == answers[1][:2]
        assert answers[0][0] == 404


async def test_a_school_enrols_into_itself_only(desk: Desk) -> None:
    """Another organisation is as unknown as a missing one; a second full-time place is refused with its reason."""
    enrol = {"kind": "ENROL", "effective_on": str(TODAY), "grade": "5"}
    answers = [
        await desk.order("responsible", "a-pupil", **enrol, organisation_code=code)
        for code in ("B-SCHOOL", "NOWHERE")
    ]
    assert answers[0][:2] == answers[1][:2]
    status, answer, _ = await desk.order("responsible", "a-pupil", **enrol, organisation_code="A-SCHOOL")
    assert (status, answer["errors"][0]["code"]) == (422, "DUP_ENROLMENT")
    evening = await desk.order("district", "a-pupil", **enrol, organisation_code="A-COLLEGE", form="EVENING")
    assert evening[0] == 201, evening[1]


async def _step(desk: Desk, role: str, transfer_id: str, step: str, **body: object) -> tuple[int, object]:
    answer = await desk.ask(
        role, "POST", f"transfers/{transfer_id}/steps", {"step": step, **body}, Idempotency_Key=str(uuid4())
    )
    return answer[0], answer[1]


async def test_a_change_of_schools_goes_through_both(desk: Desk) -> None:
    """The old school asks and releases, the new one holds and completes; then the card has moved with the child."""
    on = str(TODAY + timedelta(days=1))
    status, made, _ = await desk.order(
        "responsible", "a-pupil", kind="TRANSFER", to_organisation_code="B-SCHOOL"
    )
    assert status == 201
    transfer = made["transfer_id"]
    for role in ("responsible", "b-responsible"):
        _, listed, _ = await desk.ask(role, "GET", "transfers")
        assert [each["transfer_id"] for each in listed["transfers"]] == [transfer]
    assert (await _step(desk, "responsible", transfer, "HOLD"))[0] == 403
    assert (await _step(desk, "b-responsible", transfer, "HOLD", free_places=1))[0] == 201
    assert (await _step(desk, "b-responsible", transfer, "RELEASE"))[0] == 403
    assert (await _step(desk, "responsible", transfer, "RELEASE"))[0] == 201
    paper = {"order_no": "7", "order_on": on, "effective_on": str(TODAY)}
    status, done = await _step(desk, "b-responsible", transfer, "COMPLETE", **paper)
    assert (status, done["state"]) == (201, "COMPLETED")
    number = desk.world.numbers["a-pupil"]
    assert (await desk.ask("b-responsible", "GET", f"learners/{number}"))[0] == 200
    assert (await desk.ask("responsible", "GET", f"learners/{number}"))[0] == 404
    unknown = await _step(desk, "head", str(uuid4()), "HOLD")
    assert unknown[0] == 403  # the head writes through the responsible person
    assert (await _step(desk, "responsible", str(uuid4()), "HOLD"))[0] == 404


async def test_what_no_column_can_hold_is_refused_as_input(desk: Desk) -> None:
    """A NUL character, in the address or in the body, is a problem of the input and no failure of ours."""
    status, answer, _ = await desk.ask("responsible", "POST", "session", {"login": "a\x00b", "password": "x"})
    assert (status, answer["type"]) == (422, "urn:kopuro:problem:input")
    status, page, _ = await desk.ask("responsible", "POST", "learners/search", {"name": "а\x00б"})
    assert (status, page["learners"]) == (200, [])
    assert (await desk.ask("responsible", "GET", "organisations/A%00"))[0] == 422
