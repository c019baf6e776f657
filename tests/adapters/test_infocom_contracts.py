"""The contracts stand on local files alone, and the simulator keeps to them."""

from pathlib import Path

import pytest
import requests
from lxml import etree
from zeep import Client, Settings
from zeep.exceptions import Error

from adapters.infocom import plug
from adapters.infocom.dialect import PRODUCER
from gateway.foundation.errors import SettingsError
from gateway.foundation.xml import element_children
from gateway.intake.plugs import FaultMode, Misbehaviour, ServiceName
from gateway.intake.speaking.contracts import Contract, LocalFiles
from gateway.xroad.namespaces import SOAP, XROAD, q
from tests.adapters.bench import CONTEXT, HOME, envelope_of, header_of

WSDLS = HOME / "wsdl" / "infocom"
XSDS = HOME / "schemas" / "xroad"
WSDL = "http://schemas.xmlsoap.org/wsdl/"
OPERATIONS = {
    "zags-service.wsdl": {"zagsDataByPin", "zagsPinsByNSPDate", "zagsPinBirthAct", "zagsDeathActByPin"},
    "passport-service.wsdl": {"passportDataByPSN"},
    "asb-service.wsdl": {"asbAddress"},
    "foreign-service.wsdl": {"foreignByDoc"},
}


def _client(name: str) -> Client:
    return Client(
        name, transport=LocalFiles(WSDLS, XSDS), settings=Settings(strict=True, forbid_external=True)
    )


def _schema(name: str) -> etree.XMLSchema:
    """Compile the inline schema of a WSDL where it stands, so that its relative imports are tried too."""
    document = etree.parse(str(WSDLS / name))
    schema = document.find(f"{{{WSDL}}}types")[0]
    return etree.XMLSchema(etree.ElementTree(schema))


def _requests(people):
    child, adult = people.roles["child"], people.roles["adult"]
    zags, passports = (
        Contract(WSDLS / "zags-service.wsdl", schemas=XSDS),
        Contract(WSDLS / "passport-service.wsdl", schemas=XSDS),
    )
    name = {
        "name": child.given_name.upper(),
        "surname": child.surname.upper(),
        "patronymic": None,
        "birthdate": f"{child.birth_date}T00:00:00",
    }
    card = adult.passport
    return [
        (
            "zags-service.wsdl",
            "zagsDataByPin",
            zags.body("zagsDataByPin", {"pin": child.pin, "datetimeFormat": True}),
        ),
        ("zags-service.wsdl", "zagsPinsByNSPDate", zags.body("zagsPinsByNSPDate", name)),
        ("zags-service.wsdl", "zagsPinBirthAct", zags.body("zagsPinBirthAct", {"pin": child.pin})),
        (
            "passport-service.wsdl",
            "passportDataByPSN",
            passports.body(
                "passportDataByPSN", {"pin": adult.pin, "series": card.series, "number": card.number}
            ),
        ),
    ]


def _envelope(wsdl: str, operation: str, body: bytes) -> bytes:
    service = ServiceName(
        subsystem_code=wsdl.removesuffix(".wsdl"), service_code=operation, service_version="v1"
    )
    return envelope_of(header_of(service, CONTEXT), body)


def _http(answer) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status
    response.headers["Content-Type"] = answer.content_type
    response._content = answer.body
    return response


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_contract_loads_strictly_from_local_files(name):
    """A strict zeep reads the WSDL with every import and finds exactly its operations."""
    binding = _client(name).service._binding
    assert set(binding.all()) == OPERATIONS[name]


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_contract_keeps_to_xroad_and_its_owners_namespace(name):
    """Document/literal, version v1, six header parts, and the namespace with its typing mistake."""
    root = etree.parse(str(WSDLS / name)).getroot()
    soap = "http://schemas.xmlsoap.org/wsdl/soap/"
    operations = root.findall(f"{{{WSDL}}}binding/{{{WSDL}}}operation")
    assert root.get("targetNamespace") == PRODUCER
    assert [one.findtext(q(XROAD, "version")) for one in operations] == ["v1"] * len(OPERATIONS[name])
    assert {one.get("style") for one in root.iter(f"{{{soap}}}binding", f"{{{soap}}}operation")} == {
        "document"
    }
    assert {one.get("use") for one in root.iter(f"{{{soap}}}body", f"{{{soap}}}header")} == {"literal"}
    for way in root.iter(f"{{{WSDL}}}input", f"{{{WSDL}}}output"):
        if way.get("message") is None:
            parts = [header.get("part") for header in way.findall(f"{{{soap}}}header")]
            assert parts == ["client", "service", "userId", "id", "issue", "protocolVersion"]


def test_a_file_that_is_not_local_is_refused():
    """No address outside the given directories is ever loaded, whatever it looks like."""
    files = LocalFiles(WSDLS, XSDS)
    with pytest.raises(SettingsError, match=r"xml2001\.xsd"):
        files.load("https://www.w3.org/xml2001.xsd")
    assert files.load("https://elsewhere.example/xroad.xsd") == (XSDS / "xroad.xsd").read_bytes()


def test_a_missing_import_stops_the_start(tmp_path: Path):
    """A WSDL whose import is not at hand is a SettingsError, not a download."""
    with pytest.raises(SettingsError, match=r"xroad\.xsd"):
        Contract(WSDLS / "zags-service.wsdl", schemas=tmp_path)


async def test_requests_and_answers_fit_the_schema(people):
    """What we send and what the simulator answers is valid against the XSD of the contract."""
    simulator = plug.simulator(people)
    for wsdl, operation, body in _requests(people):
        schema = _schema(wsdl)
        schema.assertValid(etree.fromstring(body))
        answer = await simulator.answer(operation, _envelope(wsdl, operation, body))
        (content,) = element_children(etree.fromstring(answer.body).find(q(SOAP, "Body")))
        schema.assertValid(content)


async def test_faults_in_the_content_fit_the_schema(people):
    """A failure told inside the response is part of the contract."""
    simulator = plug.simulator(people)
    simulator.misbehave("zags-service", Misbehaviour(mode=FaultMode.FAULT_IN_CONTENT))
    simulator.misbehave("passport-service", Misbehaviour(mode=FaultMode.FAULT_IN_CONTENT))
    for wsdl, operation, body in _requests(people):
        answer = await simulator.answer(operation, _envelope(wsdl, operation, body))
        (content,) = element_children(etree.fromstring(answer.body).find(q(SOAP, "Body")))
        _schema(wsdl).assertValid(content)
        assert content.findtext(f".//{{{PRODUCER}}}faultcode") == "500"


async def test_strict_zeep_reads_every_answer(people):
    """An independent strict reader finds the same values in the simulator's answers."""
    simulator = plug.simulator(people)
    read = {}
    for wsdl, operation, body in _requests(people):
        client = _client(wsdl)
        answer = await simulator.answer(operation, _envelope(wsdl, operation, body))
        binding = client.service._binding
        read[operation] = binding.process_reply(client, binding.get(operation), _http(answer)).body.response
    child, adult = people.roles["child"], people.roles["adult"]
    assert read["zagsDataByPin"].surname == child.surname.upper()
    assert read["zagsDataByPin"].dateOfBirth.date() == child.birth_date
    assert read["zagsPinsByNSPDate"].pin == [child.pin]
    assert read["zagsPinBirthAct"].mother.firstName == people.roles["mother"].given_name.upper()
    assert read["passportDataByPSN"].passportNumber == adult.passport.number


@pytest.mark.parametrize("mode", [FaultMode.REORDERED, FaultMode.MISSING_FIELD, FaultMode.DRIFTED_DATES])
async def test_drift_really_breaks_the_contract(people, mode):
    """The simulator's drift is real: the schema refuses what the tolerant reader must cope with."""
    simulator = plug.simulator(people)
    simulator.misbehave("zags-service", Misbehaviour(mode=mode))
    wsdl, operation, body = _requests(people)[0]
    answer = await simulator.answer(operation, _envelope(wsdl, operation, body))
    (content,) = element_children(etree.fromstring(answer.body).find(q(SOAP, "Body")))
    assert not _schema(wsdl).validate(content)


async def test_the_simulator_speaks_the_members_dialect(people):
    """Prefixes, the order and values of the header, and the echoed request are those of the real service."""
    simulator = plug.simulator(people)
    wsdl, operation, body = _requests(people)[0]
    sent = _envelope(wsdl, operation, body).replace(
        b"</soapenv:Header>", b'<x:Other xmlns:x="urn:x">kept</x:Other></soapenv:Header>'
    )
    answer = await simulator.answer(operation, sent)
    root = etree.fromstring(answer.body)
    header, asked = root.find(q(SOAP, "Header")), etree.fromstring(sent).find(q(SOAP, "Header"))
    names = [etree.QName(one).localname for one in header]
    assert names == ["client", "service", "userId", "id", "issue", "protocolVersion", "Other"]
    assert (root.prefix, header[0].prefix, header[0][0].prefix) == ("SOAP-ENV", "xrd", "id")
    assert root.find(q(SOAP, "Body"))[0].prefix == "ts1"
    told = {one.tag: [*one.attrib.items(), *one.itertext()] for one in header}
    assert told == {one.tag: [*one.attrib.items(), *one.itertext()] for one in asked}
    echo = root.find(f".//{{{PRODUCER}}}request")
    assert [one.text for one in echo] == [people.roles["child"].pin, "true"]


async def test_the_simulator_takes_unqualified_requests(people):
    """The real service is lenient towards requests without a namespace inside, and so is ours."""
    simulator = plug.simulator(people)
    body = (
        f'<p:zagsDataByPin xmlns:p="{PRODUCER}"><request><pin>{people.roles["child"].pin}</pin></request>'
        "</p:zagsDataByPin>"
    )
    answer = await simulator.answer(
        "zagsDataByPin", _envelope("zags-service.wsdl", "zagsDataByPin", body.encode())
    )
    assert people.roles["child"].surname.upper() in answer.body.decode()


async def test_the_simulator_refuses_what_it_cannot_serve(people):
    """An unknown operation, another operation's body and no XML at all are SOAP faults."""
    simulator = plug.simulator(people)
    wsdl, _, body = _requests(people)[0]
    envelope = _envelope(wsdl, "zagsDataByPin", body)
    for service, sent in (("noSuch", envelope), ("zagsPinBirthAct", envelope), ("zagsDataByPin", b"<")):
        answer = await simulator.answer(service, sent)
        assert answer.status == 500
        assert etree.fromstring(answer.body).find(f".//{q(SOAP, 'Fault')}") is not None


def test_a_strict_reader_alone_would_not_do(people):
    """A strict zeep refuses an unknown field that the adapter must tolerate: so it never reads for us."""
    client = _client("zags-service.wsdl")
    binding = client.service._binding
    pin = people.roles["child"].pin
    text = (
        f'<e:Envelope xmlns:e="{SOAP}" xmlns:p="{PRODUCER}"><e:Body><p:zagsPinsByNSPDateResponse><p:request>'
        "<p:name>А</p:name><p:surname>Б</p:surname><p:patronymic/><p:birthdate>2020-01-01T00:00:00</p:birthdate>"
        f"</p:request><p:response><p:new>1</p:new><p:pin>{pin}</p:pin></p:response>"
        "</p:zagsPinsByNSPDateResponse></e:Body></e:Envelope>"
    )
    response = requests.Response()
    response.status_code, response._content = 200, text.encode()
    response.headers["Content-Type"] = "text/xml"
    with pytest.raises(Error):
        binding.process_reply(client, binding.get("zagsPinsByNSPDate"), response)
