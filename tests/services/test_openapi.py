"""The OpenAPI description: valid 3.1, made from the contract, and true of what is really answered."""

import json
import re
from typing import Any

import aiohttp
import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from lxml import etree
from openapi_spec_validator import validate
from typer.testing import CliRunner

from gateway.cli import build
from gateway.foundation.errors import SettingsError
from gateway.sandbox.seed import CERTIFICATE
from gateway.services.dispatch import OFFERS
from gateway.services.rest_routes import published_services
from gateway.xroad.rest.openapi import describe
from gateway.xroad.rest.problems import STATUSES
from tests.conftest import ROOT
from tests.running import Running
from tests.services.asking import OURS, about, call, context
from tests.services.test_endpoint import adult

BASE = "https://gateway.example/r1/central-server/GOV/70000016/isuo-service"


def description(code: str = "") -> dict[str, Any]:
    return describe(published_services(ROOT / "wsdl", ROOT / "schemas"), BASE, service_code=code)


def validator(document: dict[str, Any], name: str) -> Draft202012Validator:
    """A validator of one component, which may refer to all others."""
    return Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    )


def fits(document: dict[str, Any], name: str, value: Any) -> None:
    validator(document, name).validate(value)


@pytest.mark.parametrize("code", ["", "getLearnerStatus"])
def test_the_description_is_valid_openapi_3_1(code: str) -> None:
    """Judged by openapi-spec-validator, whole and for one service; every reference leads somewhere."""
    document = description(code)
    validate(document)
    assert document["openapi"].startswith("3.1.")
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))):
        found: Any = document
        for step in reference.split("/"):
            found = found[step]


def test_every_offer_is_described_with_its_header_and_its_errors() -> None:
    """Each service at /code/version; one alone at /version under its own address."""
    document = description()
    paths = {f"/{offer.service_code}/{offer.service_version}" for offer in OFFERS}
    assert set(document["paths"]) == paths
    assert description("getLearnerStatus")["servers"] == [{"url": f"{BASE}/getLearnerStatus"}]
    assert list(description("getLearnerStatus")["paths"]) == ["/v1"]
    for path in document["paths"].values():
        operation = path["post"]
        assert set(operation["responses"]) == {"200", *map(str, STATUSES)}
        named = [each["$ref"].rpartition("/")[2] for each in operation["parameters"]]
        assert {"X-Road-Client", "X-Road-Id", "X-Road-UserId", "X-Road-Issue"} <= set(named)
        assert all(f"{language}: " in operation["description"] for language in ("ky", "ru", "en"))


def test_what_the_schema_documents_is_described() -> None:
    """Every xs:documentation of a type the services use stands in the description."""
    written = json.dumps(description(), ensure_ascii=False)
    texts = etree.parse(ROOT / "schemas" / "isuo" / "isuo.xsd").findall(".//{*}documentation")
    assert texts
    for element in texts:
        assert " ".join(element.text.split()) in written


def test_arrays_types_and_choices_are_the_schemas() -> None:
    """Period is an array and nothing else is; flags and counts are typed; alternatives exclude one another."""
    document = description()
    schemas = document["components"]["schemas"]
    arrays = [
        (name, member)
        for name, schema in schemas.items()
        for member, one in schema.get("properties", {}).items()
        if one.get("type") == "array"
    ]
    assert arrays == [("LearnerStatus", "period")]
    assert schemas["LearnerStatus"]["properties"]["studying"]["type"] == "boolean"
    assert schemas["DataQuality"]["properties"]["staleDays"] == {"type": "integer", "minimum": 0}
    for good in (
        {"birthDate": "2000-01-01"},
        {"surnamePrefix": "Абв"},
        {"birthDate": "2000-01-01", "surnamePrefix": "А"},
    ):
        fits(document, "Control", good)
    fits(document, "Holder", {"pin": "1"})
    for name, bad in (
        ("Control", {}), ("Control", {"surnamePrefix": "АБВГ"}), ("Holder", {"pin": "1", "birthDate": "2000-01-01"}),
        ("Holder", {}), ("Code", "lower"), ("Date", "1.1.2000"), ("Period", {"from": "2000-01-01"}),
        ("Holder", {"pin": "1", "other": 1}),
    ):  # fmt: skip
        with pytest.raises(ValidationError):
            fits(document, name, bad)


async def test_real_answers_fit_the_served_description(product: Running, http: aiohttp.ClientSession) -> None:
    """Requests we accept, answers and errors alike: validated against what the running gateway serves."""
    async with http.get(f"{product.gateway}/wsdl/kopuro.openapi.json") as reply:
        document = await reply.json()
    validate(document)
    assert document["servers"][0]["url"].endswith(f"/r1/{OURS}")
    kind, series, number = CERTIFICATE
    document_of = {"type": kind, "series": series, "number": number}
    holder = {"birthDate": adult().birth_date.isoformat()}
    asked = (
        ("getLearnerStatus", about(adult()), 200),
        ("getLearnerStatus", about(adult(), profile="B", onDate="2026-01-15"), 200),
        ("getLearnerStatus", about(adult()) | {"subject": {"isuoNo": "0", "control": {"surnamePrefix": "А"}}}, 200),
        ("verifyEducationDocument", {"context": context("DOCUMENT_CHECK"), "document": document_of, "holder": holder}, 200),
        (
            "verifyEducationDocument",
            {"context": context("DOCUMENT_CHECK"), "document": document_of, "holder": {"birthDate": "1990-01-01"}},
            200,
        ),
        ("getLearnerStatus", about(adult()) | {"context": context("NOT_AGREED")}, 403),
    )  # fmt: skip
    for code, body, expected in asked:
        fits(document, code, body)
        status, answer, _ = await call(http, product, body, service=f"{code}/v1")
        assert status == expected, answer
        fits(document, f"{code}Response" if status == 200 else "Problem", answer)


async def test_one_service_is_served_by_its_code(product: Running, http: aiohttp.ClientSession) -> None:
    """?serviceCode= narrows the description; an unknown code is 404."""
    address = f"{product.gateway}/wsdl/kopuro.openapi.json"
    async with http.get(address, params={"serviceCode": "verifyEducationDocument"}) as reply:
        assert list((await reply.json())["paths"]) == ["/v1"]
    async with http.get(address, params={"serviceCode": "nothing"}) as reply:
        assert reply.status == 404


def test_the_command_prints_the_same_description() -> None:
    """`kopuro contract openapi` needs no database and no running gateway; an unknown service is a sentence."""
    command = ["contract", "openapi", "--base", BASE]
    told = CliRunner().invoke(build(), command)
    assert (told.exit_code, json.loads(told.stdout)) == (0, description())
    wrong = CliRunner().invoke(build(), [*command, "--service", "x"])
    assert isinstance(wrong.exception, SettingsError)
    assert "published: getLearnerStatus" in str(wrong.exception)
