"""Signing in by the state's identity provider: the whole way over HTTP, and every lie refused."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import text

from gateway.access.door import open_door
from gateway.access.oidc import Provider
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Access, Settings
from tests.access.browser import Browser, served
from tests.access.identity_provider import CLIENT, SECRET, IdentityProvider, provided, resigned
from tests.access.world import CHEAP, KEYS, World, settings_of

KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})


def with_provider(provider: IdentityProvider, folder: Path, **changed: object) -> Settings:
    secret = folder / "client.secret"
    secret.write_text(f"{SECRET}\n", encoding="utf-8")
    made = replace(
        CHEAP, oidc_issuer=provider.issuer, oidc_client_id=CLIENT, oidc_client_secret_file=secret, **changed
    )
    return replace(settings_of(made), home=folder)


@asynccontextmanager
async def state_browser(
    world: World, provider: IdentityProvider, folder: Path, **changed: object
) -> AsyncIterator[Browser]:
    async with provided(provider):
        settings = with_provider(provider, folder, **changed)
        world.door = open_door(world.database, KEYS, settings)
        async with served(world, settings) as browser:
            yield browser


async def leave(browser: Browser) -> str:
    """Go to the provider and give the address it sends the browser back to."""
    status, _, headers = await browser.ask("GET", "oidc/start")
    assert status == 303
    async with aiohttp.ClientSession() as http, http.get(headers["Location"], allow_redirects=False) as back:
        return back.headers["Location"]


async def come_back(browser: Browser, address: str) -> tuple[int, Any, dict[str, str]]:
    return await browser.ask("GET", f"oidc/callback?{urlsplit(address).query}")


async def test_the_state_opens_the_account_of_the_pin(world: World, tmp_path: Path) -> None:
    """Code, PKCE, nonce, keys: whoever the state identified is signed in to the one account of that PIN."""
    provider = IdentityProvider(key=KEY, pin=world.pins["responsible"])
    async with state_browser(world, provider, tmp_path) as browser:
        status, _, headers = await come_back(browser, await leave(browser))
        assert (status, headers["Location"]) == (303, "/")
        _, me, _ = await browser.ask("GET", "me")
        assert (me["login"], me["stage"]) == ("responsible", "OPEN")
        assert (await browser.ask("GET", f"learners/{world.numbers['a-pupil']}"))[0] == 200
        async with world.database.transaction() as session:
            kept = await session.execute(
                text("select row_to_json(a)::text from account a where login = 'responsible'")
            )
            assert world.pins["responsible"] not in kept.scalar_one()


async def test_the_pin_may_come_from_the_userinfo(world: World, tmp_path: Path) -> None:
    """A provider that keeps the PIN out of the token is asked for it, about the same subject only."""
    provider = IdentityProvider(key=KEY, pin=world.pins["head"], pin_in_token=False)
    async with state_browser(world, provider, tmp_path) as browser:
        assert (await come_back(browser, await leave(browser)))[0] == 303
        provider.userinfo = {"sub": "somebody-else"}
        assert (await come_back(browser, await leave(browser)))[0] == 401


async def test_an_administrator_owes_the_second_factor_here_too(world: World, tmp_path: Path) -> None:
    """The state's word is one factor."""
    provider = IdentityProvider(key=KEY, pin=world.pins["special"])
    async with state_browser(world, provider, tmp_path) as browser:
        await come_back(browser, await leave(browser))
        assert (await browser.ask("GET", "me"))[1]["stage"] == "ENROL_SECOND_FACTOR"
        assert (await browser.ask("GET", "accounts"))[0] == 403


@pytest.mark.requirement("R-068")
async def test_a_forgotten_password_is_set_anew_without_an_administrator(
    world: World, tmp_path: Path
) -> None:
    """R-068: freshly identified by the state one sets a password without the old one; later one does not."""
    provider = IdentityProvider(key=KEY, pin=world.pins["head"])
    async with state_browser(world, provider, tmp_path) as browser:
        await come_back(browser, await leave(browser))
        await browser.ask("GET", "me")
        assert (await browser.ask("POST", "me/password", {"password": "a brand new secret"}))[0] == 200
        async with world.database.transaction() as session:
            await session.execute(
                text("update access_session set started_at = now() - interval '11 minutes'")
            )
        assert (await browser.ask("POST", "me/password", {"password": "one more new secret"}))[0] == 401


Claims = dict[str, Any]
LIES: dict[str, Callable[[Claims], Claims]] = {
    "another issuer": lambda claims: claims | {"iss": "https://evil.example"},
    "no issuer": lambda claims: {key: value for key, value in claims.items() if key != "iss"},
    "another audience": lambda claims: claims | {"aud": "another-client"},
    "no audience": lambda claims: {key: value for key, value in claims.items() if key != "aud"},
    "several audiences, another party": lambda claims: claims | {"aud": [CLIENT, "x"], "azp": "x"},
    "several audiences, no party": lambda claims: claims | {"aud": [CLIENT, "x"]},
    "expired": lambda claims: claims | {"exp": int(time.time()) - 31},
    "no expiry": lambda claims: {key: value for key, value in claims.items() if key != "exp"},
    "from the future": lambda claims: claims | {"iat": int(time.time()) + 90},
    "not yet": lambda claims: claims | {"nbf": int(time.time()) + 90},
    "another nonce": lambda claims: claims | {"nonce": "x"},
    "no nonce": lambda claims: {key: value for key, value in claims.items() if key != "nonce"},
    "no subject": lambda claims: {key: value for key, value in claims.items() if key != "sub"},
    "a PIN nobody has": lambda claims: claims | {"pin": "10101200000000"},
    "a PIN that is no text": lambda claims: claims | {"pin": 10101200000000},
    "an empty PIN": lambda claims: claims | {"pin": ""},
}


async def test_every_lie_in_a_token_is_refused_alike(world: World, tmp_path: Path) -> None:
    """Whatever claim is wrong, the answer is the same and no session begins; the truth still works after it."""
    provider = IdentityProvider(key=KEY, pin=world.pins["head"])
    answers = {}
    async with state_browser(world, provider, tmp_path) as browser:
        for name, lie in LIES.items():
            provider.spoil = lie
            liar = browser.new()
            answers[name] = (await come_back(liar, await leave(liar)))[:2]
            assert "kopuro-session" not in liar.cookies, name
        provider.spoil = lambda claims: claims | {"aud": [CLIENT, "x"], "azp": CLIENT}
        assert (await come_back(browser, await leave(browser)))[0] == 303
    assert len({str(answer) for answer in answers.values()}) == 1
    assert answers["expired"][0] == 401


async def test_only_the_providers_own_signature_counts(world: World, tmp_path: Path) -> None:
    """Another key, no signature, and its public key used as a shared secret are refused."""
    provider = IdentityProvider(key=KEY, pin=world.pins["head"])
    async with state_browser(world, provider, tmp_path) as browser:
        forgeries: list[tuple[Any, dict[str, Any]]] = [
            (OTHER, {}),
            (OTHER, {"kid": "two"}),
            (KEY, {"alg": "RS512"}),
        ]
        for key, header in forgeries:
            provider.signs_with, provider.header = key, header
            assert (await come_back(browser, await leave(browser)))[0] == 401, header
        provider.signs_with, provider.header = KEY, {}
        signed = provider.sign
        for algorithm in ("none", "HS256"):
            provider.sign = lambda nonce, way=algorithm: resigned(signed(nonce), way, KEY)  # type: ignore[method-assign,misc]
            assert (await come_back(browser, await leave(browser)))[0] == 401, algorithm
        assert "kopuro-session" not in browser.cookies


async def test_changed_keys_are_fetched_again_and_not_for_every_stranger(
    world: World, tmp_path: Path
) -> None:
    """A key id nobody knows makes us look once a minute, not once a token."""
    provider = IdentityProvider(key=KEY, pin=world.pins["head"])
    async with state_browser(world, provider, tmp_path) as browser:
        assert (await come_back(browser, await leave(browser)))[0] == 303
        provider.key = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
        assert (await come_back(browser, await leave(browser)))[0] == 401
        assert provider.served_keys == 1
        assert world.door.provider is not None
        world.door.provider._keys_at = float("-inf")
        assert (await come_back(browser, await leave(browser)))[0] == 303
        assert provider.served_keys == 2


async def test_an_answer_belongs_to_the_browser_that_asked(world: World, tmp_path: Path) -> None:
    """Another browser's answer, one used twice, an invented state and another provider's name are refused."""
    provider = IdentityProvider(key=KEY, pin=world.pins["head"])
    async with state_browser(world, provider, tmp_path) as browser:
        address = await leave(browser)
        victim = browser.new()
        assert (await come_back(victim, address))[0] == 401
        await leave(victim)
        assert (await come_back(victim, address))[0] == 401
        assert (await come_back(browser, address.replace("iss=", "iss=x")))[0] == 401
        kept = dict(browser.cookies)
        assert (await come_back(browser, address))[0] == 303
        assert (await come_back(Browser(browser.http, browser.address, kept), address))[0] == 401
        invented = browser.new()
        invented.cookies["kopuro-oidc"] = "x"
        assert (await come_back(invented, "http://x/?state=x&code=y"))[0] == 401
        late = browser.new()
        address = await leave(late)
        async with world.database.transaction() as session:
            await session.execute(text("update oidc_flow set started_at = now() - interval '11 minutes'"))
        assert (await come_back(late, address))[0] == 401


async def test_our_verifier_and_secret_are_what_the_provider_asked_for(world: World, tmp_path: Path) -> None:
    """The verifier never travels through the browser, and each sign-in has its own."""
    provider = IdentityProvider(key=KEY, pin=world.pins["head"])
    async with state_browser(world, provider, tmp_path) as browser:
        asked = []
        for _ in range(2):
            _, _, headers = await browser.ask("GET", "oidc/start")
            asked.append(
                {key: value[0] for key, value in parse_qs(urlsplit(headers["Location"]).query).items()}
            )
            async with (
                aiohttp.ClientSession() as http,
                http.get(headers["Location"], allow_redirects=False) as back,
            ):
                assert (await come_back(browser, back.headers["Location"]))[0] == 303
    for name in ("state", "nonce", "code_challenge"):
        assert asked[0][name] != asked[1][name]
        assert len(asked[0][name]) >= 43
    assert provider.seen[0]["code_verifier"] not in str(asked)


async def test_a_provider_that_is_down_or_elsewhere_is_not_an_identity(world: World, tmp_path: Path) -> None:
    """No answer, a redirect, another issuer in the discovery and plain http elsewhere give no session and no 500."""
    provider = IdentityProvider(key=KEY, pin=world.pins["head"])
    async with state_browser(world, provider, tmp_path) as browser:
        for metadata in ({"issuer": "https://evil.example"}, {"token_endpoint": "http://evil.example/token"}):
            provider.metadata = metadata
            assert (await browser.ask("GET", "oidc/start"))[0] == 503
        provider.metadata = {}
        address = await leave(browser)
        provider.redirects_token_to = f"{provider.issuer}/elsewhere"
        assert (await come_back(browser, address))[0] in {401, 503}
    gone = IdentityProvider(issuer="http://127.0.0.1:9")
    settings = with_provider(gone, tmp_path)
    world.door = open_door(world.database, KEYS, settings)
    async with served(world, settings) as browser:
        status, answer, _ = await browser.ask("GET", "oidc/start")
        assert (status, answer["type"]) == (503, "urn:kopuro:problem:provider_down")
    world.door = open_door(world.database, KEYS, settings_of())
    async with served(world) as browser:
        assert (await browser.ask("GET", "oidc/start"))[0] == 404


@pytest.mark.parametrize(
    "settings",
    [
        Access(oidc_issuer="http://esia.example", oidc_client_id="x"),
        Access(oidc_issuer="https://esia.example"),
        Access(
            oidc_issuer="https://esia.example", oidc_client_id="x", oidc_client_secret_file=Path("absent")
        ),
    ],
)
def test_a_provider_configured_by_half_stops_the_start(settings: Access) -> None:
    """Plain http, no client id and a missing secret are told before anybody signs in."""
    with pytest.raises(SettingsError):
        Provider(settings, redirect="https://x/", secret_file=settings.oidc_client_secret_file)
