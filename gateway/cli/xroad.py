"""`kopuro xroad`: what our security server tells about the network: members, services, rights, descriptions."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from gateway.foundation.errors import AgencyError, SettingsError
from gateway.foundation.settings import Settings
from gateway.wiring.outward import open_client, our_subsystem
from gateway.wiring.ready import begin
from gateway.xroad.identifiers import ServiceId, parse_subsystem
from gateway.xroad.metaservices import Form, Metaservices

Result = TypeVar("Result")
PROVIDER = Annotated[str, typer.Argument(help="instance/class/memberCode/subsystemCode")]
_SHORTEST, _LONGEST = 5, 6
_REFUSED = 2


def register(app: typer.Typer) -> None:
    """Add the commands."""
    xroad = typer.Typer(help="Ask the security server what is there.", no_args_is_help=True)
    for command in (clients, methods, allowed, wsdl):
        xroad.command()(command)
    app.add_typer(xroad, name="xroad")


def clients(
    *,
    instance: Annotated[str, typer.Option(help="Another federated instance.")] = "",
    form: Annotated[Form, typer.Option(help="How to ask.")] = "xml",
) -> None:
    """List the members and subsystems of the network: identifier, tab, name."""
    for listed in _ask(lambda server: server.list_clients(instance=instance, form=form)):
        typer.echo(f"{listed.client}\t{listed.name}")


def methods(provider: PROVIDER) -> None:
    """List the SOAP services a subsystem publishes, one a line."""
    for service in _ask(lambda server: server.list_methods(parse_subsystem(provider))):
        typer.echo(service)


def allowed(provider: PROVIDER) -> None:
    """List the SOAP services of a subsystem that we may call, one a line."""
    for service in _ask(lambda server: server.allowed_methods(parse_subsystem(provider))):
        typer.echo(service)


def wsdl(
    service: Annotated[
        str, typer.Argument(help="instance/class/memberCode/subsystemCode/serviceCode, and /version if any")
    ],
    *,
    out: Annotated[Path | None, typer.Option(help="Write it to a file instead.")] = None,
) -> None:
    """Fetch the WSDL of a service."""
    wanted = read_service(service)
    found = _ask(lambda server: server.wsdl(wanted))
    if out is None:
        typer.echo(found.content, nl=False)
        return
    try:
        out.write_bytes(found.content)
    except OSError as error:
        raise SettingsError(f"{out} cannot be written: {error.strerror}") from None


def read_service(text: str) -> ServiceId:
    """Read a full service identifier; raises SettingsError."""
    parts = text.split("/")
    if not _SHORTEST <= len(parts) <= _LONGEST or not all(parts):
        raise SettingsError(
            f"{text!r} must be instance/class/memberCode/subsystemCode/serviceCode, with /version if there is one"
        )
    return ServiceId(
        provider=parse_subsystem("/".join(parts[:4])),
        service_code=parts[4],
        service_version="".join(parts[5:]),
    )


def _ask(question: Callable[[Metaservices], Awaitable[Result]]) -> Result:
    try:
        return asyncio.run(_ask_once(begin(), question))
    except AgencyError as error:
        typer.echo(f"kopuro: {error} ({error.code})", err=True)
        raise typer.Exit(_REFUSED) from None


async def _ask_once(settings: Settings, question: Callable[[Metaservices], Awaitable[Result]]) -> Result:
    client = open_client(settings)
    patience = timedelta(seconds=settings.security_server.exchange_deadline_seconds)
    try:
        return await question(Metaservices(client, our_subsystem(settings), deadline=patience))
    finally:
        await client.close()
