"""Put books into the database: what is new becomes the next version, what is known stays as it is."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.registry.books.files import packaged_books
from gateway.registry.books.model import BookValue, BookVersion
from gateway.registry.books.values import Book, BookRow, check_book
from gateway.registry.writing import write

Origin = Literal["PACKAGE", "IMPORT"]
_LOCK = 7_240_061


async def load_packaged_books(database: Database) -> dict[str, int]:
    """Load the books that come with the product and give the new versions by book; a second run changes nothing."""
    async with database.transaction() as session:
        return await load_books(session, packaged_books(), at=utc_now())


async def load_books(
    session: AsyncSession, books: Iterable[Book], *, at: datetime, approved_by: str | None = None
) -> dict[str, int]:
    """Add a version for every book whose content is new, and give these versions by book.

    Books somebody approved are imported; without a name they are the product's own. A packaged book never
    follows an imported one: what was approved here prevails.
    """
    origin: Origin = "PACKAGE" if approved_by is None else "IMPORT"
    await session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    loaded: dict[str, int] = {}
    for book in books:
        newest = await _newest(session, book.code)
        if not await _is_new(session, book, origin=origin, newest=newest):
            continue
        loaded[book.code] = (newest.version if newest else 0) + 1
        values = {
            "version": loaded[book.code],
            "origin": origin,
            "approved_by": approved_by,
            "loaded_at": at,
        }
        await _add_version(session, check_book(book), values)
    return loaded


async def _newest(session: AsyncSession, code: str) -> Any:
    found = await session.execute(
        select(BookVersion.version, BookVersion.origin, BookVersion.digest)
        .where(BookVersion.book_code == code)
        .order_by(BookVersion.version.desc())
        .limit(1)
    )
    return found.one_or_none()


async def _is_new(session: AsyncSession, book: Book, *, origin: Origin, newest: Any) -> bool:
    if newest is None:
        return True
    if origin == "IMPORT":
        return bool(newest.digest != book.digest())
    known = select(func.count()).where(
        BookVersion.book_code == book.code, BookVersion.digest == book.digest()
    )
    return newest.origin == "PACKAGE" and not await session.scalar(known)


async def _add_version(session: AsyncSession, book: Book, values: dict[str, Any]) -> None:
    made = insert(BookVersion).values(
        book_code=book.code,
        name_ky=book.names.ky,
        name_ru=book.names.ru,
        name_en=book.names.en,
        owner=book.owner,
        source=book.source,
        effective_on=book.effective_on,
        digest=book.digest(),
        **values,
    )
    await write(session, made)
    rows = [_columns(book.code, values["version"], position, row) for position, row in enumerate(book.rows)]
    if rows:
        await session.execute(insert(BookValue), rows)


def _columns(book_code: str, version: int, position: int, row: BookRow) -> dict[str, object]:
    return {
        "book_code": book_code,
        "version": version,
        "position": position,
        "code": row.code,
        "parent_code": row.parent_code,
        "name_ky": row.names.ky,
        "name_ru": row.names.ru,
        "name_en": row.names.en,
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
        "national_code": row.national_code,
        "international_code": row.international_code,
        "selectable": row.selectable,
        "attributes": dict(row.attributes),
    }
