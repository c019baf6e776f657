"""The same query line in the API and on the command line: the same exchanges, the same words of refusal."""

import asyncio
import json
import os
import subprocess
import sys
from typing import Any

import aiohttp
from fastapi import FastAPI

from gateway.access.sessions import csrf_token
from gateway.api import ApiDependencies, create_router
from tests.browsing import Site
from tests.console.world import PIN, seal, some_traffic
from tests.intake.support import Sources
from tests.running import served


def _api(site: Site) -> FastAPI:
    app = FastAPI()
    deps = ApiDependencies(
        database=site.world.database,
        agencies=Sources().agencies(),
        settings=site.settings,
        door=site.world.door,
        keys=site.keys,
    )
    app.include_router(create_router(deps))
    return app


async def test_the_api_answers_by_the_same_line(site: Site) -> None:
    """List, search by PIN, count and one exchange with its cause; a line that is wrong is told without its words."""
    made = await some_traffic(site)
    await seal(site)
    token = await site.world.token("operator")
    async with served(_api(site), site.settings) as address, aiohttp.ClientSession() as http:
        headers = {
            "Cookie": f"kopuro-session={token}",
            "Origin": address,
            "X-CSRF-Token": csrf_token(token),
            "Accept-Language": "en",
        }

        async def call(method: str, path: str, **body: Any) -> tuple[int, Any]:
            url = f"{address}/api/v1/exchanges{path}"
            async with http.request(method, url, headers=headers, json=body or None) as response:
                return response.status, await response.json()

        status, page = await call("GET", "?q=status:failed&limit=2")
        assert status == 200
        assert [each["exchange_id"] for each in page["exchanges"]] == [
            str(made["failed"]),
            str(made["refused"]),
        ]
        _, rest = await call("GET", f"?q=status:failed&limit=2&cursor={page['next_cursor']}")
        assert [each["exchange_id"] for each in rest["exchanges"]] == [str(made["wrong"])]
        assert rest["next_cursor"] == ""
        _, found = await call("POST", "/search", q="status:ok", pin=PIN)
        assert {each["exchange_id"] for each in found["exchanges"]} == {str(made["ok"]), str(made["retried"])}
        assert await call("GET", "/count?q=direction:in") == (200, {"count": 2, "capped": False})
        _, one = await call("GET", f"/{made['failed']}")
        assert one["cause"]["meaning"]
        assert [row["whole"] for row in one["rows"]] == [True, True]
        status, wrong = await call("GET", "?q=status:ok%20Токтогулова")
        assert status == 422
        assert wrong["errors"][0]["code"] == "QUERY_BARE_WORD"
        assert "Токтогулова" not in json.dumps(wrong, ensure_ascii=False)
        assert "#11" in wrong["detail"]
        status, wrong = await call("GET", f"?q=subject:{PIN}")
        assert (status, wrong["errors"][0]["code"]) == (422, "QUERY_PIN")
        assert (await call("GET", "?cursor=x"))[0] == 422


async def test_the_command_answers_by_the_same_line(site: Site) -> None:
    """Kopuro exchanges lists, counts, asks for a PIN at a prompt, and says in a sentence what is wrong."""
    made = await some_traffic(site)
    settings = site.settings
    environment = {
        **os.environ,
        "DATABASE_URL": settings.database.url,
        "KOPURO_JOURNAL__SUBJECT_KEY_FILE": str(settings.journal.subject_key_file),
        "KOPURO_JOURNAL__BODY_KEY_FILE": str(settings.journal.body_key_file),
        "KOPURO_JOURNAL__MAC_KEY_FILE": str(settings.journal.mac_key_file),
    }

    async def run(*words: str, typed: str = "") -> tuple[str, str]:
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "gateway.cli", "exchanges", *words],
            env=environment,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout, done.stderr

    (counted, _), (found, _), (_, refused) = await asyncio.gather(
        run("count", "status:open agency:70000005"),
        run("list", "status:ok", "--pin", typed=f"{PIN}\n"),
        run("list", f"subject:{PIN}"),
    )
    assert counted.strip() == "1"
    assert {json.loads(line)["exchange_id"] for line in found.splitlines()} == {
        str(made["ok"]),
        str(made["retried"]),
    }
    assert "A PIN does not stand in an address" in refused
    assert PIN not in refused
