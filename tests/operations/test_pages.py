"""The pages of operators' work answer the roles they are meant for, and refuse what cannot be in words."""

from uuid import UUID, uuid4

import aiohttp
from sqlalchemy import text

from gateway.access.wall import walled
from gateway.operations.incident_feeding import feed_incidents
from tests.access.world import ROLES
from tests.browsing import *  # noqa: F403 – the fixtures
from tests.browsing import Site
from tests.operations.conftest import rows_in
from tests.operations.test_tables import WALLED
from tests.pages.meant_for import MEANT_FOR
from tests.pages.test_guard import ask, pages_of

OURS = ("/console/incidents", "/console/replays", "/console/alerts", "/console/background")
SEEN = {"operator", "auditor"}


async def test_each_page_answers_whom_it_is_meant_for(site: Site) -> None:
    """Every page of ours stands in the table, lets in who stands there, and answers 403 to every other role."""
    meant = {key: roles for key, roles in MEANT_FOR.items() if key[1].startswith(OURS)}
    assert {key for key in pages_of(site) if key[1].startswith(OURS)} == set(meant)
    wrong = []
    async with aiohttp.ClientSession() as http:
        for name in ROLES:
            cookies = await site.cookies(name)
            for (method, path), roles in meant.items():
                if name not in {"operator", "auditor", "district", "special"}:
                    continue  # the rest of the roles have no right over work or exchanges at all
                status = (await ask(http, site, method, path, cookies=cookies)).status
                if (status != 403) != (name in (roles or ())) or status >= 500:
                    wrong.append((name, method, path, status))
    assert wrong == []


async def test_what_cannot_be_done_is_told_on_the_page(site: Site) -> None:
    """A missing reason, a closed incident, an unreadable query and an empty choice lead back with a sentence."""
    await _fail(site)
    async with site.world.database.transaction() as session:
        incident: UUID = (await session.execute(text("select id from incident"))).scalar_one()
    cookies = await site.cookies("operator")
    one = f"/console/incidents/{incident}"
    async with aiohttp.ClientSession() as http:

        async def said(method: str, path: str, **form: str) -> str:
            answer = await ask(http, site, method, path, cookies=cookies, form=form)
            assert answer.status == 303, (path, answer.status)
            return answer.cookies["kopuro-told"].value

        assert await said("POST", f"{one}/close", reason="") == "bad:operations.reason.required"
        assert await said("POST", f"{one}/close", reason="over") == "good:incidents.told_closed"
        assert await said("POST", f"{one}/close", reason="over") == "bad:operations.cannot"
        assert await said("GET", "/console/replays/new") == "note:replays.nothing_chosen"
        assert await said("GET", "/console/replays/new?q=nonsense:1") == "bad:replays.no_query"
        nothing = {"exchange": str(uuid4()), "reason": "x", "per_minute": "60", "stop_after": "1"}
        assert await said("POST", "/console/replays", **nothing) == "bad:replays.nothing_to_do"


async def test_the_wall_shows_operators_work_to_operators_and_auditors_alone(site: Site) -> None:
    """Behind the wall every table of operators' work is empty for any other role, whatever a query forgets."""
    world = site.world
    await _fail(site)
    for name in ("operator", "auditor", "special", "district", "head"):
        async with walled(world.database, world.accounts[name]) as session:
            seen = (await session.execute(text("select count(*) from incident"))).scalar_one()
            assert (seen == 1) == (name in SEEN), name
            for table in WALLED:
                await session.execute(text(f'select count(*) from "{table}"'))


async def _fail(site: Site) -> None:
    """Let one exchange fail, and its incident open."""
    async with rows_in(site.world.database) as rows:
        await rows.answered("timeout")
    await feed_incidents(site.world.database)
