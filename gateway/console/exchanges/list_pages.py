"""The list of exchanges: tabs, chips, pages by cursor, new rows while one looks, counts on demand."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from gateway.console.dependencies import ConsoleDependencies
from gateway.console.exchanges.asked import LIST, TABS, Asked, asked_of
from gateway.console.exchanges.columns import COLUMNS, NUMBERS, written_columns
from gateway.console.exchanges.views import views_for
from gateway.exchange.asking.grammar import QueryError, parse_query, settle_subject
from gateway.exchange.asking.listing import (
    PAGE,
    Cursor,
    Exchange,
    ExchangePage,
    count_exchanges,
    list_exchanges,
    newer_than,
)
from gateway.exchange.asking.sentences import explain_query_error
from gateway.foundation.clock import utc_now
from gateway.intake.exchange_states import STATES
from gateway.operations.incidents import ExchangeIncident, incidents_of
from gateway.pages import Visit
from gateway.pages.rendering import query_string

_LIST_HTML, _ROWS_HTML, _COUNTS_HTML = (
    f"console/exchanges/{name}.html" for name in ("list", "new_rows", "counts")
)


class ListPages:
    """The answers of these pages."""

    def __init__(self, deps: ConsoleDependencies) -> None:
        """Take the database and the keys of pseudonyms."""
        self._deps = deps

    async def show_list(self, visit: Visit) -> Response:
        """Show a page of the list."""
        asked = asked_of(visit)
        async with self._deps.database.transaction() as session:
            views = await views_for(session, visit.account_id)
        async with self._deps.database.transaction() as session:
            asked, page = await _page(session, visit, asked)
            incidents = await incidents_seen(session, visit, page.exchanges)
        newest = page.exchanges[0].cursor if page.exchanges else Cursor(at=utc_now(), seq=0)
        return visit.render(
            _LIST_HTML,
            status=400 if asked.wrong else 200,
            asked=asked,
            views=views,
            exchanges=page.exchanges,
            incidents=incidents,
            columns=asked.columns,
            all_columns=COLUMNS,
            numbers=NUMBERS,
            tabs=_tabs(visit, asked),
            live="" if asked.after or asked.wrong else asked.address(f"{LIST}/rows", newer=newest.written()),
            newest=asked.address() if asked.after else "",
            following=asked.address(after=page.following.written()) if page.following else "",
            place=query_string(q=asked.query.text),
        )

    async def ask(self, visit: Visit) -> Response:
        """Turn a line that was typed into an address; a PIN becomes its pseudonym here and goes no further."""
        typed = f"{visit.field('q')} {visit.field('pin')}"
        line = settle_subject(typed, self._deps.keys.subject_of)
        columns = written_columns(asked_of(visit).columns)
        try:
            line = parse_query(line).text
        except QueryError as error:
            if error.code == "PIN":
                return visit.redirect(LIST, told="exchanges.pin_not_taken", kind="bad")
        return visit.redirect(LIST + query_string(q=line, columns=visit.field("columns") or columns))

    async def new_rows(self, visit: Visit) -> Response:
        """Give what has come since the list was read; nothing is 204."""
        asked, since = asked_of(visit), Cursor.read(visit.query("newer"))
        if asked.wrong or since is None:
            return Response(status_code=400)
        async with self._deps.database.transaction() as session:
            found = await newer_than(session, asked.query, states=STATES, before=since)
            incidents = await incidents_seen(session, visit, found)
        if not found:
            return Response(status_code=204, headers={"Cache-Control": "no-store"})
        return visit.render(
            _ROWS_HTML,
            exchanges=found,
            incidents=incidents,
            columns=asked.columns,
            numbers=NUMBERS,
            place=query_string(q=asked.query.text),
            following=asked.address(f"{LIST}/rows", newer=found[0].cursor.written()),
        )

    async def counts(self, visit: Visit) -> Response:
        """Count each tab, no further than the cap."""
        asked = asked_of(visit)
        counted: list[dict[str, Any]] = []
        async with self._deps.database.transaction() as session:
            for tab, entry in zip(TABS, _tabs(visit, asked), strict=True):
                try:
                    count = await count_exchanges(session, asked.tab(tab).query, states=STATES)
                except QueryError:
                    return visit.render(_COUNTS_HTML, tabs=_tabs(visit, asked))
                sign = "≥ " if count.capped else ""
                counted.append(entry | {"count": f"{sign}{visit.speech.number(count.number)}"})
        return visit.render(_COUNTS_HTML, tabs=counted)


async def incidents_seen(
    session: AsyncSession, visit: Visit, exchanges: Sequence[Exchange]
) -> Mapping[UUID, ExchangeIncident]:
    """Give the incidents of some exchanges, to whoever may see incidents."""
    if not visit.may("READ", "WORK"):
        return {}
    return await incidents_of(session, [each.exchange_id for each in exchanges])


async def _page(session: AsyncSession, visit: Visit, asked: Asked) -> tuple[Asked, ExchangePage]:
    """Read the page; what takes too long is told like what cannot be read."""
    empty = ExchangePage(exchanges=(), following=None)
    if asked.wrong:
        return asked, empty
    try:
        return asked, await list_exchanges(session, asked.query, states=STATES, after=asked.after, limit=PAGE)
    except QueryError as error:
        return replace(asked, wrong=explain_query_error(error, visit.language)), empty


def _tabs(visit: Visit, asked: Asked) -> list[dict[str, Any]]:
    return [
        {
            "href": asked.tab(tab).address(),
            "text": visit.say(f"exchanges.tab.{tab or 'all'}"),
            "current": asked.status == tab and not asked.wrong,
        }
        for tab in TABS
    ]
