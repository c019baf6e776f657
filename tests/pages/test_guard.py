"""Role × page over real HTTP, and what stands before every change."""

import re
from uuid import UUID

import aiohttp
from sqlalchemy import select, text
from starlette.routing import Route

from gateway.access.model import AccessAct
from gateway.access.route_policy import Audience
from gateway.access.sessions import Stage
from gateway.access.values import Kind
from gateway.pages.guard import GuardedPage
from gateway.pages.headers import POLICY
from tests.access.world import PASSWORD, ROLES
from tests.browsing import Site
from tests.pages.meant_for import MEANT_FOR

NOWHERE = str(UUID(int=0))


def pages_of(site: Site) -> dict[tuple[str, str], GuardedPage]:
    """Every page of the application by its method and address; static files apart."""
    found = {}
    for route in site.app.routes:
        assert isinstance(route, Route)
        guarded = getattr(route.endpoint, "__self__", None)
        if isinstance(guarded, GuardedPage):
            found[guarded.page.method, route.path] = guarded
        else:
            assert route.path.startswith("/static/"), f"{route.path} answers without a guard"
    return found


def address_of(path: str) -> str:
    return re.sub(r"\{[^}]*\}", NOWHERE, path)


async def ask(
    http: aiohttp.ClientSession,
    site: Site,
    method: str,
    path: str,
    *,
    cookies: dict[str, str] | None = None,
    origin: str | None = None,
    token: bool = True,
    form: dict[str, str] | None = None,
) -> aiohttp.ClientResponse:
    headers = {"Origin": site.address if origin is None else origin} if origin != "" else {}
    sent = dict(form or {})
    if cookies and token:
        sent["csrf"] = site.csrf(cookies)
    response = await http.request(
        method,
        site.address + address_of(path),
        data=sent if method == "POST" else None,
        headers={
            **headers,
            "Cookie": "; ".join(f"{name}={value}" for name, value in (cookies or {}).items()),
        },
        allow_redirects=False,
    )
    await response.read()
    return response


async def test_every_page_answers_the_roles_it_is_meant_for_and_nobody_else(site: Site) -> None:
    """A page lets in who stands in the table, answers 403 to every other role, and sends strangers to sign in."""
    pages = pages_of(site)
    assert set(pages) == set(MEANT_FOR)
    async with aiohttp.ClientSession() as http:
        for name in ROLES:
            for (method, path), meant in MEANT_FOR.items():
                if meant is None or path == "/sign-out":
                    continue
                cookies = await site.cookies(name)
                response = await ask(http, site, method, path, cookies=cookies)
                assert (response.status != 403) == (name in meant), (name, method, path, response.status)
                assert response.status < 500, (name, method, path)
        for (method, path), meant in MEANT_FOR.items():
            response = await ask(http, site, method, path)
            if meant is None:
                assert response.status in {200, 303, 401}, (method, path)
            elif method == "GET":
                assert response.status == 303, path
                assert response.headers["Location"].startswith("/sign-in"), path
            else:
                assert response.status == 403, path


async def test_no_change_is_made_for_another_site_or_without_the_token(site: Site) -> None:
    """Each unsafe page refuses a foreign Origin, none at all, and, with a session, a form without its token."""
    async with aiohttp.ClientSession() as http:
        for (method, path), guarded in pages_of(site).items():
            if method == "GET":
                continue
            is_open = guarded.page.policy.audience is Audience.ANYBODY
            meant = MEANT_FOR[method, path]
            cookies = None if meant is None else await site.cookies(min(meant))
            for origin in ("https://elsewhere.example", "null", ""):
                response = await ask(http, site, method, path, cookies=cookies, origin=origin)
                assert response.status == 403, (path, origin)
            if not is_open:
                response = await ask(http, site, method, path, cookies=cookies, token=False)
                assert response.status == 403, path


async def test_no_page_changes_anything_by_get(site: Site) -> None:
    """Whatever a GET answers, the only rows it leaves are those of the trace and of the session's last use."""
    async with aiohttp.ClientSession() as http:
        before = await _rows(site)
        for (method, path), meant in MEANT_FOR.items():
            if method == "GET" and meant:
                cookies = await site.cookies(min(meant))
                await ask(http, site, method, path, cookies=cookies)
        after = await _rows(site)
    assert {name for name in after if after[name] != before[name]} <= {"access_act", "access_session"}


async def _rows(site: Site) -> dict[str, int]:
    async with site.world.database.transaction() as session:
        names = await session.execute(text("select tablename from pg_tables where schemaname = 'public'"))
        return {
            name: (await session.execute(text(f'select count(*) from "{name}"'))).scalar_one()
            for name in names.scalars()
        }


async def test_a_half_sign_in_opens_nothing_but_its_second_half(site: Site) -> None:
    """A session that owes its second factor is sent there from every page."""
    cookies = await site.cookies("auditor", Stage.SECOND_FACTOR)
    async with aiohttp.ClientSession() as http:
        response = await ask(http, site, "GET", "/console/acts", cookies=cookies)
        assert response.headers["Location"].startswith("/sign-in/second-factor")
        response = await ask(http, site, "POST", "/console/acts/check", cookies=cookies)
        assert response.status == 403


async def test_a_live_refresh_is_told_when_the_session_has_ended(site: Site) -> None:
    """A refresh gets 401 and no sign-in page."""
    async with (
        aiohttp.ClientSession() as http,
        http.get(
            f"{site.address}/console/acts", headers={"x-kopuro-live": "1"}, allow_redirects=False
        ) as response,
    ):
        assert response.status == 401


async def test_every_answer_carries_the_headers(site: Site) -> None:
    """Pages, errors and static files say what a browser may do with them; another host is not answered."""
    async with aiohttp.ClientSession() as http:
        for path in ("/sign-in", "/nowhere", "/static/x/pages/pages.js"):
            async with http.get(site.address + path) as response:
                assert response.headers["Content-Security-Policy"] == POLICY
                assert response.headers["X-Content-Type-Options"] == "nosniff"
                assert response.headers["Referrer-Policy"] == "same-origin"
        async with http.get(f"{site.address}/sign-in", headers={"Host": "evil.example"}) as response:
            assert response.status == 400
        async with http.get(f"{site.address}/sign-in") as response:
            addresses = re.findall(r'"(/static/[^"]+)"', await response.text())
        assert len(addresses) > 3
        for address in addresses:
            async with http.get(site.address + address) as response:
                assert response.status == 200
                assert "immutable" in response.headers["Cache-Control"]


async def test_an_error_page_repeats_nothing(site: Site) -> None:
    """What was typed into an address or a form stands on no error page, in any language."""
    hostile = "<script>alert(1)</script>12345678901234"
    async with aiohttp.ClientSession() as http:
        for language in ("ky", "ru", "en"):
            async with http.get(
                f"{site.address}/{hostile}", headers={"Accept-Language": language}
            ) as response:
                text = await response.text()
                assert response.status == 404
                assert response.headers["Content-Language"] == language
                assert "12345678901234" not in text
                assert "<script>" not in text


async def test_a_wrong_password_and_an_unknown_account_are_one_answer(site: Site) -> None:
    """Both are refused with the same page, and nothing typed is shown again."""
    async with aiohttp.ClientSession() as http:
        pages = []
        for login in ("auditor", "nobody-here"):
            response = await ask(
                http, site, "POST", "/sign-in", form={"login": login, "password": PASSWORD + "x"}
            )
            assert response.status == 401
            pages.append(await response.text())
        assert pages[0] == pages[1]
        assert "nobody-here" not in pages[1]


async def test_the_way_back_after_sign_in_never_leaves_the_site(site: Site) -> None:
    """A next address of another site is not followed."""
    async with aiohttp.ClientSession() as http:
        for wanted in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"):
            form = {"login": "district", "password": PASSWORD, "next": wanted}
            response = await ask(http, site, "POST", "/sign-in", form=form)
            assert response.headers["Location"] == "/", wanted


async def test_every_page_of_a_known_caller_is_on_record(site: Site) -> None:
    """An answer and a refusal each leave an act with its route, its kind and its outcome."""
    async with aiohttp.ClientSession() as http:
        for name in ("auditor", "operator"):
            await ask(http, site, "GET", "/console/acts", cookies=await site.cookies(name))
    async with site.world.database.transaction() as session:
        found = await session.execute(
            select(AccessAct.allowed, AccessAct.reason, AccessAct.object)
            .where(AccessAct.act == "GET /console/acts")
            .order_by(AccessAct.seq)
        )
        assert [tuple(row) for row in found] == [(True, "200", Kind.ACT), (False, "FORBIDDEN", Kind.ACT)]
