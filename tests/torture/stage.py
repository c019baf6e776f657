"""What is struck: a PostgreSQL of its own, gateways and workers as processes; and the agencies outside."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import requests

from gateway.foundation.embedded import embedded_postgres
from gateway.foundation.settings import Settings, load
from gateway.foundation.sockets import listen, port_of
from gateway.sandbox.pki import make_keys
from gateway.wiring.ready import prepare_database
from tests.torture.plan import Plan
from tests.torture.worker import BROKEN, NUMBERS
from tests.whole.processes import ROOT, environment_in, kopuro, short_folder

QUICK = {
    "KOPURO_WORK__STALLED_AFTER_SECONDS": "2",
    "KOPURO_WORK__HEARTBEAT_SECONDS": "0.5",
    "KOPURO_WORK__POLLING_SECONDS": "0.3",
    "KOPURO_WORK__RETRY_FIRST_SECONDS": "1",
    "KOPURO_WORK__RETRY_LONGEST_SECONDS": "2",
    "KOPURO_WORK__RETRY_ATTEMPTS": "200",
    "KOPURO_BACKGROUND__BREAKER__FAILURES": "3",
    "KOPURO_BACKGROUND__BREAKER__OPEN_SECONDS": "1",
    "KOPURO_BACKGROUND__BREAKER__LONGEST_SECONDS": "3",
    "KOPURO_BACKGROUND__BREAKER__PROBE_SECONDS": "3",
    "KOPURO_BACKGROUND__REVERIFICATION__UNANSWERED_MINUTES": "0.05",
    "KOPURO_SECURITY_SERVER__ATTEMPTS": "2",
    "KOPURO_SECURITY_SERVER__FIRST_BACKOFF_SECONDS": "0.05",
    "KOPURO_SIGNING__MAXIMUM_AGE_SECONDS": "86400",  # a question is repeated with its first signature
    "KOPURO_LOGS__LEVEL": "WARNING",
}
PEOPLE = 6000
AGENCIES = ("infocom/zags-service", "minjust/minjust-inn-services")


@dataclass(slots=True, kw_only=True)
class Stage:
    """The processes, started and killed by name; each says what it has to say in a file of the folder."""

    plan: Plan
    folder: Path
    url: str
    environment: dict[str, str]
    ports: dict[str, int]
    settings: Settings
    running: dict[str, int] = field(default_factory=dict)
    opened: ExitStack = field(default_factory=ExitStack)
    nursery: "subprocess.Popen[str] | None" = None
    sandbox: "subprocess.Popen[bytes] | None" = None

    def start_sandbox(self) -> None:
        """Start the world outside, which is never struck."""
        ports = {name: str(port) for name, port in self.ports.items()}
        with (self.folder / "sandbox.log").open("ab") as log:
            self.sandbox = kopuro(
                self.environment, "sandbox", "--consumer-port", ports["consumer"], "--provider-port",
                ports["provider"], "--simulator-port", ports["simulators"], "--people", str(PEOPLE),
                "--seed", str(self.plan.seed), stdout=log, stderr=log,
            )  # fmt: skip

    def start(self, name: str) -> None:
        """Start a worker or the gateway."""
        if self.nursery is None:
            with (self.folder / "nursery.log").open("ab") as log:
                self.nursery = subprocess.Popen(
                    [sys.executable, "-m", "tests.torture.nursery"],
                    env=self.environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                    text=True, start_new_session=True,
                )  # fmt: skip
        assert self.nursery.stdin
        assert self.nursery.stdout
        arguments = f"serve --port {self.ports['gateway']}" if name == "gateway" else ""
        self.nursery.stdin.write(f"{name} {self.folder / name}.log {arguments}\n")
        self.nursery.stdin.flush()
        self.running[name] = int(self.nursery.stdout.readline())

    def kill(self, name: str) -> None:
        """End a process with SIGKILL."""
        self._end(name, signal.SIGKILL)

    def terminate(self, name: str) -> None:
        """Let a process end in order, for a while."""
        self._end(name, signal.SIGTERM)

    def _end(self, name: str, how: int) -> None:
        try:
            process = psutil.Process(self.running.pop(name))
            process.send_signal(how)
            process.wait(40)
        except psutil.NoSuchProcess:
            return

    def revive(self) -> int:
        """Start again what ended by itself, as a supervisor does: it may not have found its database."""
        ended = [name for name, number in self.running.items() if not psutil.pid_exists(number)]
        for name in ended:
            self.start(name)
        return len(ended)

    def kill_postgres(self) -> None:
        """Kill every process of the server at once and start it again: it recovers from its log."""
        cluster = self.folder / "pg"
        number = int((cluster / "postmaster.pid").read_text().splitlines()[0])
        postmaster = psutil.Process(number)
        for process in (postmaster, *postmaster.children()):
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs([postmaster], timeout=5)
        self.opened.enter_context(embedded_postgres(self.folder))

    def misbehave(self, mode: str) -> None:
        """Let the agencies be down or well."""
        for subsystem in AGENCIES:
            where = f"http://127.0.0.1:{self.ports['simulators']}/control/{subsystem}"
            requests.post(where, json={"mode": mode}, timeout=10).raise_for_status()

    def wait_for_sandbox(self) -> None:
        """Wait until the agencies answer."""
        end = time.monotonic() + 90
        while True:
            try:
                return self.misbehave("ok")
            except requests.RequestException:
                assert time.monotonic() < end, "the sandbox did not start"
                time.sleep(0.1)

    def stop(self) -> None:
        """End what still runs."""
        for name in list(self.running):
            self.kill(name)
        for process in (self.nursery, self.sandbox):
            if process:
                process.kill()
                process.wait(20)
        if self.nursery:
            for pipe in (self.nursery.stdin, self.nursery.stdout):
                assert pipe
                pipe.close()


@contextmanager
def staged(plan: Plan, *, given: str = "") -> Iterator[Stage]:
    """Prepare a database (or take a migrated one), keys and ports in a folder; nothing of it is left afterwards."""
    with short_folder() as folder, ExitStack() as opened:
        url = given or opened.enter_context(embedded_postgres(folder))
        ports = _ports()
        environment = environment_in(folder, **QUICK, **_places(folder, ports, url), **_torture(plan))
        settings = load(environment=environment)
        make_keys(settings)
        if not given:
            prepare_database(url)
        stage = Stage(
            plan=plan,
            folder=folder,
            url=url,
            environment=environment,
            ports=ports,
            settings=settings,
            opened=opened,
        )
        try:
            yield stage
        finally:
            stage.stop()


def _places(folder: Path, ports: dict[str, int], url: str) -> dict[str, str]:
    return {
        "DATABASE_URL": url,
        "KOPURO_SERVER__PORT": str(ports["gateway"]),
        "KOPURO_SECURITY_SERVER__URL": f"http://127.0.0.1:{ports['consumer']}/",
        "KOPURO_JOURNAL__ANCHOR_FILE": str(folder / "journal.seals"),
    }


def _torture(plan: Plan) -> dict[str, str]:
    more = {} if plan.lines else {"KOPURO_BACKGROUND__FEEDS__MINJUST__ENABLED": "false"}
    work = {"KOPURO_WORK__CONCURRENCY": str(plan.concurrency)}
    return {NUMBERS: str(plan.numbers), BROKEN: plan.broken, **work, **more}


def _ports() -> dict[str, int]:
    bound = {name: listen("127.0.0.1", 0) for name in ("gateway", "consumer", "provider", "simulators")}
    found = {name: port_of(one) for name, one in bound.items()}
    for one in bound.values():
        one.close()
    return found
