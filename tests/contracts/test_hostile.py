"""A file from outside cannot make the reader fetch, hang, read elsewhere or steer the terminal."""

import time
from pathlib import Path

import pytest

from gateway.foundation.errors import ContractError
from gateway.xroad.contract_reading.report import write_report
from gateway.xroad.contract_reading.wsdl import read_contract
from tests.contracts.reading import run, run_process, schema

DTD = '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + schema(
    '<xs:element name="askResponse" type="xs:string"/>'
)
REFUSED = {
    "dtd": DTD,
    "not xml": "kopuro",
    "empty": "",
    "not a wsdl": '<html xmlns="http://www.w3.org/1999/xhtml"/>',
    "a schema": '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"/>',
    "wsdl 2.0": '<description xmlns="http://www.w3.org/ns/wsdl"/>',
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_or_foreign_file_is_refused_with_one_sentence_and_exit_two(
    tmp_path: Path, name: str
) -> None:
    """The sentence names the file; nothing is printed as a report; there is no traceback."""
    file = tmp_path / "given.wsdl"
    file.write_text(REFUSED[name])
    done = run(file)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("kopuro: given.wsdl ")
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_file_that_is_not_there_is_refused_in_the_same_way(tmp_path: Path) -> None:
    """A directory and an absent file are no contracts; the process itself ends with 2."""
    for place, runner in ((tmp_path, run), (tmp_path / "none.wsdl", run_process)):
        done = runner(place)
        assert (done.returncode, done.stderr.startswith("kopuro: ")) == (2, True)


def test_an_import_reaches_no_file_outside_the_allowed_directories(tmp_path: Path) -> None:
    """`../`, absolute places and symbolic links out of the directory count as not there."""
    secret = tmp_path / "secret.xsd"
    secret.write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:s">'
        '<xs:element name="x" type="xs:string"/></xs:schema>'
    )
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.xsd").symlink_to(secret)
    for place in (
        "../secret.xsd",
        str(secret),
        f"file://{secret}",
        "link.xsd",
        "a" * 5000,
        "/dev/zero",
        "%00",
    ):
        file = inside / "c.wsdl"
        file.write_text(
            schema(
                f'<xs:import namespace="urn:s" schemaLocation="{place}"/>'
                '<xs:element name="askResponse" type="xs:string"/>'
            )
        )
        assert read_contract(file).missing == (place,)


def test_a_hostile_import_is_refused_by_its_own_name(tmp_path: Path) -> None:
    """The one parser reads imports too."""
    (tmp_path / "more.xsd").write_text('<!DOCTYPE x [<!ENTITY e "1">]><x/>')
    file = tmp_path / "c.wsdl"
    file.write_text(schema('<xs:include schemaLocation="more.xsd"/>'))
    with pytest.raises(ContractError, match=r"more\.xsd cannot be taken"):
        read_contract(file)


def doubling(sort: str, depth: int) -> str:
    """Write types (or groups) that each hold the next one twice: 2**depth elements from a few lines."""
    inner = {
        "type": '<xs:complexType name="t{0}"><xs:sequence><xs:element name="a" type="tns:t{1}"/><xs:element name="b" type="tns:t{1}"/></xs:sequence></xs:complexType>',
        "group": '<xs:group name="t{0}"><xs:sequence><xs:group ref="tns:t{1}"/><xs:group ref="tns:t{1}"/></xs:sequence></xs:group>',
    }[sort]
    last = {
        "type": f'<xs:simpleType name="t{depth}"><xs:restriction base="xs:string"/></xs:simpleType>',
        "group": f'<xs:group name="t{depth}"><xs:sequence/></xs:group>',
    }[sort]
    root = {
        "type": '<xs:element name="askResponse" type="tns:t0"/>',
        "group": '<xs:element name="askResponse"><xs:complexType><xs:group ref="tns:t0"/></xs:complexType></xs:element>',
    }[sort]
    return root + last + "".join(inner.format(n, n + 1) for n in range(depth))


@pytest.mark.parametrize(
    "body",
    [
        doubling("type", 40),
        doubling("group", 40),
        '<xs:element name="askResponse" type="tns:t0"/>'
        + "".join(
            f'<xs:complexType name="t{n}"><xs:sequence><xs:element name="a" type="tns:t{n + 1}"/></xs:sequence></xs:complexType>'
            for n in range(3000)
        ),
        '<xs:element name="askResponse" type="tns:t0"/>'
        + "".join(
            f'<xs:simpleType name="t{n}"><xs:restriction base="tns:t{n + 1}"/></xs:simpleType>'
            for n in range(3000)
        ),
    ],
    ids=["types doubling", "groups doubling", "types in a chain", "restrictions in a chain"],
)
def test_a_schema_that_explodes_is_refused_soon(tmp_path: Path, body: str) -> None:
    """Size and depth are bounded, whatever names them."""
    file = tmp_path / "c.wsdl"
    file.write_text(schema(body))
    begun = time.monotonic()
    with pytest.raises(ContractError, match="too large or too deep"):
        read_contract(file)
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize(
    "body",
    [
        '<xs:complexType name="t"><xs:complexContent><xs:extension base="tns:t"/></xs:complexContent></xs:complexType>',
        '<xs:simpleType name="t"><xs:restriction base="tns:t"/></xs:simpleType>',
        '<xs:complexType name="t"><xs:group ref="tns:g"/></xs:complexType><xs:group name="g"><xs:sequence><xs:group ref="tns:g"/></xs:sequence></xs:group>',
        '<xs:complexType name="t"><xs:attributeGroup ref="tns:g"/></xs:complexType><xs:attributeGroup name="g"><xs:attributeGroup ref="tns:g"/></xs:attributeGroup>',
        '<xs:complexType name="t"><xs:sequence><xs:element ref="tns:askResponse"/></xs:sequence></xs:complexType>',
        '<xs:complexType name="t"><xs:sequence><xs:element name="a" minOccurs="x" maxOccurs="-1" type="no:such"/></xs:sequence></xs:complexType>',
        '<xs:complexType name="t"><xs:sequence><xs:element/><xs:element ref=""/><xs:group/></xs:sequence><xs:attribute/></xs:complexType>',
        '<xs:complexType name="t"><xs:simpleContent/></xs:complexType>',
        '<xs:complexType name="t"><xs:complexContent><xs:extension/></xs:complexContent></xs:complexType>',
        '<xs:simpleType name="t"/>',
        "",
    ],
)
def test_a_schema_that_is_circular_or_senseless_is_still_read(tmp_path: Path, body: str) -> None:
    """Circles end, what has no name stays unnamed, and the report is written in every language."""
    file = tmp_path / "c.wsdl"
    file.write_text(schema(f'<xs:element name="askResponse" type="tns:t"/>{body}'))
    read = read_contract(file)
    assert [op.service_code for op in read.operations] == ["ask"]
    for language in ("ky", "ru", "en"):
        assert "ask" in write_report(read, language)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('type="tns:p"', 'type="tns:absent"'),
        ('type="tns:p"', ""),
        ('message="tns:a"', 'message="no:a"'),
        ('<wsdl:part name="b" element="tns:ask"/>', ""),
        ('<wsdl:part name="b" element="tns:ask"/>', '<wsdl:part name="b" type="tns:ask"/>'),
        ('<wsdl:portType name="p"><wsdl:operation name="ask">', '<wsdl:portType name="p"><wsdl:operation>'),
        ('style="document"', 'style="strange"'),
        ('<soap:body use="literal"/>', ""),
        ("<wsdl:output message", "<wsdl:gone message"),
        ("<wsdl:types>", '<wsdl:import namespace="urn:x" location="c.wsdl"/><wsdl:types>'),
    ],
)
def test_a_wsdl_with_a_hole_is_read_around_it(tmp_path: Path, old: str, new: str) -> None:
    """Whatever reference leads nowhere, the rest is told and nothing breaks."""
    file = tmp_path / "c.wsdl"
    text = schema('<xs:element name="askResponse" type="xs:string"/>').replace(old, new)
    file.write_text(text)
    report = write_report(read_contract(file), "ru")
    assert report.startswith("Контракт c.wsdl")
    assert "SOAP Fault" in report


def test_what_a_contract_says_cannot_steer_the_terminal(tmp_path: Path) -> None:
    """Control characters, marks of direction and line breaks in names and titles become spaces."""
    file = tmp_path / "c.wsdl"
    file.write_text(
        schema(
            '<xs:element name="askResponse"><xs:simpleType><xs:restriction base="xs:string">'
            '<xs:enumeration value="OK&#x9b;31m&#x202e;&#10;! FOUND"/></xs:restriction></xs:simpleType></xs:element>'
        )
    )
    report = write_report(read_contract(file), "en")
    assert "\x9b" not in report
    assert "\u202e" not in report
    assert "OK 31m  ! FOUND" in report


def test_a_contract_of_endless_operations_or_comments_is_dealt_with_soon(tmp_path: Path) -> None:
    """The number of operations is bounded, and comments cost nothing per use of a type."""
    file = tmp_path / "c.wsdl"
    text = schema('<xs:element name="askResponse" type="xs:string"/>')
    begun = time.monotonic()
    file.write_text(
        text.replace("</wsdl:portType>", '<wsdl:operation name="x"/>' * 6_000 + "</wsdl:portType>")
    )
    with pytest.raises(ContractError, match="more than 2000 operations"):
        read_contract(file)
    many = "".join(f'<xs:element name="e{n}" type="tns:t"/>' for n in range(5000))
    file.write_text(
        schema(
            f'<xs:complexType name="t">{"<!---->" * 100_000}<xs:sequence/></xs:complexType>'
            f'<xs:element name="askResponse"><xs:complexType><xs:sequence>{many}</xs:sequence></xs:complexType></xs:element>'
        )
    )
    (op,) = read_contract(file).operations
    assert len(op.answer.shape.content) == 5000
    assert time.monotonic() - begun < 20
