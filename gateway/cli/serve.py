"""`kopuro serve` and `kopuro migrate`."""

import dataclasses
from typing import Annotated

import typer
import uvicorn
from starlette.types import ASGIApp

from gateway.app import create_app
from gateway.foundation.settings import Settings
from gateway.foundation.sockets import listen, port_of
from gateway.migrations.upgrade import upgrade
from gateway.wiring import begin, database_url, ready_database


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
    settings = begin()
    bound = listen(settings.server.host, port or settings.server.port, step_over=step_over)
    settings = _at_port(settings, port_of(bound))
    with ready_database(settings) as ready:
        typer.echo(f"kopuro serves http://{ready.server.host}:{ready.server.port}", err=True)
        uvicorn.Server(server_config(create_app(ready), settings)).run(sockets=[bound])


def server_config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """Choose uvicorn's bounds: quick stop, few words, no more connections than configured."""
    return uvicorn.Config(
        app,
        http="httptools",
        loop="uvloop",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=settings.server.max_connections,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=10,
    )


def _at_port(settings: Settings, port: int) -> Settings:
    return dataclasses.replace(settings, server=dataclasses.replace(settings.server, port=port))


def migrate() -> None:
    """Bring the database to this version's revision."""
    settings = begin()
    with database_url(settings) as url:
        upgrade(url)
    typer.echo("the database is at the present revision")
