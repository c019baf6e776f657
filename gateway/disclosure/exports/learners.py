"""Export an organisation's learners or staff: permitted, capped, with a reason, recorded about each of them."""

import asyncio
import csv
import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.disclosure.exports.model import ExportRecord
from gateway.disclosure.exports.rows import FIELDS, ExportRow, learners_of
from gateway.disclosure.exports.staff import STAFF_FIELDS, staff_of
from gateway.disclosure.model import Disclosure
from gateway.foundation.clock import day_of, utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import AccessError, RegistryError
from gateway.foundation.tables import FileFormat, TextWorkbook, safe_cell
from gateway.registry.reading import organisation_by_code, registry_seq
from gateway.registry.titles import column_title

MOST_EXPORTED = 5_000
EXPORT_LEARNERS = "export_learners"
EXPORT_STAFF = "export_staff"
INTERNAL_USE = "INTERNAL_USE"
SHORTEST_REASON = 5
Permitted = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """Whose learners or staff, for what, for whom (the account), and in which form; `grade` narrows it."""

    organisation_code: str
    reason: str
    by: str
    grade: str | None = None
    file_format: FileFormat = FileFormat.XLSX
    language: str = "ru"
    what: str = EXPORT_LEARNERS

    @property
    def fields(self) -> tuple[str, ...]:
        """Give the columns, in their order."""
        return FIELDS if self.what == EXPORT_LEARNERS else STAFF_FIELDS


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFile:
    """The file to hand over, already recorded: its export, its name, its bytes, how many learners."""

    export_id: UUID
    file_name: str
    content: bytes
    row_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """What is about to leave, and the state of the registry it was read at."""

    export_id: UUID
    at: datetime
    rows: tuple[ExportRow, ...]
    seq: int


async def export_learners(
    database: Database, request: ExportRequest, *, permitted: Permitted, cap: int = MOST_EXPORTED
) -> ExportedFile:
    """Export an organisation's present learners, or staff; the file exists only once its record is committed.

    `permitted(action, organisation_code)` decides for the account that asks. Raises AccessError without a
    right, RegistryError without a reason, for an unknown organisation or for more than `cap` learners.
    """
    _refuse_groundless(request, permitted)
    taken = await _take(database, request, cap)
    content = await asyncio.to_thread(_write, request, taken)
    async with database.transaction() as session:
        await _record(session, request, taken, content)
    return ExportedFile(
        export_id=taken.export_id,
        file_name=f"{request.what.removeprefix('export_')}-{taken.export_id}.{request.file_format}",
        content=content,
        row_count=len(taken.rows),
    )


def _refuse_groundless(request: ExportRequest, permitted: Permitted) -> None:
    if not request.by.strip() or not permitted(request.what, request.organisation_code):
        raise AccessError("you may not export people of this organisation", code="EXPORT_NOT_ALLOWED")
    if len(request.reason.strip()) < SHORTEST_REASON:
        raise RegistryError("an export needs a reason: say what the data are for")


async def _take(database: Database, request: ExportRequest, cap: int) -> _Taken:
    async with database.transaction() as session:
        organisation = await organisation_by_code(session, request.organisation_code)
        if organisation is None:
            raise RegistryError("there is no organisation with this code")
        at = utc_now()
        seq = await registry_seq(session)
        rows = await _rows(session, request, organisation.organisation_id, on=day_of(at), limit=cap + 1)
    if len(rows) > cap:
        raise RegistryError(f"more than {cap} people: export one grade at a time")
    return _Taken(export_id=uuid4(), at=at, rows=rows, seq=seq)


async def _rows(
    session: AsyncSession, request: ExportRequest, organisation_id: UUID, *, on: date, limit: int
) -> tuple[ExportRow, ...]:
    if request.what == EXPORT_STAFF:
        return await staff_of(session, organisation_id, on=on, limit=limit)
    return await learners_of(session, organisation_id, on=on, grade=request.grade, limit=limit)


async def _record(session: AsyncSession, request: ExportRequest, taken: _Taken, content: bytes) -> None:
    """Record the export, and about each person that their organisation took their data for its own use."""
    digest = hashlib.sha256(content)
    await session.execute(
        insert(ExportRecord).values(
            export_id=taken.export_id,
            kind=request.what,
            organisation_code=request.organisation_code,
            fields=list(request.fields),
            row_count=len(taken.rows),
            reason=request.reason.strip(),
            exported_by=request.by.strip(),
            file_sha256=digest.hexdigest(),
            exported_at=taken.at,
        )
    )
    people = dict.fromkeys(row.person_id for row in taken.rows)
    if people:
        told = [_disclosure(person, request, taken, digest.digest()) for person in people]
        await session.execute(insert(Disclosure), told)


def _disclosure(
    person_id: UUID, request: ExportRequest, taken: _Taken, digest: bytes
) -> dict[str, UUID | str | int | bytes | list[str] | date]:
    """Make a person's line in the list of uses; its entry is the export, its client the organisation itself."""
    return {
        "disclosure_id": uuid4(),
        "entry_id": taken.export_id,
        "person_id": person_id,
        "client": f"organisation:{request.organisation_code}",
        "service": request.what,
        "agreement_no": "",
        "purpose": INTERNAL_USE,
        "profile": INTERNAL_USE,
        "fields": list(request.fields),
        "as_of_on": day_of(taken.at),
        "registry_seq": taken.seq,
        "answer_sha256": digest,
        "disclosed_at": taken.at,
    }


def _write(request: ExportRequest, taken: _Taken) -> bytes:
    """Write the file: a mark of who took it when and what for, the headings, the learners."""
    mark = (
        f"Köpürö {taken.export_id} | {request.organisation_code} | {request.by.strip()} | "
        f"{taken.at:%d.%m.%Y %H:%M} UTC | {request.reason.strip()}"
    )
    headings = [column_title(name, request.language) for name in request.fields]
    rows = [[" ".join(mark.split())], headings, *(list(row.cells) for row in taken.rows)]
    if request.file_format is FileFormat.CSV:
        return _text(rows)
    book = TextWorkbook()
    footer = f"Köpürö {taken.export_id} {taken.at:%d.%m.%Y}"
    book.add_sheet("Export", rows, widths=[18.0] * len(request.fields), bold_row=2, footer=footer)
    return book.content()


def _text(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";").writerows([safe_cell(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")
