"""`kopuro match evaluate` on generated files: nobody merged wrongly, nearly everybody found, little left to people."""

from pathlib import Path

import pytest

from tests.matching.evaluating import decisions, evaluate, run, write_files
from tests.matching.generator import generate
from tests.matching.variants import WORLDS


@pytest.mark.parametrize(
    ("world", "seed"),
    [
        ("as tuned", 201),
        ("other names, unseen transliterations", 202),
        ("twice the damage", 203),
        ("few and common names", 204),
    ],
)
def test_nobody_is_merged_wrongly_and_nearly_everybody_is_found(
    world: str, seed: int, tmp_path: Path
) -> None:
    """On files of a seed never tuned on: no twin, no relative, at most one perfect namesake linked, ≥ 99.5 % found, ≤ 8 % left to a person."""
    files = generate(seed, registry=5_000, incoming=1_500, world=WORLDS[world])
    report = evaluate(write_files(tmp_path, files), tmp_path / "out")
    assert report["rows"] == 1_500
    wrong = report["false_merges"]
    assert (wrong["twins"], wrong["siblings"], wrong["father/son"], wrong["others"]) == (0, 0, 0, 0)
    assert wrong["namesakes"] <= 1  # of the same birth date and place, with no PIN to compare
    assert report["rows_with_a_twin"] > 20
    assert report["linked_to_the_twin"] == 0
    assert report["found"] >= 0.995
    assert report["review_share"] <= 0.08
    assert report["recall"] >= 0.95


def test_every_record_gets_one_decision_with_a_reason_and_no_value(tmp_path: Path) -> None:
    """decisions.csv has one line per record: match, review or new, an entry unless new, reasons without names."""
    files = generate(205, registry=2_000, incoming=400)
    done = run(write_files(tmp_path, files), tmp_path / "out")
    assert done.stdout == ""
    found = decisions(tmp_path / "out")
    assert [row["rec_id"] for row in found] == [row["rec_id"] for row in files.incoming]
    entries = {row["person_id"] for row in files.registry}
    for row, told in zip(found, files.incoming, strict=True):
        assert row["decision"] in {"match", "review", "new"}
        assert (row["entry"] in entries) == (row["decision"] != "new")
        assert row["explanation"]
        for name in ("surname", "given", "pin", "birth_date"):
            assert not told[name] or told[name] not in row["explanation"] + done.stderr


def test_parquet_says_the_same_as_csv(tmp_path: Path) -> None:
    """The same tables as Parquet lead to the same decisions."""
    from pyarrow import csv, parquet

    options = write_files(tmp_path, generate(206, registry=1_000, incoming=200))
    run(options, tmp_path / "by_csv")
    for number in (1, 3, 5):
        table = csv.read_csv(options[number])
        options[number] = options[number].replace(".csv", ".parquet")
        parquet.write_table(table, options[number])
    run(options, tmp_path / "by_parquet")
    assert decisions(tmp_path / "by_parquet") == decisions(tmp_path / "by_csv")


def test_the_truth_teaches_nothing(tmp_path: Path) -> None:
    """Decisions are the same without the truth: it only measures."""
    options = write_files(tmp_path, generate(207, registry=1_000, incoming=200))
    run(options, tmp_path / "with")
    run(options[:4], tmp_path / "without")
    assert decisions(tmp_path / "without") == decisions(tmp_path / "with")
    assert not (tmp_path / "without" / "report.json").exists()
