"""The identity provider of the state (ЕСИ), by OpenID Connect: a code with PKCE, answers checked claim by claim."""

import asyncio
import base64
import hashlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from gateway.access.errors import refused
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Access
from gateway.foundation.tls import UNSET, is_loopback

PROVIDER_DOWN, IDENTITY_REFUSED = "PROVIDER_DOWN", "IDENTITY_REFUSED"
_LIMIT = 256 * 1024
_METADATA_SECONDS, _KEYS_SECONDS = 3600.0, 60.0
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What ties an answer to the browser that asked: none of it is ever logged."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


class Provider:
    """One identity provider, found by discovery; its keys are fetched again when it has changed them."""

    def __init__(self, settings: Access, *, redirect: str, secret_file: Path = UNSET) -> None:
        """Take the settings; raises SettingsError where the issuer is not https or the secret cannot be read."""
        if not settings.oidc_client_id:
            raise SettingsError("access.oidc_client_id is missing: set it together with access.oidc_issuer")
        if not _is_safe(settings.oidc_issuer):
            raise SettingsError("access.oidc_issuer must be an https:// address")
        self._settings = settings
        self._redirect = redirect
        self._secret = _read(secret_file) if settings.oidc_client_secret_file != UNSET else ""
        self._metadata: dict[str, Any] = {}
        self._metadata_at = self._keys_at = float("-inf")
        self._keys: KeySet | None = None
        self._fetching = asyncio.Lock()

    async def address(self, question: Question) -> str:
        """Give the address the browser is sent to; raises AccessError (PROVIDER_DOWN)."""
        metadata = await self._discover()
        challenge = hashlib.sha256(question.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": self._redirect,
            "scope": " ".join(self._settings.oidc_scopes),
            "state": question.state,
            "nonce": question.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        return f"{metadata['authorization_endpoint']}?{urlencode(asked)}"

    async def pin_of(self, code: str, question: Question) -> str:
        """Turn a code into the PIN of whoever signed in; raises AccessError (PROVIDER_DOWN, IDENTITY_REFUSED)."""
        metadata = await self._discover()
        tokens = await self._redeem(metadata, code, question)
        claims = await self._check(metadata, tokens.get("id_token"), question.nonce)
        pin = claims.get(self._settings.oidc_pin_claim)
        if pin is None and "userinfo_endpoint" in metadata:
            pin = await self._ask_user(metadata, tokens.get("access_token"), claims["sub"])
        if not isinstance(pin, str) or not pin:
            raise refused(IDENTITY_REFUSED)
        return pin

    def is_issuer(self, issuer: str) -> bool:
        """Tell whether an answer names this provider (RFC 9207)."""
        return issuer == self._settings.oidc_issuer

    async def _discover(self) -> dict[str, Any]:
        async with self._fetching:
            if time.monotonic() - self._metadata_at > _METADATA_SECONDS:
                issuer = self._settings.oidc_issuer
                found = await self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
                needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
                if found.get("issuer") != issuer or not all(_is_safe(found.get(name)) for name in needed):
                    raise refused(PROVIDER_DOWN)
                self._metadata, self._metadata_at = found, time.monotonic()
            return self._metadata

    async def _redeem(self, metadata: dict[str, Any], code: str, question: Question) -> dict[str, Any]:
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect,
            "client_id": self._settings.oidc_client_id,
            "code_verifier": question.verifier,
        }
        headers = {}
        if self._secret:
            pair = f"{quote(self._settings.oidc_client_id)}:{quote(self._secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return await self._fetch("POST", metadata["token_endpoint"], data=sent, headers=headers)

    async def _check(self, metadata: dict[str, Any], token: object, nonce: str) -> dict[str, Any]:
        """Check signature, issuer, audience, party, times and nonce of an ID token; give its claims."""
        if not isinstance(token, str):
            raise refused(IDENTITY_REFUSED)
        claims = await self._decode(metadata, token)
        rules = jwt.JWTClaimsRegistry(
            leeway=self._settings.oidc_clock_skew_seconds,
            iss={"essential": True, "value": self._settings.oidc_issuer},
            aud={"essential": True, "value": self._settings.oidc_client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            rules.validate(claims)
        except JoseError:
            raise refused(IDENTITY_REFUSED) from None
        party, several = claims.get("azp"), isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (several or party is not None) and party != self._settings.oidc_client_id:
            raise refused(IDENTITY_REFUSED)
        return claims

    async def _decode(self, metadata: dict[str, Any], token: str) -> dict[str, Any]:
        algorithms = list(self._settings.oidc_algorithms)
        for again in (False, True):
            keys = await self._provider_keys(metadata, again=again)
            try:
                return dict(jwt.decode(token, keys, algorithms=algorithms).claims)
            except (InvalidKeyIdError, ValueError, JoseError) as error:
                if again or not isinstance(error, InvalidKeyIdError):
                    raise refused(IDENTITY_REFUSED) from None
        raise refused(IDENTITY_REFUSED)

    async def _provider_keys(self, metadata: dict[str, Any], *, again: bool) -> KeySet:
        """Give the keys; fetched again for an unknown key id, at most once a minute."""
        async with self._fetching:
            old = time.monotonic() - self._keys_at > _KEYS_SECONDS
            if self._keys is None or (again and old):
                found = await self._get(metadata["jwks_uri"])
                try:
                    self._keys = KeySet.import_key_set({"keys": _signing_keys(found)})
                except (JoseError, ValueError, KeyError, TypeError):
                    raise refused(PROVIDER_DOWN) from None
                self._keys_at = time.monotonic()
            return self._keys

    async def _ask_user(self, metadata: dict[str, Any], token: object, subject: object) -> object:
        if not isinstance(token, str) or not _is_safe(metadata["userinfo_endpoint"]):
            raise refused(IDENTITY_REFUSED)
        headers = {"Authorization": f"Bearer {token}"}
        told = await self._fetch("GET", metadata["userinfo_endpoint"], headers=headers)
        if told.get("sub") != subject:
            raise refused(IDENTITY_REFUSED)
        return told.get(self._settings.oidc_pin_claim)

    async def _get(self, url: str) -> dict[str, Any]:
        return await self._fetch("GET", url)

    async def _fetch(self, method: str, url: str, **given: Any) -> dict[str, Any]:
        """Fetch a JSON object: no redirects, no proxy of the environment, bounded in time and size."""
        deadline = aiohttp.ClientTimeout(total=self._settings.oidc_deadline_seconds)
        try:
            async with (
                aiohttp.ClientSession(timeout=deadline, trust_env=False) as http,
                http.request(method, url, allow_redirects=False, **given) as answer,
            ):
                body = await answer.content.read(_LIMIT + 1)
                while len(body) <= _LIMIT and (more := await answer.content.read(_LIMIT)):
                    body += more
                status = answer.status
        except (aiohttp.ClientError, TimeoutError):
            raise refused(PROVIDER_DOWN) from None
        if status != _OK or len(body) > _LIMIT:
            raise refused(IDENTITY_REFUSED if 400 <= status < 500 else PROVIDER_DOWN)
        return _object(body)


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        raise refused(PROVIDER_DOWN) from None
    if not isinstance(found, dict):
        raise refused(PROVIDER_DOWN)
    return found


def _signing_keys(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        key for key in found["keys"] if key.get("use", "sig") == "sig" and key.get("kty") in {"RSA", "EC"}
    ]


def _is_safe(url: object) -> bool:
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError:
        raise SettingsError(
            f"{file} cannot be read: it should hold the identity provider's client secret"
        ) from None
