"""The sandbox's listeners: two security-server doubles and the simulated agencies, each on a port of its own."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from gateway.foundation.settings import Agency
from gateway.foundation.sockets import listen
from gateway.intake.plugs import FaultMode, Misbehaviour, Simulator, SimulatorDownError
from gateway.sandbox.desk import address, desk_routes
from gateway.sandbox.metaservices import Catalogue, MetaserviceDouble
from gateway.sandbox.rest import RestDoors
from gateway.sandbox.security_server import Doors, SecurityServer
from gateway.xroad.conformance import Provider
from gateway.xroad.header import Header
from gateway.xroad.identifiers import ServiceId, SubsystemId
from gateway.xroad.rest.headers import write_service

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """The ports of the three listeners."""

    consumer: int
    provider: int
    simulators: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """Who is who in the box."""

    addresses: Addresses
    ours: SubsystemId
    clients: tuple[SubsystemId, ...]
    agencies: Mapping[str, Agency]
    simulators: Mapping[str, Simulator]
    gateway_url: str
    published: Provider | None = None
    catalogue: Catalogue = field(default_factory=Catalogue)


def consumer_doors(sandbox: Sandbox) -> Doors:
    """Route our questions to the simulated agencies; only our own subsystem may ask."""

    def address_of(header: Header) -> str | None:
        provider = header.service.provider
        for name, agency in sandbox.agencies.items():
            known = sandbox.simulators[name].subsystems.get(provider.subsystem_code, frozenset())
            if agency.member_code == provider.member_code and header.service.service_code in known:
                service = f"{provider.subsystem_code}/{header.service.service_code}"
                return f"http://{HOST}:{sandbox.addresses.simulators}/{name}/{service}"
        return None

    def rest_address_of(service: ServiceId) -> str | None:
        provider = service.provider
        for name, agency in sandbox.agencies.items():
            known = sandbox.simulators[name].rest_subsystems.get(provider.subsystem_code, frozenset())
            if agency.member_code == provider.member_code and service.service_code in known:
                path = f"{provider.subsystem_code}/{service.service_code}"
                return f"http://{HOST}:{sandbox.addresses.simulators}/{name}/{path}"
        return None

    own = MetaserviceDouble(sandbox.catalogue)
    return Doors(
        address_of=address_of,
        may_call=lambda header: header.client == sandbox.ours,
        tell=own.tell,
        show=own.show,
        rest=RestDoors(address_of=rest_address_of, may_call=lambda client, _service: client == sandbox.ours),
    )


def provider_doors(sandbox: Sandbox) -> Doors:
    """Route everybody's questions for our subsystem to the gateway; those with an agreement may ask."""

    def address_of(header: Header) -> str | None:
        return sandbox.gateway_url if header.service.provider == sandbox.ours else None

    def rest_address_of(service: ServiceId) -> str | None:
        base = sandbox.gateway_url.removesuffix("/xroad")
        return f"{base}/r1/{write_service(service)}" if service in sandbox.catalogue.rest else None

    own = MetaserviceDouble(sandbox.catalogue)
    return Doors(
        address_of=address_of,
        may_call=lambda header: header.client in sandbox.clients,
        tell=own.tell,
        show=own.show,
        rest=RestDoors(address_of=rest_address_of, may_call=own.may_call),
    )


def simulator_app(sandbox: Sandbox) -> Starlette:
    """Serve every simulated subsystem, and the switch of its fault modes."""

    async def answer(request: Request) -> Response:
        simulator = sandbox.simulators.get(request.path_params["agency"])
        if simulator is None:
            return Response("no such agency", status_code=404, media_type="text/plain")
        try:
            made = await simulator.answer(request.path_params["service"], await request.body())
        except SimulatorDownError:
            return Response("down", status_code=503, media_type="text/plain")
        return Response(made.body, status_code=made.status, headers={"Content-Type": made.content_type})

    async def fetched(request: Request) -> Response:
        simulator = sandbox.simulators.get(request.path_params["agency"])
        if simulator is None:
            return Response("no such agency", status_code=404, media_type="text/plain")
        path = [part for part in request.path_params.get("behind", "").split("/") if part]
        try:
            made = await simulator.fetched(request.path_params["service"], path, dict(request.query_params))
        except SimulatorDownError:
            return Response("down", status_code=503, media_type="text/plain")
        return Response(made.body, status_code=made.status, headers={"Content-Type": made.content_type})

    async def misbehave(request: Request) -> Response:
        agency, subsystem = request.path_params["agency"], request.path_params["subsystem"]
        try:
            wrong = _misbehaviour(await request.json())
            sandbox.simulators[agency].misbehave(subsystem, wrong)
        except KeyError:
            return JSONResponse({"error": f"no subsystem {agency}/{subsystem}"}, status_code=404)
        except (AttributeError, TypeError, ValueError):
            return JSONResponse({"error": f"mode is one of {', '.join(FaultMode)}"}, status_code=400)
        return JSONResponse({"mode": wrong.mode})

    return Starlette(
        routes=[
            *desk_routes(sandbox.published),
            Route("/control/{agency}/{subsystem}", misbehave, methods=["POST"]),
            Route("/{agency}/{subsystem}/{service}", answer, methods=["POST"]),
            Route("/{agency}/{subsystem}/{service}", fetched, methods=["GET"]),
            Route("/{agency}/{subsystem}/{service}/{behind:path}", fetched, methods=["GET"]),
        ]
    )


def _misbehaviour(wish: dict[str, str]) -> Misbehaviour:
    return Misbehaviour(
        mode=FaultMode(wish.get("mode", "")),
        seconds=float(wish.get("seconds", 5)),
        code=wish.get("code", ""),
        text=wish.get("text", ""),
    )


async def serve_sandbox(sandbox: Sandbox, *, announce: Callable[[str], None]) -> None:
    """Serve all three until a signal; raises SettingsError for a port in use."""
    asking, asked = SecurityServer(consumer_doors(sandbox)), SecurityServer(provider_doors(sandbox))
    listeners = (
        ("security server, our questions", sandbox.addresses.consumer, asking.app()),
        ("security server, questions to us", sandbox.addresses.provider, asked.app()),
        ("simulated agencies", sandbox.addresses.simulators, simulator_app(sandbox)),
    )
    servers = [_server(app) for _, _, app in listeners]
    try:
        with ExitStack() as opened:
            sockets = [opened.enter_context(listen(HOST, port)) for _, port, _ in listeners]
            for name, port, _ in listeners:
                announce(f"sandbox: {name}: http://{HOST}:{port}/")
            announce(f"sandbox: conformance desk: {address(HOST, sandbox.addresses.simulators)}")
            await asyncio.gather(
                *(server.serve(sockets=[bound]) for server, bound in zip(servers, sockets, strict=True))
            )
    finally:
        await asking.close()
        await asked.close()


def _server(app: ASGIApp) -> uvicorn.Server:
    config = uvicorn.Config(
        app, http="httptools", loop="none", log_config=None, access_log=False, timeout_graceful_shutdown=2
    )
    return uvicorn.Server(config)
