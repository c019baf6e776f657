"""The addresses of the REST binding: /r1/…, and the OpenAPI description beside the WSDL."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Server
from gateway.services.arrival import take_in
from gateway.services.dispatch import OFFERS
from gateway.services.endpoint import Endpoint
from gateway.services.rest_endpoint import Address, RestEndpoint
from gateway.services.routes import send_reply
from gateway.xroad.identifiers import SubsystemId
from gateway.xroad.rest.compile import read_services
from gateway.xroad.rest.headers import parts_of, write_parts
from gateway.xroad.rest.openapi import describe
from gateway.xroad.rest.plan import Service

_METHOD_NOT_ALLOWED = 405


class RestRoute:
    """POST /r1/… as a plain ASGI application."""

    def __init__(self, endpoint: RestEndpoint, server: Server) -> None:
        """Take the pipeline and the bounds of a request."""
        self._endpoint = endpoint
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take the request in, answer it, and close the connection where its body was not read to the end."""
        arrival = await take_in(
            scope,
            receive,
            limit=self._server.body_limit_bytes,
            deadline_seconds=self._server.body_deadline_seconds,
        )
        address = Address(
            raw_path=scope.get("raw_path") or scope["path"].encode(),
            query=scope["query_string"],
            headers=scope["headers"],
        )
        reply = await self._endpoint.answer(arrival, address)
        headers = [(name.lower().encode(), value.encode()) for name, value in reply.headers]
        if reply.status == _METHOD_NOT_ALLOWED:
            headers.append((b"allow", b"POST"))
        await send_reply(send, reply.status, headers, reply.body, ends=arrival.refusal is not None)


def published_services(contracts: Path, schemas: Path) -> tuple[Service, ...]:
    """Compile our own contract; raises SettingsError where it cannot be offered as JSON."""
    return read_services(contracts / "kopuro.wsdl", directories=(schemas,))


def make_rest(endpoint: Endpoint, services: tuple[Service, ...]) -> RestEndpoint:
    """Put the REST binding over the shared pipeline; raises SettingsError for an offer without a contract."""
    plans = {(service.service_code, service.service_version): service for service in services}
    for offer in OFFERS:
        if (offer.service_code, offer.service_version) not in plans:
            raise SettingsError(
                f"wsdl/kopuro.wsdl does not hold {offer.service_code}/{offer.service_version}"
            )
    return RestEndpoint(shared=endpoint, plans=plans)


def base_address(public_url: str, ours: SubsystemId) -> str:
    """Give the address under which our services stand, each under its code."""
    return f"{public_url}/r1/{write_parts(*parts_of(ours))}"


def openapi_route(services: tuple[Service, ...], path: str, base: str) -> BaseRoute:
    """Serve the description of all services, or with ?serviceCode= of one under its own address."""

    async def serve(request: Request) -> Response:
        code = request.query_params.get("serviceCode", "")
        if code and code not in {service.service_code for service in services}:
            return Response("no such service", status_code=404, media_type="text/plain")
        return JSONResponse(describe(services, base, service_code=code))

    return Route(path, serve, methods=["GET"])
