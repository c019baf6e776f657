"""Every legal header over real HTTP: what the running gateway answers carries it back equal, signed or not."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.wiring.keys import read_signer
from gateway.xroad.binding import binding_form
from gateway.xroad.envelope import CONTENT_TYPE, Message, Shell, read_message
from gateway.xroad.header import Header
from gateway.xroad.namespaces import SOAP
from gateway.xroad.security import Demands, Sealing, sign_message, verify_message
from tests.effort import EFFORT
from tests.hostile.caller import Caller, parts_of, question, signer_of
from tests.hostile.served import Served
from tests.xroad.documents import Document, Fixed, documents
from tests.xroad.test_round_trip import assert_returned

MANY = settings(max_examples=40 * EFFORT, deadline=None, suppress_health_check=list(HealthCheck))


@dataclass(frozen=True, kw_only=True)
class Drawn(Shell):
    """A shell that wraps a Body by a drawn document."""

    document: Document

    def wrap(self, body: bytes, security: bytes = b"") -> bytes:
        return self.document.text(body=body.decode(), security=security.decode()).encode()


@pytest.fixture(scope="module")
def caller(gateway: Served) -> Iterator[Caller]:
    made = Caller(port=gateway.port)
    yield made
    made.close()


@pytest.fixture(scope="module")
def questions(gateway: Served) -> dict[bool, tuple[Header, bytes]]:
    """Header and content of a question, unsigned and signed."""
    return {signed: parts_of(question(gateway, signed=signed)) for signed in (False, True)}


@pytest.fixture(scope="module")
def sealing(gateway: Served) -> Sealing:
    return Sealing(signer=signer_of(gateway))


def drawn(data: st.DataObject, asked: tuple[Header, bytes], *, comments: bool) -> tuple[Drawn, bytes]:
    """Draw a document under an agency's identity; give it with the question's content."""
    header, content = asked
    fixed = Fixed(client=header.client, service=header.service, fresh=True)
    document = data.draw(documents(fixed, comments=comments))
    return Drawn(prefix="s", header=b"", header_end=b"", document=document), content


@MANY
@given(data=st.data())
def test_a_header_comes_back_equal_over_http(
    caller: Caller, questions: dict[bool, tuple[Header, bytes]], data: st.DataObject
) -> None:
    """Whatever its layout, an unsigned question's header comes back equal in both canonical forms."""
    shell, content = drawn(data, questions[False], comments=True)
    status, answer = caller.post(shell.wrap(shell.body(content)))
    assert status == 200, answer.decode()
    assert b"<isuo:resultCode>OK</isuo:resultCode>" in answer
    assert_returned(shell.document, answer)


@MANY
@given(data=st.data())
def test_a_signed_header_comes_back_equal_over_http(
    gateway: Served,
    caller: Caller,
    questions: dict[bool, tuple[Header, bytes]],
    sealing: Sealing,
    data: st.DataObject,
) -> None:
    """Signed, it comes back equal but for wsse:Security, and the answer's own signature covers it."""
    shell, content = drawn(data, questions[True], comments=False)
    header = etree.fromstring(shell.document.text().encode()).find(f"{{{SOAP}}}Header")
    request = sign_message(shell, content, sealing, at=datetime.now(UTC), header_form=binding_form(header))
    status, answer = caller.post(request)
    assert status == 200, answer.decode()
    assert_returned(shell.document, answer)
    message = read_message(answer, CONTENT_TYPE)
    assert isinstance(message, Message)
    verify_message(message.root, [read_signer(gateway.settings).certificate], Demands())
