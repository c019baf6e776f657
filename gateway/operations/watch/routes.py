"""The addresses of the watch: /healthz, /readyz and /metrics."""

from hmac import compare_digest

from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.exchange.writer import JournalWriter
from gateway.foundation.database import Database
from gateway.foundation.settings import Settings
from gateway.foundation.tls import is_loopback
from gateway.operations.watch.metrics import make_registry
from gateway.operations.watch.readiness import Readiness
from gateway.operations.watch.watcher import Watcher

_NEVER_KEPT = {"Cache-Control": "no-store"}


async def healthz(_: Request) -> Response:
    """Say that the process lives and its loop turns; everything else is readiness."""
    return JSONResponse({"status": "ok"}, headers=_NEVER_KEPT)


def watch_routes(
    database: Database, journal: JournalWriter, settings: Settings, watcher: Watcher
) -> list[BaseRoute]:
    """Make /readyz and /metrics over what is open."""
    readiness = Readiness(database, journal, settings)
    registry = make_registry(lambda: watcher.seen, lambda: journal.is_open)

    async def readyz(_: Request) -> Response:
        reasons = await readiness.reasons()
        if not reasons:
            return JSONResponse({"status": "ready"}, headers=_NEVER_KEPT)
        told = [{"part": each.part, "code": each.code, "sentence": each.sentence} for each in reasons]
        return JSONResponse({"status": "not ready", "reasons": told}, status_code=503, headers=_NEVER_KEPT)

    async def metrics(request: Request) -> Response:
        if not may_read(request, settings.observability.metrics_token):
            return PlainTextResponse("not yours\n", status_code=403, headers=_NEVER_KEPT)
        await watcher.look()
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={**_NEVER_KEPT, "Content-Type": kind})

    return [Route("/readyz", readyz), Route("/metrics", metrics)]


def may_read(request: Request, token: str) -> bool:
    """Let programs on this machine pass, and whoever shows the configured token."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if token and scheme.lower() == "bearer" and compare_digest(given.strip().encode(), token.encode()):
        return True
    forwarded = "x-forwarded-for" in request.headers or "forwarded" in request.headers
    return bool(request.client and is_loopback(request.client.host) and not forwarded)
