"""The real application and the sandbox on real ports, inside one test's event loop."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import mkdtemp

import uvicorn
from starlette.types import ASGIApp

from gateway.app import create_app
from gateway.cli.sandbox import make_sandbox
from gateway.cli.serve import server_config
from gateway.foundation.settings import Settings, load
from gateway.foundation.sockets import listen, port_of
from gateway.sandbox.host import Addresses, consumer_doors, provider_doors, simulator_app
from gateway.sandbox.pki import make_keys
from gateway.sandbox.security_server import SecurityServer

TOKEN = "a-token-for-tests"
SEED, PEOPLE = 2026, 300
_KEYS = Path(mkdtemp(prefix="kopuro-keys-"))  # made once: RSA keys are slow to make


def make_settings(database_url: str, folder: Path, **environment: str) -> Settings:
    """The shipped configuration over a test's database, with keys of its own."""
    keys = _KEYS
    settings = load(
        environment={
            "DATABASE_URL": database_url,
            "KOPURO_SERVER__API_TOKEN": TOKEN,
            "KOPURO_SIGNING__KEY_FILE": str(keys / "gateway.key"),
            "KOPURO_SIGNING__CERTIFICATE_FILE": str(keys / "gateway.crt"),
            "KOPURO_JOURNAL__BODY_KEY_FILE": str(keys / "body.key"),
            "KOPURO_JOURNAL__MAC_KEY_FILE": str(keys / "mac.key"),
            "KOPURO_JOURNAL__SUBJECT_KEY_FILE": str(keys / "subject.key"),
            "KOPURO_JOURNAL__ANCHOR_FILE": str(folder / "journal.seals"),
            "KOPURO_AGREEMENTS__SOCIAL_FUND__CERTIFICATE_FILES": str(keys / "social-fund.crt"),
            "KOPURO_SECURITY_SERVER__FIRST_BACKOFF_SECONDS": "0.02",
            **environment,
        }
    )
    make_keys(settings)
    return settings


@asynccontextmanager
async def served(app: ASGIApp, settings: Settings, port: int = 0) -> AsyncIterator[str]:
    """Serve an application on a free port and give its address."""
    bound = listen("127.0.0.1", port)
    config = server_config(app, settings)
    config.loop = "none"
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined,method-assign]
    work = asyncio.create_task(server._serve(sockets=[bound]))
    while not server.started:
        if work.done():
            await work
        await asyncio.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{port_of(bound)}"
    finally:
        server.should_exit = True
        await work


@dataclasses.dataclass(frozen=True, kw_only=True)
class Running:
    """Addresses of everything that runs."""

    settings: Settings
    gateway: str
    provider: str
    simulators: str


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Running]:
    """Run simulators, both security-server doubles and the gateway."""
    bounds = [listen("127.0.0.1", 0) for _ in range(4)]
    gateway, consumer, provider, simulators = [port_of(bound) for bound in bounds]
    for bound in bounds:
        bound.close()
    settings = dataclasses.replace(
        settings,
        server=dataclasses.replace(settings.server, port=gateway),
        security_server=dataclasses.replace(settings.security_server, url=f"http://127.0.0.1:{consumer}/"),
    )
    box = make_sandbox(
        settings,
        Addresses(consumer=consumer, provider=provider, simulators=simulators),
        seed=SEED,
        size=PEOPLE,
    )
    asking, asked = SecurityServer(consumer_doors(box)), SecurityServer(provider_doors(box))
    async with (
        served(simulator_app(box), settings, simulators) as simulators_url,
        served(asking.app(), settings, consumer),
        served(asked.app(), settings, provider) as provider_url,
        served(create_app(settings), settings, gateway) as gateway_url,
    ):
        yield Running(
            settings=settings, gateway=gateway_url, provider=provider_url, simulators=simulators_url
        )
        await asking.close()
        await asked.close()
