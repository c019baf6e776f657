"""The bulk decides as the online path does, goes on where it was stopped, and says what is wrong with its inputs."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from gateway.cli.match_rows import outcome_of, record_of
from gateway.foundation.database import Database, psycopg_conninfo
from gateway.intake.candidacy import decide_online
from gateway.matching.model import MODEL
from gateway.matching.stored import read
from tests.benchmarks.registry_rows import fill
from tests.bulk.conftest import Population
from tests.matching.evaluating import decisions

SMALL = ["--chunk", "150", "--memory", "512"]


def bulk(options: list[str], out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway.cli", "match", "bulk", *options, "--out", str(out), *more]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def done(population: Population, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run."""
    out = tmp_path_factory.mktemp("bulk")
    ended = bulk(population.options, out, *SMALL)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == ""
    assert "300 of 400 records decided" in ended.stderr
    return out


async def test_bulk_and_online_decide_the_same(
    population: Population, done: Path, database: Database, database_url: str, tmp_path: Path
) -> None:
    """With one model, every record gets the same decision, entry and weight in bulk as by look-ups in the registry."""
    rows = [row | {"territory": ""} for row in population.files.registry]  # the registry keeps no place
    with psycopg.connect(psycopg_conninfo(database_url), autocommit=True) as connection:
        ids = fill(connection, rows)
    text = (done / "work" / "model.json").read_text(encoding="utf-8")
    model = read(text, model=MODEL)
    found = {row["rec_id"]: row for row in _without_places(population, done, tmp_path)}
    stored = {registered: given for given, registered in ids.items()}
    links = 0
    for row in population.files.incoming:
        async with database.transaction() as session:
            online = outcome_of(await decide_online(session, record_of(row | {"territory": ""}), model=model))
        told = found[row["rec_id"]]
        assert (online.decision, stored.get(str(online.entry), "")) == (told["decision"], told["entry"])
        assert online.weight == told["weight"] or online.decision == "new"
        links += online.decision == "match"
    assert links > 200


def _without_places(population: Population, done: Path, folder: Path) -> list[dict[str, str]]:
    """Decide in bulk by the same model about the same people without their places."""
    from tests.matching.evaluating import write_files
    from tests.matching.generator import Files

    files = population.files
    bare = Files(
        registry=[row | {"territory": ""} for row in files.registry],
        incoming=[row | {"territory": ""} for row in files.incoming],
        truth=files.truth,
    )
    options = write_files(folder, bare)
    ended = bulk(options, folder / "out", *SMALL, "--model", str(done / "work" / "model.json"))
    assert ended.returncode == 0, ended.stderr
    return decisions(folder / "out")
