"""The watch: metrics say what is so and name nobody; readiness says what is missing; the chain's damage is seen."""

import asyncio
import io
import re
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from starlette.requests import Request

from gateway.exchange.breaker_state import breaker_states
from gateway.exchange.chain_state import Chain, ChainWatch
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.operations.watch.reach import Breaker, see_breakers
from gateway.operations.watch.routes import may_read
from gateway.sandbox.agency import Wish, about_learner, write_request
from gateway.sandbox.people import population
from gateway.sandbox.seed import seed_registry
from gateway.xroad.envelope import CONTENT_TYPE
from tests.exchange.journal import Journal
from tests.running import PEOPLE, SEED, TOKEN, make_settings, running


async def _metrics(http: aiohttp.ClientSession, url: str) -> dict[str, dict[str, float]]:
    async with http.get(f"{url}/metrics", headers={"Accept": "text/plain"}) as reply:
        assert reply.status == 200
        said = await reply.text()
    found: dict[str, dict[str, float]] = {"": {said: 0}}
    for family in text_string_to_metric_families(said):
        for sample in family.samples:
            labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


async def test_metrics_tell_real_traffic_and_nobody(database_url: str, tmp_path: Path) -> None:
    """After real exchanges in both directions /metrics counts them, and holds no PIN, name or message id."""
    settings = make_settings(database_url, tmp_path)
    people, database = population(SEED, PEOPLE), Database(database_url)
    await seed_registry(database, people, settings)
    learner = people.roles["child"]
    async with running(settings) as product, aiohttp.ClientSession() as http:
        about = about_learner(learner.pin, learner.birth_date)
        wish = Wish(service_code="getLearnerStatus", about=about)
        body = io.BytesIO(write_request(product.settings, wish, signed=True))
        async with http.post(
            f"{product.gateway}/xroad", data=body, headers={"Content-Type": CONTENT_TYPE}
        ) as reply:
            answered = reply.status
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        async with http.post(
            f"{product.gateway}/api/v1/autofill", json={"pin": learner.pin}, headers=headers
        ) as reply:
            assert reply.status < 500
        found = await _metrics(http, product.gateway)
        async with http.get(f"{product.gateway}/readyz") as reply:
            assert (reply.status, await reply.json()) == (200, {"status": "ready"})
    await database.close()
    assert answered == 200
    labels = "agency=70000003,direction=IN,outcome=OK,service=getLearnerStatus"
    assert found["kopuro_exchanges_total"][labels] == 1
    asked = [
        key for key, value in found["kopuro_exchanges_total"].items() if "direction=OUT" in key and value
    ]
    assert asked
    assert found["kopuro_database_up"][""] == found["kopuro_journal_writer_up"][""] == 1
    assert found["kopuro_certificate_days_left"]["certificate=signing"] > 0
    assert abs(found["kopuro_clock_skew_seconds"]["against=database"]) < 1
    said = next(iter(found[""]))
    assert not re.search(r"[0-9]{13,}(?!\.)", re.sub(r"\d+\.\d+e\+?\d+|\d+\.\d+", "", said))
    for person in people.people[:50]:
        assert not {person.surname, person.pin} & set(re.split(r"\W", said))


@pytest.mark.parametrize(
    ("peer", "headers", "allowed"),
    [
        ("127.0.0.1", {}, True),
        ("10.0.0.9", {}, False),
        ("127.0.0.1", {"x-forwarded-for": "10.0.0.9"}, False),
        ("10.0.0.9", {"authorization": "Bearer right"}, True),
        ("10.0.0.9", {"authorization": "Bearer wrong"}, False),
        ("10.0.0.9", {"authorization": "Bearer "}, False),
    ],
)
def test_metrics_are_for_this_machine_or_the_token(peer: str, headers: dict[str, str], allowed: bool) -> None:  # noqa: FBT001
    """Only programs here, not those a proxy speaks for, and who knows the token read the metrics."""
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    request = Request({"type": "http", "client": (peer, 1), "headers": raw})
    assert may_read(request, "right") is allowed
    assert may_read(request, "") is (allowed and peer == "127.0.0.1")


async def test_readiness_names_what_is_missing(database_url: str, tmp_path: Path) -> None:
    """A database behind its migrations, a key that is gone: 503 with codes, and nothing secret in it."""
    body_key = tmp_path / "body.key"
    settings = make_settings(database_url, tmp_path, KOPURO_JOURNAL__BODY_KEY_FILE=str(body_key))
    async with running(settings) as product, aiohttp.ClientSession() as http:
        database = Database(database_url)
        async with database.transaction() as session:
            await session.execute(text("update alembic_version set version_num = '0001'"))
        await database.close()
        body_key.rename(tmp_path / "gone")
        async with http.get(f"{product.gateway}/readyz") as reply:
            assert reply.status == 503
            told = await reply.json()
        async with http.get(f"{product.gateway}/healthz") as reply:
            assert reply.status == 200
    assert [each["code"] for each in told["reasons"]] == ["MIGRATIONS_MISSING", "JOURNAL_KEY"]
    assert str(tmp_path) not in str(told)


async def test_damage_of_the_chain_is_seen(journal: Journal) -> None:
    """A chain that grows is good, one that waits is behind, one whose seal was changed or lost is broken."""
    watch = ChainWatch(journal.database, journal.anchor_file)
    assert (await watch.look(at=utc_now())).state is Chain.EMPTY
    for number in range(3):
        await journal.exchange(number + 1)
        await journal.sealer.seal_once()
    assert (await watch.look(at=utc_now())).state is Chain.GOOD
    await journal.exchange(9)
    waiting = await watch.look(at=utc_now() + timedelta(minutes=1))
    assert (waiting.state, waiting.waiting) == (Chain.BEHIND, 2)
    await journal.sealer.seal_once()
    async with journal.database.transaction() as session:
        await session.execute(text("set local session_replication_role = replica"))
        await session.execute(text("update journal_seal set entry_count = 7 where number = 4"))
    broken = await watch.look(at=utc_now())
    assert (broken.state, broken.broken_at) == (Chain.BROKEN, 4)


async def test_a_lost_end_is_seen_by_the_anchor(journal: Journal) -> None:
    """A seal the anchor file knows and the database does not have makes the chain broken."""
    for number in range(2):
        await journal.exchange(number + 1)
        await journal.sealer.seal_once()
    async with journal.database.transaction() as session:
        await session.execute(text("set local session_replication_role = replica"))
        await session.execute(text("delete from journal_seal where number = 2"))
    watch = ChainWatch(journal.database, journal.anchor_file)
    assert (await asyncio.wait_for(watch.look(at=utc_now()), 60)).broken_at == 2


async def test_an_agency_is_as_its_worst_breaker(database: Database, tmp_path: Path) -> None:
    """An open breaker of one service makes the agency open, a probe makes it a trial; one switched off is not told."""
    settings = make_settings(database.url, tmp_path)
    async with database.transaction() as session:
        for agency, service, state in (
            ("infocom", "a/b", "OPEN"),
            ("infocom", "a/c", "CLOSED"),
            ("tax", "a/b", "HALF_OPEN"),
            ("awaited", "a/b", "OPEN"),
        ):
            await session.execute(
                text(
                    "insert into agency_breaker (agency, service, state, opened_at, probe_at, probe_id, changed_at) "
                    "values (:agency, :service, :state, now(), now(), gen_random_uuid(), now())"
                ),
                {"agency": agency, "service": service, "state": state},
            )
        found = see_breakers(await breaker_states(session), settings)
    assert found["70000005"] is Breaker.OPEN
    assert found["70000002"] is Breaker.TRIAL
    assert found["70000024"] is Breaker.CLOSED
    assert "unknown" not in found
