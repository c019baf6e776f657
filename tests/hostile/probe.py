"""A probe: what is sent, and what may come of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args
from uuid import uuid4

from tests.hostile.wire import Pieces

# fault: a SOAP Fault of the client from the endpoint; refused: that, an HTTP 4xx, or the door closed;
# legal: answered; either: legal to some readers of the standards, so answered or refused
Verdict = Literal["fault", "refused", "legal", "either"]

CANARY_PIN = "23112199977777"
CANARY_NAME = "Канарейкина"
ISUO = "urn:kg:isuo:producer:v1"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XROAD = "http://x-road.eu/xsd/xroad.xsd"
IDENTIFIERS = "http://x-road.eu/xsd/identifiers"
TEXT_XML = "text/xml; charset=utf-8"

MESSAGE = f"""<?xml version="1.0" encoding="UTF-8"?>
<e:Envelope xmlns:e="{SOAP}"><e:Header xmlns:x="{XROAD}" xmlns:i="{IDENTIFIERS}"><x:client i:objectType="SUBSYSTEM"><i:xRoadInstance>central-server</i:xRoadInstance><i:memberClass>GOV</i:memberClass><i:memberCode>70000011</i:memberCode><i:subsystemCode>state-services-portal</i:subsystemCode></x:client><x:service i:objectType="SERVICE"><i:xRoadInstance>central-server</i:xRoadInstance><i:memberClass>GOV</i:memberClass><i:memberCode>70000016</i:memberCode><i:subsystemCode>isuo-service</i:subsystemCode><i:serviceCode>getLearnerStatus</i:serviceCode><i:serviceVersion>v1</i:serviceVersion></x:service><x:userId>KG-officer</x:userId><x:id>MESSAGE-ID</x:id><x:issue>CASE/1</x:issue><x:protocolVersion>4.0</x:protocolVersion></e:Header><e:Body><p:getLearnerStatus xmlns:p="{ISUO}"><p:context><p:purposeCode>BENEFIT_CASE</p:purposeCode><p:legalBasisRef>law</p:legalBasisRef><p:agreementNo>PORTAL-2026-01</p:agreementNo><p:requestOrg>Portal</p:requestOrg><p:requestPerson>{CANARY_NAME}</p:requestPerson><p:caseRef>CASE/1</p:caseRef></p:context><p:subject><p:pin>{CANARY_PIN}</p:pin><p:control><p:birthDate>1999-12-31</p:birthDate></p:control></p:subject></p:getLearnerStatus></e:Body></e:Envelope>"""  # fmt: skip
DOCUMENT = f"""<p:verifyEducationDocument xmlns:p="{ISUO}"><p:context><p:purposeCode>DOCUMENT_CHECK</p:purposeCode><p:agreementNo>PORTAL-2026-01</p:agreementNo><p:requestOrg>Portal</p:requestOrg><p:requestPerson>{CANARY_NAME}</p:requestPerson><p:caseRef>CASE/1</p:caseRef></p:context><p:document><p:type>CERT_11</p:type><p:series>SERIES</p:series><p:number>NUMBER</p:number></p:document><p:holder><p:pin>{CANARY_PIN}</p:pin></p:holder></p:verifyEducationDocument>"""  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Probe:
    """`code` is the Fault's code behind `Client.` where it matters which; `deadline` is in seconds."""

    name: str
    pieces: Pieces
    verdict: Verdict
    code: str = ""
    deadline: float = 10.0


def message(*swaps: tuple[str, str]) -> str:
    """Write the legal message under a new id, with each text that is there swapped for another."""
    text = MESSAGE
    for old, new in swaps:
        if old not in text:
            raise ValueError(f"{old!r} is not in the message")
        text = text.replace(old, new)
    return text.replace("MESSAGE-ID", f"hostile-{uuid4()}")


def document_message(series: str, number: str) -> str:
    """Write a legal question about an education document."""
    start, end = MESSAGE.index("<p:getLearnerStatus"), MESSAGE.index("</e:Body>")
    content = DOCUMENT.replace("SERIES", series).replace("NUMBER", number)
    text = MESSAGE[:start] + content + MESSAGE[end:]
    text = text.replace("getLearnerStatus</i:serviceCode>", "verifyEducationDocument</i:serviceCode>")
    return text.replace("MESSAGE-ID", f"hostile-{uuid4()}")


def request(
    body: bytes | str,
    *,
    content_type: str | None = TEXT_XML,
    headers: Iterable[str] = (),
    line: str = "POST /xroad HTTP/1.1",
) -> bytes:
    """Write one whole request that ends its connection."""
    data = body.encode() if isinstance(body, str) else body
    lines = [line, "Host: gateway", f"Content-Length: {len(data)}", "Connection: close", *headers]
    if content_type is not None:
        lines.append(f"Content-Type: {content_type}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + data


def once(data: bytes) -> Pieces:
    """Send everything at once."""
    return lambda: [data]


def post(  # the fields of a probe
    name: str, body: bytes | str, verdict: Verdict, code: str = "", *, content_type: str | None = TEXT_XML
) -> Probe:
    """Make the probe that posts a body."""
    return Probe(name=name, pieces=once(request(body, content_type=content_type)), verdict=verdict, code=code)


def whole() -> bytes:
    """Write the legal request."""
    return request(message())


def verdict_of(word: str) -> Verdict:
    """Read a verdict of a table."""
    return next(known for known in get_args(Verdict) if known == word)
