"""Masking: what nobody called public is never shown, whatever form a message has."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.exchange.masking import MASK, Node, masked_text, public_elements, shown_body

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
PERSONAL = {
    "pin", "isuoNo", "birthDate", "surname", "surnamePrefix", "name", "givenName", "patronymic", "number", "series",
    "organisation", "studying", "requestPerson", "caseRef", "userId", "faultstring", "detail", "issue", "address",
}  # fmt: skip


def texts(node: Node) -> set[str]:
    own = {node.value.text} if node.value else set()
    own |= {shown.text for _, shown in node.attributes}
    return own.union(*(texts(child) for child in node.children))


def test_nothing_personal_is_called_public() -> None:
    """No name under which persons are told of stands among the public ones, and those of our header do."""
    assert not PERSONAL & public_elements()
    assert {"memberCode", "serviceCode", "resultCode", "faultcode"} <= public_elements()


def test_every_element_of_our_schema_has_been_looked_at() -> None:
    """An element of isuo.xsd is public or hidden on purpose: what is public is a code, a number or a date of ours."""
    tree = etree.parse(SCHEMAS / "isuo" / "isuo.xsd")
    names = set(tree.xpath("//@name"))
    assert {"pin", "surnamePrefix"} <= names - public_elements()
    assert {"resultCode", "registrySeq", "purposeCode"} <= names & public_elements()


@given(st.lists(st.text("абвгд12345", min_size=6, max_size=12), min_size=1, max_size=6))
def test_no_hidden_value_is_shown_in_xml_or_json(values: list[str]) -> None:
    """Values of elements, attributes, texts beside children, members and lists are all masked; revealed, all stand there."""
    root = etree.Element("{urn:z}answer")
    for value in values:
        child = etree.SubElement(root, "{urn:z}surname", alias=value)
        child.text = value
        etree.SubElement(child, "inner").text = value
    for body in (
        etree.tostring(root),
        json.dumps({"people": [{"surname": each} for each in values]}).encode(),
    ):
        masked = shown_body(body, revealed=False)
        assert masked.tree
        assert not texts(masked.tree) & set(values)
        assert MASK in texts(masked.tree)
        assert not any(each in masked_text(body) for each in values)
        revealed = shown_body(body, revealed=True)
        assert revealed.tree
        shown = " ".join(texts(revealed.tree))
        assert all(each in shown for each in values)


@pytest.mark.parametrize(
    "body", [b"", b"%PDF-1.7", b"<a><b></a>", b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', b"{", b"\xff\xfe"]
)
def test_what_cannot_be_read_is_told_by_its_size(body: bytes) -> None:
    """A body that is no XML and no JSON shows nothing masked."""
    found = shown_body(body, revealed=False)
    assert (found.form, found.tree, found.size) == ("bytes", None, len(body))
    assert masked_text(body) == ""


def test_a_message_with_attachments_shows_its_root_and_counts_the_rest() -> None:
    """Of a multipart body the first part is taken apart, the others are counted."""
    root = b"<a><pin>12301200112345</pin><resultCode>OK</resultCode></a>"
    body = b"--b\r\nContent-Type: text/xml\r\n\r\n" + root + b"\r\n--b\r\n\r\nphoto\r\n--b--\r\n"
    found = shown_body(body, revealed=False)
    assert (found.form, found.parts) == ("xml", 1)
    assert found.tree
    assert texts(found.tree) == {MASK, "OK"}


def test_a_masked_text_is_xml_again_and_leaves_out_what_is_asked() -> None:
    """What is copied as code parses with its namespaces, without the signature that no longer fits."""
    body = b'<a:e xmlns:a="urn:a"><w:Security xmlns:w="urn:w"><w:x>1</w:x></w:Security><b xmlns="urn:b"><pin>1</pin></b></a:e>'
    root = etree.fromstring(masked_text(body, leave_out=frozenset({"Security"})).encode())
    assert [each.tag for each in root.iter()] == ["{urn:a}e", "{urn:b}b", "{urn:b}pin"]
    assert root[0][0].text == MASK
