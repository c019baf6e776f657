"""A reference book as plain Python, and what makes one whole."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any

from gateway.foundation.errors import RegistryError


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """One name in the three languages of the house."""

    ky: str
    ru: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BookRow:
    """A value of a book from a day until the day before `valid_until`; a code may have several such rows.

    A row that is not selectable only gathers others.
    """

    code: str
    names: Names
    parent_code: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    national_code: str | None = None
    international_code: str | None = None
    selectable: bool = True
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def holds_on(self, day: date) -> bool:
        """Tell whether the row holds on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day < self.valid_until
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A whole book as it is published: who answers for it, where it comes from, its rows in order."""

    code: str
    names: Names
    owner: str
    source: str
    effective_on: date
    rows: tuple[BookRow, ...]

    def digest(self) -> str:
        """Give the SHA-256 of the book's content in hexadecimal: the same content is the same version."""
        content = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.sha256(content.encode()).hexdigest()


def check_book(book: Book) -> Book:
    """Give a whole book back; raises RegistryError naming the row where a name, a parent or a day is wrong."""
    codes = {row.code for row in book.rows}
    for row in book.rows:
        if not all((row.code, row.names.ky, row.names.ru, row.names.en)):
            raise RegistryError(
                f"book {book.code}, row {row.code}: a name in one of three languages is missing"
            )
        if row.parent_code is not None and row.parent_code not in codes:
            raise RegistryError(f"book {book.code}, row {row.code}: its parent is not in the book")
    _check_circles(book)
    _check_periods(book)
    return book


def _check_circles(book: Book) -> None:
    parents = {row.code: row.parent_code for row in book.rows}
    for code, parent in parents.items():
        seen, above = {code}, parent
        while above is not None:
            if above in seen:
                raise RegistryError(f"book {book.code}, row {code}: it stands above itself")
            seen.add(above)
            above = parents[above]


def _check_periods(book: Book) -> None:
    for code, rows in _by_code(book.rows).items():
        ordered = sorted(rows, key=lambda row: row.valid_from or date.min)
        if any(row.valid_until and row.valid_until <= (row.valid_from or date.min) for row in ordered):
            raise RegistryError(f"book {book.code}, row {code}: it ends before it begins")
        for one, next_ in pairwise(ordered):
            if one.valid_until is None or next_.valid_from is None or next_.valid_from < one.valid_until:
                raise RegistryError(f"book {book.code}, row {code}: two rows hold on one day")


def _by_code(rows: Iterable[BookRow]) -> dict[str, list[BookRow]]:
    found: dict[str, list[BookRow]] = {}
    for row in rows:
        found.setdefault(row.code, []).append(row)
    return found
