"""Signing in over real HTTP: what opens a session, what ends it, and what guessing costs."""

import asyncio
import base64
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text

from gateway.access import totp
from gateway.access.door import open_door
from gateway.access.values import Role
from gateway.foundation.settings import Server
from tests.access.browser import Browser, served
from tests.access.world import CHEAP, KEYS, PASSWORD, World, add_account, settings_of

BAD = "not-the-password-at-all"


async def enter(browser: Browser, login: str, password: str = PASSWORD) -> tuple[int, str]:
    status, answer, _ = await browser.ask("POST", "session", {"login": login, "password": password})
    return status, answer.get("stage") or answer["type"].rpartition(":")[2]


async def execute(world: World, statement: str, **values: object) -> None:
    async with world.database.transaction() as session:
        await session.execute(text(statement), values)


async def test_a_password_opens_a_session_that_is_only_in_the_cookie(world: World) -> None:
    """The cookie is HttpOnly and SameSite, the token is nowhere in the answer, and only its digest is stored."""
    async with served(world) as browser:
        body = {"login": " Responsible ", "password": PASSWORD}
        status, answer, headers = await browser.ask("POST", "session", body)
        assert (status, answer["stage"]) == (200, "OPEN")
        assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(headers["Set-Cookie"].split("; "))
        assert headers["Cache-Control"] == "no-store"
        token = browser.cookies["kopuro-session"]
        assert token not in str(answer)
        _, me, _ = await browser.ask("GET", "me")
        assert (me["login"], me["grants"][0]["role"], me["undertaken"]) == (
            "responsible",
            "RESPONSIBLE",
            True,
        )
        async with world.database.transaction() as session:
            kept = await session.execute(text("select row_to_json(s)::text from access_session s"))
            assert token not in "".join(kept.scalars())


async def test_behind_tls_the_cookie_is_bound_to_this_host(world: World) -> None:
    """With an https address the cookie is Secure and carries the prefix no other host can set."""
    settings = replace(settings_of(), server=Server(api_token="x", public_url="https://isuo.example"))
    async with served(world, settings) as browser:
        body = {"login": "responsible", "password": PASSWORD}
        _, _, headers = await browser.ask("POST", "session", body, Origin="https://isuo.example")
        assert headers["Set-Cookie"].startswith("__Host-kopuro-session=")
        assert "Secure" in headers["Set-Cookie"].split("; ")
        assert (await browser.ask("POST", "session", body, Origin=browser.address))[0] == 403


async def test_a_new_session_comes_with_every_sign_in_and_ends_with_sign_out(world: World) -> None:
    """A token known before signing in is worthless afterwards, and one signed out is dead for good."""
    async with served(world) as browser:
        browser.cookies["kopuro-session"] = "planted"
        await enter(browser, "head")
        first = browser.cookies["kopuro-session"]
        assert first != "planted"
        await enter(browser, "head")
        second = browser.cookies["kopuro-session"]
        assert first != second
        assert (await browser.ask("DELETE", "session"))[0] == 204
        for token in (second, "planted", ""):
            assert (await browser.carry(token).ask("GET", "me"))[0] == 401
        assert (await browser.carry(first).ask("GET", "me"))[0] == 200


async def test_nobody_learns_which_logins_exist(world: World) -> None:
    """An unknown login, a wrong password and an account without one get the same bytes and the same work."""
    await execute(
        world, "update credential set password_hash = null where account_id = :id", id=world.accounts["head"]
    )
    async with served(world) as browser:
        answers = [
            (await browser.new().ask("POST", "session", {"login": login, "password": BAD}))[:2]
            for login in ("nobody", "responsible", "head")
        ]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0] == 401
    slow = open_door(
        world.database, KEYS, settings_of(replace(CHEAP, argon2_rounds=40, argon2_memory_kib=8192))
    )
    stored = await slow.passwords.hash(PASSWORD, login="x")
    spent = []
    for kept in (None, stored):
        started = time.process_time()
        assert not await slow.passwords.fits(BAD, kept)
        spent.append(time.process_time() - started)
    assert 0.5 < spent[0] / spent[1] < 2


async def test_a_thousand_guesses_meet_a_wall_and_the_right_password_works_after_the_wait(
    world: World,
) -> None:
    """However many guesses come at once, a handful is looked at; after the wait the right password opens."""
    async with served(world) as browser:
        began = time.monotonic()
        guesses = [
            browser.new().ask("POST", "session", {"login": "head", "password": BAD}) for _ in range(200)
        ]
        statuses = [status for status, _, _ in await asyncio.gather(*guesses)]
        waits_over = int(time.monotonic() - began)  # the shortest wait is a second
        assert statuses.count(401) <= CHEAP.attempts_free + 3 + waits_over
        assert statuses.count(429) == 200 - statuses.count(401)
        status, _, headers = await browser.new().ask(
            "POST", "session", {"login": "head", "password": PASSWORD}
        )
        assert (status, int(headers["Retry-After"]) >= 1) == (429, True)
        assert (await enter(browser.new(), "responsible"))[0] == 200
        await execute(world, "update sign_in_attempt set at = at - interval '3 seconds'")
        assert (await enter(browser.new(), "head"))[0] == 200
        assert (await enter(browser.new(), "head", BAD))[0] == 401


async def test_one_address_cannot_try_every_account(world: World) -> None:
    """Guesses spread over many logins are counted by where they come from; our own proxy's address is not one."""
    settings = settings_of(replace(CHEAP, attempts_per_peer=7, forwarded_for=True))
    world.door = open_door(world.database, KEYS, settings)
    async with served(world, settings) as browser:
        for peer, expected in ((None, [401] * 10), ("203.0.113.9", [401] * 7 + [429] * 3)):
            statuses = []
            for number in range(10):
                body = {"login": f"{peer}login{number}", "password": BAD}
                statuses.append((await browser.new().ask("POST", "session", body, X_Forwarded_For=peer))[0])
            assert statuses == expected


async def test_a_proxy_on_this_machine_may_tell_the_address_if_it_is_allowed(world: World) -> None:
    """X-Forwarded-For is believed only where the settings say so, and only its last word."""
    body = {"login": "head", "password": PASSWORD}
    for forwarded, expected in ((False, "127.0.0.1"), (True, "203.0.113.9")):
        settings = settings_of(replace(CHEAP, forwarded_for=forwarded))
        async with served(world, settings) as browser:
            await browser.ask("POST", "session", body, X_Forwarded_For="198.51.100.1, 203.0.113.9")
        async with world.database.transaction() as session:
            last = await session.execute(
                text("select peer from access_session order by started_at desc limit 1")
            )
            assert last.scalar_one() == expected


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ("update account set state = 'BLOCKED', blocked_at = now() where login = 'head'", "blocked"),
        (
            "update account set state = 'PENDING_IDENTIFICATION' where login = 'head'",
            "pending_identification",
        ),
        ("update undertaking set valid_until = '2026-02-01'", "undertaking_required"),
        ("update undertaking set withdrawn_at = now()", "undertaking_required"),
        ("update role_grant set ended_at = now()", "no_appointment"),
        ("update role_grant set valid_until = valid_from", "no_appointment"),
    ],
)
async def test_what_keeps_an_account_out_is_said_to_who_knows_the_password(
    world: World, change: str, answer: str
) -> None:
    """No session without identification, appointment and undertaking; a stranger is told nothing of it."""
    await execute(world, change)
    async with served(world) as browser:
        assert await enter(browser, "head") == (403, answer)
        assert browser.cookies == {}
        assert await enter(browser.new(), "head", BAD) == (401, "credentials")


@pytest.mark.requirement("R-052")
async def test_a_first_sign_in_waits_for_the_undertaking(world: World) -> None:
    """R-052 in the reader's language: blocked until the undertaking is registered, open afterwards."""
    school = world.organisations["A-SCHOOL"]
    await add_account(world, "newcomer", Role.RESPONSIBLE, undertaken=False, organisation_id=school)
    body = {"login": "newcomer", "password": PASSWORD}
    async with served(world) as browser:
        status, answer, _ = await browser.ask("POST", "session", body, Accept_Language="ru")
        assert (status, answer["title"]) == (403, "Требуется Обязательство о неразглашении")
        head = browser.carry(await world.token("head"))
        account = f"accounts/{world.accounts['newcomer']}"
        paper = {"signed_on": "2026-11-02", "paper_location": "file 7"}
        assert (await head.ask("POST", f"{account}/undertakings", paper))[0] == 409
        assert (await head.ask("POST", f"{account}/briefings", {"held_on": "2026-11-01", "topic": "x"}))[
            0
        ] == 201
        assert (await head.ask("POST", f"{account}/undertakings", paper))[0] == 201
        assert (await browser.ask("POST", "session", body))[0] == 200


@pytest.mark.requirement("R-079")
async def test_an_undertaking_that_ends_stops_writing_at_once(world: World) -> None:
    """R-079: a session that goes on after the undertaking may read and not write."""
    async with served(world) as browser:
        own = browser.carry(await world.token("responsible"))
        assert (await own.ask("POST", "autofill", {"pin": "1"}))[0] == 422
        await execute(world, "update undertaking set valid_until = '2026-02-01'")
        status, answer, _ = await own.ask("POST", "autofill", {"pin": "1"})
        assert (status, answer["type"]) == (403, "urn:kopuro:problem:undertaking_required")
        assert (await own.ask("GET", f"learners/{world.numbers['a-pupil']}"))[0] == 200


@pytest.mark.parametrize(
    "change",
    [
        "update access_session set seen_at = now() - interval '31 minutes'",
        "update access_session set expires_at = now()",
        "update account set state = 'BLOCKED', blocked_at = now() where login = 'head'",
        "update role_grant set ended_at = now()",
    ],
)
async def test_a_session_ends_by_idleness_age_block_and_end_of_appointment(world: World, change: str) -> None:
    """The next request after any of them is refused."""
    async with served(world) as browser:
        own = browser.carry(await world.token("head"))
        assert (await own.ask("GET", "accounts"))[0] == 200
        await execute(world, change)
        assert (await own.ask("GET", "accounts"))[0] in {401, 403}


async def test_a_page_of_another_site_changes_nothing(world: World) -> None:
    """A change takes our origin and the token of our page; the cookie alone is not enough."""
    async with served(world) as browser:
        own = browser.carry(await world.token("responsible"))
        body = {"pin": "1"}
        for headers in (
            {"X_CSRF_Token": None},
            {"X_CSRF_Token": "wrong"},
            {"Origin": None},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": f"{browser.address}.evil.example"},
        ):
            status, answer, _ = await own.ask("POST", "autofill", body, **headers)
            assert (status, answer["type"].rpartition(":")[2] in {"csrf", "origin"}) == (403, True), headers
        assert (await own.ask("POST", "autofill", body))[0] == 422
        other = browser.carry(await world.token("responsible"))
        own.page = other.page
        assert (await own.ask("POST", "autofill", body))[0] == 403
        foreign = {"login": "head", "password": PASSWORD}
        assert (await browser.ask("POST", "session", foreign, Origin="https://evil.example"))[0] == 403


async def test_an_administrator_enters_with_a_second_factor_only(world: World) -> None:
    """The first sign-in sets it, later ones ask for it; each code counts once and the session is renewed."""
    async with served(world) as browser:
        assert await enter(browser, "special") == (200, "ENROL_SECOND_FACTOR")
        assert (await browser.ask("GET", "accounts"))[0] == 403
        before = browser.cookies["kopuro-session"]
        _, answer, _ = await browser.ask("POST", "session/second-factor/secret")
        secret = _secret(answer["address"])
        code = totp.code_at(secret, int(time.time()) // totp.STEP_SECONDS)
        wrong = f"{(int(code) + 1) % 10**6:06}"
        assert (await browser.ask("POST", "session/second-factor", {"code": wrong}))[0] == 401
        status, answer, _ = await browser.ask("POST", "session/second-factor", {"code": code})
        assert (status, answer["stage"]) == (200, "OPEN")
        assert (await browser.carry(before).ask("GET", "me"))[0] == 401
        assert (await browser.ask("GET", "accounts"))[0] == 200
        assert (await browser.ask("POST", "session/second-factor/secret"))[0] == 409
        again = browser.new()
        assert await enter(again, "special") == (200, "SECOND_FACTOR")
        assert (await again.ask("POST", "session/second-factor", {"code": code}))[0] == 401
        await execute(world, "update credential set totp_last_step = 0")
        code = totp.code_at(secret, int(time.time()) // totp.STEP_SECONDS)
        assert (await again.ask("POST", "session/second-factor", {"code": code}))[0] == 200
    async with world.database.transaction() as session:
        stored = await session.execute(
            text("select totp_secret from credential where totp_secret is not null")
        )
        assert secret not in stored.scalar_one()


async def test_codes_cannot_be_guessed_in_a_row(world: World) -> None:
    """Guesses at the second factor wait like guesses at a password."""
    async with served(world) as browser:
        await enter(browser, "auditor")
        await browser.ask("POST", "session/second-factor/secret")
        guesses = [browser.ask("POST", "session/second-factor", {"code": f"{n:06}"}) for n in range(30)]
        statuses = [status for status, _, _ in await asyncio.gather(*guesses)]
        assert statuses.count(401) <= CHEAP.attempts_free + 2
        assert statuses.count(429) >= 20


def _secret(address: str) -> bytes:
    shared = parse_qs(urlsplit(address).query)["secret"][0]
    return base64.b32decode(shared)


@pytest.mark.parametrize(
    ("at", "code"),
    [(59, "94287082"), (1111111109, "07081804"), (1234567890, "89005924"), (20000000000, "65353130")],
)
def test_codes_are_those_of_the_standard(at: int, code: str) -> None:
    """The test vectors of RFC 6238, appendix B, for SHA-1."""
    assert totp.code_at(b"12345678901234567890", at // totp.STEP_SECONDS, digits=8) == code


def test_a_code_counts_for_its_neighbours_and_once() -> None:
    """A clock may be one step off; a step that was used, and those before it, are over."""
    secret, now = totp.make_secret(), datetime(2026, 11, 2, 8, tzinfo=UTC)
    step = int(now.timestamp()) // totp.STEP_SECONDS
    for off, expected in ((-2, None), (-1, step - 1), (0, step), (1, step + 1), (2, None)):
        assert totp.matching_step(secret, totp.code_at(secret, step + off), at=now, after=0) == expected
    assert totp.matching_step(secret, totp.code_at(secret, step), at=now, after=step) is None
    later = now + timedelta(seconds=totp.STEP_SECONDS)
    assert totp.matching_step(secret, totp.code_at(secret, step), at=later, after=step) is None


async def test_a_password_is_changed_by_the_old_one_and_ends_the_other_sessions(world: World) -> None:
    """The new session is the only one left; a short password and the login itself are no passwords."""
    async with served(world) as browser:
        other = browser.carry(await world.token("head"))
        await enter(browser, "head")
        for password in ("short", "x-head-x-head-x"):
            body = {"password": password, "old_password": PASSWORD}
            assert (await browser.ask("POST", "me/password", body))[0] == 422
        body = {"password": "quite another password", "old_password": BAD}
        assert (await browser.ask("POST", "me/password", body))[0] == 401
        assert (await browser.ask("POST", "me/password", body | {"old_password": PASSWORD}))[0] == 200
        assert (await browser.ask("GET", "me"))[0] == 200
        assert (await other.ask("GET", "me"))[0] == 401
        assert (await enter(browser.new(), "head"))[0] == 401
        assert (await enter(browser.new(), "head", "quite another password"))[0] == 200


@pytest.mark.requirement("R-058")
async def test_sessions_from_two_places_at_once_are_noted(world: World) -> None:
    """R-058: the second place leaves an alert in the trace, with no more than the account in it."""
    settings = settings_of(replace(CHEAP, forwarded_for=True))
    async with served(world, settings) as browser:
        for peer in ("198.51.100.1", "198.51.100.1", "203.0.113.9"):
            body = {"login": "head", "password": PASSWORD}
            await browser.new().ask("POST", "session", body, X_Forwarded_For=peer)
    async with world.database.transaction() as session:
        found = await session.execute(text("select account_id, peer from access_act where act = 'ALERT'"))
        assert [tuple(row) for row in found] == [(world.accounts["head"], "203.0.113.9")]
