"""`kopuro message check` and `kopuro sample`: for whoever builds messages, without a security server."""

import json
import os
from pathlib import Path

import aiohttp
import pytest

from gateway.crypto.certificates import read_certificate
from gateway.foundation.database import Database
from gateway.foundation.settings import load
from gateway.sandbox.people import population
from gateway.sandbox.seed import seed_registry
from gateway.xroad.envelope import CONTENT_TYPE, Message, asking_shell, read_message
from gateway.xroad.namespaces import SOAP
from gateway.xroad.security import Demands, verify_message
from tests.cli.conftest import Kopuro
from tests.running import PEOPLE, SEED, running
from tests.whole.processes import environment_in
from tests.xroad.messages import CONTENT, header

KEYS = ["file", "outcome", "code", "where", "hint"]


def envelope(content: bytes) -> bytes:
    shell = asking_shell(header())
    return shell.wrap(shell.body(content))


REQUEST, RESPONSE = envelope(CONTENT), envelope(b'<p:getThingResponse xmlns:p="urn:p"/>')
FAULT = (
    f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault><faultcode>s:Client.Ката "1"</faultcode>'
    "<faultstring>x</faultstring></s:Fault></s:Body></s:Envelope>"
).encode()
FILES = {
    "request.xml": (REQUEST, "accept", ""),
    "response.xml": (RESPONSE, "accept", ""),
    "fault.xml": (FAULT, "fault", 's:Client.Ката "1"'),
    "bad.xml": (b"<a><b>", "reject", "invalid_soap"),
    "empty.xml": (b"", "reject", "invalid_soap"),
    "binary.xml": (bytes(range(256)), "reject", "invalid_soap"),
    "version.xml": (REQUEST.replace(b"4.0<", b"3.0<"), "reject", "invalid_protocol_version"),
    "ката сөз.xml": (REQUEST.replace(b"<xrd:id>id-1</xrd:id>", b""), "reject", "missing_header_field"),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, (content, _, _) in FILES.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_every_file_gets_one_line_of_json(kopuro: Kopuro, folder: Path) -> None:
    """The lines stand in the order of the files, each with the same five keys, and one refusal makes the code 1."""
    ended = kopuro("message", "check", *(str(folder / name) for name in FILES))
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert [list(line) for line in lines] == [KEYS] * len(FILES)
    assert [(Path(line["file"]).name, line["outcome"], line["code"]) for line in lines] == [
        (name, outcome, code) for name, (_, outcome, code) in FILES.items()
    ]
    assert all(line["hint"] for line in lines if line["outcome"] == "reject")
    assert (ended.code, ended.err) == (1, "")


def test_accepted_messages_and_faults_end_with_0(kopuro: Kopuro, folder: Path) -> None:
    """A provider's own fault is a legal message."""
    ended = kopuro(
        "message", "check", *(str(folder / name) for name in ("request.xml", "response.xml", "fault.xml"))
    )
    assert ended.code == 0


@pytest.mark.parametrize(
    ("side", "outcomes"),
    [("request", ["accept", "reject", "reject"]), ("response", ["reject", "accept", "fault"])],
)
def test_the_side_can_be_demanded(kopuro: Kopuro, folder: Path, side: str, outcomes: list[str]) -> None:
    """With --as a response is no request, a request no response, and a fault no request."""
    files = [str(folder / name) for name in ("request.xml", "response.xml", "fault.xml")]
    ended = kopuro("message", "check", "--as", side, *files)
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert [line["outcome"] for line in lines] == outcomes
    assert {line["code"] for line in lines if line["outcome"] == "reject"} == {"invalid_message"}


def test_the_content_type_is_judged_too(kopuro: Kopuro, folder: Path) -> None:
    """The same bytes under another Content-Type are another message."""
    good = str(folder / "request.xml")
    for given, code in (("application/json", "invalid_content_type"), ("text/xml; charset=koi8-r", "")):
        line = json.loads(kopuro("message", "check", "--content-type", given, good).out)
        assert line["code"] == code


@pytest.mark.parametrize("what", ["missing.xml", "."])
def test_an_unreadable_file_is_a_sentence(kopuro: Kopuro, folder: Path, what: str) -> None:
    """What cannot be read at all is no verdict: a sentence with the file's name, and code 2."""
    ended = kopuro("message", "check", str(folder / "request.xml"), str(folder / what))
    assert ended.code == 2
    assert ended.err.startswith(f"kopuro: {folder / what} cannot be read: ")
    assert ended.err.count("\n") == 1


def test_a_file_name_that_is_no_text_does_no_harm(kopuro: Kopuro, tmp_path: Path) -> None:
    """A name of bytes that are no UTF-8 is shown with escapes."""
    name = os.fsencode(tmp_path) + b"/\xff.xml"
    Path(os.fsdecode(name)).write_bytes(REQUEST)
    ended = kopuro("message", "check", os.fsdecode(name))
    assert ended.code == 0
    assert "udcff" in ended.out


SERVICES = ["getLearnerStatus", "verifyEducationDocument"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_sample_is_a_message_that_is_accepted(kopuro: Kopuro, tmp_path: Path, service: str) -> None:
    """What `sample` prints, `message check` accepts as a request; each time it has an id of its own."""
    samples = [kopuro("sample", service).out for _ in range(2)]
    (tmp_path / "sample.xml").write_text(samples[0], encoding="utf-8")
    ended = kopuro("message", "check", "--as", "request", str(tmp_path / "sample.xml"))
    assert json.loads(ended.out)["outcome"] == "accept"
    read = [read_message(sample.encode(), CONTENT_TYPE) for sample in samples]
    assert all(isinstance(message, Message) for message in read)
    assert read[0].header.message_id != read[1].header.message_id
    assert read[0].header.service.service_code == service


@pytest.mark.parametrize("service", SERVICES)
def test_a_signed_sample_is_signed_by_the_sandbox_agency(kopuro: Kopuro, keys: Path, service: str) -> None:
    """Its signature verifies as the gateway verifies it, with the agreement's certificate."""
    message = read_message(kopuro("sample", service, "--signed").out.encode(), CONTENT_TYPE)
    certificate = read_certificate(keys / "keys" / "social-fund.crt")
    verified = verify_message(message.root, [certificate], Demands())
    assert verified.content.tag.endswith(service)


def test_an_unknown_service_is_a_sentence_with_the_known_ones(kopuro: Kopuro) -> None:
    """Whoever mistypes learns what there is."""
    ended = kopuro("sample", "getLearnerStatu")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"kopuro: there is no service 'getLearnerStatu'; published: {', '.join(SERVICES)}\n"


@pytest.mark.parametrize(
    ("service", "signed", "result"),
    [
        ("getLearnerStatus", True, "NOT_FOUND_OR_NOT_ALLOWED"),  # a child nobody has admitted yet
        ("getLearnerStatus", False, "NOT_FOUND_OR_NOT_ALLOWED"),
        ("verifyEducationDocument", True, "OK"),
        ("verifyEducationDocument", False, "OK"),
    ],
)
async def test_the_running_gateway_answers_a_sample(
    kopuro: Kopuro, keys: Path, database_url: str, service: str, *, signed: bool, result: str
) -> None:
    """What `sample` prints needs no change to be answered through the security server."""
    settings = load(environment=environment_in(keys, DATABASE_URL=database_url))
    database = Database(database_url)
    await seed_registry(database, population(SEED, PEOPLE), settings)
    await database.close()
    sample = kopuro("sample", service, *(["--signed"] if signed else [])).out.encode()
    headers = {"Content-Type": CONTENT_TYPE}
    async with (
        running(settings) as product,
        aiohttp.ClientSession(headers=headers) as http,
        http.post(product.provider, data=sample) as reply,
    ):
        answer = read_message(await reply.read(), CONTENT_TYPE)
    assert isinstance(answer, Message)
    assert answer.content.findtext("{*}resultCode") == result
