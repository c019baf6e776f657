"""Only the security server may pass: its certificate is compared byte for byte, as the connection showed it."""

import hashlib
import hmac
import ssl

import structlog
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_log = structlog.stdlib.get_logger(__name__)
_REFUSAL = "only the security server may ask here, by its own TLS certificate\n"


class SecurityServerOnly:
    """Passes requests that came by the pinned certificate; others are refused before their body is read.

    What counts is the TLS connection alone. X-SSL-Client-* and the like are never looked at: nobody stands in
    front of us who would be entitled to set them.
    """

    def __init__(self, app: ASGIApp, digest: bytes) -> None:
        """Wrap an application; `digest` is the SHA-256 of the certificate's DER form."""
        self._app = app
        self._digest = digest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Compare and pass on, or refuse and close."""
        shown = peer_digest(scope)
        if hmac.compare_digest(shown, self._digest):
            await self._app(scope, receive, send)
            return
        address = (scope.get("client") or ("", 0))[0]
        _log.warning("peer_refused", address=address, reason="not the security server's certificate")
        refusal = PlainTextResponse(_REFUSAL, status_code=403, headers={"Connection": "close"})
        await refusal(scope, receive, send)


def peer_digest(scope: Scope) -> bytes:
    """Give the SHA-256 of the certificate the peer proved to own on this connection; empty without one."""
    chain = scope.get("extensions", {}).get("tls", {}).get("client_cert_chain", ())
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(chain[0])).digest() if chain else b""
