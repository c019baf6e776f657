"""The bulk decides as the online path does, goes on where it was stopped, and says what is wrong with its inputs."""

import os
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
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
    text = (done / "model.json").read_text(encoding="utf-8")
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
    ended = bulk(options, folder / "out", *SMALL, "--model", str(done / "model.json"))
    assert ended.returncode == 0, ended.stderr
    return decisions(folder / "out")


async def test_the_registry_of_the_gateway_itself_is_matched_as_a_file_of_it_is(
    population: Population, done: Path, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a registry file the gateway's own entries and stored keys are used, and the decisions are the same."""
    rows = [row | {"territory": ""} for row in population.files.registry]
    with psycopg.connect(psycopg_conninfo(database_url), autocommit=True) as connection:
        ids = fill(connection, rows)
    monkeypatch.setenv("DATABASE_URL", database_url)
    stored = {registered: given for given, registered in ids.items()}
    bare = _without_places(population, done, tmp_path / "file")
    incoming = tmp_path / "file" / "incoming.csv"
    ended = bulk(["--incoming", str(incoming)], tmp_path, "--model", str(done / "model.json"))
    assert ended.returncode == 0, ended.stderr
    found = [row | {"entry": stored.get(row["entry"], "")} for row in decisions(tmp_path)]
    named = ("rec_id", "decision", "entry", "weight")
    assert [[row[name] for name in named] for row in found] == [[row[name] for name in named] for row in bare]


def test_a_killed_run_goes_on_with_the_chunks_that_are_left(
    population: Population, done: Path, tmp_path: Path
) -> None:
    """A run killed between two chunks is taken up by the same command: what was decided is not decided again."""
    command = [
        sys.executable,
        "-m",
        "gateway.cli",
        "match",
        "bulk",
        *population.options,
        "--out",
        str(tmp_path),
        *SMALL,
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("150 of 400"):
                os.killpg(process.pid, signal.SIGKILL)
                break
    first = tmp_path / "work" / "decisions-000000000000.csv"
    first.write_text(first.read_text(encoding="utf-8").replace("match", "match "), encoding="utf-8")
    ended = bulk(population.options, tmp_path, *SMALL)
    assert ended.returncode == 0, ended.stderr
    assert "laid out" not in ended.stderr
    found = decisions(tmp_path)
    assert "match " in {row["decision"] for row in found[:150]}
    assert [row["entry"] for row in found] == [row["entry"] for row in decisions(done)]


def test_nothing_of_the_people_stays_beside_the_decisions(done: Path, population: Population) -> None:
    """What was laid out is removed at the end; decisions, model and report hold no PIN."""
    assert sorted(file.name for file in done.iterdir()) == ["decisions.csv", "model.json", "report.json"]
    pins = {row["pin"] for row in population.files.registry if row["pin"]}
    for file in done.iterdir():
        text = file.read_text(encoding="utf-8")
        assert not any(pin in text for pin in pins)


def test_a_missing_file_or_column_stops_the_bulk_with_a_sentence(
    population: Population, tmp_path: Path
) -> None:
    """What is wrong with an input is said before anything is matched."""
    none = bulk(["--registry", str(tmp_path / "none.csv"), *population.options[2:4]], tmp_path)
    assert (none.returncode, none.stderr.startswith("kopuro: there is no file")) == (2, True)
    file = tmp_path / "thin.csv"
    file.write_text("person_id,surname\n1,А\n", encoding="utf-8")
    thin = bulk(["--registry", str(file), *population.options[2:4]], tmp_path)
    assert thin.returncode == 2
    assert "lacks the columns given, patronymic" in thin.stderr


@pytest.mark.skipif(
    find_spec("pyspark") is None or shutil.which("java") is None, reason="the extra `spark` needs Java"
)
def test_spark_decides_as_duckdb_does(population: Population, done: Path, tmp_path: Path) -> None:
    """The same model on Spark: every decision, entry, weight and reason is the same."""
    model = ["--model", str(done / "model.json")]
    ended = bulk(population.options, tmp_path, "--on", "spark", "--master", "local[1]", *model)
    assert ended.returncode == 0, ended.stderr
    assert decisions(tmp_path) == decisions(done)
