"""Read reference books from their files: TOML for the house's own, a table of semicolons for СОАТЕ."""

import csv
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

from gateway.foundation.errors import RegistryError
from gateway.registry.books.values import Book, BookRow, Names, check_book
from gateway.registry.values import parse_date

_DATA = files("gateway.registry.books") / "data"
_ROW_KEYS = frozenset(
    {"code", "ky", "ru", "en", "parent", "from", "until", "national", "international", "group"}
)
_SOATE_KINDS = frozenset({
    "REPUBLIC", "OBLAST", "REPUBLICAN_CITY", "DISTRICT", "CITY_DISTRICT", "CITY", "TOWN", "AIYL_AIMAK", "VILLAGE",
})  # fmt: skip


def packaged_books() -> tuple[Book, ...]:
    """Read the books that come with the product; raises RegistryError where one is not whole."""
    read = [
        book
        for name in ("organisations.toml", "studies.toml", "learners.toml", "staff.toml")
        for book in parse_books((_DATA / name).read_text(encoding="utf-8"))
    ]
    soate = parse_soate(
        (_DATA / "soate.csv").read_text(encoding="utf-8"),
        effective_on=date(2019, 10, 15),
        source="public software of state bodies; not the statistics committee's own list (see the file)",
    )
    return (*read, soate)


def parse_books(text: str) -> tuple[Book, ...]:
    """Read every book of a TOML text; raises RegistryError where one is not whole."""
    try:
        return tuple(check_book(_book(code, content)) for code, content in tomllib.loads(text).items())
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise RegistryError(f"a book cannot be read: {error}") from None


def _book(code: str, content: Mapping[str, Any]) -> Book:
    return Book(
        code=code,
        names=Names(**content["name"]),
        owner=content["owner"],
        source=content["source"],
        effective_on=content["effective_on"],
        rows=tuple(_row(row) for row in content["values"]),
    )


def _row(row: Mapping[str, Any]) -> BookRow:
    return BookRow(
        code=row["code"],
        names=Names(ky=row["ky"], ru=row["ru"], en=row["en"]),
        parent_code=row.get("parent"),
        valid_from=row.get("from"),
        valid_until=row.get("until"),
        national_code=row.get("national"),
        international_code=row.get("international"),
        selectable=not row.get("group", False),
        attributes={key: _plain(value) for key, value in row.items() if key not in _ROW_KEYS},
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def read_books(file: Path) -> tuple[Book, ...]:
    """Read books from a TOML file; raises RegistryError where it cannot be read or one is not whole."""
    return parse_books(_text_of(file))


def read_soate(file: Path, *, effective_on: date) -> Book:
    """Read the whole list of СОАТЕ from a file (columns as in data/soate.csv); raises RegistryError."""
    return parse_soate(_text_of(file), effective_on=effective_on, source=f"imported from {file.name}")


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise RegistryError(f"{file.name} cannot be read: a file in UTF-8 is needed") from None


def parse_soate(text: str, *, effective_on: date, source: str) -> Book:
    """Read a list of СОАТЕ: code;kind;ky;ru;en;parent;from;until;unconfirmed. Spaces in codes are dropped."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return check_book(
        Book(
            code="SOATE",
            names=Names(ky="ААББТ", ru="СОАТЕ", en="Territorial units"),
            owner="STATISTICS",
            source=source,
            effective_on=effective_on,
            rows=tuple(
                _unit(line, row) for line, row in enumerate(csv.DictReader(lines, delimiter=";"), start=2)
            ),
        )
    )


def _unit(line: int, row: Mapping[str | Any, str | Any]) -> BookRow:
    code = _soate_code(row.get("code"))
    if not code or row.get("kind") not in _SOATE_KINDS:
        raise RegistryError(
            f"the list of СОАТЕ, line {line}: a code of 14 digits and a known kind are needed"
        )
    attributes: dict[str, Any] = {"kind": row["kind"]}
    if row.get("unconfirmed"):
        attributes["unconfirmed"] = True
    return BookRow(
        code=code,
        names=Names(ky=row.get("ky") or "", ru=row.get("ru") or "", en=row.get("en") or ""),
        parent_code=_soate_code(row.get("parent")) or None,
        valid_from=parse_date(row.get("from") or ""),
        valid_until=parse_date(row.get("until") or ""),
        national_code=code,
        attributes=attributes,
    )


def _soate_code(text: str | None) -> str:
    digits = re.sub(r"\s", "", text or "")
    return digits if re.fullmatch(r"417\d{11}", digits) else ""
