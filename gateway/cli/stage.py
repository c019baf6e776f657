"""The stage of the demonstration: a private database and the product's real processes around it."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.cli.place import note
from gateway.foundation.errors import SettingsError
from gateway.foundation.sockets import listen, port_of

HOST = "127.0.0.1"
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where each listener of the demonstration is; taken ports were stepped over."""

    gateway: int
    consumer: int
    provider: int
    simulators: int


def free_ports() -> Ports:
    """Find a free port for each listener, near the usual ones."""
    bound = [listen(HOST, wanted, step_over=True) for wanted in (8090, 8080, 8081, 8082)]
    found = [port_of(one) for one in bound]
    for one in bound:
        one.close()
    return Ports(gateway=found[0], consumer=found[1], provider=found[2], simulators=found[3])


def environment_of(directory: Path, ports: Ports) -> dict[str, str]:
    """Give the settings of the demonstration as environment variables."""
    return {
        "KOPURO_SERVER__PORT": str(ports.gateway),
        "KOPURO_SERVER__API_TOKEN": secrets.token_urlsafe(24),
        "KOPURO_SECURITY_SERVER__URL": f"http://{HOST}:{ports.consumer}/",
        "KOPURO_SECURITY_SERVER__EXCHANGE_DEADLINE_SECONDS": "3",
        "KOPURO_DATABASE__DATA_DIRECTORY": str(directory),
        "KOPURO_JOURNAL__ANCHOR_FILE": str(directory / "journal.seals"),
        "KOPURO_WORK__RETRY_FIRST_SECONDS": "1",
        "KOPURO_WORK__RETRY_LONGEST_SECONDS": "3",
        "KOPURO_WORK__POLLING_SECONDS": "0.5",
        "KOPURO_DEMO_PROVIDER": f"http://{HOST}:{ports.provider}/",
    }


@dataclass(slots=True, kw_only=True)
class Stage:
    """The running processes, each with a log file of its own, and all holding the lock if there is one."""

    directory: Path
    environment: Mapping[str, str]
    lock: int | None = None
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self, name: str, *command: str) -> None:
        """Start `kopuro COMMAND` as a process of its own, deaf to the terminal's Ctrl-C."""
        with (self.directory / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(  # noqa: S603 – our own program
                [sys.executable, "-m", "gateway.cli", *command],
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=(self.lock,) if self.lock is not None else (),
            )
        if self.lock is not None:
            note(self.lock, self.processes[name].pid)

    def run(self, *command: str) -> str:
        """Run `kopuro COMMAND` to its end and give what it printed; raises SettingsError if it failed."""
        done = subprocess.run(  # noqa: S603 – our own program
            [sys.executable, "-m", "gateway.cli", *command],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SettingsError(f"kopuro {command[0]} failed: {(done.stderr or done.stdout).strip()[-500:]}")
        return done.stdout

    def wait_for(self, port: int, name: str) -> None:
        """Wait until a process listens; raises SettingsError when it ends first or takes too long."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self.processes[name].poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex((HOST, port)) == 0:
                    return
            time.sleep(0.05)
        raise SettingsError(f"{name} did not start: read {self.directory / f'{name}.log'}")

    def stop(self) -> None:
        """End every process: asked first, then made to."""
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        for process in self.processes.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def stage(directory: Path, environment: Mapping[str, str], *, lock: int | None = None) -> Iterator[Stage]:
    """Give an empty stage; whatever was started on it is stopped at the end."""
    made = Stage(directory=directory, environment=environment, lock=lock)
    try:
        yield made
    finally:
        made.stop()
