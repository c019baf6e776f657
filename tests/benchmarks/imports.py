"""`python -m tests.benchmarks.imports [--rows N]`: a long file through the whole import, its time and its memory.

The import runs in a process of its own, whose greatest resident memory is printed; nothing here asserts.
"""

import asyncio
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer
from openpyxl import Workbook

from gateway.crypto.keys import make_secret, read_secret
from gateway.foundation.database import Database
from gateway.foundation.embedded import embedded_postgres
from gateway.foundation.settings import load
from gateway.intake.imports.batches import accept_batch, survey
from gateway.intake.imports.correction import with_comments
from gateway.intake.imports.preparing import prepare
from gateway.intake.imports.reports import batch_report, commented_file
from gateway.intake.ports import Agencies
from gateway.migrations.upgrade import upgrade
from gateway.registry.repository import save_organisation
from sync.dependencies import WorkerDependencies
from sync.imports import run_batch

_ROOT = Path(__file__).resolve().parents[2]
_COLUMNS = (
    "id",
    "Фамилия",
    "Имя",
    "Пол",
    "ПИН",
    "Дата рождения",
    "Код организации",
    "Класс",
    "Дата зачисления",
)
_NAMES = ("Айгүл", "Бермет", "Гүлзат", "Жылдыз", "Наргиза", "Салтанат", "Чолпон", "Элнура")


def lines(count: int) -> Iterator[list[str]]:
    """Give the headings and so many synthetic girls, every hundredth with a spoilt PIN."""
    yield list(_COLUMNS)
    for number in range(count):
        chance = random.Random(number)
        born = date(2006, 1, 1) + timedelta(days=number % 4000)
        surname = "".join(chance.choices("бвгджзклмнпрст", k=8)).capitalize() + "ова"
        pin = f"1{born:%d%m%Y}{number // 40:05}" if number % 100 else "1,15E+13"
        given = _NAMES[chance.randrange(8)]
        yield [f"r{number}", surname, given, "ж", pin, f"{born:%d.%m.%Y}", "12345678", "5", "01.09.2022"]


def write(path: Path, count: int) -> None:
    """Write the file as its name says, row by row."""
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8") as out:
            out.writelines(";".join(line) + "\n" for line in lines(count))
        return
    book = Workbook(write_only=True)
    sheet = book.create_sheet("list")
    for line in lines(count):
        sheet.append(line)
    book.save(path)


def look_through(path: Path) -> None:
    """Read, examine and give back a file in this process, without a database, and print what it cost."""
    began = time.perf_counter()
    content = path.read_bytes()
    found = survey(content)
    tell(path, f"{len(content) / 1e6:.1f} MB, {found.row_count} rows looked through", began)
    spoilt = {row.line: "плохо" for row in prepare(content) if row.problems}
    tell(path, f"examined, {len(spoilt)} rows with damage", began)
    given = with_comments(content, spoilt, language="ru")
    tell(path, f"given back with comments, {len(given) / 1e6:.1f} MB", began)


async def take_in(path: Path, key_file: Path) -> None:
    """Import a file in this process and print what it cost."""
    began = time.perf_counter()
    settings = load(environment={"KOPURO_JOURNAL__BODY_KEY_FILE": str(key_file)})
    database = Database(os.environ["DATABASE_URL"], pool_size=2)
    work = WorkerDependencies(database=database, agencies=Agencies(), settings=settings)
    key = read_secret(key_file)
    content = await asyncio.to_thread(path.read_bytes)
    receipt = await accept_batch(database, content, key=key, filename=path.name, by="benchmark")
    del content
    tell(path, "accepted", began)
    while not await run_batch(work, receipt.batch_id):
        tell(path, f"{(await batch_report(database, receipt.batch_id)).done} rows imported", began)
    tell(path, f"imported: {(await batch_report(database, receipt.batch_id)).counts}", began)
    given = await commented_file(database, receipt.batch_id, key=key)
    tell(path, f"given back with comments, {len(given.content) / 1e6:.1f} MB", began)
    await database.close()


def tell(path: Path, what: str, began: float) -> None:
    """Print what is done, after how long, and the greatest resident memory until now."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{path.suffix}: {what}: {time.perf_counter() - began:.1f} s, {peak:.0f} MB\n")
    sys.stdout.flush()


def main(
    *,
    rows: Annotated[int, typer.Option(help="how many rows")] = 200_000,
    whole: Annotated[bool, typer.Option(help="import too, not only look the file through")] = False,
    child: Annotated[str, typer.Option(hidden=True)] = "",
    key_file: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    """Measure a long file as CSV and as a workbook."""
    if child:
        if whole:
            asyncio.run(take_in(Path(child), Path(key_file)))
        else:
            look_through(Path(child))
        return
    with tempfile.TemporaryDirectory(prefix="kb-") as name, embedded_postgres(Path(name)) as url:
        upgrade(url)
        secret = Path(name) / "body.key"
        make_secret(secret)
        for suffix in ("csv", "xlsx"):
            path = Path(name) / f"list.{suffix}"
            write(path, rows)
            asyncio.run(_school(url))
            options = ["--child", str(path), "--key-file", str(secret), "--whole" if whole else "--no-whole"]
            command = [sys.executable, "-m", "tests.benchmarks.imports", *options]
            subprocess.run(command, cwd=_ROOT, env={**os.environ, "DATABASE_URL": url}, check=True)


async def _school(url: str) -> None:
    database = Database(url, pool_size=1)
    async with database.transaction() as session:
        await save_organisation(session, code="12345678", name_ky="№1 мектеп", name_ru="Школа №1")
    await database.close()


if __name__ == "__main__":
    typer.run(main)
