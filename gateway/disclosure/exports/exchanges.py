"""Export a list of exchanges: capped, with a reason, marked, recorded in the transaction that reads it."""

import asyncio
import csv
import hashlib
import io
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.acts import Act, record_act
from gateway.disclosure.exports.model import ExportRecord
from gateway.exchange.asking.conditions import States
from gateway.exchange.asking.grammar import Query
from gateway.exchange.asking.listing import MOST_LISTED, Cursor, Exchange, list_exchanges
from gateway.foundation.clock import BISHKEK, utc_now
from gateway.foundation.errors import InputRefused
from gateway.foundation.tables import FileFormat, TextWorkbook, safe_cell

EXPORT_EXCHANGES = "export_exchanges"
MOST_EXPORTED = 10_000
SHORTEST_REASON = 10
FIELDS = (
    "request_in_ts", "direction", "agency", "client", "service", "status", "fault_code", "latency_ms", "attempts",
    "request_size", "response_size", "signature", "purpose", "agreement", "message_id", "exchange_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeExport:
    """Which exchanges, for what, by whom, in which form."""

    query: Query
    reason: str
    account_id: UUID
    login: str
    peer: str = ""
    file_format: FileFormat = FileFormat.XLSX


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedList:
    """The file to hand over once its transaction is committed."""

    export_id: UUID
    file_name: str
    content: bytes
    row_count: int


async def export_exchanges(
    session: AsyncSession, wanted: ExchangeExport, *, states: States, cap: int = MOST_EXPORTED
) -> ExportedList:
    """Export what a query finds, and record it in the same transaction.

    Raises InputRefused without a reason that says something, or for more than `cap` exchanges. A file holds no person:
    neither pseudonym, nor user, nor a word of a body.
    """
    reason = " ".join(wanted.reason.split())
    if len(reason) < SHORTEST_REASON:
        raise InputRefused((("reason", "REASON_TOO_SHORT"),))
    rows = await _take(session, wanted.query, states, cap)
    export_id, at = uuid4(), utc_now()
    mark = f"Köpürö {export_id} | {wanted.login} | {at.astimezone(BISHKEK):%d.%m.%Y %H:%M} | {reason}"
    content = await asyncio.to_thread(
        _write, [[mark], list(FIELDS), *map(_cells, rows)], wanted.file_format, f"Köpürö {export_id}"
    )
    await session.execute(
        insert(ExportRecord).values(
            export_id=export_id,
            kind=EXPORT_EXCHANGES,
            organisation_code="",
            fields=list(FIELDS),
            row_count=len(rows),
            reason=reason,
            exported_by=wanted.login,
            file_sha256=hashlib.sha256(content).hexdigest(),
            exported_at=at,
        )
    )
    act = Act(
        act="EXPORT",
        object="EXCHANGE",
        object_id=str(export_id),
        account_id=wanted.account_id,
        peer=wanted.peer,
        detail={"reason": reason, "rows": len(rows)},
    )
    await record_act(session, act)
    name = f"exchanges-{export_id}.{wanted.file_format}"
    return ExportedList(export_id=export_id, file_name=name, content=content, row_count=len(rows))


async def _take(session: AsyncSession, query: Query, states: States, cap: int) -> list[Exchange]:
    """Read page by page, so that no one statement runs long."""
    rows: list[Exchange] = []
    after: Cursor | None = None
    while len(rows) <= cap:
        page = await list_exchanges(session, query, states=states, after=after, limit=MOST_LISTED)
        rows += page.exchanges
        after = page.following
        if after is None:
            return rows
    raise InputRefused((("query", "TOO_MANY_ROWS"),))


def _cells(row: Exchange) -> list[str]:
    latency = "" if row.milliseconds is None else f"{row.milliseconds:.0f}"
    return [
        f"{row.request_in_ts.astimezone(BISHKEK):%Y-%m-%d %H:%M:%S}",
        "in" if row.is_inbound else "out",
        row.agency, row.client, row.service, row.status, row.fault_code, latency, str(row.attempt),
        str(row.request_size or ""), str(row.response_size or ""), row.signature, row.purpose, row.agreement,
        row.message_id, str(row.exchange_id),
    ]  # fmt: skip


def _write(rows: list[list[str]], file_format: FileFormat, footer: str) -> bytes:
    """Write the file: a mark of who took it when and what for, the headings, the exchanges."""
    if file_format is FileFormat.CSV:
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=";").writerows([safe_cell(cell) for cell in row] for row in rows)
        return out.getvalue().encode("utf-8-sig")
    book = TextWorkbook()
    book.add_sheet("Exchanges", rows, widths=[20.0] * len(FIELDS), bold_row=2, footer=footer)
    return book.content()
