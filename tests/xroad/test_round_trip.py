"""Round trips: every legal header goes back as it came, and what we write is what is read."""

from dataclasses import replace
from typing import get_args
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.foundation.xml import parse
from gateway.xroad.attachments import attachment
from gateway.xroad.envelope import Message, answering_shell, asking_shell, read_message
from gateway.xroad.header import Header
from gateway.xroad.identifiers import SubsystemId, parse_subsystem
from gateway.xroad.namespaces import SOAP, WSSE, XROAD
from gateway.xroad.packaging import Packaging, pack
from tests.effort import EFFORT
from tests.xroad.documents import XML, Document, documents, headers, optional_texts, texts

ENCODINGS = st.sampled_from(
    [("utf-8", "utf-8"), ("utf-8", ""), ("utf-8-sig", ""), ("utf-16", "utf-16"), ("utf-16-le", "UTF-16LE")]
)


def told(document: Document, encoding: tuple[str, str] = ("utf-8", "")) -> Message:
    codec, label = encoding
    content_type = f"text/xml; charset={label}" if label else "text/xml"
    message = read_message(document.text().encode(codec), content_type)
    assert isinstance(message, Message)
    return message


def header_of(text: str | bytes) -> etree._Element:
    """Read a header with a plain parser, and leave out what is consumed: wsse:Security and requestHash."""
    header = etree.fromstring(text if isinstance(text, bytes) else text.encode()).find(f"{{{SOAP}}}Header")
    assert header is not None
    for child in [*header.findall(f"{{{WSSE}}}Security"), *header.findall(f"{{{XROAD}}}requestHash")]:
        _take_out(child)
    return header


def _take_out(child: etree._Element) -> None:
    before, above = child.getprevious(), child.getparent()
    if before is not None:
        before.tail = (before.tail or "") + (child.tail or "")
    else:
        above.text = (above.text or "") + (child.tail or "")
    child.tail = None
    above.remove(child)


def forms(header: etree._Element, *, exclusive: bool) -> list[bytes]:
    """Give the canonical form of every block, in order; of the whole with all between them when exclusive.

    Each is written from a document of its own: libxml2 writes the inclusive form of an inner element wrongly.
    """
    blocks = [child for child in header if isinstance(child.tag, str)]
    if exclusive:
        return [_form(each, exclusive=True) for each in (header, *blocks)]
    for block in blocks:
        for name, value in header.attrib.items():
            if name.startswith(f"{{{XML}}}"):
                block.set(name, block.get(name, value))
    return [_form(each, exclusive=False) for each in blocks]


def _form(element: etree._Element, *, exclusive: bool) -> bytes:
    alone = etree.fromstring(etree.tostring(element, encoding="utf-8", with_tail=False))
    return etree.tostring(alone, method="c14n", exclusive=exclusive, with_comments=False)


def meaning(data: str | bytes) -> list[object]:
    """Give what a second parser makes of a header: resolved names, attributes and texts, without what is consumed."""
    header = ET.fromstring(data).find(f"{{{SOAP}}}Header")
    assert header is not None
    gone = {f"{{{WSSE}}}Security", f"{{{XROAD}}}requestHash"}
    return [dict(header.attrib), *(_tree(each) for each in header if each.tag not in gone)]


def _tree(element: ET.Element) -> object:
    inside = [(_tree(child), child.tail or "") for child in element]
    return (element.tag, dict(element.attrib), element.text or "", inside)


def declared_for_hash(document: Document) -> str:
    """Write the declaration an answer adds: the id's own prefix, for the requestHash that will stand behind it."""
    header = header_of(document.text())
    prefix = header.find(f"{{{XROAD}}}id").prefix
    return f' xmlns:{prefix}="{XROAD}"' if prefix and prefix not in header.nsmap else ""


def assert_returned(document: Document, answer: bytes, *, security: str = "") -> None:
    """Compare an answer's header with its request's: by a second parser, and in both canonical forms."""
    asked = document.text(security=security)
    assert meaning(answer) == meaning(asked)
    assert forms(header_of(answer), exclusive=True) == forms(header_of(asked), exclusive=True)
    declared = declared_for_hash(document)
    asked = document.text(security=security, declared=declared)
    assert forms(header_of(answer), exclusive=False) == forms(header_of(asked), exclusive=False)


@settings(max_examples=200 * EFFORT)
@given(documents(), ENCODINGS)
def test_every_legal_header_is_read_as_it_was_meant(document: Document, encoding: tuple[str, str]) -> None:
    """Whatever the prefixes, order and spelling, the fields have the values the header was written from."""
    assert told(document, encoding).header == document.fields


@settings(max_examples=250 * EFFORT)
@given(documents(), ENCODINGS)
def test_every_legal_header_goes_back_equal(document: Document, encoding: tuple[str, str]) -> None:
    """Exclusive and inclusive canonical forms of every block are equal, in the same order."""
    message = told(document, encoding)
    shell = answering_shell(message)
    answer = shell.wrap(shell.body(f'<c:{document.name}Response xmlns:c="urn:c"/>'.encode()))
    assert_returned(document, answer)
    again = read_message(answer, "text/xml")
    assert isinstance(again, Message)
    assert again.header == replace(document.fields, request_hash="")
    parse(answer)


def built(header: Header) -> bytes:
    shell = asking_shell(header)
    return shell.wrap(shell.body(f'<p:{header.service.service_code} xmlns:p="urn:p"/>'.encode()))


@settings(max_examples=200 * EFFORT)
@given(headers())
def test_a_built_header_is_read_as_it_was_meant(header: Header) -> None:
    """Every field we can be given stands in the header we write, and means the same to a reader and the schema."""
    message = read_message(built(header), "text/xml")
    assert isinstance(message, Message)
    assert message.header == header


@given(documents())
def test_a_header_that_was_read_can_be_built_anew(document: Document) -> None:
    """Whatever a legal header says, our own spelling of it says the same."""
    header = replace(told(document).header, request_hash="")
    message = read_message(built(header), "text/xml")
    assert isinstance(message, Message)
    assert message.header == header


@given(texts, texts, texts, optional_texts)
def test_a_written_identifier_is_read_as_it_was(one: str, two: str, three: str, four: str) -> None:
    """A subsystem's text form is the one the configuration is read in, slashes and percent signs included."""
    made = SubsystemId(xroad_instance=one, member_class=two, member_code=three, subsystem_code=four)
    assert parse_subsystem(str(made)) == made


CONTENT_IDS = st.lists(
    st.text(st.sampled_from("abc019.@-_%&+="), min_size=1, max_size=12), unique=True, max_size=4
)
CONTENTS = st.binary(max_size=200) | st.sampled_from([b"", b"\r\n", b"--", b"\r\n--kopuro-", b"\r\n\r\n--"])
TYPES = st.sampled_from(["image/png", "text/plain; charset=utf-8", "application/octet-stream"])


@settings(max_examples=150 * EFFORT)
@given(headers(), st.sampled_from(get_args(Packaging)), CONTENT_IDS, st.data())
def test_a_packed_message_is_read_as_it_was(
    header: Header, packaging: Packaging, names: list[str], data: st.DataObject
) -> None:
    """SOAP bytes, ids, types and bytes of all attachments come out of a multipart as they went in, in order."""
    soap = built(header)
    given_ones = [
        attachment(data.draw(CONTENTS), content_id=name, content_type=data.draw(TYPES)) for name in names
    ]
    packed = pack(soap, given_ones, packaging=packaging)
    message = read_message(packed.whole(), packed.content_type)
    assert isinstance(message, Message)
    assert (message.soap, message.header) == (soap, header)
    assert [(each.content_id, each.content_type, each.read()) for each in message.attachments] == [
        (each.content_id, each.content_type, each.read()) for each in given_ones
    ]
