"""Values of reference books as a form offers them, and as a page names them."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import today
from gateway.intake.reasons import LANGUAGES
from gateway.registry.books.lookup import values_on
from gateway.registry.books.values import BookRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A value to choose: its code and what people call it."""

    code: str
    name: str


async def options(session: AsyncSession, book: str, language: str) -> tuple[Option, ...]:
    """Give what may be chosen from a book today, in the reader's language."""
    rows = await values_on(session, book, on=today())
    return tuple(Option(code=row.code, name=named(row, language)) for row in rows if row.selectable)


async def names_of(session: AsyncSession, book: str, language: str) -> Mapping[str, str]:
    """Give the names of a book's values by code."""
    return {row.code: named(row, language) for row in await values_on(session, book, on=today())}


def named(row: BookRow, language: str) -> str:
    """Give a row's name in a language."""
    return (row.names.ky, row.names.ru, row.names.en)[LANGUAGES.index(language)] or row.names.ru
