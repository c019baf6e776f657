"""The product as it is installed: a gateway process over a private PostgreSQL with a learner in its registry."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from gateway.foundation.database import Database
from gateway.foundation.embedded import embedded_postgres
from gateway.foundation.settings import Settings, load
from gateway.intake.admission import admit
from gateway.intake.applications import parse_application
from gateway.migrations.upgrade import upgrade
from gateway.sandbox.people import Population, SyntheticPerson, population
from gateway.sandbox.pki import make_keys
from gateway.sandbox.seed import application_of, seed_registry

HOST = "127.0.0.1"
_SEED, _PEOPLE = 2026, 150
_CORES = os.sched_getaffinity(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Where everything is while it runs."""

    folder: Path
    settings: Settings
    learners: tuple[SyntheticPerson, ...]
    port: int
    gateway_pid: int
    postmaster_pid: int


@contextmanager
def house(program: str = "gateway.cli") -> Iterator[House]:
    """Start database and gateway in a temporary folder; everything is stopped and removed at the end."""
    folder, port = Path(mkdtemp(prefix="kopuro-")), free_port()
    try:
        with embedded_postgres(folder) as url:
            environment = _environment(folder, port, url)
            settings = load(environment={**os.environ, **environment})
            learners = _furnish(settings)
            with _process([program, "serve"], port, folder / "gateway.log", environment) as gateway_pid:
                yield House(
                    folder=folder,
                    settings=settings,
                    learners=learners,
                    port=port,
                    gateway_pid=gateway_pid,
                    postmaster_pid=int((folder / "pg" / "postmaster.pid").read_text().split()[0]),
                )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _environment(folder: Path, port: int, url: str) -> dict[str, str]:
    keys = folder / "keys"
    return {
        "DATABASE_URL": url,
        "KOPURO_SERVER__PORT": str(port),
        "KOPURO_SIGNING__KEY_FILE": str(keys / "gateway.key"),
        "KOPURO_SIGNING__CERTIFICATE_FILE": str(keys / "gateway.crt"),
        "KOPURO_SIGNING__MAXIMUM_AGE_SECONDS": "14400",
        "KOPURO_JOURNAL__BODY_KEY_FILE": str(keys / "body.key"),
        "KOPURO_JOURNAL__MAC_KEY_FILE": str(keys / "mac.key"),
        "KOPURO_JOURNAL__SUBJECT_KEY_FILE": str(keys / "subject.key"),
        "KOPURO_JOURNAL__ANCHOR_FILE": str(folder / "journal.seals"),
        "KOPURO_AGREEMENTS__SOCIAL_FUND__CERTIFICATE_FILES": str(keys / "social-fund.crt"),
    }


def _furnish(settings: Settings) -> tuple[SyntheticPerson, ...]:
    """Make keys, tables and a registry in which some dozens of grown-ups study; give those."""
    upgrade(settings.database.url)
    make_keys(settings)
    return asyncio.run(_seed(settings, population(_SEED, _PEOPLE)))


async def _seed(settings: Settings, people: Population) -> tuple[SyntheticPerson, ...]:
    database = Database(settings.database.url)
    await seed_registry(database, people, settings)
    admitted = []
    for number, person in enumerate(
        found for found in people.people if found.pin and found.citizenship == "KGZ"
    ):
        application = application_of(person) | {"source_record_key": f"benchmark-{number}"}
        async with database.transaction() as session:
            admission = await admit(
                session, parse_application(application), policies=settings.fields, recorded_by="benchmark"
            )
        if admission.result == "CREATED":
            admitted.append(person)
    await database.close()
    return tuple(admitted)


@contextmanager
def echo(answer: bytes, folder: Path) -> Iterator[tuple[int, int]]:
    """Serve fixed bytes from a bare Starlette application; gives its port and process id."""
    port, file = free_port(), folder / "answer.xml"
    file.write_bytes(answer)
    with _process(["tests.benchmarks.echo", str(port), str(file)], port, folder / "echo.log", {}) as pid:
        yield port, pid


@contextmanager
def _process(module: list[str], port: int, log: Path, environment: dict[str, str]) -> Iterator[int]:
    """Run a module until it listens and as long as it is needed; gives its process id."""
    with program_running([sys.executable, "-m", *module], port, log, environment) as pid:
        yield pid


@contextmanager
def program_running(command: list[str], port: int, log: Path, environment: dict[str, str]) -> Iterator[int]:
    """Run a program until it listens and as long as it is needed; gives its process id."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    pin(process.pid, 0)
    try:
        _wait_for(port, process, log)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def pin(pid: int, core: int) -> None:
    """Keep a process, and what it starts from now on, on one core: what is measured there meets nobody of ours."""
    cores = sorted(_CORES)
    os.sched_setaffinity(pid, {cores[core % len(cores)]})


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(1200):
        with closing(socket.socket()) as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError(f"a process did not start: {log.read_text()[-2000:]}")
