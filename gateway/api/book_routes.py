"""The reference books, as they hold on a day, in the reader's language; and the feed of changes for programs."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.errors import not_found
from gateway.api.conditions import NOT_MODIFIED, IfNoneMatch, is_known, tag
from gateway.api.guard import Permitted
from gateway.api.organisation_bodies import BookAnswer, BookPage, BookValueAnswer, EventAnswer, EventPage
from gateway.foundation.clock import today
from gateway.intake.reasons import choose_language
from gateway.registry.books.lookup import values_on
from gateway.registry.books.model import BookVersion
from gateway.registry.books.values import BookRow
from gateway.registry.timeline.feed import START, read_feed

Language = Annotated[str | None, Header(alias="accept-language", include_in_schema=False)]
BookCode = Annotated[str, Path(pattern=r"^[A-Z][A-Z0-9_]{1,63}$")]
Version = Annotated[int | None, Query(ge=1, le=1_000_000, description="The newest without it")]


def add_book_routes(router: APIRouter) -> None:
    """Add the books and the feed."""
    _add_books(router)
    _add_events(router)


def _add_books(router: APIRouter) -> None:
    @router.get("/books")
    async def books(permit: Permitted, language: Language = None) -> list[BookAnswer]:
        """List the reference books by their newest versions."""
        spoken = choose_language(language)
        async with permit.reading() as session:
            found = await session.execute(
                select(BookVersion)
                .ext(distinct_on(BookVersion.book_code))
                .order_by(BookVersion.book_code, BookVersion.version.desc())
            )
            return [_book(each, spoken) for each in found.scalars()]

    @router.get("/books/{book_code}", response_model=BookPage, responses=NOT_MODIFIED)
    async def book(  # noqa: PLR0913 - what the address and its headers say
        book_code: BookCode,
        permit: Permitted,
        response: Response,
        *,
        on: Annotated[date | None, Query(description="Today without it")] = None,
        version: Version = None,
        language: Language = None,
        if_none_match: IfNoneMatch = None,
    ) -> BookPage | Response:
        """Give the values of a book that hold on a day, by its newest version or a given one."""
        day, spoken = on or today(), choose_language(language)
        async with permit.reading() as session:
            head = await _version(session, book_code, version)
            headers = {
                "ETag": tag(head.version, day, spoken),
                "Vary": "Accept-Language",
                "Content-Language": spoken,
                "Cache-Control": "private, max-age=3600",
            }
            if is_known(if_none_match, headers["ETag"]):
                return Response(status_code=304, headers=headers)
            rows = await values_on(session, book_code, on=day, version=head.version)
        response.headers.update(headers)
        return BookPage(
            code=book_code,
            version=head.version,
            name=getattr(head, f"name_{spoken}"),
            on=day,
            language=spoken,
            values=[_value(row, spoken) for row in rows],
        )


async def _version(session: AsyncSession, code: str, version: int | None) -> BookVersion:
    statement = select(BookVersion).where(BookVersion.book_code == code)
    if version is not None:
        statement = statement.where(BookVersion.version == version)
    found = (
        await session.execute(statement.order_by(BookVersion.version.desc()).limit(1))
    ).scalar_one_or_none()
    if found is None:
        raise not_found()
    return found


def _book(row: BookVersion, language: str) -> BookAnswer:
    return BookAnswer(
        code=row.book_code,
        version=row.version,
        name=getattr(row, f"name_{language}"),
        owner=row.owner,
        source=row.source,
        effective_on=row.effective_on,
    )


def _value(row: BookRow, language: str) -> BookValueAnswer:
    return BookValueAnswer(
        code=row.code,
        name=getattr(row.names, language),
        name_ky=row.names.ky,
        name_ru=row.names.ru,
        name_en=row.names.en,
        parent_code=row.parent_code,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        selectable=row.selectable,
        attributes=dict(row.attributes),
    )


def _add_events(router: APIRouter) -> None:
    @router.get("/events")
    async def events(
        permit: Permitted,
        after: Annotated[str, Query(pattern=r"^[0-9]{1,18}\.[0-9]{1,18}$")] = START,
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ) -> EventPage:
        """Give the settled changes after a cursor, to programs; an event is given once for every cursor."""
        async with permit.reading() as session:
            page = await read_feed(session, after=after, limit=limit)
        return EventPage(
            events=[EventAnswer.model_validate(each, from_attributes=True) for each in page.events],
            cursor=page.cursor,
            has_more=page.has_more,
        )
