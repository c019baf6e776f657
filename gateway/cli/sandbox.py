"""`kopuro sandbox`: a Tunduk in a box on this machine."""

import asyncio
from typing import Annotated

import typer

from gateway.cli.published import Published
from gateway.disclosure.agreements import Agreements
from gateway.foundation.address import public_url
from gateway.foundation.settings import Settings
from gateway.sandbox.catalogue import make_catalogue
from gateway.sandbox.host import Addresses, Sandbox, serve_sandbox
from gateway.sandbox.people import population
from gateway.sandbox.pki import make_keys
from gateway.wiring.outward import found_adapters, our_subsystem
from gateway.wiring.ready import begin

SEED, PEOPLE = 2026, 2000


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(sandbox)


def sandbox(
    *,
    consumer_port: Annotated[int, typer.Option(help="Security server through which we ask.")] = 8080,
    provider_port: Annotated[int, typer.Option(help="Security server through which others ask us.")] = 8081,
    simulator_port: Annotated[int, typer.Option(help="The simulated agencies.")] = 8082,
    seed: Annotated[int, typer.Option(help="Which synthetic population.")] = SEED,
    people: Annotated[int, typer.Option(help="How many synthetic persons.")] = PEOPLE,
    keys_only: Annotated[bool, typer.Option(help="Make the test keys and stop.")] = False,
) -> None:
    """Run security-server doubles and simulated agencies over synthetic people; makes the test keys."""
    settings = begin()
    for path in make_keys(settings):
        typer.echo(f"made {path}", err=True)
    if keys_only:
        return
    addresses = Addresses(consumer=consumer_port, provider=provider_port, simulators=simulator_port)
    made = make_sandbox(settings, addresses, seed=seed, size=people)
    asyncio.run(serve_sandbox(made, announce=lambda line: typer.echo(line, err=True)))


def make_sandbox(settings: Settings, addresses: Addresses, *, seed: int, size: int) -> Sandbox:
    """Put the sandbox together from the configuration and the installed adapters."""
    adapters = found_adapters()
    people = population(seed, size)
    ours = our_subsystem(settings)
    simulators = {
        name: adapters[agency.adapter].simulator(people) for name, agency in settings.agencies.items()
    }
    return Sandbox(
        addresses=addresses,
        ours=ours,
        clients=tuple(Agreements(settings).clients),
        agencies=settings.agencies,
        simulators=simulators,
        gateway_url=f"{public_url(settings)}/xroad",
        published=Published(settings),
        catalogue=make_catalogue(settings, ours, simulators),
    )
