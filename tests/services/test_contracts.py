"""The published contract as outsiders use it: read over HTTP, called by zeep, titled in three languages."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
import requests
import zeep
from lxml import etree

from gateway.xroad.namespaces import IDENTIFIERS, SOAP, XROAD
from tests.running import Running
from tests.services.test_endpoint import CERTIFICATE, adult

HEADER_FIELDS = ["client", "service", "userId", "id", "issue", "protocolVersion"]


class Recording(zeep.Plugin):
    """Keeps the envelopes zeep sent and got."""

    def egress(self, envelope, http_headers, operation, binding_options):
        self.sent = envelope
        return envelope, http_headers

    def ingress(self, envelope, http_headers, operation):
        self.got = envelope
        return envelope, http_headers


def _header(client: zeep.Client, product: Running, service_code: str) -> dict:
    identity = product.settings.identity
    make = client.get_type
    provider = {
        "xRoadInstance": identity.xroad_instance,
        "memberClass": identity.member_class,
        "memberCode": identity.member_code,
        "subsystemCode": identity.subsystem_code,
    }
    return {
        "client": make(f"{{{IDENTIFIERS}}}XRoadClientIdentifierType")(
            objectType="SUBSYSTEM",
            xRoadInstance="central-server",
            memberClass="GOV",
            memberCode="70000011",
            subsystemCode="state-services-portal",
        ),
        "service": make(f"{{{IDENTIFIERS}}}XRoadServiceIdentifierType")(
            objectType="SERVICE", **provider, serviceCode=service_code, serviceVersion="v1"
        ),
        "userId": "KG-officer",
        "id": f"zeep-{service_code}",
        "issue": "CASE/7",
        "protocolVersion": "4.0",
    }


def _context(purpose: str) -> dict:
    return {
        "purposeCode": purpose,
        "agreementNo": "PORTAL-2026-01",
        "requestOrg": "Portal",
        "requestPerson": "Officer",
        "caseRef": "CASE/7",
    }


def _call(product: Running, service_code: str, **content: object):
    """Call a service the way another agency's programmer would: the served WSDL and nothing else."""
    recording = Recording()
    with requests.Session() as session:
        session.trust_env = False
        transport = zeep.Transport(session=session)
        client = zeep.Client(f"{product.gateway}/wsdl/kopuro.wsdl", transport=transport, plugins=[recording])
        answer = client.service[service_code](**content, _soapheaders=_header(client, product, service_code))
    return answer, recording


def _fields(envelope: etree._Element) -> list[tuple[str, bytes]]:
    header = envelope.find(f"{{{SOAP}}}Header")
    return [
        (etree.QName(child).localname, etree.tostring(child, method="c14n", exclusive=True))
        for child in header
    ]


async def test_zeep_calls_the_learner_status(product: Running) -> None:
    """An outside stack gets typed values, and its header back: every field, the same order, equal bytes."""
    person = adult()
    answer, seen = await asyncio.to_thread(
        _call,
        product,
        "getLearnerStatus",
        context=_context("BENEFIT_CASE"),
        subject={"pin": person.pin, "control": {"birthDate": person.birth_date}},
    )
    body = answer.body if hasattr(answer, "body") else answer
    assert body.resultCode == "OK"
    assert body.status.studying is True
    assert body.status.period[0]["from"].isoformat() == "2025-09-01"
    assert _fields(seen.got) == _fields(seen.sent)
    assert [name for name, _ in _fields(seen.got)] == HEADER_FIELDS


async def test_zeep_checks_an_education_document(product: Running) -> None:
    """The second service answers a stock SOAP client as well."""
    kind, series, number = CERTIFICATE
    answer, seen = await asyncio.to_thread(
        _call,
        product,
        "verifyEducationDocument",
        context=_context("DOCUMENT_CHECK"),
        document={"type": kind, "series": series, "number": number},
        holder={"birthDate": adult().birth_date},
    )
    body = answer.body if hasattr(answer, "body") else answer
    assert body.documentStatus == "VALID"
    assert body.document.honours is False
    assert _fields(seen.got) == _fields(seen.sent)


async def test_zeep_gets_a_fault_it_understands(product: Running) -> None:
    """A wrong PIN arrives in zeep as a Fault with our code."""
    with pytest.raises(zeep.exceptions.Fault) as refusal:
        await asyncio.to_thread(
            _call,
            product,
            "getLearnerStatus",
            context=_context("BENEFIT_CASE"),
            subject={"pin": "123", "control": {"birthDate": "2020-01-01"}},
        )
    assert refusal.value.code.endswith("Client.PIN_INCORRECT")


async def test_every_import_of_the_served_contract_is_served_too(product: Running) -> None:
    """From the WSDL every schema location resolves on the same server; the address in it is ours."""
    seen: set[str] = set()
    wanted = [f"{product.gateway}/wsdl/kopuro.wsdl"]
    async with aiohttp.ClientSession() as http:
        while wanted:
            url = wanted.pop()
            async with http.get(url) as reply:
                assert reply.status == 200, url
                root = etree.fromstring(await reply.read())
            seen.add(urlsplit(url).path)
            for element in root.iter("{http://www.w3.org/2001/XMLSchema}import"):
                location = element.get("schemaLocation")
                target = str(Path(urlsplit(url).path).parent / location)
                normal = "/" + "/".join(_resolved(target))
                if normal not in seen:
                    wanted.append(product.gateway + normal)
            for address in root.iter("{http://schemas.xmlsoap.org/wsdl/soap/}address"):
                assert address.get("location") == f"{product.gateway}/xroad"
    assert {"/wsdl/kopuro.wsdl", "/schemas/isuo/isuo.xsd", "/schemas/xroad/xroad.xsd"} <= seen


def _resolved(path: str) -> Iterator[str]:
    parts: list[str] = []
    for part in path.strip("/").split("/"):
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return iter(parts)


def test_every_operation_is_titled_in_three_languages() -> None:
    """Catalogues read titles: ky (the ISO code), ru and en."""
    wsdl = etree.parse(Path(__file__).parents[2] / "wsdl" / "kopuro.wsdl")
    space = {"w": "http://schemas.xmlsoap.org/wsdl/", "x": XROAD}
    for operation in wsdl.findall(".//w:portType/w:operation", space):
        titles = operation.findall(".//x:title", space)
        assert [title.get("{http://www.w3.org/XML/1998/namespace}lang") for title in titles] == [
            "ky",
            "ru",
            "en",
        ]
    versions = wsdl.findall(".//w:binding/w:operation/x:version", space)
    assert [version.text for version in versions] == ["v1", "v1"]


async def test_a_path_outside_the_contracts_is_not_served(product: Running) -> None:
    """Only the WSDL and XSD files that were there at the start are answered."""
    async with aiohttp.ClientSession() as http:
        for path in ("/wsdl/../config/kopuro.toml", "/wsdl/%2e%2e/pyproject.toml", "/wsdl/README.md"):
            async with http.get(f"{product.gateway}{path}") as reply:
                assert reply.status in {403, 404, 401}
