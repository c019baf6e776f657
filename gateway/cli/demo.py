"""`kopuro demo`: the whole bridge on one machine, played on synthetic people."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import typer

from gateway.cli.demo_accounts import SECRET_VARIABLE, DemoAccounts, make_accounts
from gateway.cli.place import claimed, emptied
from gateway.cli.sandbox import PEOPLE, SEED
from gateway.cli.stage import HOST, Ports, Stage, environment_of, free_ports, stage
from gateway.cli.story import Told, tell
from gateway.cli.traffic import traffic
from gateway.foundation.database import Database
from gateway.foundation.embedded import embedded_postgres
from gateway.foundation.settings import Settings, load
from gateway.sandbox.desk import address
from gateway.sandbox.people import Population, population
from gateway.sandbox.pki import make_keys
from gateway.sandbox.seed import seed_registry
from gateway.wiring.ready import prepare_database

FAILED = 1


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo() -> None:
    """Start database, sandbox, gateway and worker, tell the story, and stay up until Ctrl-C (DEMO_ONCE=1: end)."""
    directory = _directory()
    with _interruptible() as interrupted, claimed(directory) as lock:
        emptied(directory)
        ports = free_ports()
        with embedded_postgres(directory) as url:
            environment = {**environment_of(directory, ports), "DATABASE_URL": url}
            settings = load(environment={**os.environ, **environment})
            people, accounts = _prepare(settings)
            environment[SECRET_VARIABLE] = accounts.secret
            _write_environment(directory, {**environment, "KOPURO_DEMO_PIN": people.roles["child"].pin or ""})
            with stage(directory, environment, lock=lock) as on:
                told = _play(on, ports, settings, people)
                if told.complete and os.environ.get("DEMO_ONCE") != "1":
                    with traffic(on, ports, settings, people):
                        _stay(on, ports, interrupted, accounts)
    raise typer.Exit(0 if told.complete else FAILED)


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """Turn SIGTERM and SIGINT into the same orderly end; the impatient second one does not disturb it.

    SIGINT too, because a shell starts a background job with it ignored, and then Python leaves it so.
    """
    interrupted = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        if not interrupted.is_set():
            interrupted.set()
            raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _directory() -> Path:
    settings = load()
    return settings.path(settings.database.data_directory) / "demo"


def _write_environment(directory: Path, environment: dict[str, str]) -> None:
    """Leave a file by which another terminal speaks to this demonstration."""
    lines = "".join(f"export {name}='{value}'\n" for name, value in environment.items())
    file = directory / "env"
    file.touch(mode=0o600)
    file.write_text(lines, encoding="utf-8")


def _prepare(settings: Settings) -> tuple[Population, DemoAccounts]:
    prepare_database(settings.database.url)
    make_keys(settings)
    people = population(SEED, PEOPLE)
    return people, asyncio.run(_seed(settings, people))


async def _seed(settings: Settings, people: Population) -> DemoAccounts:
    database = Database(settings.database.url)
    try:
        await seed_registry(database, people, settings)
        return await make_accounts(database, settings)
    finally:
        await database.close()


def _play(on: Stage, ports: Ports, settings: Settings, people: Population) -> Told:
    on.start(
        "sandbox", "sandbox", "--consumer-port", str(ports.consumer), "--provider-port", str(ports.provider),
        "--simulator-port", str(ports.simulators),
    )  # fmt: skip
    on.start("gateway", "serve")
    on.start("worker", "worker")
    for name, port in (("sandbox", ports.simulators), ("gateway", ports.gateway)):
        on.wait_for(port, name)
    return asyncio.run(tell(on, ports, settings, people))


def _stay(on: Stage, ports: Ports, interrupted: threading.Event, accounts: DemoAccounts) -> None:
    """Print where everything is and wait for the end."""
    gateway = f"http://{HOST}:{ports.gateway}"
    typer.echo(f"""
still running; Ctrl-C ends it
  console, with live traffic  {gateway}/
    sign in as                {", ".join(accounts.logins)}
    password                  {accounts.password}
    code of the second factor . {on.directory / "env"}; .venv/bin/kopuro demo-code
  contract                    {gateway}/wsdl/kopuro.wsdl
  SOAP endpoint               {gateway}/xroad
  registry API (token in env) {gateway}/api/v1/openapi.json
  ask us as an agency         http://{HOST}:{ports.provider}/
  conformance desk            {address(HOST, ports.simulators)}
  logs                        {on.directory}/*.log
in another terminal:  . {on.directory / "env"}
  .venv/bin/kopuro sample getLearnerStatus --signed | curl -s --data-binary @- \\
      -H 'Content-Type: text/xml; charset=utf-8' http://{HOST}:{ports.provider}/
  .venv/bin/kopuro exchanges list 'status:failed since:1h'
  .venv/bin/kopuro journal verify""")
    try:
        while not interrupted.wait(1):
            for name, process in on.processes.items():
                if process.poll() is not None:
                    typer.echo(f"{name} ended: read {on.directory / f'{name}.log'}", err=True)
                    return
    except KeyboardInterrupt:
        typer.echo("\nstopping")
