"""One run of the bulk: lay people out, learn, decide chunk by chunk; a killed run goes on where it stopped."""

import csv
import gc
import json
import os
import resource
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from time import process_time
from typing import Any

from gateway.foundation.errors import KopuroError
from gateway.foundation.settings import load
from gateway.intake.match_tally import Tally
from gateway.intake.person_rows import outcome_of
from gateway.matching.bulk import Gathered, decide_all
from gateway.matching.census import Census
from gateway.matching.learning import learn
from gateway.matching.model import Model, model_of
from gateway.matching.stored import read, written
from sync.bulk.column_values import ColumnEngine
from sync.bulk.engines import Engine
from sync.bulk.gathering import Chunk, People, gathered
from sync.bulk.laying import laid, mark
from sync.bulk.plan import REFUSED, Plan, read_plan, say

HEADER = ("rec_id", "decision", "entry", "weight", "explanation")


def run(plan: Plan, engine: Engine, columnar: ColumnEngine | None = None) -> None:
    """Decide about every incoming record of the plan; what an earlier run of the same inputs did is kept.

    `columnar` is the engine where it reads files by columns itself.
    """
    started = process_time()
    people, census = laid(plan, engine, columnar)
    people.stage.prepare()
    chunk = gathered(engine, people, 0, plan.chunk_rows) if census else None
    model = _learned(plan, people, chunk.gathered, census) if chunk and census else _kept(plan)
    mark(plan, people)
    for first in range(0, people.incoming, plan.chunk_rows):
        if not _part(plan, first).exists():
            _decide(_part(plan, first), chunk or gathered(engine, people, first, plan.chunk_rows), model)
        chunk = None  # the first one was gathered to learn from
        say(f"{min(first + plan.chunk_rows, people.incoming)} of {people.incoming} records decided")
    _finish(plan, people, process_time() - started)
    engine.close()
    rmtree(plan.work)  # it holds people; the decisions hold none


def begun(program: Callable[[Plan], None], file: Path) -> None:
    """Do the plan of a file and end this process; what the product knows to be wrong is one sentence and exit code 2.

    Millions of objects are made and none is part of a circle: looking for circles would cost as much as all the
    rest. At the end all is closed and written, and they go with the process instead of one by one.
    """
    gc.disable()
    try:
        program(read_plan(file))
    except KopuroError as error:
        say(f"kopuro: {error}")
        sys.exit(REFUSED)
    sys.stdout.flush()
    os._exit(0)


def _learned(plan: Plan, people: People, found: Gathered, census: Census) -> Model:
    """Give the model of the plan, or learn one from the census and the first chunk; it is kept as it is."""
    chosen = model_of(load().matching)
    if plan.model:
        text = Path(plan.model).read_text(encoding="utf-8")
    else:
        census.size = people.population
        text = written(learn(replace(found, census=census), chosen))
    (Path(plan.out) / "model.json").write_text(text, encoding="utf-8")
    return read(text, model=chosen)


def _kept(plan: Plan) -> Model:
    """Give the model an earlier run of the same inputs left."""
    text = (Path(plan.out) / "model.json").read_text(encoding="utf-8")
    return read(text, model=model_of(load().matching))


def _decide(part: Path, chunk: Chunk, model: Model) -> None:
    """Write the decisions of a chunk; the file appears when it is whole."""
    with part.with_suffix(".new").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for rec_id, decision in zip(chunk.rec_ids, decide_all(chunk.gathered, model), strict=True):
            outcome = outcome_of(decision)
            writer.writerow((rec_id, outcome.decision, outcome.entry, outcome.weight, outcome.explanation))
    part.with_suffix(".new").replace(part)


def _part(plan: Plan, first: int) -> Path:
    return plan.work / f"decisions-{first:012}.csv"


def _finish(plan: Plan, people: People, seconds: float) -> None:
    """Put the parts together, measure them where the truth is known, and say what it cost."""
    with (Path(plan.out) / "decisions.csv").open("wb") as file:
        file.write(f"{','.join(HEADER)}\r\n".encode())
        for part in _parts(plan, people):
            file.write(part.read_bytes())
    tally = Tally.of(Path(plan.truth)) if plan.truth else None
    if tally:
        for row in _decided(plan, people):
            tally.count_row(*row)
    cost = {
        "entries": people.entries,
        "records": people.incoming,
        "cpu_seconds": round(seconds, 1),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    _report(plan, (tally.report() if tally else {}) | cost)


def _parts(plan: Plan, people: People) -> list[Path]:
    return [_part(plan, first) for first in range(0, people.incoming, plan.chunk_rows)]


def _decided(plan: Plan, people: People) -> Iterator[list[str]]:
    for part in _parts(plan, people):
        with part.open(encoding="utf-8", newline="") as file:
            yield from csv.reader(file)


def _report(plan: Plan, report: Mapping[str, Any]) -> None:
    text = json.dumps(report, ensure_ascii=False, indent=2)
    (Path(plan.out) / "report.json").write_text(f"{text}\n", encoding="utf-8")
    for name, value in report.items():
        if not isinstance(value, dict):
            say(f"{name}: {value}")
