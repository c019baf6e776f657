"""The published description against the running API: valid, and kept to by requests made from it."""

import asyncio
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import validate
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.access.browser import make_app
from tests.access.world import TOKEN, World
from tests.api.conftest import Desk

CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]
HEADERS = {"Authorization": f"Bearer {TOKEN}", "If-Match": "*"}
FEW = settings(
    max_examples=5,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_the_description_is_valid_openapi(world: World) -> None:
    """A validator takes it, every route has a sentence, and an error is described as the problem it is."""
    described = make_app(world).openapi()
    validate(described)
    operations = [each for path in described["paths"].values() for each in path.values()]
    assert all(each["description"] for each in operations)
    assert all("application/problem+json" in each["responses"]["4XX"]["content"] for each in operations)


async def test_requests_made_from_the_description_meet_no_surprise(desk: Desk) -> None:
    """Whatever a request of the described shape holds: no server error, and no answer that is not described."""
    asked, surprises = await asyncio.to_thread(_ask_everything, desk)
    assert surprises == []
    assert len(asked) > 100


def _ask_everything(desk: Desk) -> tuple[list[str], list[str]]:
    schema = schemathesis.openapi.from_dict(make_app(desk.world).openapi())
    schema.config.update(base_url=desk.browser.address)
    asked: list[str] = []
    surprises: list[str] = []
    known = {"isuo_no": desk.world.numbers["a-pupil"], "code": "A-SCHOOL", "book_code": "POSITION"}
    with requests.Session() as http:
        for found in schema.get_all_operations():
            operation = found.ok()

            @FEW
            @given(case=operation.as_strategy())
            def ask(case: Any) -> None:
                if len(asked) % 2:
                    case.path_parameters = {
                        name: known.get(name, value) for name, value in case.path_parameters.items()
                    }
                asked.append(case.operation.label)
                answer = case.call(headers=HEADERS, session=http)
                try:
                    case.validate_response(answer, checks=CHECKS)
                except (FailureGroup, Failure) as failure:
                    surprises.append(f"{case.operation.label} {answer.status_code}: {failure!s:.600}")

            ask()
    return asked, surprises
