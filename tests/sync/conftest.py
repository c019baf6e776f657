"""Workers as real processes: started on a test's own database, watched, killed, and always ended."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import pytest

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
def start_worker(database_url: str, tmp_path: Path) -> Iterator[StartWorker]:
    """Start workers on the test's database; whoever still lives at the end is killed."""
    started: list[Worker] = []

    def start(**more: str) -> Worker:
        started.append(Worker(database_url, tmp_path / f"worker-{len(started)}.log", more))
        return started[-1]

    yield start
    for worker in started:
        if worker.process.poll() is None:
            worker.kill()


@pytest.fixture
def until() -> Callable[..., Awaitable[None]]:
    """Wait until something becomes true; a test that waits in vain says for what."""

    async def wait(condition: Callable[[], Awaitable[bool]], *, seconds: float = 30.0) -> None:
        end = time.monotonic() + seconds
        while not await condition():
            assert time.monotonic() < end, f"waited {seconds} s in vain for {condition.__name__}"
            await asyncio.sleep(0.1)

    return wait
