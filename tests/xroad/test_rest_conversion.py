"""JSON and XML change into each other by the schema alone: for the published contract and for one full of corners."""

import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from lxml import etree

from gateway.foundation.errors import ContractError, SettingsError
from gateway.foundation.xml import parse
from gateway.xroad.contracts import Schema
from gateway.xroad.rest.compile import read_services
from gateway.xroad.rest.json_schema import Schemas
from gateway.xroad.rest.json_text import read_json
from gateway.xroad.rest.plan import Choice, Element, Group, Leaf, Particle, Sequence, Service
from gateway.xroad.rest.to_json import to_json
from gateway.xroad.rest.to_xml import to_xml
from gateway.xroad.scalars import Kind

ROOT = Path(__file__).parents[2]
CORNERS = """
  <xs:simpleType name="Colour"><xs:restriction base="xs:string">
    <xs:enumeration value="red"/><xs:enumeration value="blue"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Small"><xs:restriction base="xs:int">
    <xs:minInclusive value="-5"/><xs:maxInclusive value="5"/></xs:restriction></xs:simpleType>
  <xs:complexType name="Base"><xs:sequence><xs:element name="id" type="xs:long"/></xs:sequence></xs:complexType>
  <xs:complexType name="Item"><xs:complexContent><xs:extension base="Base"><xs:sequence>
    <xs:element name="colour" type="Colour" minOccurs="0"/>
    <xs:element name="tag" type="xs:string" minOccurs="0" maxOccurs="3"/>
    <xs:element name="inner" minOccurs="0"><xs:complexType><xs:sequence>
      <xs:element name="point" minOccurs="1" maxOccurs="unbounded"><xs:complexType><xs:all>
        <xs:element name="x" type="xs:double"/><xs:element name="y" type="xs:decimal" minOccurs="0"/>
      </xs:all></xs:complexType></xs:element>
    </xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:extension></xs:complexContent></xs:complexType>
  <xs:group name="Flags"><xs:sequence>
    <xs:element name="on" type="xs:boolean"/><xs:element name="off" type="xs:boolean" minOccurs="0"/>
  </xs:sequence></xs:group>
  <xs:element name="shared" type="xs:date"/>
  <xs:element name="ask"><xs:complexType><xs:sequence>
    <xs:element name="item" type="Item" maxOccurs="unbounded"/>
    <xs:choice>
      <xs:sequence><xs:element name="from" type="xs:date"/><xs:element name="to" type="xs:date" minOccurs="0"/></xs:sequence>
      <xs:element name="to" type="xs:date"/>
      <xs:element name="at" type="xs:dateTime" maxOccurs="2"/>
    </xs:choice>
    <xs:choice minOccurs="0"><xs:element name="left" type="Small"/><xs:element name="right" type="Small"/></xs:choice>
    <xs:sequence minOccurs="0"><xs:element name="whole" type="xs:integer"/><xs:group ref="Flags"/></xs:sequence>
    <xs:sequence maxOccurs="unbounded" minOccurs="0"><xs:element name="again" type="xs:unsignedByte"/></xs:sequence>
    <xs:element ref="shared" minOccurs="0"/>
    <xs:element name="photo" type="xs:base64Binary" minOccurs="0"/>
    <xs:element name="empty" minOccurs="0"><xs:complexType><xs:sequence/></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="askResponse" type="Item"/>
"""
_FRAME = """<wsdl:definitions name="t" targetNamespace="urn:t" xmlns="urn:t" xmlns:tns="urn:t"
    xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <wsdl:types><xs:schema><xs:import namespace="urn:t" schemaLocation="t.xsd"/></xs:schema></wsdl:types>
  <wsdl:message name="ask"><wsdl:part name="body" element="tns:ask"/></wsdl:message>
  <wsdl:message name="askResponse"><wsdl:part name="body" element="tns:askResponse"/></wsdl:message>
  <wsdl:portType name="P"><wsdl:operation name="ask">
    <wsdl:input message="tns:ask"/><wsdl:output message="tns:askResponse"/></wsdl:operation></wsdl:portType>
  <wsdl:binding name="B" type="tns:P"><soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="ask"><soap:operation soapAction=""/>
      <wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output>
    </wsdl:operation></wsdl:binding>
</wsdl:definitions>"""


def contract(folder: Path, declared: str) -> tuple[Service, Schema]:
    """Write a contract of one operation `ask` and compile it, here and by libxml2."""
    (folder / "t.xsd").write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:t" targetNamespace="urn:t"'
        f' elementFormDefault="qualified">{declared}</xs:schema>'
    )
    (folder / "t.wsdl").write_text(_FRAME)
    (service,) = read_services(folder / "t.wsdl")
    return service, Schema(folder / "t.xsd")


@pytest.fixture(scope="module")
def corners(tmp_path_factory: pytest.TempPathFactory) -> tuple[Service, Schema]:
    return contract(tmp_path_factory.mktemp("contract"), CORNERS)


@pytest.fixture(scope="module")
def published() -> tuple[tuple[Service, ...], Schema]:
    services = read_services(ROOT / "wsdl" / "kopuro.wsdl", directories=(ROOT / "schemas",))
    return services, Schema(ROOT / "schemas" / "isuo" / "isuo.xsd")


_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
)
_DAYS = st.dates().map(lambda day: day.isoformat())
_BY_KIND: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.BOOLEAN: st.booleans(),
    Kind.NUMBER: st.floats(allow_nan=False, allow_infinity=False),
    Kind.DECIMAL: st.decimals(
        allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9
    ),
    Kind.DATE: _DAYS,
    Kind.DATETIME: st.datetimes().map(lambda at: at.isoformat()),
    Kind.BYTES: st.sampled_from(["", "AAEC", "AA=="]),
}
_RANGES = {
    "nonNegativeInteger": (0, 10**30), "int": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1),
    "unsignedByte": (0, 255), "integer": (-(10**30), 10**30),
}  # fmt: skip


def leaf_values(leaf: Leaf) -> st.SearchStrategy[Any]:
    limits = dict(leaf.limits)
    if leaf.allowed:
        return st.sampled_from(leaf.allowed)
    if leaf.kind == Kind.INTEGER:
        low, high = _RANGES[leaf.built_in]
        low, high = int(limits.get("minInclusive", low)), int(limits.get("maxInclusive", high))
        return st.integers(low, high)
    if leaf.kind != Kind.TEXT:
        return _BY_KIND[leaf.kind]
    if leaf.patterns and leaf.kind == Kind.TEXT:
        return st.from_regex(f"\\A(?:{leaf.patterns[0][0]})\\Z".replace("\\d", "[0-9]"))
    return _TEXT.map(
        lambda text: text[: int(limits.get("maxLength", 50))].ljust(int(limits.get("minLength", 0)), "x")
    )


def values(content: Leaf | Group) -> st.SearchStrategy[Any]:
    return leaf_values(content) if isinstance(content, Leaf) else members(content.particle)


def members(part: Particle) -> st.SearchStrategy[dict[str, Any]]:
    """Documents of a particle: every branch, every absence, every count the schema allows."""
    if isinstance(part, Element):
        one = values(part.content)
        most = part.minimum + 2 if part.maximum is None else part.maximum
        made = st.lists(one, min_size=max(1, part.minimum), max_size=max(1, most)) if part.many else one
        there = made.map(lambda value: {part.name: value})
        return there if part.minimum else st.one_of(there, st.just({}))
    if isinstance(part, Choice):
        branches = [members(branch) for branch in part.branches]
        return st.one_of(*branches, *([] if part.required else [st.just({})]))
    assert isinstance(part, Sequence)
    whole = st.tuples(*map(members, part.parts)).map(lambda each: {k: v for d in each for k, v in d.items()})
    return whole if part.required else st.one_of(whole, st.just({}))


def dumped(value: Any) -> bytes:
    """Write JSON with decimals as numbers."""
    marked = json.dumps(value, default=lambda number: f"\u2060{number:f}\u2060", ensure_ascii=False)
    return marked.replace('"\u2060', "").replace('\u2060"', "").encode()


def same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and not isinstance(other, bool):
        return math.isclose(one, float(other), rel_tol=0, abs_tol=0)
    return (type(one) is type(other) and one == other) or (isinstance(one, Decimal) and one == other)


def check_there_and_back(element: Element, schema: Schema, value: Any) -> None:
    made = to_xml(read_json(dumped(value)), element)
    travelled = parse(etree.tostring(made))
    schema.check(travelled, whose="request")
    back = read_json(to_json(travelled, element))
    assert same(value, back), (value, back)
    validator(element).validate(json.loads(to_json(travelled, element)))


@given(data=st.data())
@settings(max_examples=120, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_there_and_back_is_the_same_for_a_contract_full_of_corners(
    corners: tuple[Service, Schema], data: st.DataObject
) -> None:
    """Repeated, optional, nested, chosen, derived, grouped: JSON → XML fits the XSD, and → JSON is what it was."""
    service, schema = corners
    element = data.draw(st.sampled_from([service.request, service.answer]))
    check_there_and_back(element, schema, data.draw(values(element.content)))


@given(data=st.data())
@settings(max_examples=80, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_there_and_back_is_the_same_for_the_published_contract(
    published: tuple[tuple[Service, ...], Schema], data: st.DataObject
) -> None:
    """Every document our own contract allows survives the way there and back, requests and answers alike."""
    services, schema = published
    element = data.draw(st.sampled_from([side for one in services for side in (one.request, one.answer)]))
    check_there_and_back(element, schema, data.draw(values(element.content)))


_ODD = st.sampled_from(
    [None, True, 0, -1, 1.0, 2.5, 10**40, "", "red", "\x00", "2026-01-01", [], [[]], {}, {"id": 1}, ["a"]]
)


def mutated(data: st.DataObject, value: Any) -> Any:
    """Change one place somewhere in a document: take it away, put something odd there, or add to it."""
    if isinstance(value, dict) and value and data.draw(st.booleans()):
        name = data.draw(st.sampled_from(sorted(value)))
        return value | {name: mutated(data, value[name])}
    if isinstance(value, list) and value and data.draw(st.booleans()):
        return [mutated(data, value[0]), *value[1:]]
    if isinstance(value, dict) and value and data.draw(st.booleans()):
        gone = data.draw(st.sampled_from(sorted(value)))
        return {name: each for name, each in value.items() if name != gone}
    if isinstance(value, dict):
        return value | {
            data.draw(st.sampled_from(["id", "to", "at", "left", "on", "off", "pin", "x"])): data.draw(_ODD)
        }
    return data.draw(_ODD)


@given(data=st.data())
@settings(max_examples=300, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_what_is_taken_fits_the_description_and_all_else_is_refused_in_order(
    corners: tuple[Service, Schema], published: tuple[tuple[Service, ...], Schema], data: st.DataObject
) -> None:
    """A document changed in one place is refused by a ContractError, or the JSON Schema takes it too; and the other way round."""
    element, schema = data.draw(
        st.sampled_from(
            [(corners[0].request, corners[1]), *((one.request, published[1]) for one in published[0])]
        )
    )
    value = mutated(data, data.draw(values(element.content)))
    described = validator(element).is_valid(json.loads(dumped(value)))
    try:
        made = to_xml(read_json(dumped(value)), element)
    except ContractError:
        assert not described or "\\u0000" in dumped(value).decode()
        return
    try:
        schema.check(made, whose="request")
    except ContractError:
        return  # a calendar's days and a pattern's finer points are the XSD's alone to judge
    assert described
    validator(element).validate(json.loads(to_json(made, element)))


def validator(element: Element) -> Draft202012Validator:
    schemas = Schemas()
    written = schemas.message(element, "message") | {"components": {"schemas": schemas.components}}
    Draft202012Validator.check_schema(written)
    return Draft202012Validator(written)


def asked(corners: tuple[Service, Schema], text: str) -> etree._Element:
    return to_xml(read_json(text.encode()), corners[0].request)


def test_an_array_stands_exactly_where_the_schema_repeats(corners: tuple[Service, Schema]) -> None:
    """One element of a repeatable kind is an array of one; none is no member; a single one never is an array."""
    value = {"item": [{"id": 1, "tag": ["a"]}], "to": "2026-01-01", "again": [7]}
    made = asked(corners, json.dumps(value))
    assert json.loads(to_json(made, corners[0].request)) == value
    bare = asked(corners, '{"item": [{"id": 1, "tag": []}], "to": "2026-01-01", "again": []}')
    assert json.loads(to_json(bare, corners[0].request)) == {"item": [{"id": 1}], "to": "2026-01-01"}


def test_the_order_of_members_is_free_and_that_of_elements_the_schemas(
    corners: tuple[Service, Schema],
) -> None:
    """Whatever order JSON has, the XML stands in the order of the sequence."""
    made = asked(corners, '{"to": "2026-01-02", "from": "2026-01-01", "item": [{"tag": ["b"], "id": 2}]}')
    assert [etree.QName(each).localname for each in made.iter()] == ["ask", "item", "id", "tag", "from", "to"]
    corners[1].check(made, whose="request")


WRONG = {
    '{"to": "2026-01-01"}': "/item",
    '{"item": [], "to": "2026-01-01"}': "/item",
    '{"item": {"id": 1}, "to": "2026-01-01"}': "/item",
    '{"item": [{"id": 1}, {"id": "2"}], "to": "2026-01-01"}': "/item/1/id",
    '{"item": [{"id": 1.5}], "to": "2026-01-01"}': "/item/0/id",
    '{"item": [{"id": true}], "to": "2026-01-01"}': "/item/0/id",
    '{"item": [{"id": 1, "tag": ["a", "b", "c", "d"]}], "to": "x"}': "/item/0/tag",
    '{"item": [{"id": 1, "tag": "a"}], "to": "x"}': "/item/0/tag",
    '{"item": [{"id": 1, "inner": {"point": [{"y": 1}]}}], "to": "x"}': "/item/0/inner/point/0/x",
    '{"item": [{"id": 1, "inner": {"point": [{"x": 1e999}]}}], "to": "x"}': "/item/0/inner/point/0/x",
    '{"item": [{"id": 1}]}': "the whole body",
    '{"item": [{"id": 1}], "at": ["x"], "to": "x"}': "the whole body",
    '{"item": [{"id": 1}], "to": "x", "left": 1, "right": 2}': "the whole body",
    '{"item": [{"id": 1}], "to": "x", "whole": 1}': "/on",
    '{"item": [{"id": 1}], "to": "x", "off": true}': "/whole",
    '{"item": [{"id": 1}], "to": null}': "/to",
    '{"item": [{"id": 1}], "to": []}': "/to",
    '{"item": [{"id": 1, "id": 2}], "to": "x"}': "/item/0/id",
    '{"item": [{"id": 1, "secret": 2, "secret": 3}], "to": "x"}': "/item/0",
    '{"item": [{"id": 1, "secret": 2}], "to": "x"}': "/item/0",
    '{"item": [{"id": 1}], "to": "x", "empty": {"secret": 1}}': "/empty",
    '"text"': "the whole body",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_does_not_fit_is_refused_at_its_pointer(corners: tuple[Service, Schema], text: str) -> None:
    """The refusal names the place by the contract's names and never repeats a made-up one."""
    with pytest.raises(ContractError) as refusal:
        asked(corners, text)
    assert (refusal.value.code, refusal.value.where) == ("SCHEMA", WRONG[text])
    assert refusal.value.hint
    assert "secret" not in f"{refusal.value} {refusal.value.where} {refusal.value.hint}"


@pytest.mark.parametrize(
    "text",
    ['{"a":NaN}', '{"a":-Infinity}', '{"a":1e99999999999999999999}', "[" * 5000, "{" * 9, '{"a":1} x', "\ufeff{}",
     f'{{"a":{"9" * 65}}}', f'{{"a":0.{"9" * 65}}}', "[" + "1," * 200_001 + "1]", "'a'", '{"a":01}', '"\t"'],
)  # fmt: skip
def test_what_is_no_json_is_refused(text: str) -> None:
    """Not well-formed, not numbers, too deep, too long: one code, and nothing quoted."""
    with pytest.raises(ContractError) as refusal:
        read_json(text.encode())
    assert refusal.value.code == "invalid_request"


NOT_OFFERED = {
    "attributes": '<xs:complexType><xs:sequence/><xs:attribute name="a"/></xs:complexType>',
    "mixed": '<xs:complexType mixed="true"><xs:sequence/></xs:complexType>',
    "any": "<xs:complexType><xs:sequence><xs:any/></xs:sequence></xs:complexType>",
    "open": "",
    "repeating group": '<xs:complexType><xs:sequence maxOccurs="2"><xs:element name="a" type="xs:int"/>'
    '<xs:element name="b" type="xs:int"/></xs:sequence></xs:complexType>',
    "repeating choice": '<xs:complexType><xs:choice maxOccurs="2"><xs:element name="a" type="xs:int"/>'
    '<xs:element name="b" type="xs:int"/></xs:choice></xs:complexType>',
    "a name twice": '<xs:complexType><xs:sequence><xs:element name="a" type="xs:int"/>'
    '<xs:element name="b" type="xs:int"/><xs:element name="a" type="xs:int"/></xs:sequence></xs:complexType>',
    "two meanings": '<xs:complexType><xs:choice><xs:element name="a" type="xs:int"/>'
    '<xs:sequence><xs:element name="b" type="xs:int"/><xs:element name="a" type="xs:date"/></xs:sequence>'
    "</xs:choice></xs:complexType>",
    "nillable": '<xs:complexType><xs:sequence><xs:element name="a" type="xs:int" nillable="true"/></xs:sequence>'
    "</xs:complexType>",
    "recursion": '<xs:complexType><xs:sequence><xs:element name="a" type="Own" minOccurs="0"/></xs:sequence>'
    "</xs:complexType>",
    "text and attribute": '<xs:complexType><xs:simpleContent><xs:extension base="xs:string">'
    '<xs:attribute name="a"/></xs:extension></xs:simpleContent></xs:complexType>',
}  # fmt: skip


REASONS = {
    "mixed": "text beside",
    "any": "xs:any",
    "open": "leaves its content open",
    "repeating group": "repeats",
    "repeating choice": "repeats",
    "a name twice": "two places",
    "two meanings": "different meanings",
    "recursion": "holds itself",
    "text and attribute": "text beside",
}


@pytest.mark.parametrize("name", NOT_OFFERED)
def test_what_json_cannot_say_is_refused_when_the_contract_is_read(tmp_path: Path, name: str) -> None:
    """A contract that could only be guessed at is never offered: the start stops with a sentence."""
    own = (
        '<xs:complexType name="Own"><xs:sequence><xs:element name="b" type="Own" minOccurs="0"/></xs:sequence>'
        '</xs:complexType><xs:element name="askResponse" type="xs:int"/>'
    )
    with pytest.raises(SettingsError, match=f"cannot be offered as JSON.*{REASONS.get(name, name)}"):
        contract(tmp_path, f'<xs:element name="ask">{NOT_OFFERED[name]}</xs:element>{own}')


@pytest.mark.parametrize(
    ("written", "read"),
    [("+1.50", 1.5), ("-.5", -0.5), (" 7. ", 7), ("00010", 10), ("1e0", None), ("INF", None)],
)
def test_a_decimal_is_written_as_json_writes_it(written: str, read: float | None) -> None:
    """Forms that XML allows and JSON does not are brought into JSON's; what is no decimal is refused."""
    leaf = Element(name="n", tag="n", content=Leaf(kind=Kind.DECIMAL))
    element = etree.fromstring(f"<n>{written}</n>")
    if read is None:
        with pytest.raises(ContractError):
            to_json(element, leaf)
    else:
        assert json.loads(to_json(element, leaf)) == read
