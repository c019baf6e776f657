"""The published yardsticks, with one description of their columns and no truth."""

from pathlib import Path

from tests.matching.evaluating import evaluate
from tests.matching.febrl import CONFIG, table, truth


def test_two_tables_are_linked_as_well_as_the_best_published(tmp_path: Path) -> None:
    """FEBRL 4: at most four of ten thousand wrong."""
    options = ["--config", str(CONFIG), "--registry", str(table("dataset4a"))]
    options += [
        "--incoming",
        str(table("dataset4b")),
        "--truth",
        str(truth("dataset4b", tmp_path / "truth.csv")),
    ]
    assert evaluate(options, tmp_path)["f1"] >= 0.9996


def test_one_table_is_deduplicated_as_well_as_the_best_published(tmp_path: Path) -> None:
    """FEBRL 3: at most one of a thousand pairs wrong."""
    options = ["--config", str(CONFIG), "--registry", str(table("dataset3"))]
    options += ["--truth", str(truth("dataset3", tmp_path / "truth.csv"))]
    assert evaluate(options, tmp_path)["f1"] >= 0.9990
