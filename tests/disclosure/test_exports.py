"""Exports: permitted, capped, with a reason, marked, recorded about each person, and never run as formulas."""

import asyncio
import csv
import hashlib
import io
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateway.disclosure.exports.learners import ExportRequest, export_learners
from gateway.disclosure.exports.rows import FIELDS
from gateway.foundation.clock import today, utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import AccessError, RegistryError, SettingsError
from gateway.foundation.settings import load
from gateway.foundation.tables import FileFormat, write_new_file
from gateway.registry.projection import project_person
from gateway.registry.reading import organisation_by_code
from gateway.registry.repository import (
    Provenance,
    add_assertions,
    add_enrolment,
    claim_identifier,
    create_person,
    save_organisation,
)
from gateway.registry.values import IdentifierStatus, Scheme

OURS, OTHER = "12345678", "87654321"
TODAY = today()
ROOT = Path(__file__).resolve().parents[2]
REQUEST = ExportRequest(organisation_code=OURS, reason="report of the school", by="clerk-7")
EVIL = "=cmd|' /C calc'!A0"


async def enrol(database: Database, number: int, **changes: Any) -> UUID:
    """Put a synthetic girl into the registry and give her id."""
    at = utc_now()
    given = {
        "organisation": OURS,
        "surname": f"Асанова{'аб'[number % 2]}",
        "grade": "5",
        "held": False,
        **changes,
    }
    async with database.transaction() as session:
        organisation = await organisation_by_code(session, given["organisation"])
        assert organisation is not None
        person = await create_person(session, at=at)
        values = {
            "surname": given["surname"],
            "given_name": "Айгүл",
            "birth_date": date(2015, 9, 15),
            "sex": "F",
        }
        await add_assertions(session, person, values, provenance=Provenance(source="SCHOOL", recorded_at=at))
        await claim_identifier(
            session, person, Scheme.PIN, f"11509201500{number:03}", status=IdentifierStatus.CLAIMED, at=at
        )
        await project_person(session, person, load().fields, at=at)
        await add_enrolment(
            session,
            at=at,
            person_id=person,
            organisation_id=organisation.organisation_id,
            level="GENERAL",
            form="FULL_TIME",
            grade=given["grade"],
            start_on=given.get("start_on", TODAY - timedelta(days=30)),
            held=given["held"],
            end_on=given.get("end_on"),
        )
    return person


@pytest.fixture
async def schools(database: Database) -> Database:
    """Give a registry with two schools."""
    async with database.transaction() as session:
        for code in (OURS, OTHER):
            await save_organisation(session, code=code, name_ky="мектеп", name_ru="школа")
    return database


async def number_of(database: Database, what: str) -> int:
    async with database.transaction() as session:
        return int((await session.execute(text(f"select count(*) from {what}"))).scalar_one())


def allowed(action: str, organisation: str) -> bool:
    return (action, organisation) == ("export_learners", OURS)


async def test_an_export_holds_the_present_learners_of_one_organisation(schools: Database) -> None:
    """Who left, who has yet to come, who is held and who learns elsewhere is not in the file."""
    person = await enrol(schools, 1)
    await enrol(schools, 2, end_on=TODAY)
    await enrol(schools, 3, start_on=TODAY + timedelta(days=1))
    await enrol(schools, 4, held=True)
    await enrol(schools, 5, organisation=OTHER)
    await enrol(schools, 6, grade="6")
    made = await export_learners(schools, replace(REQUEST, grade="5"), permitted=allowed)
    sheet = openpyxl.load_workbook(io.BytesIO(made.content)).active
    assert sheet is not None
    mark, headings, learner = ([cell.value for cell in row] for row in sheet)
    assert all(
        each in str(mark[0]) for each in (str(made.export_id), OURS, "clerk-7", "report of the school")
    )
    assert str(made.export_id) in str(sheet.oddFooter.center.text)
    assert (made.row_count, len(headings)) == (1, len(FIELDS))
    assert learner[1:3] == ["Асановаб", "Айгүл"]
    assert learner[5:8] == ["15.09.2015", "11509201500001", "5"]
    async with schools.transaction() as session:
        told = (await session.execute(text("select person_id from disclosure"))).scalars().all()
    assert told == [person]


@pytest.mark.requirement("R-069")
async def test_an_export_is_in_each_persons_list_of_uses(schools: Database) -> None:
    """Record and disclosures name the same export, its fields and the digest of the very bytes handed over."""
    people = {await enrol(schools, number) for number in (1, 2)}
    made = await export_learners(schools, REQUEST, permitted=allowed)
    async with schools.transaction() as session:
        record = (await session.execute(text("select * from export_record"))).one()
        uses = (await session.execute(text("select * from disclosure"))).all()
    digest = hashlib.sha256(made.content)
    assert (record.export_id, record.row_count, record.reason, record.exported_by) == (
        made.export_id, 2, REQUEST.reason, REQUEST.by,
    )  # fmt: skip
    assert record.file_sha256 == digest.hexdigest()
    assert {use.person_id for use in uses} == people
    for use in uses:
        assert (use.entry_id, use.purpose, use.client) == (
            made.export_id,
            "INTERNAL_USE",
            f"organisation:{OURS}",
        )
        assert (use.fields, bytes(use.answer_sha256)) == (list(FIELDS), digest.digest())


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"organisation_code": OTHER}, AccessError),
        ({"by": " "}, AccessError),
        ({"reason": "  "}, RegistryError),
        ({"reason": "x"}, RegistryError),
    ],
)
async def test_without_right_or_reason_nothing_leaves(
    schools: Database, change: dict[str, str], error: type[Exception]
) -> None:
    """An export somebody may not make, or gives no reason for, leaves neither a file nor a record."""
    await enrol(schools, 1)
    with pytest.raises(error):
        await export_learners(schools, replace(REQUEST, **change), permitted=allowed)
    assert await number_of(schools, "export_record") == await number_of(schools, "disclosure") == 0


async def test_an_export_is_capped(schools: Database) -> None:
    """One learner more than the cap, and nothing is exported; with as many as the cap all are."""
    for number in range(3):
        await enrol(schools, number)
    with pytest.raises(RegistryError, match="more than 2"):
        await export_learners(schools, REQUEST, permitted=allowed, cap=2)
    assert await number_of(schools, "export_record") == 0
    assert (await export_learners(schools, REQUEST, permitted=allowed, cap=3)).row_count == 3


async def test_the_record_of_exports_cannot_be_changed(schools: Database) -> None:
    """What was exported stays on record: no update, no delete, no truncation."""
    await export_learners(schools, REQUEST, permitted=allowed)
    for change in (
        "update export_record set reason = 'x'",
        "delete from export_record",
        "truncate export_record",
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            async with schools.transaction() as session:
                await session.execute(text(change))
    assert await number_of(schools, "export_record") == 1


@pytest.mark.parametrize("evil", [EVIL, "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
async def test_no_cell_of_an_export_is_a_formula(schools: Database, evil: str) -> None:
    """Names, grades, reasons that a spreadsheet would run are text in both kinds of files."""
    await enrol(schools, 1, surname=evil, grade=evil)
    request = replace(REQUEST, reason=f"{evil} report", by=evil if evil.strip() else "clerk")
    book = await export_learners(schools, request, permitted=allowed)
    sheet = openpyxl.load_workbook(io.BytesIO(book.content)).active
    assert sheet is not None
    assert {cell.data_type for row in sheet for cell in row if cell.value} == {"s"}
    plain = await export_learners(schools, replace(request, file_format=FileFormat.CSV), permitted=allowed)
    table = list(csv.reader(io.StringIO(plain.content.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for line in table for cell in line)
    assert len(table) == 3


async def test_the_command_writes_a_file_only_its_owner_reads(
    schools: Database, database_url: str, tmp_path: Path
) -> None:
    """`kopuro export learners` writes one private file, records it, and never writes over another."""
    await enrol(schools, 1)
    out = tmp_path / "list.xlsx"
    command = [sys.executable, "-m", "gateway.cli", "export", "learners", "--organisation", OURS]
    command += ["--reason", "report of the school", "--by", "A. Clerk", "--out", str(out)]
    given = {**os.environ, "DATABASE_URL": database_url, "KOPURO_HOME": str(ROOT), "PYTHONPATH": str(ROOT)}
    ended = await asyncio.to_thread(
        subprocess.run, command, env=given, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "1 learners" in ended.stderr
    assert await asyncio.to_thread(lambda: out.stat().st_mode & 0o777) == 0o600
    assert await number_of(schools, "export_record where exported_by like 'A. Clerk (cli:%'") == 1
    with pytest.raises(SettingsError, match="exists already"):
        write_new_file(out, b"another")
    assert (await asyncio.to_thread(out.read_bytes)).startswith(b"PK")
