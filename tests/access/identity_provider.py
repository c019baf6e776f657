"""A small OpenID Connect provider on a real port: it knows people by PIN and can lie in every claim."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "isuo-tests", "a client's secret"


@dataclass
class IdentityProvider:
    """What it knows, and how its tokens are spoiled: `spoil` changes the claims, `key` and `header` the signing."""

    issuer: str = ""
    pin: str = ""
    spoil: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    signs_with: Any = None
    header: dict[str, Any] = field(default_factory=dict)
    pin_in_token: bool = True
    userinfo: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    redirects_token_to: str = ""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    served_keys: int = 0
    seen: list[dict[str, str]] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._discovery)
        app.router.add_get("/jwks", self._jwks)
        app.router.add_get("/authorize", self._authorize)
        app.router.add_post("/token", self._token)
        app.router.add_get("/userinfo", self._userinfo)
        return app

    async def _discovery(self, _: web.Request) -> web.Response:
        told = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
        }
        return web.json_response(told | self.metadata)

    async def _jwks(self, _: web.Request) -> web.Response:
        self.served_keys += 1
        return web.json_response({"keys": [self.key.as_dict(private=False)]})

    async def _authorize(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.issuer}
        raise web.HTTPSeeOther(f"{asked['redirect_uri']}?{urlencode(back)}")

    async def _token(self, request: web.Request) -> web.Response:
        if self.redirects_token_to:
            raise web.HTTPTemporaryRedirect(self.redirects_token_to)
        sent = {key: str(value) for key, value in (await request.post()).items()}
        self.seen.append(sent)
        asked = self.codes.pop(sent["code"], None)
        made = (
            base64.urlsafe_b64encode(hashlib.sha256(sent["code_verifier"].encode()).digest())
            .decode()
            .rstrip("=")
        )
        authorised = request.headers.get("Authorization", "")
        expected = base64.b64encode(b"isuo-tests:a%20client%27s%20secret").decode()
        if asked is None or asked["code_challenge"] != made or asked["redirect_uri"] != sent["redirect_uri"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        if authorised != f"Basic {expected}":
            return web.json_response({"error": "invalid_client"}, status=401)
        return web.json_response(
            {"access_token": "opaque", "token_type": "Bearer", "id_token": self.sign(asked["nonce"])}
        )

    def sign(self, nonce: str) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer, "aud": CLIENT, "sub": "person-1", "iat": now, "exp": now + 60, "nonce": nonce,
        }  # fmt: skip
        if self.pin_in_token:
            claims["pin"] = self.pin
        header = {"alg": "RS256", "kid": self.key.kid} | self.header
        return jwt.encode(header, self.spoil(claims), self.signs_with or self.key, algorithms=[header["alg"]])

    async def _userinfo(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer opaque"
        return web.json_response({"sub": "person-1", "pin": self.pin} | self.userinfo)


def resigned(token: str, algorithm: str, key: RSAKey) -> str:
    """Sign a token's claims again without a private key: not at all, or by HMAC with the public key as secret."""
    head = (
        base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "kid": key.kid}).encode()).decode().rstrip("=")
    )
    signed = f"{head}.{token.split('.')[1]}"
    if algorithm == "none":
        return f"{signed}."
    mac = hmac.digest(key.as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


@asynccontextmanager
async def provided(provider: IdentityProvider) -> AsyncIterator[IdentityProvider]:
    """Serve a provider on a free port."""
    runner = web.AppRunner(provider.app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    provider.issuer = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield provider
    finally:
        await runner.cleanup()
