"""Another agency that asks by REST: the headers and bodies its own system would send."""

import io
import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import aiohttp

from gateway.sandbox.people import SyntheticPerson
from tests.running import Running

PORTAL = "central-server/GOV/70000011/state-services-portal"
SOCIAL_FUND = "central-server/GOV/70000003/settlements-service"
OURS = "central-server/GOV/70000016/isuo-service"
Headers = list[tuple[str, str]]


def headers(**changed: str | None) -> Headers:
    """The headers of a call; a name with None is left out, underscores stand for hyphens."""
    said: dict[str, str | None] = {
        "X-Road-Client": PORTAL,
        "X-Road-Id": str(uuid4()),
        "X-Road-UserId": "KG-sandbox-officer",
        "X-Road-Issue": "CASE/2026/000123",
        "Content-Type": "application/json",
    }
    said |= {name.replace("_", "-"): value for name, value in changed.items()}
    return [(name, value) for name, value in said.items() if value is not None]


def context(purpose: str = "BENEFIT_CASE", agreement: str = "PORTAL-2026-01") -> dict[str, str]:
    return {
        "purposeCode": purpose,
        "agreementNo": agreement,
        "requestOrg": "Sandbox agency",
        "requestPerson": "Officer 1",
        "caseRef": "CASE/2026/000123",
    }


def about(person: SyntheticPerson, **more: Any) -> dict[str, Any]:
    control = {"birthDate": person.birth_date.isoformat()}
    return {"context": context(), "subject": {"pin": person.pin, "control": control}, **more}


def written(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


async def call(
    http: aiohttp.ClientSession,
    product: Running,
    body: Any,
    said: Headers | None = None,
    *,
    service: str = "getLearnerStatus/v1",
    method: str = "POST",
    through: str = "",
) -> tuple[int, dict[str, Any], Mapping[str, str]]:
    """Ask, directly or through a security server, and give status, JSON and headers."""
    url = f"{through or product.gateway}/r1/{OURS}/{service}"
    said = headers() if said is None else said
    async with http.request(method, url, data=io.BytesIO(written(body)), headers=said) as reply:
        assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
        return reply.status, await reply.json(), reply.headers
