"""The least an HTTP exchange of the same bytes can cost: one Starlette route that answers with fixed bytes.

Run as `python -m tests.benchmarks.echo PORT FILE`.
"""

import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.cli.serve import server_config
from gateway.foundation.settings import load
from gateway.foundation.sockets import listen
from gateway.xroad.envelope import CONTENT_TYPE


def main(port: str, answer: str) -> None:
    """Serve until terminated."""
    content = Path(answer).read_bytes()

    async def echo(request: Request) -> Response:
        await request.body()
        return Response(content, headers={"Content-Type": CONTENT_TYPE})

    app = Starlette(routes=[Route("/xroad", echo, methods=["POST"])])
    uvicorn.Server(server_config(app, load())).run(sockets=[listen("127.0.0.1", int(port))])


if __name__ == "__main__":
    main(*sys.argv[1:])
