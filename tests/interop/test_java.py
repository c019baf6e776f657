"""A Java client (Jakarta XML Web Services, Metro) generated from the served WSDL calls the published services."""

from pathlib import Path

import pytest

from tests.hostile.served import Served
from tests.interop.calls import (
    HEADER_FIELDS,
    PACKAGINGS,
    SCAN,
    assert_attached,
    document_question,
    header_fields,
    header_for,
    learner_question,
)
from tests.interop.java_client import JavaClient, build

pytestmark = pytest.mark.needs("java", "maven")


@pytest.fixture(scope="module")
def java(endpoint: Served, tmp_path_factory: pytest.TempPathFactory) -> JavaClient:
    """The client, built from the WSDL as it is served."""
    return build(f"http://127.0.0.1:{endpoint.port}/wsdl/kopuro.wsdl", tmp_path_factory.mktemp("java"))


def properties_of(header: dict, **content: str) -> dict[str, str]:
    """Write a header's values as flat names, and the content's beside them."""
    flat: dict[str, str] = {}
    for name, value in header.items():
        parts = value.items() if isinstance(value, dict) else ()
        flat |= {f"{name}.{part}": text for part, text in parts} or {name: value}
    return flat | content


def learner(endpoint: Served, pin: str = "") -> dict[str, str]:
    question = learner_question(pin)
    control = question["subject"]["control"]["birthDate"]
    return properties_of(
        header_for(endpoint.settings, "getLearnerStatus"),
        operation="getLearnerStatus",
        pin=question["subject"]["pin"],
        birthDate=control,
        **question["context"],
    )


def ask(
    endpoint: Served, java: JavaClient, folder: Path, asked: dict[str, str], packaging: str
) -> dict[str, str]:
    """Make one call, attached or not, and see in the journal that it was."""
    (folder / "scan.png").write_bytes(SCAN)
    found = java.call(folder, {**asked, "packaging": packaging})
    assert_attached(endpoint, asked["id"], packaging)
    return found


@pytest.mark.parametrize("packaging", PACKAGINGS)
def test_java_calls_the_learner_status(
    endpoint: Served, java: JavaClient, tmp_path: Path, packaging: str
) -> None:
    """Java gets typed values, and its header back: every field, the same order, equal bytes, equal values."""
    asked = learner(endpoint)
    found = ask(endpoint, java, tmp_path, asked, packaging)
    assert (found["resultCode"], found["studying"], found["from"]) == ("OK", "true", "2025/9/1")
    sent, got = (header_fields((tmp_path / f"{name}.xml").read_bytes()) for name in ("sent", "got"))
    assert got == sent
    assert sorted(name for name, _ in got) == sorted(HEADER_FIELDS)
    for name in ("userId", "id", "issue", "protocolVersion"):
        assert found[name] == asked[name]
    assert found["client"] == "SUBSYSTEM/central-server/GOV/70000011/state-services-portal"
    assert found["service"] == "SERVICE/central-server/GOV/70000016/isuo-service/getLearnerStatus/v1"


@pytest.mark.parametrize("packaging", PACKAGINGS)
def test_java_checks_an_education_document(
    endpoint: Served, java: JavaClient, tmp_path: Path, packaging: str
) -> None:
    """The second service answers Java as well, attached or not."""
    question = document_question()
    asked = properties_of(
        header_for(endpoint.settings, "verifyEducationDocument"),
        operation="verifyEducationDocument",
        **question["context"],
        **question["document"],
        **question["holder"],
    )
    found = ask(endpoint, java, tmp_path, asked, packaging)
    assert (found["documentStatus"], found["honours"]) == ("VALID", "false")
    sent, got = (header_fields((tmp_path / f"{name}.xml").read_bytes()) for name in ("sent", "got"))
    assert got == sent


def test_java_gets_a_fault_it_understands(endpoint: Served, java: JavaClient, tmp_path: Path) -> None:
    """A wrong PIN arrives as a SOAPFaultException with our code and the hint in its detail."""
    found = java.call(tmp_path, learner(endpoint, pin="123"))
    assert found["faultCode"].endswith("Client.PIN_INCORRECT")
    assert "14 digits" in found["faultDetail"]
    assert "resultCode" not in found
