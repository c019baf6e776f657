"""Importing a file of learners: good rows kept, bad ones told, nothing twice, nothing lost."""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from gateway.foundation.errors import RegistryError
from gateway.intake.imports.refusals import ImportRefused
from gateway.intake.imports.reports import batch_report
from sync.dependencies import WorkerDependencies
from sync.imports import run_batch

COLUMNS = "record_id;Фамилия;Имя;Отчество;Пол;ПИН;Дата рождения;Код организации;Класс;Дата зачисления"
Learner = Callable[..., dict[str, str]]
Table = Callable[..., str]
Accept = Callable[..., Awaitable[UUID]]


async def number_of(work: WorkerDependencies, what: str) -> int:
    async with work.database.transaction() as session:
        return int((await session.execute(text(f"select count(*) from {what}"))).scalar_one())


async def test_good_rows_become_people(
    work: WorkerDependencies, accept: Accept, table: Table, learner: Learner
) -> None:
    """Every good row of a file is a person with an enrolment, and its check by the sources is deferred."""
    batch = await accept(table(*(learner(number) for number in range(20))))
    assert await run_batch(work, batch)
    report = await batch_report(work.database, batch)
    assert (report.state, report.done, report.total, report.problems) == ("DONE", 20, 20, ())
    assert report.counts == {"CREATED": 20}
    assert await number_of(work, "person") == await number_of(work, "enrolment") == 20
    assert await number_of(work, "procrastinate_jobs where task_name = 'verify_person'") == 20


BROKEN: list[tuple[str, dict[str, str] | str, set[tuple[str, str]]]] = [
    ("scientific", {"pin": "1,15E+13"}, {("pin", "PIN_SPOILED_BY_SPREADSHEET")}),
    ("short pin", {"pin": "1150920150012"}, {("pin", "PIN_LENGTH")}),
    ("lost digit", {"pin": "1509201500123"}, {("pin", "PIN_FIRST_DIGIT_LOST")}),
    ("letters in pin", {"pin": "1150920150O123"}, {("pin", "PIN_DIGITS")}),
    ("no date in pin", {"pin": "13102201500123"}, {("pin", "PIN_DATE")}),
    ("organisation's number", {"pin": "01509201500123"}, {("pin", "PIN_OF_ORGANISATION")}),
    ("foreign digit", {"pin": "31509201500123"}, {("pin", "PIN_SEX_DIGIT")}),
    ("pin elsewhere", {"pin": "", "patronymic": "11509201500123"},
     {("pin", "PIN_IN_ANOTHER_COLUMN"), ("patronymic", "NAME")}),
    ("date in pin", {"pin": "15.09.2015"}, {("pin", "PIN_IS_A_DATE")}),
    ("pin of another day", {"birth_date": "16.09.2001"}, {("pin", "PIN_BIRTH_DATE_MISMATCH")}),
    ("pin of another sex", {"sex": "м"}, {("pin", "PIN_SEX_MISMATCH")}),
    ("unknown sex", {"sex": "x"}, {("sex", "SEX")}),
    ("no surname", {"surname": ""}, {("surname", "REQUIRED")}),
    ("digits in a name", {"given_name": "Айгүл2"}, {("given_name", "NAME")}),
    ("lost letters", {"surname": "?м?рзакова"}, {("surname", "LETTERS_LOST")}),
    ("garbled letters", {"surname": "Иванова".encode().decode("latin-1")}, {("surname", "LETTERS_GARBLED")}),
    ("no such day", {"birth_date": "31.02.2015"}, {("birth_date", "DATE")}),
    ("day to come", {"birth_date": "01.01.2199", "pin": ""}, {("birth_date", "DATE_IN_FUTURE")}),
    ("serial date", {"birth_date": "42262"}, {("birth_date", "DATE_IS_A_NUMBER")}),
    ("short year", {"start_on": "01.09.22"}, {("start_on", "DATE_SHORT_YEAR")}),
    ("narrow column", {"start_on": "########"}, {("start_on", "CELL_TOO_NARROW")}),
    ("no start", {"start_on": ""}, {("start_on", "REQUIRED")}),
    ("unknown school", {"organisation_code": "99999999"}, {("organisation_code", "ORGANISATION_UNKNOWN")}),
    ("spoilt code", {"organisation_code": "2,03E+12"},
     {("organisation_code", "CODE_SPOILED_BY_SPREADSHEET")}),
    ("repeated id", {"record_id": "r0"}, {("record_id", "RECORD_ID_REPEATED")}),
    ("many at once", {"surname": "", "pin": "1,1E+13", "birth_date": "x"},
     {("surname", "REQUIRED"), ("pin", "PIN_SPOILED_BY_SPREADSHEET"), ("birth_date", "DATE")}),
    ("too few cells", "r;Асанова;Айгүл", {("", "ROW_CELL_COUNT")}),
    ("open quote", '"r;Асанова;Айгүл;;ж;;15.09.2015;12345678;5;01.09.2022', {("", "ROW_QUOTE_OPEN")}),
]  # fmt: skip


async def test_every_broken_row_is_told_and_the_good_ones_stay(
    work: WorkerDependencies, accept: Accept, table: Table, learner: Learner
) -> None:
    """Each kind of damage is reported on its own line with all its reasons; every other row is imported."""
    lines, expected = [], {}
    for place, (_, change, reasons) in enumerate(BROKEN):
        lines.append(table(learner(place * 2)).splitlines()[1])
        bad = change if isinstance(change, str) else table(learner(place * 2 + 1, **change)).splitlines()[1]
        lines.append(bad)
        expected[len(lines) + 1] = reasons
    batch = await accept("\n".join([COLUMNS, *lines, ""]))
    assert await run_batch(work, batch)
    report = await batch_report(work.database, batch)
    found: dict[int, set[tuple[str, str]]] = {}
    for line, problem in report.problems:
        found.setdefault(line, set()).add((problem.field, problem.reason))
    assert found == expected
    assert report.counts == {"CREATED": len(BROKEN), "REJECTED": len(BROKEN)}
    assert await number_of(work, "person") == len(BROKEN)


async def test_a_thousand_rows_with_sixty_defects(
    work: WorkerDependencies, accept: Accept, table: Table, learner: Learner
) -> None:
    """S-9: all sixty planted defects are told on the right line and 940 people are in the registry."""
    kinds = [change for _, change, _ in BROKEN if isinstance(change, dict) and "record_id" not in change]
    spoilt = {number: kinds[number % len(kinds)] for number in random.Random(5).sample(range(1000), 60)}
    learners = [learner(number, **spoilt.get(number, {})) for number in range(1000)]
    batch = await accept(table(*learners))
    assert await run_batch(work, batch, seconds=600.0)
    report = await batch_report(work.database, batch)
    assert {line for line, _ in report.problems} == {number + 2 for number in spoilt}
    assert report.counts == {"CREATED": 940, "REJECTED": 60}


async def test_the_same_file_twice_is_one_import(
    work: WorkerDependencies, accept: Accept, table: Table, learner: Learner
) -> None:
    """A second upload of the same bytes changes nothing and shows the first one's result."""
    content = table(learner(1), learner(2, pin="1,1E+13"))
    first = await accept(content)
    await run_batch(work, first)
    before = await number_of(work, "registry_event"), await number_of(work, "procrastinate_jobs")
    again = await accept(content)
    assert again == first
    assert await run_batch(work, again)
    assert (await number_of(work, "registry_event"), await number_of(work, "procrastinate_jobs")) == before
    assert (await batch_report(work.database, again)).counts == {"CREATED": 1, "REJECTED": 1}


async def test_the_same_people_in_another_file_stay_the_same(
    work: WorkerDependencies, accept: Accept, table: Table, learner: Learner
) -> None:
    """A corrected file amends the rows it repeats by their record id and creates only what is new."""
    await run_batch(work, await accept(table(learner(1), learner(2))))
    second = await accept(table(learner(1), learner(2, grade="6"), learner(3)))
    await run_batch(work, second)
    assert (await batch_report(work.database, second)).counts == {"CREATED": 1, "UPDATED": 2}
    assert await number_of(work, "person") == 3
    assert await number_of(work, "enrolment where grade = '6'") == 1


async def test_windows_cyrillic_gives_the_same_people(
    work: WorkerDependencies, accept: Accept, table: Table, learner: Learner
) -> None:
    """A CP1251 file with commas is imported like its UTF-8 twin."""
    content = table(learner(1, given_name="Айгуль")).replace(";", ",").encode("cp1251")
    batch = await accept(content)
    await run_batch(work, batch)
    assert await number_of(work, "person where given_name = 'Айгуль'") == 1


async def test_an_import_goes_on_where_it_stopped(
    work: WorkerDependencies, accept: Accept, table: Table, learner: Learner
) -> None:
    """Out of time, the job defers its continuation; the lines done are not done again."""
    batch = await accept(table(*(learner(number) for number in range(120))))
    rounds = 1
    while not await run_batch(work, batch, seconds=0.0):
        rounds += 1
    assert rounds == 3 + 1
    assert await number_of(work, "person") == 120
    assert (
        await number_of(
            work, f"procrastinate_jobs where task_name = 'import_batch' and lock = 'import_batch:{batch}'"
        )
        == rounds
    )


async def test_a_refused_file_leaves_nothing(work: WorkerDependencies, accept: Accept) -> None:
    """A file that cannot be read leaves neither a batch nor a job."""
    with pytest.raises(ImportRefused):
        await accept("just;words\n1;2\n")
    assert await number_of(work, "import_batch") == await number_of(work, "procrastinate_jobs") == 0


async def test_the_file_lies_encrypted_and_goes_when_done(
    work: WorkerDependencies, accept: Accept, table: Table, learner: Learner
) -> None:
    """Until it is imported the file is unreadable in the database, and afterwards it is not there."""
    batch = await accept(table(learner(7)))
    async with work.database.transaction() as session:
        stored = (await session.execute(text("select sealed from import_piece"))).scalar_one()
    assert learner(7)["pin"].encode() not in bytes(stored)
    assert learner(7)["surname"].encode() not in bytes(stored)
    await run_batch(work, batch)
    assert await number_of(work, "import_piece") == 0


async def test_another_key_opens_nothing(
    work: WorkerDependencies, key_file: Path, accept: Accept, table: Table, learner: Learner
) -> None:
    """A file stored under another key is refused with a reason, and nothing is imported."""
    batch = await accept(table(learner(7)))
    await asyncio.to_thread(key_file.write_bytes, os.urandom(32))
    with pytest.raises(RegistryError, match="cannot be decrypted"):
        await run_batch(work, batch)
    assert await number_of(work, "person") == 0


async def test_no_such_import(work: WorkerDependencies) -> None:
    """A report on an unknown batch is refused, not empty."""
    with pytest.raises(RegistryError, match="no such import"):
        await batch_report(work.database, uuid4())
