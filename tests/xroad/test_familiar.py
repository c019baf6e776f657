"""Familiar headers: whatever is recognised is what would have been read."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.foundation.errors import ContractError
from gateway.xroad.envelope import CONTENT_TYPE, Message, answering_shell, read_message
from gateway.xroad.header import Header, read_header
from gateway.xroad.namespaces import IDENTIFIERS, SOAP, XROAD
from tests.xroad.messages import signed, unsigned
from tests.xroad.test_header import HEADERS, written

PLAIN = ("KG1", "id-1", "case/1")
TEXTS = (
    "Айгүл Өмүрбек кызы", " x ", "\t\n", "Body", "Header", "a/b", "'\"", "]", "]]", "]]>", "a&amp;b", "&#60;", "",
    "<!-- -->", "a<!-- -->b", "<![CDATA[a]]>", "<?x y?>", "\r\n", "\x01", "\ufffe", "a>b", "</id>", "🎓",
    "mark-0-of-a-familiar-header", "mark-1-of-a-familiar-header", "xmlns:x='y'", "-->", "x" * 9000,
)  # fmt: skip


def _document(user: str, message_id: str, issue: str, before: str = "", *, wrap: str = "{}") -> bytes:
    member = "".join(
        f"<i:{name}>{value}</i:{name}>"
        for name, value in zip(
            ("xRoadInstance", "memberClass", "memberCode"), ("central-server", "GOV", "70000003"), strict=True
        )
    )
    fields = (
        f'<x:client i:objectType="MEMBER">{member}</x:client>'
        f'<x:service i:objectType="SERVICE">{member}<i:serviceCode>getThing</i:serviceCode></x:service>'
        f"{before}<x:userId>{user}</x:userId><x:id>{message_id}</x:id><x:issue>{issue}</x:issue>"
        "<x:protocolVersion>4.0</x:protocolVersion>"
    )
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:x="{XROAD}" xmlns:i="{IDENTIFIERS}">'
        f"<s:Header>{wrap.format(fields)}</s:Header><s:Body><getThing/></s:Body></s:Envelope>"
    ).encode("utf-8", "surrogatepass")


def _is_alike(data: bytes, content_type: str = CONTENT_TYPE) -> bool:
    """Read a message twice, so that it is familiar if ever; hold what is known against what its tree says."""
    for _ in range(2):
        try:
            message = read_message(data, content_type)
        except ContractError:
            continue
        if isinstance(message, Message) and message.seen is not None:
            assert answering_shell(message) == answering_shell(replace(message, seen=None)), data[:2000]
            assert message.header == read_header(message.header_element), data[:2000]
            return True
    return False


def test_a_plain_header_is_recognised() -> None:
    """With other texts between the same bytes the header is not read again, and says what those texts say."""
    for user, message_id, issue in (PLAIN, ("Ө", "2", "in 3"), ("a b", "4", "5")):
        message = read_message(_document(user, message_id, issue), CONTENT_TYPE)
        assert isinstance(message, Message)
        assert message.seen is not None
        assert (message.header.user_id, message.header.message_id, message.header.issue) == (
            user,
            message_id,
            issue,
        )


def test_ours_and_no_signed_one_is_recognised() -> None:
    """The headers we write are plain; one with a signature in it is always read."""
    assert _read(unsigned()).seen is not None
    assert _read(signed()).seen is None


@pytest.mark.parametrize("place", range(3))
def test_any_text_in_any_field_is_read_alike(place: int) -> None:
    """Texts that hold markup, or would end it, change nothing: the same header, the same shell, the same refusal."""
    for text in TEXTS:
        told = list(PLAIN)
        told[place] = text
        _is_alike(_document(*told))


TRAPS: tuple[Callable[[str], bytes], ...] = (
    lambda text: _document(*PLAIN, f"<!-- <x:id>{text}</x:id> -->"),
    lambda text: _document(*PLAIN, f"<?x <x:id>{text}</x:id> ?>"),
    lambda text: _document(*PLAIN, f"<x:issue><![CDATA[<x:id>{text}</x:id>]]></x:issue>").replace(
        b"<x:issue>case/1</x:issue>", b""
    ),
    lambda text: _document(*PLAIN, f"<!-- </s:Header> --><other>{text}</other>"),
    lambda text: _document(*PLAIN, f"<o a='</s:Header>'>{text}</o>"),
    lambda text: _document(*PLAIN, f"<x:id>{text}</x:id>"),
    lambda text: _document(*PLAIN, f"<other><x:id>{text}</x:id></other>"),
    lambda text: _document(*PLAIN, f"<id xmlns=''>{text}</id>"),
    lambda text: _document(*PLAIN, f"<x:requestHash>{text}</x:requestHash>"),
    lambda text: _document(*PLAIN, "<s:Header/>") + text.encode(),
    lambda text: _document("mark-1-of-a-familiar-header<!-- -->", text, "mark-0-of-a-familiar-header"),
    lambda text: _document("mark-1-of-a-familiar-header&#32;".replace("&#32;", "<!---->"), text, "b"),
    lambda text: _document("a", text, "b", wrap="<s:Header>{}</s:Header>"),
    lambda text: b"<?xml version='1.0' encoding='koi8-r'?>" + _document("a", "b", "\u0416" + text),
    lambda text: b"\xef\xbb\xbf" + _document("a", text, "b"),
    lambda text: _document("a", text, "b").decode().encode("utf-16"),
    lambda text: _document("a", text, "b").replace(b"<x:id>", b'<x:id a="1&gt;2">'),
    lambda text: _document("a", text, "b").replace(b"<x:id>", b"<x:id xmlns:y='urn:y'>"),
    lambda text: _document("a", text, "b").replace(b"</s:Header>", b"</s:Header ><s:Header></s:Header>"),
    lambda text: _document("a", text, "b").replace(b"<s:Body>", b"<s:Header><x:id>9</x:id></s:Header><s:Body>"),
)  # fmt: skip


@pytest.mark.parametrize("number", range(len(TRAPS)))
def test_what_only_looks_like_a_field_is_read_alike(number: int) -> None:
    """A field's name in a comment, an instruction, an attribute, another element or encoding misleads nobody."""
    for text in ("first", "second", " --> ", " ?> ", "Ө", "x]", "'"):
        _is_alike(TRAPS[number](text))


@given(header=HEADERS)
@settings(max_examples=60, deadline=None)
def test_whatever_we_write_is_read_alike(header: Header) -> None:
    """Every header that can be written comes back as it was, familiar or not."""
    _is_alike(written(header))


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_changed_byte_is_read_alike(data: st.DataObject) -> None:
    """Whatever byte is put anywhere into a familiar message, both ways say the same."""
    plain = _document(*PLAIN)
    at = data.draw(st.integers(min_value=0, max_value=len(plain)))
    put = data.draw(
        st.sampled_from([b"<", b">", b"&", b"]", b"/", b" ", b"\xd0", b'"', b"<!--", b"id>", b"x:"])
    )
    gone = data.draw(st.integers(min_value=0, max_value=3))
    assert _is_alike(plain)
    _is_alike(plain[:at] + put + plain[at + gone :])


@pytest.mark.needs("corpus")
def test_the_corpus_is_read_alike(corpus: Path) -> None:
    """Of the X-Road project's own messages some are recognised, and they are read alike."""
    with (corpus / "index.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    alike = [_is_alike((corpus / row["file"]).read_bytes(), row["content_type"]) for row in rows]
    assert any(alike)


def _read(data: bytes) -> Message:
    message = read_message(data, CONTENT_TYPE)
    assert isinstance(message, Message)
    return message
