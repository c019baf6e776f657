"""curl sends what `kopuro sample` prints: the shortest way for another agency to a first answer."""

import re
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from lxml import etree

from gateway.xroad.envelope import CONTENT_TYPE, FaultMessage, Message, read_message
from tests.hostile.served import Served
from tests.interop.calls import HEADER_FIELDS, PACKAGINGS, SCAN, assert_attached, header_fields

pytestmark = pytest.mark.needs("curl")
ROOT = Path(__file__).resolve().parents[2]


def sample(endpoint: Served, *arguments: str) -> bytes:
    """Let `kopuro sample` print a request under the gateway's own settings."""
    made = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "sample", *arguments],
        env=dict(endpoint.environment),
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert made.returncode == 0, made.stderr
    return made.stdout.removesuffix(b"\n")


def curl(endpoint: Served, folder: Path, request: bytes) -> tuple[int, bytes]:
    """Post a request from a file; give the status and the answer."""
    sent, got = folder / "request.xml", folder / "answer.xml"
    sent.write_bytes(request)
    made = subprocess.run(
        [
            "curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", "20",
            "--header", f"Content-Type: {CONTENT_TYPE}", "--header", 'SOAPAction: ""', "--data-binary", f"@{sent}",
            "--output", str(got), "--write-out", "%{http_code}", f"http://127.0.0.1:{endpoint.port}/xroad",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return int(made.stdout), got.read_bytes()


def curl_attached(endpoint: Served, folder: Path, request: bytes, packaging: str) -> tuple[int, bytes]:
    """Let curl itself pack a request and a scan into a multipart/related."""
    kind = "application/xop+xml" if packaging == "mtom" else "text/xml"
    sent, scan, got = folder / "request.xml", folder / "scan.png", folder / "answer.xml"
    sent.write_bytes(request)
    scan.write_bytes(SCAN)
    made = subprocess.run(
        [
            "curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", "20",
            "--header", f'Content-Type: multipart/related; type="{kind}"; start="<root@curl>"', "--header", 'SOAPAction: ""',
            "--form", f'root=@{sent};type={kind};headers="Content-ID: <root@curl>"',
            "--form", f'scan=@{scan};type=image/png;headers="Content-ID: <scan@curl>"',
            "--output", str(got), "--write-out", "%{http_code}", f"http://127.0.0.1:{endpoint.port}/xroad",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return int(made.stdout), got.read_bytes()


def values(answer: bytes) -> dict[str, str]:
    message = read_message(answer, CONTENT_TYPE)
    assert isinstance(message, Message), answer.decode()
    return {etree.QName(each).localname: each.text or "" for each in message.content.iter(etree.Element)}


WAYS = [([], packaging) for packaging in PACKAGINGS] + [(["--signed"], "swa"), (["--signed"], "")]
EXPECTED = {
    "getLearnerStatus": ("resultCode", "NOT_FOUND_OR_NOT_ALLOWED"),
    "verifyEducationDocument": ("documentStatus", "VALID"),
}


@pytest.fixture(scope="module")
def samples(endpoint: Served) -> dict[str, bytes]:
    """One unsigned sample of each service."""
    return {service: sample(endpoint, service) for service in EXPECTED}


@pytest.mark.parametrize(("signing", "packaging"), WAYS)
@pytest.mark.parametrize("service", EXPECTED)
def test_a_printed_sample_is_answered(
    endpoint: Served,
    samples: dict[str, bytes],
    tmp_path: Path,
    service: str,
    signing: list[str],
    packaging: str,
) -> None:
    """The sample of each service is answered as it stands, attached or not, with every field of its header back."""
    if signing:
        request = sample(endpoint, service, *signing)
    else:
        request = re.sub(rb"(?<=<xrd:id>)[^<]+", str(uuid4()).encode(), samples[service])
    name, expected = EXPECTED[service]
    if packaging:
        status, answer = curl_attached(endpoint, tmp_path, request, packaging)
    else:
        status, answer = curl(endpoint, tmp_path, request)
    assert status == 200, answer.decode()
    message = read_message(request, CONTENT_TYPE)
    assert isinstance(message, Message)
    assert_attached(endpoint, message.header.message_id, packaging)
    assert values(answer)[name] == expected
    sent = [field for field in header_fields(request) if field[0] != "Security"]
    got = [field for field in header_fields(answer) if field[0] != "Security"]
    assert got == sent
    assert [field for field, _ in got] == [*HEADER_FIELDS]
    assert (b"<wsse:Security" in answer) == bool(signing)


def test_a_spoilt_sample_gets_a_fault(endpoint: Served, tmp_path: Path) -> None:
    """A changed PIN under a signature and a wrong one without are HTTP 500, each with its own code, never the PIN."""
    for signing, code in (["--signed"], "SIGNATURE_INVALID"), ([], "PIN_INCORRECT"):
        request = sample(endpoint, "getLearnerStatus", *signing)
        pin = request.partition(b"<isuo:pin>")[2][:14]
        assert pin.isdigit()
        status, answer = curl(endpoint, tmp_path, request.replace(pin, b"9" + pin))
        fault = read_message(answer, CONTENT_TYPE)
        assert isinstance(fault, FaultMessage)
        assert (status, fault.code) == (500, f"soapenv:Client.{code}")
        assert pin not in answer
