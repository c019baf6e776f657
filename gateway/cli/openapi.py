"""`kopuro contract openapi`: our published services as an OpenAPI 3.1 description."""

import json
from typing import Annotated

import typer

from gateway.foundation.address import public_url
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import load
from gateway.services.rest_routes import base_address, published_services
from gateway.wiring.outward import our_subsystem
from gateway.xroad.rest.openapi import describe


def print_openapi(
    *,
    service: Annotated[str, typer.Option(help="Only this service, under its own address.")] = "",
    base: Annotated[str, typer.Option(help="The server's address instead of our own.")] = "",
) -> None:
    """Print what /wsdl/kopuro.openapi.json serves, made from the WSDL and its schemas; needs no database."""
    settings = load()
    services = published_services(settings.contracts, settings.schemas)
    known = sorted({each.service_code for each in services})
    if service and service not in known:
        raise SettingsError(f"there is no service {service!r}; published: {', '.join(known)}")
    address = base.rstrip("/") or base_address(public_url(settings), our_subsystem(settings))
    typer.echo(json.dumps(describe(services, address, service_code=service), ensure_ascii=False, indent=2))
