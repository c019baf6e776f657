"""The parser's bounds one by one: what breaks them is refused before it costs, what keeps them is read."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.foundation.errors import ContractError
from gateway.foundation.xml import (
    MAX_ATTRIBUTES,
    MAX_DEPTH,
    MAX_ELEMENTS,
    MAX_NAME_BYTES,
    MAX_NAMESPACES,
    parse,
)
from gateway.xroad.envelope import canonical
from gateway.xroad.mime_types import charset_of

_PADDING = f"<!--{'x' * MAX_NAME_BYTES}-->"


def _attributes(count: int) -> str:
    return "<a " + " ".join(f'a{n}=""' for n in range(count)) + "/>"


def _namespaces(count: int) -> str:
    return "<a " + " ".join(f'xmlns:n{n}="urn:n"' for n in range(count)) + "/>"


def _names(size: int) -> str:
    """Write a document whose different names are that many bytes in all."""
    count, length = size // 64, 64
    return "<r>" + "".join(f"<n{n:0{length - 1}}/>" for n in range(count)) + "</r>"


KEPT_AND_BROKEN = {
    "elements": ("<r>" + "<a/>" * (MAX_ELEMENTS - 1) + "</r>", "<r>" + "<a/>" * MAX_ELEMENTS + "</r>"),
    "depth": ("<a>" * MAX_DEPTH + "</a>" * MAX_DEPTH, "<a>" * (MAX_DEPTH + 1) + "</a>" * (MAX_DEPTH + 1)),
    "attributes": (_PADDING + _attributes(MAX_ATTRIBUTES), _PADDING + _attributes(MAX_ATTRIBUTES + 1)),
    "namespaces": (_namespaces(MAX_NAMESPACES), _namespaces(MAX_NAMESPACES + 1)),
    "names": (_names(MAX_NAME_BYTES - 64), _names(MAX_NAME_BYTES + 64)),
    "a name": (f"<{'x' * MAX_NAME_BYTES}/>", f"<r><{'x' * (MAX_NAME_BYTES + 1)}/></r>"),
    "a namespace's name": (f'<a xmlns="urn:{"x" * 9_000}"/>', f'<a xmlns="urn:{"x" * MAX_NAME_BYTES}"/>'),
}


@pytest.mark.parametrize("bound", KEPT_AND_BROKEN)
def test_a_bound_is_where_it_says(bound: str) -> None:
    """A document at the bound is read, one beyond it is refused as invalid_soap."""
    kept, broken = KEPT_AND_BROKEN[bound]
    parse(kept.encode())
    with pytest.raises(ContractError) as refusal:
        parse(broken.encode())
    assert refusal.value.code == "invalid_soap"


def test_namespaces_out_of_scope_do_not_count() -> None:
    """A message that declares its namespaces anew on each of a thousand records is an ordinary message."""
    record = '<a xmlns="urn:a" xmlns:b="urn:b"><b:c/></a>'
    assert len(parse(f"<r>{record * 1_000}</r>".encode())) == 1_000


def test_a_long_answer_of_few_names_is_read() -> None:
    """Size alone is no offence: 20,000 records of the same shape pass."""
    record = '<pin n="1">10101202012345</pin>'
    assert len(parse(f"<r>{record * 20_000}</r>".encode())) == 20_000


def test_a_relative_namespace_has_no_canonical_form() -> None:
    """What cannot be canonicalised is the sender's fault, not ours."""
    with pytest.raises(ContractError) as refusal:
        canonical(parse(b'<a xmlns="there"/>'))
    assert refusal.value.code == "invalid_xml"


def _refusal(call: Callable[[], object]) -> str:
    """Give the code of a refusal, or nothing when there was none."""
    try:
        call()
    except ContractError as refusal:
        return refusal.code
    return ""


@given(st.text(st.characters(max_codepoint=255), max_size=60).map("text/xml;".__add__) | st.text(max_size=60))
def test_any_content_type_is_read_or_refused(label: str) -> None:
    """Whatever stands in a Content-Type, it is understood or refused by its own code."""
    assert _refusal(lambda: charset_of(label)) in {"", "invalid_content_type"}


@given(st.binary(max_size=300), st.none() | st.text(max_size=20))
def test_any_bytes_are_read_or_refused(data: bytes, charset: str | None) -> None:
    """Whatever stands in a document and in its label, it is parsed or refused as invalid_soap."""
    assert _refusal(lambda: parse(data, charset=charset)) in {"", "invalid_soap"}
