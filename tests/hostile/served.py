"""The gateway as a process of its own, watched from outside: its answers, memory, sockets and log."""

import asyncio
import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psutil
import psycopg
from sqlalchemy.engine import make_url

from gateway.foundation.database import Database, psycopg_conninfo
from gateway.foundation.settings import Settings
from gateway.foundation.sockets import listen, port_of
from gateway.sandbox.people import population
from gateway.sandbox.seed import seed_registry
from tests.hostile.wire import HOST
from tests.running import PEOPLE, SEED, make_settings

_START_SECONDS = 30.0
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Served:
    """A running gateway."""

    settings: Settings
    environment: Mapping[str, str]
    port: int
    process: psutil.Process
    log: Path

    def resident_megabytes(self) -> float:
        """Give its resident memory."""
        return self.process.memory_info().rss / 1e6

    def goes_out_to(self) -> set[str]:
        """List the addresses it has connections to, apart from those that came in and the database's."""
        found = (each for each in self.process.net_connections(kind="inet") if each.raddr)
        return {f"{each.raddr.ip}:{each.raddr.port}" for each in found if each.laddr.port != self.port}


@contextmanager
def seeded_gateway(database_url: str, folder: Path, **bounds: str) -> Iterator[Served]:
    """Run a gateway with one student in its registry."""
    settings = make_settings(database_url, folder, **bounds)
    with asyncio.Runner() as runner:
        runner.run(_seed(settings))
    with serving(settings, {**_environment(settings), **bounds}, folder) as served:
        yield served


async def _seed(settings: Settings) -> None:
    database = Database(settings.database.url)
    await seed_registry(database, population(SEED, PEOPLE), settings)
    await database.close()


def _environment(settings: Settings) -> dict[str, str]:
    """Write what a process needs to know to run under the same settings."""
    journal, signing = settings.journal, settings.signing
    agreement = settings.agreements["social_fund"]
    return {
        "DATABASE_URL": settings.database.url,
        "KOPURO_SIGNING__KEY_FILE": str(signing.key_file),
        "KOPURO_SIGNING__CERTIFICATE_FILE": str(signing.certificate_file),
        "KOPURO_JOURNAL__BODY_KEY_FILE": str(journal.body_key_file),
        "KOPURO_JOURNAL__MAC_KEY_FILE": str(journal.mac_key_file),
        "KOPURO_JOURNAL__SUBJECT_KEY_FILE": str(journal.subject_key_file),
        "KOPURO_JOURNAL__ANCHOR_FILE": str(journal.anchor_file),
        "KOPURO_AGREEMENTS__SOCIAL_FUND__CERTIFICATE_FILES": agreement.certificate_files[0],
    }


@contextmanager
def own_database(server: str, template: str) -> Iterator[str]:
    """Make a migrated database that lives as long as the block; its address."""
    name = f"kopuro_process_{uuid4().hex[:8]}"
    with psycopg.connect(psycopg_conninfo(server), autocommit=True) as connection:
        connection.execute(f'create database "{name}" template "{template}" strategy file_copy')
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
        connection.execute(f'drop database "{name}" with (force)')


@contextmanager
def serving(settings: Settings, environment: Mapping[str, str], folder: Path) -> Iterator[Served]:
    """Run `kopuro serve` on a free port until the block ends; its log goes to a file."""
    bound = listen(HOST, 0)
    port = port_of(bound)
    bound.close()
    log = folder / "gateway.log"
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    with log.open("wb") as file:
        started = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", "serve", "--port", str(port)],
            env={**kept, **environment},
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
        try:
            _wait_until_ready(port, started, log)
            yield Served(
                settings=settings,
                environment={**kept, **environment},
                port=port,
                process=psutil.Process(started.pid),
                log=log,
            )
        finally:
            started.terminate()
            started.wait(timeout=20)


def _wait_until_ready(port: int, started: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        connection = http.client.HTTPConnection(HOST, port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
        if started.poll() is not None:
            break
    raise AssertionError(f"the gateway did not start: {log.read_text()}")
