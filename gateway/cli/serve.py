"""`kopuro serve` and `kopuro migrate`."""

import asyncio
import dataclasses
import gc
import socket
from contextlib import ExitStack, nullcontext
from typing import Annotated

import typer
import uvicorn
import uvloop
from starlette.types import ASGIApp

from gateway.app import Application, create_app
from gateway.foundation.doorkeeper import Bounds, Doorkeeper
from gateway.foundation.memory import give_memory_back
from gateway.foundation.settings import Settings
from gateway.foundation.shortcut import NO_SHORTCUT, guarded
from gateway.foundation.sockets import listen, port_of
from gateway.foundation.tls import check_listening, inbound_tls
from gateway.wiring.opening import open_gateway
from gateway.wiring.ready import begin, database_url, prepare_database, ready_database

LOOPBACK = "127.0.0.1"
_COLLECT = (20_000, 20, 20)  # a request makes hundreds of short-lived objects and hardly a cycle
_BODY_GRACE_SECONDS = 5.0  # the endpoint's own deadline comes first: it answers with a Fault


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(serve)
    app.command()(migrate)


def serve(
    port: Annotated[int | None, typer.Option(help="Listen here instead of server.port.")] = None,
    *,
    step_over: Annotated[bool, typer.Option(help="Take the next free port if it is in use.")] = False,
) -> None:
    """Serve SOAP, contracts and API until SIGTERM or Ctrl-C."""
    give_memory_back()
    settings = begin()
    check_listening(settings)
    wanted = settings.server.port if port is None else port
    with ExitStack() as opened:
        main = opened.enter_context(listen(settings.server.host, wanted, step_over=step_over))
        settings = _at_port(settings, port_of(main))
        doors = [main, *(opened.enter_context(door) for door in _local_door(settings))]
        ready = opened.enter_context(ready_database(settings))
        opened.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop)).run(_serve(ready, doors))


async def _serve(settings: Settings, doors: list[socket.socket]) -> None:
    """Open the gateway, then serve: what keeps it from opening is told by the command, not by the web server."""
    async with open_gateway(settings) as gateway:
        app = create_app(settings, opened=lambda _: nullcontext(gateway))
        server = uvicorn.Server(server_config(app, settings))
        with (
            server.capture_signals()
        ):  # from the first word on: a raising handler could be lost in the collector
            for door in doors:
                typer.echo(f"kopuro serves {_address(settings, door)}", err=True)
            gc.collect()
            gc.freeze()  # what is loaded by now stays: the collector need not walk it again and again
            gc.set_threshold(*_COLLECT)
            await server.serve(sockets=doors)


def _local_door(settings: Settings) -> list[socket.socket]:
    """Open the plain door for programs on this machine, which have no TLS certificate to show."""
    if inbound_tls(settings) is None:
        return []
    return [listen(LOOPBACK, settings.server.local_port)]


def _address(settings: Settings, door: socket.socket) -> str:
    host, port = door.getsockname()[:2]
    speaks_tls = inbound_tls(settings) is not None and port != settings.server.local_port
    return f"{'https' if speaks_tls else 'http'}://{host}:{port}"


def server_config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """Choose uvicorn's bounds: quick stop, few words, every connection under our doorkeeper; no header is trusted."""
    shortcut = app.shortcut if isinstance(app, Application) else NO_SHORTCUT
    return uvicorn.Config(
        app,
        http=guarded(_doorkeeper(settings), shortcut),
        ws="none",
        proxy_headers=False,
        loop="uvloop",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=max(1, round(settings.server.idle_seconds)),
        timeout_graceful_shutdown=10,
    )


def _doorkeeper(settings: Settings) -> Doorkeeper:
    server = settings.server
    bounds = Bounds(
        total=server.max_connections,
        per_peer=server.max_connections_per_peer,
        header_seconds=server.header_deadline_seconds,
        body_seconds=server.body_deadline_seconds + _BODY_GRACE_SECONDS,
        idle_seconds=server.idle_seconds,
    )
    return Doorkeeper(bounds=bounds, tls=inbound_tls(settings), local_port=server.local_port)


def _at_port(settings: Settings, port: int) -> Settings:
    return dataclasses.replace(settings, server=dataclasses.replace(settings.server, port=port))


def migrate() -> None:
    """Bring the database and its reference books to this version's revision."""
    settings = begin()
    with database_url(settings) as url:
        prepare_database(url)
    typer.echo("the database is at the present revision")
