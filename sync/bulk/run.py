"""One run of the bulk: lay people out, learn, decide chunk by chunk; a killed run goes on where it stopped."""

import csv
import gc
import json
import resource
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
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
from gateway.matching.prepared import prepare
from gateway.matching.record import Record
from gateway.matching.stored import read, written
from sync.bulk.engines import Engine, Stage, find_pairs, prepare_entries
from sync.bulk.plan import Plan, read_plan
from sync.bulk.sources import at_organisation, incoming_people, registry_people, stored_population
from sync.bulk.staging import FIELDS, lay_out, read_people

REFUSED = 2
HEADER = ("rec_id", "decision", "entry", "weight", "explanation")


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Everybody laid out: where, how many of each, and how many entries a record is weighed against."""

    stage: Stage
    entries: int
    incoming: int
    population: int


def run(plan: Plan, engine: Engine) -> None:
    """Decide about every incoming record of the plan; what an earlier run of the same inputs did is kept."""
    started = process_time()
    people, model = _begun(plan) or (None, None)
    if people is None or model is None:
        people, census = _lay_out(plan)
        prepare_entries(engine, people.stage)
        model = _learned(plan, engine, people, census)
        _mark(plan, people)
    else:
        prepare_entries(engine, people.stage)
    for first in range(0, people.incoming, plan.chunk_rows):
        if not _part(plan, first).exists():
            _decide(plan, gathered(engine, people, first, plan.chunk_rows), model, first)
        _say(f"{min(first + plan.chunk_rows, people.incoming)} of {people.incoming} records decided")
    _finish(plan, people, process_time() - started)
    engine.close()
    rmtree(plan.work)  # it holds people; the decisions hold none


def begun(program: Callable[[Plan], None], file: Path) -> None:
    """Do the plan of a file in this process; what the product knows to be wrong is one sentence and exit code 2.

    Millions of rows flow by and none is part of a circle: looking for circles would cost as much as all the rest.
    """
    gc.disable()
    try:
        program(read_plan(file))
    except KopuroError as error:
        _say(f"kopuro: {error}")
        sys.exit(REFUSED)


def gathered(engine: Engine, people: People, first: int, count: int) -> Gathered:
    """Gather so many incoming records from number `first` on, and the entries worth comparing with them."""
    records = [record for _, record in read_people(people.stage.incoming, first, first + count)]
    found = Gathered(
        incoming=[prepare(record) for record in records],
        candidates=[[] for _ in records],
        census=Census(size=people.population),
    )
    places: dict[tuple[int, str | None], int] = {}
    for number, unit, entry_id, *values in find_pairs(engine, people.stage, first, first + count - 1):
        entry = Record(**dict(zip(FIELDS, values, strict=True)))
        entry = at_organisation(entry, records[number - first].organisation)
        place = places.get((unit, entry.organisation))
        if place is None:
            place = places[unit, entry.organisation] = len(found.entries)
            found.entries.append(prepare(entry))
            found.entry_ids.append(entry_id)
        found.candidates[number - first].append(place)
    return found


def _lay_out(plan: Plan) -> tuple[People, Census]:
    stage, census = _stage(plan), Census()
    for old in plan.work.glob("decisions-*.csv"):
        old.unlink()
    (plan.work / "laid.json").unlink(missing_ok=True)
    entries = incoming = 0
    for entries in lay_out(registry_people(plan.registry, census), stage.entries):
        _say(f"{entries} entries laid out")
    for incoming in lay_out(incoming_people(plan.incoming), stage.incoming):
        _say(f"{incoming} records laid out")
    size = entries if plan.registry else stored_population()
    return People(stage=stage, entries=entries, incoming=incoming, population=size), census


def _stage(plan: Plan) -> Stage:
    return Stage(entries=plan.work / "entries", incoming=plan.work / "incoming")


def _learned(plan: Plan, engine: Engine, people: People, census: Census) -> Model:
    """Give the model of the plan, or learn one from the census and the first chunk; it is kept as it is."""
    chosen = model_of(load().matching)
    if plan.model:
        text = Path(plan.model).read_text(encoding="utf-8")
    else:
        first = gathered(engine, people, 0, plan.chunk_rows)
        census.size = people.population
        first.census = census
        text = written(learn(first, chosen))
    (Path(plan.out) / "model.json").write_text(text, encoding="utf-8")
    return read(text, model=chosen)


def _mark(plan: Plan, people: People) -> None:
    """Write down that everything before the decisions is done."""
    told = {
        "state": plan.state, "entries": people.entries, "incoming": people.incoming, "population": people.population,
    }  # fmt: skip
    (plan.work / "laid.json").write_text(json.dumps(told), encoding="utf-8")


def _begun(plan: Plan) -> tuple[People, Model] | None:
    """Give what an earlier run of the same inputs left."""
    file = plan.work / "laid.json"
    told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if told.get("state") != plan.state:
        return None
    text = (Path(plan.out) / "model.json").read_text(encoding="utf-8")
    numbers = {name: told[name] for name in ("entries", "incoming", "population")}
    return People(stage=_stage(plan), **numbers), read(text, model=model_of(load().matching))


def _decide(plan: Plan, found: Gathered, model: Model, first: int) -> None:
    """Write the decisions of a chunk; the file appears when it is whole."""
    part, rec_ids = _part(plan, first), _ids(plan, first)
    with part.with_suffix(".new").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for rec_id, decision in zip(rec_ids, decide_all(found, model), strict=True):
            outcome = outcome_of(decision)
            writer.writerow((rec_id, outcome.decision, outcome.entry, outcome.weight, outcome.explanation))
    part.with_suffix(".new").replace(part)


def _ids(plan: Plan, first: int) -> list[str]:
    people = read_people(plan.work / "incoming", first, first + plan.chunk_rows)
    return [rec_id for rec_id, _ in people]


def _part(plan: Plan, first: int) -> Path:
    return plan.work / f"decisions-{first:012}.csv"


def _finish(plan: Plan, people: People, seconds: float) -> None:
    """Put the parts together, measure them where the truth is known, and say what it cost."""
    tally = Tally.of(Path(plan.truth)) if plan.truth else None
    with (Path(plan.out) / "decisions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for row in _decided(plan, people):
            writer.writerow(row)
            if tally:
                tally.count_row(*row)
    cost = {
        "entries": people.entries,
        "records": people.incoming,
        "cpu_seconds": round(seconds, 1),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    _report(plan, (tally.report() if tally else {}) | cost)


def _decided(plan: Plan, people: People) -> Iterator[list[str]]:
    for first in range(0, people.incoming, plan.chunk_rows):
        with _part(plan, first).open(encoding="utf-8", newline="") as file:
            yield from csv.reader(file)


def _report(plan: Plan, report: Mapping[str, Any]) -> None:
    text = json.dumps(report, ensure_ascii=False, indent=2)
    (Path(plan.out) / "report.json").write_text(f"{text}\n", encoding="utf-8")
    for name, value in report.items():
        if not isinstance(value, dict):
            _say(f"{name}: {value}")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
