"""zeep, as another agency's programmer uses it, calls every published service, with and without attachments."""

from typing import Any

import pytest
import requests
import zeep
from lxml import etree

from gateway.xroad.attachments import attachment
from gateway.xroad.namespaces import IDENTIFIERS
from gateway.xroad.packaging import Packaging, pack
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


class Attaching(zeep.Transport):
    """zeep sends no attachments: what it wrote becomes the first part of a multipart here."""

    def __init__(self, session: requests.Session, packaging: Packaging | None) -> None:
        super().__init__(session=session)
        self.packaging = packaging
        self.sent = self.got = b""

    def post(self, address: str, message: bytes, headers: dict[str, str]) -> requests.Response:
        self.sent = message
        if self.packaging:
            scan = attachment(SCAN, content_id="scan@zeep", content_type="image/png")
            packed = pack(message, [scan], packaging=self.packaging)
            message, headers = packed.whole(), {**headers, "Content-Type": packed.content_type}
        response = super().post(address, message, headers)
        self.got = response.content
        return response


def call(
    endpoint: Served, operation: str, content: dict[str, Any], packaging: Packaging | None
) -> tuple[Any, Attaching]:
    header = header_for(endpoint.settings, operation)
    with requests.Session() as session:
        session.trust_env = False
        transport = Attaching(session, packaging)
        client = zeep.Client(f"http://127.0.0.1:{endpoint.port}/wsdl/kopuro.wsdl", transport=transport)
        for name, kind in (
            ("client", "XRoadClientIdentifierType"),
            ("service", "XRoadServiceIdentifierType"),
        ):
            header[name] = client.get_type(f"{{{IDENTIFIERS}}}{kind}")(**header[name])
        answer = client.service[operation](**content, _soapheaders=header)
    assert_attached(endpoint, header["id"], packaging or "")
    return getattr(answer, "body", answer), transport


@pytest.mark.parametrize("packaging", PACKAGINGS)
def test_zeep_calls_every_service(endpoint: Served, packaging: Packaging) -> None:
    """Typed values come back, attached or not, and the header field by field in the same order and bytes."""
    answer, seen = call(endpoint, "getLearnerStatus", learner_question(), packaging or None)
    assert (answer.resultCode, answer.status.studying) == ("OK", True)
    checked, also = call(endpoint, "verifyEducationDocument", document_question(), packaging or None)
    assert (checked.documentStatus, checked.document.honours) == ("VALID", False)
    for each in (seen, also):
        assert header_fields(each.got) == header_fields(each.sent)
        assert [name for name, _ in header_fields(each.got)] == HEADER_FIELDS
        assert etree.fromstring(each.got).tag.endswith("}Envelope")
