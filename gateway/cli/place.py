"""The demonstration's folder: one demonstration at a time, and empty at its beginning."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gateway.foundation.embedded import embedded_postgres
from gateway.foundation.errors import SettingsError


@contextmanager
def claimed(directory: Path) -> Iterator[int]:
    """Hold the folder and give the lock's file descriptor; raises SettingsError when a demonstration has it.

    Who inherits the descriptor holds the folder too: what a killed demonstration left running keeps it. The
    lock stands beside the folder, because the folder is emptied; each holder writes its process id into it.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(directory.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        _hold(lock, directory)
        os.truncate(lock, 0)
        note(lock, os.getpid())
        yield lock
    finally:
        os.close(lock)


def note(lock: int, process_id: int) -> None:
    """Write down a process that holds the folder."""
    os.write(lock, f"{process_id} ".encode())


def _hold(lock: int, directory: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        processes = os.pread(lock, 200, 0).decode("ascii", "replace").strip()
        raise SettingsError(
            f"a demonstration runs in {directory} (processes {processes}): end it with Ctrl-C, or set "
            "KOPURO_DATABASE__DATA_DIRECTORY to another folder"
        ) from None


def emptied(directory: Path) -> None:
    """Empty the folder; a database that a killed demonstration left running is stopped first."""
    if (directory / "pg" / "postmaster.pid").exists():
        with suppress(SettingsError), embedded_postgres(directory):
            pass  # joined as its only user, it is stopped on leaving
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
