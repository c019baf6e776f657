"""Handing a list over as a file: with a reason, a cap, a mark and a record."""

from starlette.responses import Response

from gateway.console.dependencies import ConsoleDependencies
from gateway.console.exchanges.asked import LIST
from gateway.disclosure.exports.exchanges import ExchangeExport, export_exchanges
from gateway.exchange.asking.grammar import QueryError, parse_query
from gateway.foundation.errors import InputRefused
from gateway.foundation.tables import FileFormat
from gateway.intake.exchange_states import STATES
from gateway.pages import Visit
from gateway.pages.rendering import query_string

_TYPES = {
    FileFormat.CSV: "text/csv; charset=utf-8",
    FileFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_REFUSED = {"REASON_TOO_SHORT": "exchanges.export_reason", "TOO_MANY_ROWS": "exchanges.export_too_many"}


class ExportPage:
    """The answer of this page."""

    def __init__(self, deps: ConsoleDependencies) -> None:
        """Take the database."""
        self._deps = deps

    async def export(self, visit: Visit) -> Response:
        """Give the file; it leaves only once its record is committed."""
        back = LIST + query_string(q=visit.field("q"), columns=visit.field("columns"))
        wished = FileFormat.CSV if visit.field("form") == FileFormat.CSV else FileFormat.XLSX
        try:
            wanted = ExchangeExport(
                query=parse_query(visit.field("q")),
                reason=visit.field("reason"),
                account_id=visit.account_id,
                login=visit.caller.login,
                peer=visit.peer,
                file_format=wished,
            )
            async with self._deps.database.transaction() as session:
                made = await export_exchanges(session, wanted, states=STATES)
        except InputRefused as refused:
            return visit.redirect(back, told=_REFUSED[refused.problems[0][1]], kind="bad")
        except QueryError:
            return visit.redirect(back, told="exchanges.export_query", kind="bad")
        headers = {
            "Content-Disposition": f'attachment; filename="{made.file_name}"',
            "Cache-Control": "no-store",
        }
        return Response(made.content, media_type=_TYPES[wished], headers=headers)
