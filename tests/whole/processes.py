"""The product as its user starts it: `kopuro …` as processes in a folder of their own, and what they leave."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import psutil

ROOT = Path(__file__).resolve().parents[2]
KEYS = {
    "KOPURO_SIGNING__KEY_FILE": "gateway.key",
    "KOPURO_SIGNING__CERTIFICATE_FILE": "gateway.crt",
    "KOPURO_JOURNAL__BODY_KEY_FILE": "body.key",
    "KOPURO_JOURNAL__MAC_KEY_FILE": "mac.key",
    "KOPURO_JOURNAL__SUBJECT_KEY_FILE": "subject.key",
    "KOPURO_AGREEMENTS__SOCIAL_FUND__CERTIFICATE_FILES": "social-fund.crt",
}


def environment_in(folder: Path, **more: str) -> dict[str, str]:
    """Give an environment without anything of the developer's: home, data and keys lie in the folder."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    keys = {name: str(folder / "keys" / file) for name, file in KEYS.items()}
    data = {"KOPURO_DATABASE__DATA_DIRECTORY": str(folder), "HOME": str(folder), "PYTHONUNBUFFERED": "1"}
    return {**kept, **keys, **data, **more}


@contextmanager
def short_folder() -> Iterator[Path]:
    """Give a temporary folder whose path is short enough for PostgreSQL's socket; what runs in it is ended."""
    folder = Path(mkdtemp(prefix="kp-"))
    folder.chmod(0o755)  # the private PostgreSQL may run under a user of its own
    try:
        yield folder
    finally:
        for process in _living(folder):
            process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def kopuro(environment: dict[str, str], *command: str, **more: object) -> "subprocess.Popen[bytes]":
    """Start `kopuro COMMAND` in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", *command],
        env=environment,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        **more,  # type: ignore[call-overload]
    )


def processes_of(folder: Path) -> list[str]:
    """List every living process that works in the folder, by its command line or its environment."""
    return [f"{process.pid} {' '.join(process.cmdline())[:120]}" for process in _living(folder)]


def _living(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), process.environ().get("KOPURO_DATABASE__DATA_DIRECTORY", "")]
            if process.status() != psutil.STATUS_ZOMBIE and any(str(folder) in word for word in words):
                found.append(process)
        except psutil.Error:
            continue
    return found
