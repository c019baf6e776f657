"""Workbooks and long files through the whole import: rehearsed, resumed, given back with comments."""

import asyncio
import io
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl
import pytest
from sqlalchemy import text

from gateway.crypto.keys import read_secret
from gateway.foundation.clock import utc_now
from gateway.foundation.errors import RegistryError
from gateway.intake.imports.batches import KEPT_FOR
from gateway.intake.imports.custody import PIECE_BYTES, bring_out, drop_expired, lock_away
from gateway.intake.imports.rehearsal import rehearse
from gateway.intake.imports.reports import batch_report, batch_states, commented_file
from sync.dependencies import WorkerDependencies
from sync.imports import run_batch

from .test_imports import BROKEN, COLUMNS

Learner = Callable[..., dict[str, str]]
Accept = Callable[..., Awaitable[UUID]]
Table = Callable[..., str]


def workbook(*learners: dict[str, str]) -> bytes:
    """Write learners as a workbook with the PIN as a number, as schools do."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(COLUMNS.split(";"))
    for each in learners:
        cells: list[Any] = list(each.values())
        place = list(each).index("pin")
        cells[place] = (
            int(cells[place]) if cells[place].isdigit() and cells[place][0] != "0" else cells[place]
        )
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


async def state_of(work: WorkerDependencies) -> list[tuple[Any, ...]]:
    """Count everything an import could change."""
    tables = (
        "person",
        "enrolment",
        "assertion",
        "registry_event",
        "import_batch",
        "import_row",
        "import_piece",
    )
    tables += ("procrastinate_jobs", "review_case", "match_key", "source_record", "person_identifier")
    query = " union all ".join(f"select '{table}', count(*) from {table}" for table in tables)
    async with work.database.transaction() as session:
        return [tuple(row) for row in await session.execute(text(query))]


async def test_a_thousand_rows_of_a_workbook_with_sixty_defects(
    work: WorkerDependencies, accept: Accept, learner: Learner
) -> None:
    """S-9: each planted defect is told on its row with its reasons, the rest is stored, and again changes nothing."""
    kinds = [
        (change, why) for _, change, why in BROKEN if isinstance(change, dict) and "record_id" not in change
    ]
    chosen = random.Random(5).sample(range(1000), 60)
    spoilt = {number: kinds[place % len(kinds)] for place, number in enumerate(chosen)}
    learners = [learner(number, **spoilt[number][0] if number in spoilt else {}) for number in range(1000)]
    content = workbook(*learners)
    batch = await accept(content)
    assert await run_batch(work, batch, seconds=600.0)
    report = await batch_report(work.database, batch)
    found: dict[int, set[tuple[str, str]]] = {}
    for line, problem in report.problems:
        found.setdefault(line, set()).add((problem.field, problem.reason))
    assert found == {number + 2: why for number, (_, why) in spoilt.items()}
    assert report.counts == {"CREATED": 940, "REJECTED": 60}
    (state,) = await batch_states(work.database)
    assert (state.state, state.total, state.done, state.stored, state.refused) == (
        "DONE",
        1000,
        1000,
        940,
        60,
    )
    before = await state_of(work)
    assert await accept(content) == batch
    assert await run_batch(work, batch)
    assert await state_of(work) == before

    key = read_secret(work.settings.path(work.settings.journal.body_key_file))
    given = await commented_file(work.database, batch, key=key, language="ru")
    rows = openpyxl.load_workbook(io.BytesIO(given.content)).worksheets[0]
    commented = {row[0].row for row in rows if row[0].value} - {1}
    assert commented == {number + 2 for number in spoilt}
    assert given.file_name == "learners-comments.csv"


async def test_a_rehearsal_tells_everything_and_stores_nothing(
    work: WorkerDependencies, accept: Accept, table: Table, learner: Learner
) -> None:
    """A dry run counts what an import would come to, twins within the file included, and leaves no trace."""
    await run_batch(work, await accept(table(learner(1))))
    before = await state_of(work)
    again = learner(3)
    content = table(
        learner(1), learner(2), again, {**again, "record_id": "other"}, learner(4, pin="1,1E+13"), learner(5)
    ).encode()
    heard: list[tuple[int, int]] = []
    found = await rehearse(
        work.database, content, policies=work.policies, tell=lambda done, total: heard.append((done, total))
    )
    assert await state_of(work) == before
    twin = "MATCHED" if "MATCHED" in found.counts else "CASE"
    assert found.counts == {"CREATED": 3, "REJECTED": 1, "UPDATED": 1, twin: 1}
    assert [(line, problem.reason) for line, problem in found.problems if problem.field == "pin"] == [
        (6, "PIN_SPOILED_BY_SPREADSHEET")
    ]
    assert heard == [(6, 6)]
    batch = await accept(content)
    await run_batch(work, batch)
    assert (await batch_report(work.database, batch)).counts == found.counts


async def test_a_file_is_kept_while_it_is_needed(
    work: WorkerDependencies, accept: Accept, table: Table, learner: Learner
) -> None:
    """A file with refused rows can be given back for a fortnight; one without is gone with its last row."""
    key = read_secret(work.settings.path(work.settings.journal.body_key_file))
    clean, spoilt = await accept(table(learner(1))), await accept(table(learner(2, surname="")))
    for batch in (clean, spoilt):
        await run_batch(work, batch)
    with pytest.raises(RegistryError, match="no longer kept"):
        await commented_file(work.database, clean, key=key)
    assert b";r2;" in (await commented_file(work.database, spoilt, key=key)).content
    assert await drop_expired(work.database, now=utc_now() + KEPT_FOR / 2) == 0
    assert await drop_expired(work.database, now=utc_now() + KEPT_FOR * 2) == 1
    with pytest.raises(RegistryError, match="no longer kept"):
        await commented_file(work.database, spoilt, key=key)


async def test_pieces_of_a_file_cannot_be_moved_or_left_out(
    work: WorkerDependencies, accept: Accept, table: Table, learner: Learner
) -> None:
    """A long file comes back byte by byte; with pieces exchanged or the last one missing it does not open."""
    batch = await accept(table(learner(1)))
    key, content = b"k" * 32, random.Random(1).randbytes(2 * PIECE_BYTES + 5)
    async with work.database.transaction() as session:
        await session.execute(text("delete from import_piece"))
        await lock_away(session, content, key=key, batch_id=batch)
    assert await bring_out(work.database, batch, key=key) == content
    exchange = "update import_piece set number = case number when 0 then 11 when 1 then 10 else 2 end"
    for damage in (
        "delete from import_piece where number = 2",
        exchange,
        "update import_piece set number = number % 10",
    ):
        async with work.database.transaction() as session:
            await session.execute(text(damage))
        if "11" not in damage:
            with pytest.raises(RegistryError, match="cannot be decrypted"):
                await bring_out(work.database, batch, key=key)


async def test_kill_9_in_the_middle_of_a_workbook_loses_and_doubles_nothing(
    work: WorkerDependencies,
    accept: Accept,
    learner: Learner,
    start_worker: Callable[..., Any],
    until: Callable[..., Awaitable[None]],
) -> None:
    """A workbook whose worker is killed goes on below the last row that has an outcome."""
    batch = await accept(workbook(*(learner(number) for number in range(60))))

    async def under_way() -> bool:
        return (await batch_report(work.database, batch)).done > 10

    async def ended() -> bool:
        return (await batch_report(work.database, batch)).state == "DONE"

    first = start_worker()
    await until(under_way, seconds=240)
    first.kill()
    assert (await batch_report(work.database, batch)).done < 60
    start_worker()
    await until(ended, seconds=240)
    (state,) = await batch_states(work.database)
    assert (state.done, state.stored, state.refused) == (60, 60, 0)
    counts = dict(await state_of(work))
    assert counts["person"] == counts["enrolment"] == counts["import_row"] == 60


async def test_the_commands_of_bulk_intake(
    work: WorkerDependencies, kopuro: Callable[..., Any], accept: Accept, learner: Learner, tmp_path: Path
) -> None:
    """Dry run, status and errors as an operator types them: nothing stored, figures told, the file given back."""
    content = workbook(learner(1), learner(2, pin="1,15E+13"))
    file, out = tmp_path / "list.xlsx", tmp_path / "errors.xlsx"
    await asyncio.to_thread(file.write_bytes, content)
    before = await state_of(work)
    dry = await asyncio.to_thread(kopuro, "import", "--dry-run", str(file), "--language", "en")
    assert dry.returncode == 0, dry.stderr
    assert dry.stdout.splitlines()[:2] == ["CREATED\t1", "REJECTED\t1"]
    assert "nothing was stored" in dry.stderr
    assert await state_of(work) == before
    batch = await accept(content)
    await run_batch(work, batch)
    told = await asyncio.to_thread(kopuro, "import", "status", str(batch))
    assert "DONE\t2 of 2 read, 1 stored, 1 refused" in told.stdout
    made = await asyncio.to_thread(kopuro, "import", "errors", str(batch), "--out", str(out))
    assert made.returncode == 0, made.stderr
    assert await asyncio.to_thread(lambda: out.stat().st_mode & 0o777) == 0o600
    assert (await asyncio.to_thread(out.read_bytes)).startswith(b"PK")
    for ended in (dry, told, made):
        assert learner(1)["pin"] not in ended.stdout + ended.stderr
