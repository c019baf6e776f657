"""The addresses other agencies see: the SOAP endpoint on the bare hot route, and the contracts."""

import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from gateway.foundation.settings import Server
from gateway.foundation.shortcut import Answered, Whole
from gateway.services.arrival import take_in, take_whole
from gateway.services.endpoint import Endpoint
from gateway.xroad.envelope import CONTENT_TYPE

_ADDRESS = re.compile(rb'(<soap:address location=")[^"]*(")')
_CONTENT_TYPE = (b"content-type", CONTENT_TYPE.encode())


class SoapRoute:
    """POST /xroad as a plain ASGI application."""

    def __init__(self, endpoint: Endpoint, server: Server) -> None:
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
        reply = await self._endpoint.answer(arrival)
        await send_reply(send, reply.status, [_CONTENT_TYPE], reply.body, ends=arrival.refusal is not None)

    async def straight(self, request: Whole) -> Answered:
        """Answer a request that came by the shortcut, as if it had come by ASGI."""
        arrival = take_whole(*request, limit=self._server.body_limit_bytes)
        reply = await self._endpoint.answer(arrival)
        return Answered(reply.status, CONTENT_TYPE, reply.body, ends=arrival.refusal is not None)


async def send_reply(
    send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes, *, ends: bool
) -> None:
    """Send status, headers and body; `ends` closes the connection, for the rest of a body may still be coming."""
    headers.append((b"content-length", str(len(body)).encode()))
    if ends:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def contract_routes(directory: Path, prefix: str, address: str) -> list[BaseRoute]:
    """Serve the WSDL and XSD files below a directory under a prefix, with our own address in the WSDL."""
    files = {
        path.relative_to(directory).as_posix(): path for path in directory.rglob("*") if _is_contract(path)
    }

    async def serve(request: Request) -> Response:
        path = files.get(request.path_params["path"])
        if path is None:
            return Response("no such contract", status_code=404, media_type="text/plain")
        content = _ADDRESS.sub(rb"\g<1>" + address.encode() + rb"\g<2>", path.read_bytes())
        return Response(content, headers={"Content-Type": CONTENT_TYPE})

    return [Route(f"{prefix}/{{path:path}}", serve, methods=["GET"])]


def _is_contract(path: Path) -> bool:
    return path.suffix in {".wsdl", ".xsd"} and path.is_file()
