"""What every test may ask for: a migrated PostgreSQL of its own, and outside things marked with `needs`."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import pytest_asyncio

from gateway.foundation.database import Database, psycopg_conninfo
from gateway.foundation.embedded import embedded_postgres
from gateway.migrations.upgrade import upgrade
from gateway.registry.books.loading import load_packaged_books

ROOT = Path(__file__).resolve().parents[1]
CORPUS = Path(os.environ.get("KOPURO_CORPUS") or ROOT.parent / "shared" / "corpus")


# begun first: a run is over when its longest files are, and these have few tests that each take long
LONG = (
    "whole/test_demo.py", "torture/test_torture.py", "benchmarks/test_benchmarks.py", "console/test_browser.py",
    "sync/test_worker.py", "sync/test_bulk.py", "hostile/test_hostile.py", "operations/test_browser.py",
    "sync/test_background.py", "bulk/test_bulk.py", "observe/test_pages.py", "sync/test_imports.py",
    "portal/test_looks.py", "whole/test_canaries.py", "whole/test_kill.py", "portal/test_doors.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files before the others, which keep their order."""
    turns = {ROOT / "tests" / file: turn for turn, file in enumerate(LONG)}
    items.sort(key=lambda item: turns.get(item.path, len(LONG)))


def _present(what: str) -> bool:
    if what == "corpus":
        return (CORPUS / "xroad" / "index.tsv").exists()
    if what == "php-soap":
        return _present("php") and "soap" in _output("php", "-m").split()
    if what == "maven":
        return _present("mvn") and _present("javac")
    if what == "spark":
        return find_spec("pyspark") is not None and _present("java")
    return shutil.which(what) is not None


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip on a desk, fail under CI, where something a test needs is absent."""
    for marker in item.iter_markers("needs"):
        missing = [what for what in marker.args if not _present(what)]
        if missing and os.environ.get("CI") == "true":
            pytest.fail(f"needs {', '.join(missing)}, and CI must have it")
        if missing:
            pytest.skip(f"needs {', '.join(missing)}")


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The X-Road project's own messages; use together with `needs("corpus")`."""
    return CORPUS / "xroad"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A server for the whole run: TEST_DATABASE_URL, or a private one in a short temporary folder."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    directory = Path(tempfile.mkdtemp(prefix="kopuro-"))
    with embedded_postgres(directory) as url:
        for careless in ("fsync = off", "full_page_writes = off"):
            _admin(url, f"alter system set {careless}")  # a run's data need not outlive the machine
        _admin(url, "select pg_reload_conf()")
        yield url
    shutil.rmtree(directory, ignore_errors=True)


def _admin(url: str, statement: str) -> None:
    with psycopg.connect(psycopg_conninfo(url), autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]


def _with_name(url: str, name: str) -> str:
    from sqlalchemy.engine import make_url

    return make_url(url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def template(postgres: str) -> str:
    """A migrated database that every test's own is copied from; its name."""
    name = f"kopuro_template_{uuid4().hex[:8]}"
    _admin(postgres, f'create database "{name}"')
    upgrade(_with_name(postgres, name))
    asyncio.run(_load_books(_with_name(postgres, name)))
    return name


async def _load_books(url: str) -> None:
    made = Database(url)
    await load_packaged_books(made)
    await made.close()


@pytest.fixture
def database_url(postgres: str, template: str) -> Iterator[str]:
    """The address of a fresh, migrated database for one test."""
    name = f"kopuro_test_{uuid4().hex[:12]}"
    _admin(postgres, f'create database "{name}" template "{template}" strategy file_copy')
    yield _with_name(postgres, name)
    _admin(postgres, f'drop database "{name}" with (force)')


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A Database over a fresh, migrated database."""
    made = Database(database_url)
    yield made
    await made.close()
