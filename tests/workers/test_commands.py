"""`kopuro feed` and `kopuro breaker` as an operator types them."""

import asyncio

import pytest
from typer.testing import CliRunner

from gateway.cli import build
from gateway.exchange.breaker import Breakers, Line
from gateway.exchange.ledger import Ledger
from gateway.foundation.background_settings import BreakerSettings, Budget
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import AgencyUnavailable, RegistryError, SettingsError
from sync.feeds.engine import follow
from tests.workers.feeds import NumberFeed

LINE = Line(agency="infocom", service="zags-service/zagsDataByPin/v1")


async def _happen(url: str) -> None:
    """Let a feed be followed, a service be silent and a question be counted."""
    database = Database(url)
    await follow(database, NumberFeed(10, poison=frozenset({3})), at=utc_now(), pages=9)
    breakers = Breakers(database, BreakerSettings(failures=1))
    await _silence(breakers)
    await Ledger(database, {"infocom": Budget(prices={LINE.service: 2.5})}).count(LINE)
    await database.close()


async def _silence(breakers: Breakers) -> None:
    with pytest.raises(AgencyUnavailable):
        async with breakers.asking(LINE):
            raise AgencyUnavailable("down", code="http_503")


def test_feeds_and_breakers_are_seen_and_held(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command prints what is so; a hold names who and why; what does not exist is one sentence."""
    asyncio.run(_happen(database_url))
    monkeypatch.setenv("DATABASE_URL", database_url)
    app = build()

    def said(*words: str) -> str:
        done = CliRunner().invoke(app, [*words])
        if done.exception:
            raise done.exception
        return done.output

    assert "numbers\tat 10\t" in said("feed", "list")
    assert "9 COUNTED, 1 DEAD" in said("feed", "list")
    assert said("feed", "items", "numbers", "--effect", "DEAD").count("\t3\t1\tDEAD") == 1
    assert "goes on from 0" in said("feed", "rewind", "numbers", "--to", "0")
    assert [said("feed", "run", "minjust").strip() for _ in range(2)] == ["deferred", "a run waits already"]
    assert "minjust rests" in said("feed", "hold", "minjust", "--reason", "their maintenance")
    assert "their maintenance" in said("feed", "list")
    assert "goes on" in said("feed", "resume", "minjust")
    assert "OPEN\t1 not answered (http_503)\tnext probe" in said("breaker", "list")
    assert "rests" in said("breaker", "hold", "infocom", "--reason", "letter 12")
    assert "letter 12" in said("breaker", "list")
    assert "goes on" in said("breaker", "resume", "infocom")
    assert "1 sent, 2.50 som" in said("breaker", "spent")
    for wrong in (("feed", "run", "nowhere"), ("breaker", "hold", "nobody", "--reason", "x")):
        with pytest.raises(SettingsError):
            said(*wrong)
    with pytest.raises(RegistryError):
        said("breaker", "resume", "infocom")
