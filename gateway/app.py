"""The web application: every address of the gateway on one server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.api import create_router
from gateway.console import create_console
from gateway.foundation.address import public_url
from gateway.foundation.peer import SecurityServerOnly
from gateway.foundation.settings import Settings
from gateway.foundation.shortcut import Shortcut
from gateway.foundation.tls import inbound_tls, is_loopback
from gateway.operations.watch.routes import healthz, watch_routes
from gateway.pages import create_pages
from gateway.portal import create_portal
from gateway.services.rest_routes import (
    RestRoute,
    base_address,
    make_rest,
    openapi_route,
    published_services,
)
from gateway.services.routes import SoapRoute, contract_routes
from gateway.wiring.opening import Gateway, open_gateway
from gateway.wiring.outward import our_subsystem
from gateway.xroad.rest.plan import Service

Opened = Callable[[Settings], AbstractAsyncContextManager[Gateway]]


class Application(Starlette):
    """Starlette, but the busiest address takes no way through its middleware and its table of routes."""

    soap: ASGIApp | None = None
    shortcut: Shortcut

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a SOAP request straight on."""
        if self.soap is not None and scope["type"] == "http" and scope["path"] == "/xroad":
            await self.soap(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(settings: Settings, *, opened: Opened = open_gateway) -> Application:
    """Make the application; the database, the journal and the agencies open with its lifespan."""
    services = published_services(settings.contracts, settings.schemas)
    app = Application(lifespan=_lifespan(settings, services, opened))
    app.shortcut = Shortcut(path=b"/xroad")
    address = f"{public_url(settings)}/xroad"
    base = base_address(public_url(settings), our_subsystem(settings))
    app.router.routes += [
        openapi_route(services, "/wsdl/kopuro.openapi.json", base),
        *contract_routes(settings.contracts, "/wsdl", address),
        *contract_routes(settings.schemas, "/schemas", address),
        Route("/healthz", healthz),
    ]
    return app


def _lifespan(
    settings: Settings, services: tuple[Service, ...], opened: Opened
) -> Callable[[Application], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: Application) -> AsyncIterator[None]:
        async with opened(settings) as gateway, watching(gateway) as watch:
            app.state.gateway = gateway
            soap = SoapRoute(gateway.endpoint, settings.server)
            app.soap = _guarded(soap, settings)
            app.shortcut.answer = None if inbound_tls(settings) else soap.straight
            fixed = list(app.router.routes)
            people = Mount("/", LoopbackOnly(ApiOrPages(_api(gateway), _pages(gateway))))
            rest = Route("/r1/{path:path}", _rest(gateway, services))
            app.router.routes[:] = [rest, *fixed, *watch, people]
            yield
            app.router.routes[:] = fixed

    return lifespan


@asynccontextmanager
async def watching(gateway: Gateway) -> AsyncIterator[list[BaseRoute]]:
    """Keep the watch while the application runs, and give its addresses."""
    work = asyncio.create_task(gateway.watcher.run(), name="watcher")
    try:
        yield watch_routes(gateway.database, gateway.journal, gateway.settings, gateway.watcher)
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


def _rest(gateway: Gateway, services: tuple[Service, ...]) -> ASGIApp:
    """Make the REST route, guarded as the SOAP one is."""
    endpoint = make_rest(gateway.endpoint, services)
    return _guarded(RestRoute(endpoint, gateway.settings.server), gateway.settings)


def _guarded(route: ASGIApp, settings: Settings) -> ASGIApp:
    """Wrap a route: with TLS it is the security server's alone."""
    tls = inbound_tls(settings)
    return SecurityServerOnly(route, tls.digest) if tls else route


def _api(gateway: Gateway) -> FastAPI:
    """Make the JSON part; its description is at /api/v1/openapi.json, without pages that load from elsewhere."""
    api = FastAPI(title="Köpürö", docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json")
    api.include_router(create_router(gateway.api))
    return api


def _pages(gateway: Gateway) -> ASGIApp:
    """Make the pages: each section is a line."""
    return create_pages(
        gateway.door,
        gateway.settings,
        sections=(create_portal(gateway.desk), create_console(gateway.console)),
    )


class ApiOrPages:
    """Sends what is below /api to the JSON part and everything else to the pages."""

    def __init__(self, api: ASGIApp, pages: ASGIApp) -> None:
        """Take both."""
        self._api, self._pages = api, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Choose by the path."""
        is_api = scope["type"] != "http" or scope["path"].startswith("/api/")
        await (self._api if is_api else self._pages)(scope, receive, send)


class LoopbackOnly:
    """Answers peers on this machine only: the API and the pages stay behind a proxy of this machine."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a loopback peer on and refuse any other."""
        client = scope.get("client")
        if scope["type"] != "http" or (client and is_loopback(client[0])):
            await self._app(scope, receive, send)
            return
        problem = {
            "type": "about:blank",
            "title": "Forbidden",
            "status": 403,
            "detail": "loopback peers only",
        }
        await JSONResponse(problem, status_code=403, media_type="application/problem+json")(
            scope, receive, send
        )
