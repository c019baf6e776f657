"""Accounts and appointments over real HTTP: who may make, identify, appoint, end and block whom."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from gateway.access.door import open_door
from gateway.access.errors import refused
from gateway.access.first import Papers, appoint_first
from gateway.access.matrix import MATRIX
from gateway.access.values import Role, ScopeType
from gateway.foundation.clock import today, utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import AccessError
from gateway.registry.repository import Provenance, add_assertions
from tests.access.browser import Browser, served
from tests.access.world import (
    CLASS_OF,
    DISTRICT_A,
    DISTRICT_B,
    KEYS,
    PASSWORD,
    World,
    add_account,
    add_person,
    settings_of,
)

ORDER = {"order_no": "12", "order_on": "2026-10-01", "valid_from": "2026-10-01"}
HERE = {"organisation_code": "A-SCHOOL"}
SCHOOL_ROLES = {"TEACHER", "LEARNER", "PARENT"}


def wish(world: World, role: str, place: str) -> dict[str, Any]:
    """Write an appointment to a role with everything it needs."""
    made: dict[str, Any] = {"role": role, **ORDER}
    if role in {"HEAD", "RESPONSIBLE", "TEACHER"}:
        made["organisation_code"] = place
    if role == "DISTRICT":
        made["territory"] = DISTRICT_B
    if role == "TEACHER":
        made["class_id"] = str(world.classes[CLASS_OF[place]])
    return made


GRANTABLE = {
    ("special", role, place)
    for role in (
        "MINISTRY",
        "SPECIAL_ADMIN",
        "DISTRICT",
        "HEAD",
        "RESPONSIBLE",
        "GATEWAY_OPERATOR",
        "SECURITY_AUDITOR",
    )
    for place in ("A-KINDERGARTEN", "A-COLLEGE", "B-SCHOOL")
} | {("district", role, "A-KINDERGARTEN") for role in ("HEAD", "RESPONSIBLE")}
GRANTABLE |= {("head", role, "A-SCHOOL") for role in ("RESPONSIBLE", "TEACHER")}
GRANTABLE |= {
    ("responsible", "TEACHER", "A-SCHOOL"),
    ("special", "RESPONSIBLE", "A-SCHOOL"),
    ("district", "RESPONSIBLE", "A-SCHOOL"),
}
GRANTABLE |= {
    ("special", role, "A-SCHOOL")
    for role in ("MINISTRY", "SPECIAL_ADMIN", "DISTRICT", "GATEWAY_OPERATOR", "SECURITY_AUDITOR")
}
ROLES_BY_ORDER = (
    "MINISTRY",
    "SPECIAL_ADMIN",
    "DISTRICT",
    "HEAD",
    "RESPONSIBLE",
    "TEACHER",
    "GATEWAY_OPERATOR",
    "SECURITY_AUDITOR",
)


@pytest.mark.parametrize("by", ["special", "district", "head", "responsible"])
@pytest.mark.requirement("R-055")
async def test_each_grants_exactly_what_the_regulation_gives_him(world: World, by: str) -> None:
    """Granter × role × place: the district's college head and another district's school are refused, R-055."""
    got = set()
    async with served(world) as browser:
        own = browser.carry(await world.token(by))
        for place in ("A-SCHOOL", "A-KINDERGARTEN", "A-COLLEGE", "B-SCHOOL"):
            for role in ROLES_BY_ORDER:
                name = f"new-{place.lower()}-{role.lower()}".replace("_", "-")
                account = await add_account(world, name, None)
                status, answer, _ = await own.ask(
                    "POST", f"accounts/{account}/appointments", wish(world, role, place)
                )
                if status == 201:
                    got.add((by, role, place))
                else:
                    expected = (
                        "head_in_office"
                        if (role, place, by in {"special", "district"}) == ("HEAD", "A-SCHOOL", True)
                        else "appointment_forbidden"
                    )
                    assert answer["type"] == f"urn:kopuro:problem:{expected}", (role, place, answer)
    assert got == {each for each in GRANTABLE if each[0] == by}


async def test_learners_and_parents_are_let_in_by_their_school_on_evidence(world: World) -> None:
    """A learner of the place, and a parent by a verified birth act of a minor who learns there; R-077."""
    exchange_id = uuid4()
    async with world.database.transaction() as session:
        at = utc_now()
        told = Provenance(source="ZAGS", recorded_at=at, verified_at=at, exchange_id=exchange_id)
        await add_assertions(session, world.learners["a-pupil"], {"birth_act": "1"}, provenance=told)
    pupil, foreign = world.numbers["a-pupil"], world.numbers["b-pupil"]
    wishes = [
        (pupil, "BIRTH_ACT", str(exchange_id), 201),
        (pupil, "BIRTH_ACT", str(uuid4()), 422),
        (pupil, "BIRTH_ACT", "x", 422),
        (pupil, "COURT", "", 422),
        (pupil, None, "", 422),
        (foreign, "COURT", "decision 5", 422),
    ]
    async with served(world) as browser:
        own = browser.carry(await world.token("responsible"))
        for number, (child, evidence, reference, expected) in enumerate(wishes):
            account = await add_account(world, f"parent{number}", None)
            body = {
                "role": "PARENT",
                "valid_from": "2026-10-01",
                "child_isuo_no": child,
                "evidence": evidence,
                "evidence_ref": reference,
                **HERE,
            }
            assert (await own.ask("POST", f"accounts/{account}/appointments", body))[0] == expected, evidence
        body = {"role": "LEARNER", "valid_from": "2026-10-01", **HERE}
        stranger = await add_account(world, "stranger", None)
        assert (await own.ask("POST", f"accounts/{stranger}/appointments", body))[0] == 422


async def test_a_grown_up_childs_card_is_closed_to_the_parent(world: World) -> None:
    """No relation opens the card of somebody of age, and a parent's grant carries the day it ends."""
    async with world.database.transaction() as session:
        born = today() - timedelta(days=18 * 366)
        await session.execute(
            text("update person set birth_date = :born where id = :id"),
            {"born": born, "id": world.learners["a-pupil"]},
        )
    account = await add_account(world, "late-parent", None)
    body = {
        "role": "PARENT",
        "valid_from": "2026-10-01",
        "child_isuo_no": world.numbers["a-pupil"],
        "evidence": "COURT",
        "evidence_ref": "5",
        **HERE,
    }
    async with served(world) as browser:
        own = browser.carry(await world.token("responsible"))
        assert (await own.ask("POST", f"accounts/{account}/appointments", body))[0] == 422
        body["child_isuo_no"] = world.numbers["a-child"]
        kindergarten = await add_account(
            world, "kinder", Role.RESPONSIBLE, organisation_id=world.organisations["A-KINDERGARTEN"]
        )
        assert kindergarten
        there = browser.carry(await world.token("kinder"))
        body["organisation_code"] = "A-KINDERGARTEN"
        assert (await there.ask("POST", f"accounts/{account}/appointments", body))[0] == 201
    async with world.database.transaction() as session:
        row = (
            await session.execute(
                text(
                    "select g.valid_until, p.birth_date from role_grant g join person p on p.id = g.child_id where g.account_id = :id"
                ),
                {"id": account},
            )
        ).one()
    assert row.valid_until.year == row.birth_date.year + 18


@pytest.mark.requirement("R-009", "R-061", "R-062")
async def test_from_a_number_to_a_working_account(world: World) -> None:
    """The whole way of R-008, R-009, R-061, R-062: made, identified, appointed, instructed, sworn, signed in."""
    async with world.database.transaction() as session:
        await add_person(session, world, "clerk", world.people.person())
    async with served(world) as browser:
        head = browser.carry(await world.token("head"))
        status, made, _ = await head.ask(
            "POST", "accounts", {"isuo_no": world.numbers["clerk"], "login": "Clerk.One"}
        )
        assert status == 201
        account = f"accounts/{made['id']}"
        assert (
            await head.ask("POST", "accounts", {"isuo_no": world.numbers["clerk"], "login": "clerk.one"})
        )[1] == made
        assert (
            await head.ask("POST", "accounts", {"isuo_no": world.numbers["clerk"], "login": "clerk.two"})
        )[0] == 409
        assert (
            await head.ask("POST", "accounts", {"isuo_no": world.numbers["a-pupil"], "login": "clerk.one"})
        )[0] == 409
        _, shown, _ = await head.ask("GET", account)
        assert shown["state"] == "PENDING_IDENTIFICATION"
        _, told, _ = await head.ask("POST", f"{account}/recovery-code")
        recovery = {"login": "clerk.one", "code": told["code"], "password": PASSWORD}
        assert (await browser.ask("POST", "recovery", recovery))[0] == 401
        bad = {"kind": "IN_PERSON_ACT", "reference": "act 9"}
        assert (await head.ask("POST", f"{account}/identification", bad))[0] == 422
        assert (await head.ask("POST", f"{account}/identification", bad | {"place": "safe 2"}))[0] == 204
        wrong = {"role": "RESPONSIBLE", "valid_from": "2026-10-01", **HERE}
        assert (await head.ask("POST", f"{account}/appointments", wrong))[0] == 422
        assert (await head.ask("POST", f"{account}/appointments", wrong | ORDER))[0] == 201
        await head.ask("POST", f"{account}/briefings", {"held_on": "2026-11-01", "topic": "personal data"})
        paper = {"signed_on": "2026-11-02", "paper_location": "file 9", "scan_sha256": "ab" * 32}
        assert (await head.ask("POST", f"{account}/undertakings", paper))[0] == 201
        new = browser.new()
        _, told, _ = await head.ask("POST", f"{account}/recovery-code")
        recovery["code"] = told["code"].lower()
        assert (await new.ask("POST", "recovery", recovery | {"password": "short"}))[0] == 422
        assert (await new.ask("POST", "recovery", recovery))[0] == 204
        assert (await new.ask("POST", "recovery", recovery))[0] == 401
        assert (await new.ask("POST", "session", {"login": "clerk.one", "password": PASSWORD}))[0] == 200
        assert (await new.ask("GET", f"learners/{world.numbers['a-pupil']}"))[0] == 200
        district = browser.carry(await world.token("district"))
        _, notices, _ = await district.ask("GET", "notices")
        newest = notices[0]
        assert (newest["kind"], newest["account_id"], newest["received_at"]) == (
            "APPOINTED",
            made["id"],
            None,
        )
        assert (await district.ask("POST", f"notices/{newest['id']}/receipt"))[0] == 204
        assert (await district.ask("GET", "notices"))[1][0]["received_at"] is not None


@pytest.mark.requirement("R-009")
async def test_a_passport_message_identifies_only_its_own_person(world: World) -> None:
    """R-009: a verified answer about this person opens the account; another's, an unverified one, none does."""
    numbers: dict[str, UUID] = {}
    async with world.database.transaction() as session:
        at = utc_now()
        person = await add_person(session, world, "clerk", world.people.person())
        for name, subject, source, verified in (
            ("own", person, "PASSPORT", at),
            ("unverified", person, "PASSPORT", None),
            ("other-source", person, "SCHOOL", at),
            ("stranger", world.learners["a-pupil"], "PASSPORT", at),
        ):
            numbers[name] = uuid4()
            told = Provenance(source=source, recorded_at=at, verified_at=verified, exchange_id=numbers[name])
            await add_assertions(session, subject, {f"passport_{name}": "x"}, provenance=told)
    async with served(world) as browser:
        head = browser.carry(await world.token("head"))
        _, made, _ = await head.ask("POST", "accounts", {"isuo_no": world.numbers["clerk"], "login": "clerk"})
        path = f"accounts/{made['id']}/identification"
        for name in ("unverified", "other-source", "stranger", "own"):
            body = {"kind": "PASSPORT_MESSAGE", "reference": str(numbers[name])}
            assert (await head.ask("POST", path, body))[0] == (204 if name == "own" else 422), name
        _, shown, _ = await head.ask("GET", f"accounts/{made['id']}")
        assert (shown["state"], shown["identified_ref"]) == ("ACTIVE", str(numbers["own"]))


@pytest.mark.requirement("R-056")
async def test_the_end_of_an_appointment_closes_at_once(world: World) -> None:
    """R-056: the open session is dead at the next request, the account blocked, the district told."""
    async with served(world) as browser:
        clerk = browser.carry(await world.token("responsible"))
        assert (await clerk.ask("GET", "cases"))[0] == 200
        head = browser.carry(await world.token("head"))
        grant = world.grants["responsible"]
        assert (await head.ask("POST", f"appointments/{grant}/end", {"reason": "left"}))[0] == 204
        assert (await clerk.ask("GET", "cases"))[0] == 401
        answer = await clerk.new().ask("POST", "session", {"login": "responsible", "password": PASSWORD})
        assert (answer[0], answer[1]["type"]) == (403, "urn:kopuro:problem:blocked")
        assert (await head.ask("POST", f"appointments/{grant}/end", {"reason": "again"}))[0] == 404
        _, notices, _ = await browser.carry(await world.token("district")).ask("GET", "notices")
        assert notices[0]["kind"] == "ENDED"
        _, shown, _ = await head.ask("GET", f"accounts/{world.accounts['responsible']}")
        assert (shown["state"], shown["grants"][0]["ended_at"] is not None) == ("BLOCKED", True)


async def test_a_new_head_waits_until_the_former_one_is_gone(world: World) -> None:
    """At a change of head the former access is ended first; then the new one is appointed."""
    account = await add_account(world, "new-head", None)
    body = {"role": "HEAD", **ORDER, **HERE}
    async with served(world) as browser:
        own = browser.carry(await world.token("district"))
        status, answer, _ = await own.ask("POST", f"accounts/{account}/appointments", body)
        assert (status, answer["type"]) == (409, "urn:kopuro:problem:head_in_office")
        assert (await own.ask("POST", f"appointments/{world.grants['head']}/end", {"reason": "left"}))[
            0
        ] == 204
        assert (await own.ask("POST", f"accounts/{account}/appointments", body))[0] == 201


@pytest.mark.parametrize(
    ("by", "target", "expected"),
    [
        ("responsible", "head", 403),
        ("responsible", "teacher", 204),
        ("head", "responsible", 204),
        ("head", "district", 404),
        ("head", "head", 403),
        ("district", "head", 204),
        ("district", "special", 404),
        ("district", "b-responsible", 404),
        ("special", "auditor", 204),
        ("special", "b-responsible", 204),
        ("special", "teacher", 204),
    ],
)
async def test_power_over_an_account_follows_the_power_to_appoint(
    world: World, by: str, target: str, expected: int
) -> None:
    """Nobody blocks, identifies, instructs or hands a password code to somebody he could not appoint."""
    account = f"accounts/{world.accounts[target]}"
    async with served(world) as browser:
        own = browser.carry(await world.token(by))
        assert (await own.ask("POST", f"{account}/block", {"reason": "x"}))[0] == expected
        others = (
            ("recovery-code", None, 200),
            ("second-factor-reset", None, 204),
            ("briefings", {"held_on": "2026-11-01", "topic": "x"}, 201),
            ("identification", {"kind": "IN_PERSON_ACT", "reference": "1", "place": "2"}, 204),
            ("unblock", None, 204),
        )
        for path, body, good in others:
            wanted = good if expected == 204 else expected
            assert (await own.ask("POST", f"{account}/{path}", body))[0] == wanted, path


async def test_a_parent_with_children_in_two_schools_belongs_to_neither(world: World) -> None:
    """Whoever could set the password could read the other school's child: neither school may."""
    account = await add_account(
        world,
        "shared",
        Role.PARENT,
        child_id=world.learners["b-pupil"],
        organisation_id=world.organisations["B-SCHOOL"],
        undertaken=False,
    )
    body = {
        "role": "PARENT",
        "valid_from": "2026-10-01",
        "child_isuo_no": world.numbers["a-pupil"],
        "evidence": "COURT",
        "evidence_ref": "5",
        **HERE,
    }
    async with served(world) as browser:
        for name, opened in (("b-responsible", 200), ("responsible", 201)):
            own = browser.carry(await world.token(name))
            path = "recovery-code" if name == "b-responsible" else "appointments"
            assert (
                await own.ask("POST", f"accounts/{account}/{path}", body if path == "appointments" else None)
            )[0] == opened
        for name in ("b-responsible", "responsible"):
            own = browser.carry(await world.token(name))
            assert (await own.ask("POST", f"accounts/{account}/recovery-code"))[0] == 403
            assert (await own.ask("POST", f"accounts/{account}/block", {"reason": "x"}))[0] == 403
        both = browser.carry(await world.token("shared"))
        for child in ("a-pupil", "b-pupil"):
            assert (await both.ask("GET", f"learners/{world.numbers[child]}"))[0] == 200
        assert (await both.ask("GET", f"learners/{world.numbers['moved']}"))[0] == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"role": "DISTRICT"}, "territory"),
        ({"role": "HEAD"}, "organisation_id"),
        ({"role": "MINISTRY", "valid_until": "2026-09-30"}, "valid_until"),
    ],
)
async def test_an_appointment_by_half_is_told_which_half_is_missing(
    world: World, body: dict[str, str], field: str
) -> None:
    """A role without its place and one that ends before it begins are a problem of the field."""
    account = await add_account(world, "somebody", None)
    async with served(world) as browser:
        special = browser.carry(await world.token("special"))
        status, answer, _ = await special.ask("POST", f"accounts/{account}/appointments", ORDER | body)
    assert (status, [error["field"] for error in answer["errors"]]) == (422, [field])


async def test_duties_that_watch_each_other_are_kept_apart(world: World) -> None:
    """Nobody audits himself: the auditor is no administrator and no operator."""
    async with served(world) as browser:
        special = browser.carry(await world.token("special"))
        for role in ("SPECIAL_ADMIN", "GATEWAY_OPERATOR"):
            path = f"accounts/{world.accounts['auditor']}/appointments"
            status, answer, _ = await special.ask("POST", path, {"role": role, **ORDER})
            assert (status, answer["type"]) == (409, "urn:kopuro:problem:duties_apart")


async def test_the_regulation_of_levels_is_not_the_districts_to_bend(world: World) -> None:
    """A college is not called a school by the district, and an organisation of unknown level is not the district's."""
    async with world.database.transaction() as session:
        await session.execute(
            text("delete from organisation_level where organisation_id = :id"),
            {"id": world.organisations["A-KINDERGARTEN"]},
        )
    account = await add_account(world, "somebody", None)
    body = {"role": "RESPONSIBLE", **ORDER, "organisation_code": "A-KINDERGARTEN"}
    async with served(world) as browser:
        district = browser.carry(await world.token("district"))
        special = browser.carry(await world.token("special"))
        assert (await district.ask("PUT", "organisations/A-COLLEGE/level", {"level": "OO"}))[0] == 403
        assert (await district.ask("POST", f"accounts/{account}/appointments", body))[0] == 403
        assert (await special.ask("PUT", "organisations/A-KINDERGARTEN/level", {"level": "DOO"}))[0] == 204
        assert (await district.ask("POST", f"accounts/{account}/appointments", body))[0] == 201


@pytest.mark.requirement("R-060")
async def test_changes_of_rights_are_in_the_trace_with_their_author(world: World) -> None:
    """Who gave, ended and blocked what stands in the chain, in the same transaction as the change."""
    async with served(world) as browser:
        head = browser.carry(await world.token("head"))
        await head.ask("POST", f"appointments/{world.grants['responsible']}/end", {"reason": "left"})
        await head.ask("POST", f"accounts/{world.accounts['teacher']}/recovery-code")
    async with world.database.transaction() as session:
        found = await session.execute(
            text("select act, object_id from access_act where account_id = :id and act not like '%/%'"),
            {"id": world.accounts["head"]},
        )
        assert [tuple(row) for row in found] == [
            ("ROLE_ENDED", str(world.grants["responsible"])),
            ("RECOVERY_CODE_ISSUED", str(world.accounts["teacher"])),
        ]


async def test_problems_are_told_in_the_readers_language(world: World) -> None:
    """The same refusal in Kyrgyz, Russian and English, and nothing of what was sent."""
    said = {}
    async with served(world) as browser:
        own: Browser = browser.carry(await world.token("teacher"))
        for language in ("ky", "ru", "en"):
            _, answer, headers = await own.ask("GET", "accounts", Accept_Language=language)
            said[language] = answer["title"]
            assert headers["Content-Language"] == language
        _, answer, _ = await browser.new().ask(
            "POST", "session", {"login": "canary-login", "password": "canary-password", "x": 1}
        )
        assert "canary" not in str(answer)
    assert said == {
        "ky": "Бул иш үчүн укугуңуз жок",
        "ru": "На это у вас нет права",
        "en": "You have no right to this",
    }


async def test_the_first_administrator_is_made_once(database: Database) -> None:
    """With an order, an act and an undertaking, by a code; a second one is made by the first."""
    world = World(database=database, door=open_door(database, KEYS, settings_of()))
    async with database.transaction() as session:
        for name in ("one", "two"):
            await add_person(session, world, name, world.people.person())
    papers = Papers(order_no="1", order_on=today(), act_no="act 1", place="safe")
    code = await appoint_first(world.door, world.numbers["one"], "first.admin", papers)
    async with served(world) as browser:
        body = {"login": "first.admin", "code": code, "password": PASSWORD}
        assert (await browser.ask("POST", "recovery", body))[0] == 204
        _, answer, _ = await browser.ask("POST", "session", {"login": "first.admin", "password": PASSWORD})
        assert answer["stage"] == "ENROL_SECOND_FACTOR"
    with pytest.raises(AccessError) as caught:
        await appoint_first(world.door, world.numbers["two"], "second.admin", papers)
    assert caught.value.code == "ADMINISTRATOR_EXISTS"
    assert str(refused("X")) == "refused: X"


@pytest.mark.requirement("R-049")
def test_the_matrix_is_the_regulations() -> None:
    """Cell by cell against §1.8: who reads and writes people, who signs, who sees cases and exchanges."""

    def holders(kind: str, *actions: str) -> set[str]:
        return {
            role for role, rule in MATRIX.roles.items()
            if any(action in rule.rights.get(kind, ()) for action in actions) and role != Role.OWN_PROGRAM
        }  # fmt: skip

    assert holders("PERSON", "READ") == {"DISTRICT", "HEAD", "RESPONSIBLE", "LEARNER", "PARENT"}
    assert holders("PERSON", "WRITE", "FILL") == {"DISTRICT", "RESPONSIBLE"}
    assert holders("PERSON", "EXPORT") == {"RESPONSIBLE"}
    assert holders("CONFIRMATION", "SIGN") == {"HEAD"}
    assert holders("CASE", "APPROVE") == {"DISTRICT", "HEAD"}
    assert holders("CASE", "READ") == {"DISTRICT", "HEAD", "RESPONSIBLE"}
    assert holders("EXCHANGE", "REVEAL") == {"SECURITY_AUDITOR"}
    assert holders("EXCHANGE", "READ") == {"HEAD", "RESPONSIBLE", "SECURITY_AUDITOR"}
    assert holders("EXCHANGE", "READ_MASKED") == {"SPECIAL_ADMIN", "GATEWAY_OPERATOR", "SECURITY_AUDITOR"}
    assert holders("USAGE", "READ") == {"LEARNER", "PARENT"}
    assert holders("CLASSWORK", "WRITE") == {"RESPONSIBLE", "TEACHER"}
    assert holders("ACT", "READ") == {"SECURITY_AUDITOR"}
    assert MATRIX.roles[Role.MACHINE_CLIENT].rights == {}
    assert MATRIX.roles[Role.MINISTRY].rights.keys() == {"AGGREGATE", "ORGANISATION", "EXCHANGE", "CASE"}
    scopes = {role: rule.scope for role, rule in MATRIX.roles.items()}
    assert scopes[Role.DISTRICT] is ScopeType.TERRITORY
    assert {scopes[Role.HEAD], scopes[Role.RESPONSIBLE]} == {ScopeType.ORGANISATION}
    assert (scopes[Role.TEACHER], scopes[Role.LEARNER], scopes[Role.PARENT]) == (
        ScopeType.CLASS,
        ScopeType.SELF,
        ScopeType.CHILD,
    )
    assert DISTRICT_A != DISTRICT_B
