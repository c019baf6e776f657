"""Read tables of text row by row: CSV with any usual delimiter, or Parquet through a process of its own."""

import csv
import io
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path

from gateway.foundation.errors import SettingsError

_DELIMITERS = ",;\t|"
_LARGEST_FIELD = 1 << 20


def read_table(file: Path, *, required: tuple[str, ...] = ()) -> Iterator[Mapping[str, str]]:
    """Give the rows of a CSV or Parquet file by column name, values stripped; missing ones are empty.

    Raises SettingsError naming the file where it cannot be read or lacks a required column.
    """
    csv.field_size_limit(_LARGEST_FIELD)
    with _text(file) as text:
        header, delimiter = _heading(file, text.readline(), required)
        for row in csv.reader(text, delimiter=delimiter):
            if len(row) == len(header):
                yield dict(zip(header, map(str.strip, row), strict=True))
            elif row:
                yield dict(zip_longest(header, (value.strip() for value in row[: len(header)]), fillvalue=""))


def heading(file: Path, *, required: tuple[str, ...] = ()) -> tuple[list[str], str]:
    """Give a CSV file's columns and its delimiter; raises SettingsError as `read_table` does."""
    with _text(file) as text:
        return _heading(file, text.readline(), required)


def _heading(file: Path, first: str, required: tuple[str, ...]) -> tuple[list[str], str]:
    if not first.strip():
        raise SettingsError(f"{file.name} is empty: its first line must name the columns")
    delimiter = max(_DELIMITERS, key=first.count)
    header = [name.strip().strip('"') for name in next(csv.reader([first], delimiter=delimiter), [])]
    if not set(required) <= set(header):  # a program may write the names in capitals
        header = [name.casefold() for name in header]
    absent = [name for name in required if name not in header]
    if absent:
        raise SettingsError(f"{file.name} lacks the columns {', '.join(absent)}")
    return header, delimiter


@contextmanager
def _text(file: Path) -> Iterator[io.TextIOBase]:
    if not file.is_file():
        raise SettingsError(f"there is no file {file}")
    if file.suffix.lower() in {".parquet", ".pq"}:
        with _parquet(file) as text:
            yield text
    else:
        try:
            with file.open(encoding="utf-8-sig", newline="") as text:
                yield text
        except UnicodeDecodeError:
            raise SettingsError(f"{file.name} is not UTF-8 text: save it as CSV UTF-8") from None


@contextmanager
def _parquet(file: Path) -> Iterator[io.TextIOBase]:
    """Let another process turn Parquet into CSV: its library is large, and nothing else here needs it."""
    command = [sys.executable, "-m", "gateway.foundation.parquet", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own module
        assert process.stdout is not None
        with io.TextIOWrapper(process.stdout, encoding="utf-8", newline="") as text:
            yield text
        if process.wait():
            raise SettingsError(f"{file.name} cannot be read as Parquet; is pyarrow installed?")
