"""Ask a book: what a code means on a day, what it meant when an entry was saved, what lies below it."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import RegistryError
from gateway.registry.books.model import BookValue, BookVersion
from gateway.registry.books.values import BookRow, Names


async def newest_version(session: AsyncSession, book_code: str, *, on: date | None = None) -> int:
    """Give the version in force today, or on a day by `effective_on`; raises RegistryError without one."""
    asked = select(func.max(BookVersion.version)).where(BookVersion.book_code == book_code)
    if on is not None:
        asked = asked.where(BookVersion.effective_on <= on)
    version: int | None = await session.scalar(asked)
    if version is None:
        raise RegistryError(f"there is no book {book_code}: load the books with `kopuro books load`")
    return version


async def value_on(
    session: AsyncSession, book_code: str, code: str, *, on: date, version: int | None = None
) -> BookRow | None:
    """Read what a code means on a day, by the newest version or a given one; None where it means nothing."""
    asked = await _rows_of(session, book_code, version)
    found = await session.execute(asked.where(BookValue.code == code, _holds(on)))
    row = found.scalar_one_or_none()
    return _row(row) if row else None


async def values_on(
    session: AsyncSession, book_code: str, *, on: date, version: int | None = None
) -> tuple[BookRow, ...]:
    """Read every row of a book that holds on a day, in the book's order."""
    asked = (await _rows_of(session, book_code, version)).where(_holds(on)).order_by(BookValue.position)
    return tuple(_row(row) for row in await session.scalars(asked))


async def all_values(session: AsyncSession, book_code: str) -> tuple[BookRow, ...]:
    """Read every row of a book's newest version, whatever day it holds on."""
    asked = (await _rows_of(session, book_code, None)).order_by(BookValue.position)
    return tuple(_row(row) for row in await session.scalars(asked))


async def subtree(session: AsyncSession, book_code: str, code: str) -> frozenset[str]:
    """Give a code and all codes below it: a territory with its districts, a type with its kinds."""
    version = await newest_version(session, book_code)
    mine = (BookValue.book_code == book_code, BookValue.version == version)
    below = select(BookValue.code).where(*mine, BookValue.code == code).cte("below", recursive=True)
    below = below.union(
        select(BookValue.code).where(*mine).join(below, BookValue.parent_code == below.c.code)
    )
    return frozenset(await session.scalars(select(below.c.code)))


async def _rows_of(session: AsyncSession, book_code: str, version: int | None) -> Select[BookValue]:
    chosen = version if version is not None else await newest_version(session, book_code)
    return select(BookValue).where(BookValue.book_code == book_code, BookValue.version == chosen)


def _holds(day: date) -> ColumnElement[bool]:
    return or_(BookValue.valid_from.is_(None), BookValue.valid_from <= day) & or_(
        BookValue.valid_until.is_(None), BookValue.valid_until > day
    )


def _row(value: Any) -> BookRow:
    return BookRow(
        code=value.code,
        names=Names(ky=value.name_ky, ru=value.name_ru, en=value.name_en),
        parent_code=value.parent_code,
        valid_from=value.valid_from,
        valid_until=value.valid_until,
        national_code=value.national_code,
        international_code=value.international_code,
        selectable=value.selectable,
        attributes=value.attributes,
    )
