"""Operators' work from a terminal: what the commands print, keep and refuse."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import structlog
from sqlalchemy import text
from typer.testing import CliRunner, Result

from gateway.cli import build
from gateway.exchange.writer import JournalWriter
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import SettingsError
from gateway.foundation.queue import defer
from gateway.operations.incident_feeding import feed_incidents
from tests.exchange.journal import make_keys
from tests.operations.conftest import Rows

Kopuro = Callable[..., Result]


@pytest.fixture
def kopuro(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kopuro]:
    """Run a command in this process on the test's database."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("KOPURO_HOME", str(Path(__file__).resolve().parents[2]))
    app, runner = build(), CliRunner()
    handlers, level = logging.root.handlers[:], logging.root.level

    def run(*words: str) -> Result:
        return runner.invoke(app, list(words))

    yield run
    logging.root.handlers[:] = handlers  # the commands set logging up for themselves
    logging.root.setLevel(level)
    structlog.reset_defaults()


async def _furnish(url: str) -> int:
    database = Database(url)
    writer = JournalWriter(database, make_keys())
    await writer.start()
    await Rows(writer=writer, start=utc_now()).answered("timeout")
    await feed_incidents(database)
    async with database.transaction() as session:
        job = await defer(session, "verify_person", person_id=str(uuid4()))
    await writer.close()
    await database.close()
    return job


def test_incidents_jobs_rules_and_replays_from_a_terminal(kopuro: Kopuro, database_url: str) -> None:
    """Each command says what it did as JSON; who does something is named, and what is wrong is one sentence."""
    job = asyncio.run(_furnish(database_url))
    (incident,) = [json.loads(line) for line in kopuro("incident", "list").stdout.splitlines()]
    assert (incident["failure_count"], incident["unanswered"]) == (1, 1)
    assert kopuro("incident", "ack", incident["id"], "--by", "duty").exit_code == 0
    assert kopuro("incident", "close", incident["id"], "--by", "duty", "--reason", "over").exit_code == 0
    shown = json.loads(kopuro("incident", "show", incident["id"]).stdout)
    assert [note["act"] for note in shown["notes"]] == ["ACKNOWLEDGED", "CLOSED"]
    assert shown["closed_by"] == "cli.duty"
    plan = json.loads(kopuro("replay", "preview", "--query", "status:failed").stdout)
    assert (plan["total"], plan["refused"]) == (1, {"NOT_OURS": 1})
    refused = kopuro("replay", "preview", "--query", "nonsense:1")
    assert isinstance(refused.exception, SettingsError)
    assert "UNKNOWN_FIELD" in str(refused.exception)
    assert isinstance(kopuro("replay", "preview").exception, SettingsError)
    held = json.loads(kopuro("work", "job", str(job), "hold", "--by", "duty", "--reason", "later").stdout)
    assert held["held_by"] == "cli.duty"
    assert json.loads(kopuro("work", "status").stdout)["jobs"] == {"verify_person": {"todo": 1}}
    made = kopuro("alert", "add-channel", "duty", "EMAIL", "duty@example.kg", "--by", "duty").stdout.strip()
    rule = kopuro(
        "alert", "add-rule", "letters", "DEAD_LETTERS", "--by", "duty", "--channel", made,
        "--quiet", "22:00-07:00",
    )  # fmt: skip
    assert rule.exit_code == 0
    assert kopuro("alert", "try", rule.stdout.strip(), "--by", "duty").stdout.startswith("1 on their way")
    assert json.loads(kopuro("alert", "rules").stdout)["quiet_from"] == "22:00:00"


def test_what_a_person_at_a_terminal_was_refused_is_on_record(kopuro: Kopuro, database_url: str) -> None:
    """A refused act changes nothing and leaves who tried what and why not; a refused look leaves nothing."""
    nobody = str(uuid4())
    assert kopuro("incident", "close", nobody, "--by", "duty", "--reason", "over").exit_code != 0
    assert kopuro("work", "job", "7", "hold", "--by", "duty", "--reason", " ").exit_code != 0
    assert kopuro("case", "reject", nobody, "--by", "one", "--as", "HEAD", "--reason", "x").exit_code != 0
    assert kopuro("incident", "show", nobody).exit_code != 0
    assert kopuro("incident", "close", nobody, "--by", " ", "--reason", "over").exit_code != 0
    assert asyncio.run(_acts(database_url)) == [
        ("kopuro incident close", "WORK", False, "cli.duty"),
        ("kopuro work job hold", "WORK", False, "cli.duty"),
        ("kopuro case reject", "CASE", False, "cli.one"),
    ]


async def _acts(url: str) -> list[tuple[str, str, bool, str]]:
    database = Database(url)
    async with database.transaction() as session:
        found = await session.execute(
            text(
                "select act, object, allowed, detail ->> 'by' from access_act where reason <> '' order by seq"
            )
        )
        told = [tuple(row) for row in found]
    await database.close()
    return told
