"""Workers as real processes, and synthetic learners in files as schools send them."""

import asyncio
import csv
import io
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from gateway.crypto.keys import make_secret, read_secret
from gateway.foundation.database import Database
from gateway.foundation.settings import load
from gateway.intake.imports.batches import accept_batch
from gateway.intake.ports import Agencies
from gateway.registry.repository import save_organisation
from sync.dependencies import WorkerDependencies

SCHOOL = "12345678"
COLUMNS = "record_id;Фамилия;Имя;Отчество;Пол;ПИН;Дата рождения;Код организации;Класс;Дата зачисления"
NAMES = ("Айгүл", "Бермет", "Гүлзат", "Жылдыз", "Наргиза", "Салтанат", "Чолпон", "Элнура")
ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("worker_process.py")
QUICK = {
    "KOPURO_WORK__CONCURRENCY": "2",
    "KOPURO_WORK__STALLED_AFTER_SECONDS": "2",
    "KOPURO_WORK__HEARTBEAT_SECONDS": "0.5",
    "KOPURO_WORK__POLLING_SECONDS": "0.3",
    "KOPURO_WORK__RETRY_FIRST_SECONDS": "1",
    "KOPURO_WORK__RETRY_LONGEST_SECONDS": "2",
}


class Worker:
    """One worker process and everything it said on standard error."""

    def __init__(self, url: str, said: Path, more: Mapping[str, str]) -> None:
        self._said = said
        with said.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, str(SCRIPT), str(ROOT)],
                env={**os.environ, **QUICK, **more, "DATABASE_URL": url, "PYTHONPATH": str(ROOT)},
                stderr=errors,
                stdout=errors,
            )

    @property
    def said(self) -> str:
        return self._said.read_text()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


StartWorker = Callable[..., Worker]


@pytest.fixture
def start_worker(database_url: str, key_file: Path, tmp_path: Path) -> Iterator[StartWorker]:
    """Start workers on the test's database; whoever still lives at the end is killed."""
    started: list[Worker] = []

    def start(**more: str) -> Worker:
        given = {"KOPURO_JOURNAL__BODY_KEY_FILE": str(key_file), **more}
        started.append(Worker(database_url, tmp_path / f"worker-{len(started)}.log", given))
        return started[-1]

    yield start
    for worker in started:
        if worker.process.poll() is None:
            worker.kill()


@pytest.fixture
def until() -> Callable[..., Awaitable[None]]:
    """Wait until something becomes true; a test that waits in vain says for what."""

    async def wait(condition: Callable[[], Awaitable[bool]], *, seconds: float = 120.0) -> None:
        end = time.monotonic() + seconds
        while not await condition():
            assert time.monotonic() < end, f"waited {seconds} s in vain for {condition.__name__}"
            await asyncio.sleep(0.1)

    return wait


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """Make the key under which uploads are kept."""
    made = tmp_path / "keys" / "journal-body.key"
    make_secret(made)
    return made


@pytest_asyncio.fixture
async def work(database: Database, key_file: Path) -> AsyncIterator[WorkerDependencies]:
    """Give what tasks need, over a registry with one school and no agencies."""
    async with database.transaction() as session:
        await save_organisation(session, code=SCHOOL, name_ky="№1 мектеп", name_ru="Школа №1")
    settings = load(environment={"KOPURO_JOURNAL__BODY_KEY_FILE": str(key_file)})
    yield WorkerDependencies(database=database, agencies=Agencies(), settings=settings)


@pytest.fixture
def accept(work: WorkerDependencies) -> Callable[[str | bytes], Awaitable[UUID]]:
    """Hand a file in and give its batch."""

    async def hand_in(content: str | bytes) -> UUID:
        raw = content.encode() if isinstance(content, str) else content
        key = read_secret(work.settings.path(work.settings.journal.body_key_file))
        receipt = await accept_batch(work.database, raw, key=key, filename="learners.csv", by="clerk")
        return receipt.batch_id

    return hand_in


@pytest.fixture
def learner() -> Callable[..., dict[str, str]]:
    """Make the n-th synthetic girl; all of them are different people."""

    def make(number: int, **changes: str) -> dict[str, str]:
        chance = random.Random(number)
        born = date(2008, 1, 1) + timedelta(days=number * 3)
        return {
            "record_id": f"r{number}",
            "surname": "".join(chance.choices("бвгджзклмнпрст", k=7)).capitalize() + "ова",
            "given_name": NAMES[chance.randrange(8)],
            "patronymic": "",
            "sex": "ж",
            "pin": f"1{born:%d%m%Y}{number:05}",
            "birth_date": f"{born:%d.%m.%Y}",
            "organisation_code": SCHOOL,
            "grade": "5",
            "start_on": "01.09.2022",
            **changes,
        }

    return make


@pytest.fixture
def table() -> Callable[..., str]:
    """Write learners as a file with a heading."""

    def write(*learners: dict[str, str]) -> str:
        out = io.StringIO()
        csv.writer(out, delimiter=";", lineterminator="\n").writerows(each.values() for each in learners)
        return f"{COLUMNS}\n{out.getvalue()}"

    return write


@pytest.fixture
def kopuro(
    work: WorkerDependencies, database_url: str, key_file: Path
) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Run `kopuro` on the test's database."""

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        given = {"DATABASE_URL": database_url, "KOPURO_JOURNAL__BODY_KEY_FILE": str(key_file)}
        return subprocess.run(
            [sys.executable, "-m", "gateway.cli", *arguments],
            env={**os.environ, **given, "KOPURO_HOME": str(ROOT), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run
