"""Bring everybody where an engine finds them: as columns of the files, or laid out in Parquet; once per run."""

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from gateway.matching.census import Census
from sync.bulk.column_values import ColumnEngine
from sync.bulk.columns import Columns, read_columns
from sync.bulk.engines import Engine
from sync.bulk.gathering import People
from sync.bulk.plan import Plan, say


def laid(plan: Plan, engine: Engine, columnar: ColumnEngine | None) -> tuple[People, Census | None]:
    """Give everybody, and the census where this run is the first of its inputs.

    What was laid out by an earlier run is taken as it is; the columns of files are read again.
    """
    told = _told(plan)
    census = Census()
    columns = None
    if columnar and plan.registry and not (told and told["in_parquet"]):
        columns = read_columns(columnar, Path(plan.registry), Path(plan.incoming), census)
    if told:
        numbers = {name: told[name] for name in ("entries", "incoming", "population")}
        return People(stage=columns or _rows().staged(plan, engine), **numbers), None
    for old in (*plan.work.glob("decisions-*.csv"), plan.work / "laid.json"):
        old.unlink(missing_ok=True)
    return (_in_columns(columns) if columns else _rows().in_parquet(plan, engine, census)), census


def _rows() -> ModuleType:
    """Give what reads people row by row: columns do without its libraries, Arrow and a database's driver."""
    return import_module("sync.bulk.rows")


def mark(plan: Plan, people: People) -> None:
    """Write down that everything before the decisions is done."""
    told = {
        "state": plan.state,
        "in_parquet": not isinstance(people.stage, Columns),
        "entries": people.entries,
        "incoming": people.incoming,
        "population": people.population,
    }
    (plan.work / "laid.json").write_text(json.dumps(told), encoding="utf-8")


def _told(plan: Plan) -> Mapping[str, Any] | None:
    """Give what an earlier run of the same inputs left."""
    file = plan.work / "laid.json"
    told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return told if told.get("state") == plan.state else None


def _in_columns(columns: Columns) -> People:
    entries, incoming = columns.sizes
    say(f"{entries} entries laid out")
    say(f"{incoming} records laid out")
    return People(stage=columns, entries=entries, incoming=incoming, population=entries)
