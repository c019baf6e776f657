"""`kopuro demo` as its user meets it: taken ports, Ctrl-C, a second demonstration, and nothing left behind."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gateway.foundation.errors import SettingsError
from gateway.foundation.sockets import listen
from tests.whole.processes import environment_in, kopuro, processes_of, short_folder

USUAL_PORTS = (8080, 8081, 8082, 8090)
PATIENCE = 150.0


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as made:
        yield made


class Demo:
    """A running demonstration and what it printed."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self._said = folder / "said"
        with self._said.open("wb") as out:
            self.process = kopuro(
                environment_in(folder, **environment), "demo", stdout=out, stderr=subprocess.STDOUT
            )

    def said(self) -> str:
        return self._said.read_text(encoding="utf-8")

    def wait_for(self, words: str) -> None:
        ends_at = time.monotonic() + PATIENCE
        while words not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < ends_at, self.said()
            time.sleep(0.1)

    def end(self, *signals: signal.Signals) -> int:
        for number in signals:
            os.killpg(self.process.pid, number)
            time.sleep(0.3)
        return self.process.wait(60)


@pytest.fixture
def taken_ports() -> Iterator[tuple[int, ...]]:
    """Take the usual ports, unless somebody else has."""
    with ExitStack() as bound:
        for port in USUAL_PORTS:
            try:
                bound.enter_context(listen("127.0.0.1", port))
            except SettingsError:
                continue
        yield USUAL_PORTS


@pytest.mark.requirement("D-2", "R-023")
def test_the_story_is_told_once_although_the_usual_ports_are_taken(
    folder: Path, taken_ports: tuple[int, ...]
) -> None:
    """DEMO_ONCE=1 ends with 0 and the count of steps, on other ports, and leaves no process and no database."""
    demo = Demo(folder, DEMO_ONCE="1")
    assert demo.process.wait(PATIENCE) == 0, demo.said()
    lines = demo.said().splitlines()
    steps = [line for line in lines if line.startswith("[")]
    assert lines[-1] == f"demo: {len(steps)} of {len(steps)} steps ok"
    assert len(steps) >= 8
    environment = (folder / "demo" / "env").read_text()
    assert not [port for port in taken_ports if f"'{port}'" in environment or f":{port}/" in environment]
    assert processes_of(folder) == []
    assert not (folder / "demo" / "pg" / "postmaster.pid").exists()


def test_ctrl_c_ends_a_demonstration_that_stays_up(folder: Path) -> None:
    """It stays up, refuses a second one in its folder with a sentence, and two Ctrl-C leave nothing behind."""
    demo = Demo(folder)
    demo.wait_for("still running; Ctrl-C ends it")
    assert len(processes_of(folder)) >= 5
    second = kopuro(environment_in(folder), "demo", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, sentence = second.communicate(timeout=60)
    assert (second.returncode, out) == (2, b"")
    assert f"processes {demo.process.pid} ".encode() in sentence
    assert b"KOPURO_DATABASE__DATA_DIRECTORY" in sentence
    assert demo.process.poll() is None
    assert demo.end(signal.SIGINT, signal.SIGINT) == 0
    assert demo.said().rstrip().endswith("stopping")
    assert processes_of(folder) == []
    assert not (folder / "demo" / "pg" / "postmaster.pid").exists()


def test_sigterm_in_the_middle_of_the_story_leaves_nothing_behind(folder: Path) -> None:
    """Whoever ends it early, and then loses patience, ends every process of it and the private database."""
    demo = Demo(folder)
    demo.wait_for("[1/")
    assert len(processes_of(folder)) >= 5
    assert demo.end(signal.SIGTERM, signal.SIGTERM) != 0
    assert processes_of(folder) == []
    assert not (folder / "demo" / "pg" / "postmaster.pid").exists()
    with socket.socket() as probe:
        port = int((folder / "demo" / "env").read_text().split("KOPURO_SERVER__PORT='")[1].split("'")[0])
        assert probe.connect_ex(("127.0.0.1", port)) != 0
