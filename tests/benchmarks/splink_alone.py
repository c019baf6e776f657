"""`python -m tests.benchmarks.splink_alone`: the same files linked by Splink on DuckDB as its documentation advises."""

import csv
import json
from pathlib import Path
from typing import Annotated

import duckdb
import splink.comparison_library as cl
import typer
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

_READ = """
    select {id} as unique_id, nullif(surname, '') as surname, nullif(given, '') as given,
        nullif(patronymic, '') as patronymic, nullif(sex, '') as sex, birth_date, nullif(pin, '') as pin,
        nullif(birth_cert, '') as birth_cert, nullif(passport, '') as passport,
        nullif(territory, '') as territory, nullif(school_id, '') as school_id
    from read_csv('{file}', all_varchar = true, header = true)
"""
_SETTINGS = SettingsCreator(
    link_type="link_only",
    comparisons=[
        cl.NameComparison("surname"),
        cl.NameComparison("given"),
        cl.NameComparison("patronymic"),
        cl.DateOfBirthComparison("birth_date", input_is_string=True),
        cl.ExactMatch("sex"),
        cl.LevenshteinAtThresholds("pin", [1, 2]),
        cl.ExactMatch("birth_cert"),
        cl.ExactMatch("passport"),
        cl.ExactMatch("territory"),
        cl.ExactMatch("school_id"),
    ],
    blocking_rules_to_generate_predictions=[
        block_on("pin"),
        block_on("birth_cert"),
        block_on("passport"),
        block_on("birth_date", "given"),
        block_on("birth_date", "surname"),
        block_on("surname", "given", "patronymic"),
        block_on("birth_date", "school_id"),
    ],
)


def main(
    *,
    registry: Annotated[Path, typer.Option()],
    incoming: Annotated[Path, typer.Option()],
    truth: Annotated[Path, typer.Option()],
    out: Annotated[Path, typer.Option()],
) -> None:
    """Train, predict, and measure at the best threshold."""
    connection = duckdb.connect()
    connection.execute("create table a_records as " + _READ.format(id="rec_id", file=incoming))
    connection.execute("create table b_entries as " + _READ.format(id="person_id", file=registry))
    api = DuckDBAPI(connection)
    linker = Linker([api.register(name, table_name=name) for name in ("a_records", "b_entries")], _SETTINGS)
    training = linker.training
    training.estimate_probability_two_random_records_match([block_on("pin")], recall=0.7)
    training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    training.estimate_parameters_using_expectation_maximisation(block_on("pin"))
    training.estimate_parameters_using_expectation_maximisation(block_on("birth_date", "given"))
    found = linker.inference.predict(threshold_match_probability=0.001)
    best = connection.execute(
        f"""
        select unique_id_l, arg_max(unique_id_r, match_weight), max(match_weight)
        from {found.physical_name} group by unique_id_l
        """
    ).fetchall()
    with truth.open(encoding="utf-8") as file:
        known = {row["rec_id"]: row["truth_id"] for row in csv.DictReader(file)}
    report = _best(sorted(best, key=lambda row: -row[2]), known)
    (out / "report.json").write_text(json.dumps(report), encoding="utf-8")


def _best(links: list[tuple[str, str, float]], known: dict[str, str]) -> dict[str, float]:
    """Give the measures at the threshold with the highest F1."""
    registered = sum(bool(entry) for entry in known.values())
    right, report = 0, {"precision": 0.0, "f1": 0.0}
    for count, (record, entry, _) in enumerate(links, start=1):
        right += known[record] == entry
        f1 = 2 * right / (count + registered)
        if f1 > report["f1"]:
            report = {"precision": right / count, "f1": f1}
    return report


if __name__ == "__main__":
    typer.run(main)
