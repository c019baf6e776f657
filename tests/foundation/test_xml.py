"""The one parser: what arrives is read strictly or not at all."""

import pytest
from lxml import etree

from gateway.foundation.errors import ContractError
from gateway.foundation.xml import detach, inclusive_canonical, parse, text_of

BOMB = (
    '<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx">'
    + "".join(f'<!ENTITY x{n} "{f"&x{n - 1 if n else str()};" * 10}">' for n in range(8))
    + "]><a>&x7;</a>"
)
HOSTILE = {
    "internal DTD": b"<!DOCTYPE a [<!ELEMENT a ANY>]><a/>",
    "external DTD": b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a/>',
    "external entity": b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
    "parameter entity": b'<!DOCTYPE a [<!ENTITY % e SYSTEM "http://127.0.0.1:1/">%e;]><a/>',
    "behind a comment": b"<!-- x --><?pi y?>\n<!DOCTYPE a><a/>",
    "utf-16": '<!DOCTYPE a [<!ENTITY e "1">]><a>&e;</a>'.encode("utf-16"),
    "bomb": BOMB.encode(),
    "unknown entity": b"<a>&e;</a>",
    "utf-7": b'<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE a+AD4<a/>',
    "empty": b" \n ",
    "cut off": b"<a><b></a>",
    "two roots": b"<a/><b/>",
    "NUL": b"<a>\x00</a>",
    "wrong bytes": b"<a>\xff\xfe\xfa</a>",
    "deep": b"<a>" * 500 + b"</a>" * 500,
    "many elements": b"<a>" + b"<b/>" * 250_000 + b"</a>",
    "many attributes twice": b"<a " + b"b='1' " * 3 + b"/>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_is_refused_as_invalid_soap(name: str) -> None:
    """DTDs of every kind, bombs, depth and broken bytes get one clear refusal and are never expanded."""
    with pytest.raises(ContractError) as refusal:
        parse(HOSTILE[name])
    assert refusal.value.code == "invalid_soap"
    assert "root:" not in str(refusal.value)


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        ("<a>Үсөн</a>".encode(), None),
        ("<a>Үсөн</a>".encode("utf-8-sig"), None),
        ('<?xml version="1.0" encoding="utf-16"?><a>Үсөн</a>'.encode("utf-16"), None),
        ('<?xml version="1.0" encoding="windows-1251"?><a>Усен</a>'.encode("cp1251"), None),
        ('<?xml version="1.0" encoding="utf-8"?><a>Усен</a>'.encode("cp1251"), "windows-1251"),
    ],
)
def test_stated_encodings_are_read(data: bytes, charset: str | None) -> None:
    """The byte order mark wins, then the Content-Type's charset, then the declaration."""
    assert parse(data, charset=charset).text in {"Үсөн", "Усен"}


def test_a_doctype_inside_cdata_is_only_text() -> None:
    """Only the prolog can declare a document type."""
    assert parse(b"<a><![CDATA[<!DOCTYPE x>]]></a>").text == "<!DOCTYPE x>"


def test_a_comment_does_not_split_a_text() -> None:
    """What a reader sees is the whole text, not the part before a comment."""
    assert text_of(etree.fromstring("<a>7000<!-- x -->9</a>")) == "70009"


def test_a_detached_element_leaves_its_tail() -> None:
    """White space around a removed element stays where it was."""
    root = etree.fromstring("<a> <b/> <c/> </a>")
    detach(root[0])
    assert etree.tostring(root) == b"<a>  <c/> </a>"


INHERITED = {
    "default namespace": ('<E xmlns="urn:f"><H><r><d/></r></H></E>', '<H xmlns="urn:f"><r><d></d></r></H>'),
    "of the element": ('<E><H xmlns="urn:f"><r><d/></r></H></E>', '<H xmlns="urn:f"><r><d></d></r></H>'),
    "taken back": ('<E xmlns="urn:f"><H xmlns=""><r><d/></r></H></E>', "<H><r><d></d></r></H>"),
    "unused": ('<E xmlns:u="urn:u"><H k="u:v"/></E>', '<H xmlns:u="urn:u" k="u:v"></H>'),
    "xml:lang": ('<E xml:lang="ky" xml:space="default"><H xml:space="preserve"/></E>', '<H xml:lang="ky" xml:space="preserve"></H>'),
    "Cyrillic names": ('<Ө:E xmlns:Ө="urn:f"><Ө:H ү="&#13;"/>tail</Ө:E>', '<Ө:H xmlns:Ө="urn:f" ү="&#xD;"></Ө:H>'),
}  # fmt: skip


@pytest.mark.parametrize("name", INHERITED)
def test_the_inclusive_form_holds_what_is_inherited(name: str) -> None:
    """Namespaces and xml: attributes from above are written, and no default namespace is undone further down."""
    text, form = INHERITED[name]
    assert inclusive_canonical(parse(text.encode())[0]).decode() == form
