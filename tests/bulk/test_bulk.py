"""The bulk decides as the online path does, goes on where it was stopped, and says what is wrong with its inputs."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from gateway.cli import build
from gateway.foundation.database import Database, psycopg_conninfo
from gateway.foundation.errors import SettingsError
from gateway.intake.candidacy import decide_online
from gateway.intake.person_rows import outcome_of, record_of
from gateway.matching.model import MODEL
from gateway.matching.stored import read
from sync.bulk.on_duckdb import main
from sync.bulk.plan import Plan, write_plan
from tests.benchmarks.registry_rows import fill
from tests.bulk.conftest import Population
from tests.matching.evaluating import decisions, write_files
from tests.matching.generator import Files

CHUNK = 150


def planned(options: list[str], out: Path, **more: str) -> Plan:
    """A plan in chunks, its folder made, as the command writes it."""
    names = [option.removeprefix("--") for option in options[::2]]
    given = {"registry": ""} | dict(zip(names, options[1::2], strict=True)) | more
    plan = Plan(
        out=str(out), chunk_rows=CHUNK, memory_mb=512, spark_master="local[1]", state="a test", **given
    )
    plan.work.mkdir(parents=True)
    write_plan(plan, plan.work / "plan.json")
    return plan


@pytest.fixture(scope="module")
def done(population: Population, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run finished by the command itself."""
    out = tmp_path_factory.mktemp("bulk")
    command = [sys.executable, "-m", "gateway.cli", "match", "bulk", *population.options, "--out", str(out)]
    ended = subprocess.run(
        [*command, "--chunk", str(CHUNK)], check=False, capture_output=True, text=True, timeout=200
    )
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
    files = population.files
    bare = Files(
        registry=[row | {"territory": ""} for row in files.registry],
        incoming=[row | {"territory": ""} for row in files.incoming],
        truth=files.truth,
    )
    main(planned(write_files(folder, bare), folder / "out", model=str(done / "model.json")))
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
    main(planned(["--incoming", str(incoming)], tmp_path, model=str(done / "model.json")))
    found = [row | {"entry": stored.get(row["entry"], "")} for row in decisions(tmp_path)]
    named = ("rec_id", "decision", "entry", "weight")
    assert [[row[name] for name in named] for row in found] == [[row[name] for name in named] for row in bare]


def test_a_killed_run_goes_on_with_the_chunks_that_are_left(
    population: Population, done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run killed between two chunks is taken up where it was: what was decided is not decided again."""
    plan = planned(population.options, tmp_path)
    command = [sys.executable, "-m", "sync.bulk.on_duckdb", str(plan.work / "plan.json")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("150 of 400"):
                process.kill()
                break
    first = plan.work / "decisions-000000000000.csv"
    first.write_text(first.read_text(encoding="utf-8").replace(",match,", ",match so far,"), encoding="utf-8")
    main(plan)
    assert "laid out" not in capsys.readouterr().err
    found = decisions(tmp_path)
    assert "match so far" in {row["decision"] for row in found[:150]}
    assert "match so far" not in {row["decision"] for row in found[150:]}
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
    options = ["match", "bulk", *population.options[2:4], "--out", str(tmp_path)]
    with pytest.raises(SettingsError, match="there is no file"):
        CliRunner().invoke(
            build(), [*options, "--registry", str(tmp_path / "none.csv")], catch_exceptions=False
        )
    file = tmp_path / "thin.csv"
    file.write_text("person_id,surname\n1,А\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="lacks the columns given, patronymic"):
        main(planned(["--registry", str(file), *population.options[2:4]], tmp_path))


@pytest.mark.needs("spark")
def test_spark_decides_as_duckdb_does(population: Population, done: Path, tmp_path: Path) -> None:
    """The same model on Spark: every decision, entry, weight and reason is the same."""
    plan = replace(planned(population.options, tmp_path, model=str(done / "model.json")), chunk_rows=400)
    write_plan(plan, plan.work / "plan.json")
    command = [sys.executable, "-m", "sync.bulk.on_spark", str(plan.work / "plan.json")]
    ended = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    assert decisions(tmp_path) == decisions(done)
