"""`kopuro books …` and `kopuro columns`: the reference books, and the data class of every column."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import today, utc_now
from gateway.foundation.data_classes import ClassedColumn, data_classes
from gateway.foundation.database import Database
from gateway.registry.books.files import read_books, read_soate
from gateway.registry.books.loading import load_books
from gateway.registry.books.lookup import values_on
from gateway.registry.books.model import BookVersion
from gateway.registry.books.values import Book, BookRow
from gateway.wiring.ready import begin, ready_database

UNCLASSED = 1
_Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A day; today without it.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Given = TypeVar("_Given")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    books = typer.Typer(help="The reference books.")
    books.command("list")(list_books)
    books.command("show")(show_book)
    books.command("import")(import_books)
    books.command("import-soate")(import_soate)
    app.add_typer(books, name="books")
    app.command("columns")(list_columns)


def list_books() -> None:
    """List every version of every book: from when it holds, where it comes from."""
    for version in _ask(_versions):
        typer.echo(
            f"{version.book_code:26} {version.version:3} {version.effective_on} {version.origin:7} "
            f"{version.name_ru} ({version.source})"
        )


def show_book(
    code: Annotated[str, typer.Argument(help="The book's code, as `kopuro books list` prints it.")],
    *,
    on: _Day = None,
    version: Annotated[int | None, typer.Option(help="A version; the newest without it.")] = None,
    as_json: _Json = False,
) -> None:
    """Print the values of a book that hold on a day, in three languages."""
    day = on.date() if on else today()

    async def rows(session: AsyncSession) -> tuple[BookRow, ...]:
        return await values_on(session, code.upper(), on=day, version=version)

    found = _ask(rows)
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in found], ensure_ascii=False, default=str))
        return
    for row in found:
        mark = " (unconfirmed)" if row.attributes.get("unconfirmed") else ""
        typer.echo(f"{row.code:26} {row.names.ky} | {row.names.ru} | {row.names.en}{mark}")


_Approver = Annotated[str, typer.Option(help="Who answers for the list: kept with the version.")]


def import_soate(
    file: Annotated[Path, typer.Argument(help="The whole list, columns as in the packaged soate.csv.")],
    *,
    effective_on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="From which day it holds.")],
    approved_by: _Approver,
) -> None:
    """Make a full list of СОАТЕ the next version of the book; the same list twice is one version."""
    _import((read_soate(file, effective_on=effective_on.date()),), approved_by)


def import_books(
    file: Annotated[Path, typer.Argument(help="Books in TOML, written as the packaged ones.")],
    *,
    approved_by: _Approver,
) -> None:
    """Make the books of a file the next versions; a book the file does not name stays as it is."""
    _import(read_books(file), approved_by)


def _import(books: tuple[Book, ...], approved_by: str) -> None:
    async def load(session: AsyncSession) -> dict[str, int]:
        return await load_books(session, books, at=utc_now(), approved_by=approved_by)

    loaded = _ask(load)
    for book in books:
        made = f"version {loaded[book.code]}" if book.code in loaded else "nothing new"
        typer.echo(f"{book.code}: {len(book.rows)} rows, {made}")


def list_columns(*, as_json: _Json = False) -> None:
    """List the data class of every column of the database; ends with 1 where one has none."""
    found = _ask(data_classes)
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found]))
    else:
        _print_columns(found)
    raise typer.Exit(UNCLASSED if any(each.data_class is None for each in found) else 0)


def _print_columns(found: tuple[ClassedColumn, ...]) -> None:
    for each in found:
        typer.echo(f"{each.data_class or 'NO CLASS':11} {each.table}.{each.column}")
    counted = Counter(str(each.data_class or "NO CLASS") for each in found)
    typer.echo(", ".join(f"{number} {name}" for name, number in sorted(counted.items())), err=True)


async def _versions(session: AsyncSession) -> list[BookVersion]:
    ordered = select(BookVersion).order_by(BookVersion.book_code, BookVersion.version)
    return list(await session.scalars(ordered))


def _ask(question: Callable[[AsyncSession], Awaitable[_Given]]) -> _Given:
    with ready_database(begin()) as ready:
        return asyncio.run(_asked(ready.database.url, question))


async def _asked(url: str, question: Callable[[AsyncSession], Awaitable[_Given]]) -> _Given:
    database = Database(url)
    try:
        async with database.transaction() as session:
            return await question(session)
    finally:
        await database.close()
