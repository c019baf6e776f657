"""Ways to spoil a message: bytes, words, and the tree."""

import random
from collections.abc import Callable

from lxml import etree

_WORDS = (
    b"<", b">", b"&", b'"', b"'", b"\0", b"\r\n", b"]]>", b"<!--", b"-->", b"<![CDATA[", b"<?x?>", b"&amp;", b"&#0;", b"&x;",
    b"<!DOCTYPE a>", b"xmlns=''", b"xmlns:a='urn:a'", b"/", b":", b"=", b"--", b"\xff", b"\xef\xbb\xbf", b"\xd0", b"1" * 300,
    b"<a>" * 70, b"Id='body'", b"wsu:Id='body'", b"<e:Fault xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'/>", b"--B", b"cid:x", b"%00",
)  # fmt: skip
Chance = random.Random
ByBytes = Callable[[Chance, bytes], bytes]


def flip(chance: Chance, data: bytes) -> bytes:
    """Turn one bit over."""
    place = chance.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :]


def replace(chance: Chance, data: bytes) -> bytes:
    """Write another byte."""
    place = chance.randrange(len(data))
    return data[:place] + bytes([chance.randrange(256)]) + data[place + 1 :]


def insert(chance: Chance, data: bytes) -> bytes:
    """Put a word in somewhere."""
    place = chance.randrange(len(data) + 1)
    return data[:place] + chance.choice(_WORDS) + data[place:]


def delete(chance: Chance, data: bytes) -> bytes:
    """Take some bytes out."""
    place = chance.randrange(len(data))
    return data[:place] + data[place + chance.choice((1, 2, 10, 100)) :]


def double(chance: Chance, data: bytes) -> bytes:
    """Say some bytes twice."""
    start = chance.randrange(len(data))
    end = start + chance.choice((1, 10, 100, 1000))
    return data[:end] + data[start:end] + data[end:]


def swap(chance: Chance, data: bytes) -> bytes:
    """Exchange two stretches."""
    one, two, three = sorted(chance.randrange(len(data)) for _ in range(3))
    return data[:one] + data[two:three] + data[one:two] + data[three:]


def cut(chance: Chance, data: bytes) -> bytes:
    """Break off."""
    return data[: chance.randrange(len(data))]


BY_BYTES: tuple[ByBytes, ...] = (flip, flip, replace, insert, insert, delete, double, swap, cut)


def change_tree(chance: Chance, data: bytes) -> bytes:
    """Change one thing in a message's tree and write it anew."""
    root = etree.fromstring(data)
    elements = [each for each in root.iter(etree.Element) if each is not root]
    chance.choice(_BY_TREE)(chance, chance.choice(elements), elements)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _remove(_: Chance, one: etree._Element, elements: list[etree._Element]) -> None:
    one.getparent().remove(one)


def _twice(chance: Chance, one: etree._Element, elements: list[etree._Element]) -> None:
    one.addnext(etree.fromstring(etree.tostring(one)))


def _move(chance: Chance, one: etree._Element, elements: list[etree._Element]) -> None:
    place = chance.choice(elements)
    if one is not place and one not in place.iterancestors():
        place.append(one)


def _copy(chance: Chance, one: etree._Element, elements: list[etree._Element]) -> None:
    chance.choice(elements).append(etree.fromstring(etree.tostring(one)))


def _rename(chance: Chance, one: etree._Element, elements: list[etree._Element]) -> None:
    one.tag = chance.choice((chance.choice(elements).tag, etree.QName(one).localname, "{urn:x}y"))


def _retext(chance: Chance, one: etree._Element, elements: list[etree._Element]) -> None:
    one.text = chance.choice(
        ("", " ", "x", "0", "Response", chance.choice(elements).text or "", (one.text or "") + " ")
    )


def _attribute(chance: Chance, one: etree._Element, elements: list[etree._Element]) -> None:
    for name in list(one.attrib) or ["Id"]:
        one.set(name, chance.choice(("", "body", "timestamp", "SERVICE", "#body", "x")))


def _bare(_: Chance, one: etree._Element, elements: list[etree._Element]) -> None:
    one.attrib.clear()


def _wrap(_: Chance, one: etree._Element, elements: list[etree._Element]) -> None:
    around = etree.Element("{urn:x}wrapper")
    one.addprevious(around)
    around.append(one)


def _unwrap(_: Chance, one: etree._Element, elements: list[etree._Element]) -> None:
    above = one.getparent()
    for child in list(one):
        one.addprevious(child)
    above.remove(one)


def _comment(chance: Chance, one: etree._Element, elements: list[etree._Element]) -> None:
    one.insert(0, chance.choice((etree.Comment("c"), etree.ProcessingInstruction("p", "x"))))


_BY_TREE = (
    _remove, _twice, _move, _move, _copy, _copy, _rename, _retext, _retext, _attribute, _bare, _wrap, _unwrap, _comment,
)  # fmt: skip
