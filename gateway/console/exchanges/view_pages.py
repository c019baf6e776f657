"""Saving and removing views."""

from uuid import UUID

from starlette.responses import Response

from gateway.console.dependencies import ConsoleDependencies
from gateway.console.exchanges.asked import LIST
from gateway.console.exchanges.columns import chosen_columns, written_columns
from gateway.console.exchanges.views import remove_view, save_view
from gateway.console.ids import id_of
from gateway.exchange.asking.grammar import QueryError, parse_query
from gateway.foundation.errors import InputRefused
from gateway.pages import Visit
from gateway.pages.rendering import query_string


class ViewPages:
    """The answers of these pages."""

    def __init__(self, deps: ConsoleDependencies) -> None:
        """Take the database."""
        self._deps = deps

    async def save(self, visit: Visit) -> Response:
        """Save the list as it is shown; a query about a person is not kept."""
        columns = chosen_columns(visit.field("columns"))
        try:
            query = parse_query(visit.field("q"))
            if any(term.field == "subject" for term in query.terms):
                return visit.redirect(LIST, told="exchanges.view_about_person", kind="bad")
            async with self._deps.database.transaction() as session:
                await save_view(
                    session,
                    visit.account_id,
                    visit.field("name"),
                    query=query.text,
                    columns=columns,
                    shared=visit.field("shared") == "yes",
                )
        except (QueryError, InputRefused):
            return visit.redirect(LIST, told="exchanges.view_refused", kind="bad")
        address = LIST + query_string(q=query.text, columns=written_columns(columns))
        return visit.redirect(address, told="exchanges.view_saved")

    async def remove(self, visit: Visit) -> Response:
        """Remove one's own view."""
        view_id: UUID = id_of(visit, "view_id")
        async with self._deps.database.transaction() as session:
            await remove_view(session, visit.account_id, view_id)
        return visit.redirect(LIST, told="exchanges.view_removed", kind="note")
