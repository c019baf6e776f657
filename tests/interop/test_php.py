"""PHP's own SoapClient calls the published services by their WSDL."""

import json
import subprocess
from pathlib import Path
from typing import Any

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

pytestmark = pytest.mark.needs("php", "php-soap")
SCRIPT = Path(__file__).parent / "php" / "client.php"


def call(
    endpoint: Served, folder: Path, operation: str, content: dict[str, Any], packaging: str = ""
) -> dict[str, Any]:
    file, scan = folder / "call.json", folder / "scan.png"
    scan.write_bytes(SCAN)
    header = header_for(endpoint.settings, operation)
    file.write_text(json.dumps({"header": header, "content": content}))
    wsdl = f"http://127.0.0.1:{endpoint.port}/wsdl/kopuro.wsdl"
    made = subprocess.run(
        ["php", SCRIPT, wsdl, operation, file, packaging, scan], capture_output=True, check=False, timeout=60
    )
    assert made.returncode == 0, made.stdout + made.stderr
    assert_attached(endpoint, header["id"], packaging)
    return json.loads(made.stdout)


@pytest.mark.parametrize("packaging", PACKAGINGS)
def test_php_calls_the_learner_status(endpoint: Served, tmp_path: Path, packaging: str) -> None:
    """PHP gets typed values, attached or not, and its header back: every field, the same order, equal bytes."""
    made = call(endpoint, tmp_path, "getLearnerStatus", learner_question(), packaging)
    assert made["fault"] is None
    answer = made["answer"]
    assert answer["resultCode"] == "OK"
    assert answer["status"]["studying"] is True
    assert answer["status"]["period"][0]["from"] == "2025-09-01"
    assert made["types"]["studying"] == "bool"
    assert header_fields(made["got"]) == header_fields(made["sent"])
    assert [name for name, _ in header_fields(made["got"])] == HEADER_FIELDS


def test_php_reads_the_header_of_the_answer(endpoint: Served, tmp_path: Path) -> None:
    """The returned header reaches PHP as values: identifiers part by part, texts unharmed."""
    made = call(endpoint, tmp_path, "getLearnerStatus", learner_question())
    sent, got = header_for(endpoint.settings, "getLearnerStatus"), made["header"]
    assert got["client"] == sent["client"]
    assert got["service"] == sent["service"]
    assert (got["userId"], got["issue"], got["protocolVersion"]) == ("KG-официер & <1>", "CASE/7", "4.0")


@pytest.mark.parametrize("packaging", PACKAGINGS)
def test_php_checks_an_education_document(endpoint: Served, tmp_path: Path, packaging: str) -> None:
    """The second service answers PHP as well, attached or not."""
    made = call(endpoint, tmp_path, "verifyEducationDocument", document_question(), packaging)
    assert made["fault"] is None
    assert made["answer"]["documentStatus"] == "VALID"
    assert made["answer"]["document"]["honours"] is False
    assert header_fields(made["got"]) == header_fields(made["sent"])


def test_php_gets_a_fault_it_understands(endpoint: Served, tmp_path: Path) -> None:
    """A wrong PIN arrives as a SoapFault with our code, and with the hint in its detail."""
    made = call(endpoint, tmp_path, "getLearnerStatus", learner_question(pin="123"))
    assert made["answer"] is None
    assert made["fault"]["code"].endswith("Client.PIN_INCORRECT")
    assert "14 digits" in json.dumps(made["fault"]["detail"])
