"""The private PostgreSQL: shared while used, stopped by the last, started again after a crash."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from gateway.foundation.embedded import embedded_postgres
from gateway.foundation.errors import SettingsError

USER = """
import sys
from pathlib import Path
from gateway.foundation.embedded import embedded_postgres
with embedded_postgres(Path(sys.argv[1])):
    print("up", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: a unix socket lives in it."""
    made = Path(tempfile.mkdtemp(prefix="kp-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def _pid(folder: Path) -> int:
    return int((folder / "pg" / "postmaster.pid").read_text().splitlines()[0])


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_the_last_user_stops_the_server(folder: Path) -> None:
    """A second process joins the running server; it stays until both are gone."""
    with subprocess.Popen(
        [sys.executable, "-c", USER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"up\n"
        with embedded_postgres(folder) as url:
            pid = _pid(folder)
            with psycopg.connect(url) as connection:
                connection.execute("create table kept (n int)")
        assert _alive(pid)
        other.communicate(b"")
    assert not _alive(pid)


def test_it_starts_again_after_the_server_was_killed(folder: Path) -> None:
    """A stale postmaster.pid, even one whose number now belongs to another process, is no obstacle."""
    with embedded_postgres(folder) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create table kept (n int)")
    with embedded_postgres(folder):
        os.kill(_pid(folder), signal.SIGKILL)
        time.sleep(0.3)
    pid_file = folder / "pg" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    with embedded_postgres(folder) as url, psycopg.connect(url) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (0,)


def test_a_path_too_long_for_a_socket_is_refused_with_the_cure() -> None:
    """The refusal names the variable to set."""
    with (
        pytest.raises(SettingsError, match="KOPURO_DATABASE__DATA_DIRECTORY"),
        embedded_postgres(Path("/tmp") / ("x" * 120)),
    ):
        pass
