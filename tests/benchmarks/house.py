"""The product as it is installed: a gateway process over a private PostgreSQL with a learner in its registry."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from gateway.cli.stage import HOST, stage
from gateway.foundation.database import Database
from gateway.foundation.embedded import embedded_postgres
from gateway.foundation.settings import Settings, load
from gateway.migrations.upgrade import upgrade
from gateway.sandbox.people import SyntheticPerson, population
from gateway.sandbox.pki import make_keys
from gateway.sandbox.seed import seed_registry

_SEED, _PEOPLE = 2026, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Where everything is while it runs."""

    folder: Path
    settings: Settings
    learner: SyntheticPerson
    port: int
    gateway_pid: int
    postmaster_pid: int


@contextmanager
def house() -> Iterator[House]:
    """Start database and gateway in a temporary folder; everything is stopped and removed at the end."""
    folder, port = Path(mkdtemp(prefix="kopuro-")), _free_port()
    try:
        with embedded_postgres(folder) as url:
            environment = _environment(folder, port, url)
            settings = load(environment={**os.environ, **environment})
            learner = _furnish(settings)
            with stage(folder, environment) as on:
                on.start("gateway", "serve")
                on.wait_for(port, "gateway")
                yield House(
                    folder=folder,
                    settings=settings,
                    learner=learner,
                    port=port,
                    gateway_pid=on.processes["gateway"].pid,
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


def _furnish(settings: Settings) -> SyntheticPerson:
    upgrade(settings.database.url)
    make_keys(settings)
    people = population(_SEED, _PEOPLE)

    async def seed() -> None:
        database = Database(settings.database.url)
        await seed_registry(database, people, settings)
        await database.close()

    asyncio.run(seed())
    return people.roles["adult"]


@contextmanager
def echo(answer: bytes, folder: Path) -> Iterator[tuple[int, int]]:
    """Serve fixed bytes from a bare Starlette application; gives its port and process id."""
    port, file = _free_port(), folder / "answer.xml"
    file.write_bytes(answer)
    command = [sys.executable, "-m", "tests.benchmarks.echo", str(port), str(file)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)
            yield port, process.pid
        finally:
            process.terminate()


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(400):
        with closing(socket.socket()) as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        asyncio.run(asyncio.sleep(0.05))
    raise RuntimeError("the echo did not start")
