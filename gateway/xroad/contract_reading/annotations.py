"""What a contract says to people: titles, notes and version, under whatever prefix and language code."""

from collections.abc import Iterator

from lxml import etree

from gateway.foundation.xml import element_children, local_name
from gateway.xroad.contract_reading.documents import WSDL, XML, XSD
from gateway.xroad.namespaces import q

KYRGYZ = {"kg": "ky", "kir": "ky", "kgz": "ky"}  # what stands in the field for ISO's `ky`
LONGEST = 600


def titles_in(element: etree._Element, *, name: str = "title") -> dict[str, str]:
    """Give the `title` (or `notes`) texts of an element's documentation or appinfo by language.

    Where none is marked, the plain documentation counts as the title, under its own `xml:lang` or "".
    """
    found: dict[str, str] = {}
    for place in _places(element):
        for each in element_children(place):
            if local_name(each) == name and _said(each):
                found.setdefault(_language(each, default="en"), _said(each))
        if name == "title" and not found and _said(place) and not element_children(place):
            found.setdefault(_language(place, default=""), _said(place))
    return found


def version_in(operation: etree._Element) -> str:
    """Give the service version a binding operation states, or "" – it is known by its local name only."""
    for child in element_children(operation):
        if local_name(child) == "version" and etree.QName(child).namespace != WSDL:
            return _said(child)
    return ""


def languages_in(element: etree._Element) -> frozenset[str]:
    """Give the language codes as they are written."""
    return frozenset(
        each.get(q(XML, "lang"), "") for place in _places(element) for each in element_children(place)
    )


def _places(element: etree._Element) -> Iterator[etree._Element]:
    """Walk the documentation and appinfo elements of a WSDL construct or of a schema component."""
    for child in element_children(element):
        if child.tag == q(WSDL, "documentation"):
            yield child
        if child.tag == q(XSD, "annotation"):
            yield from (each for each in element_children(child) if etree.QName(each).namespace == XSD)


def _language(element: etree._Element, *, default: str) -> str:
    code = element.get(q(XML, "lang"), default).strip().casefold().partition("-")[0]
    return KYRGYZ.get(code, code)


def _said(element: etree._Element) -> str:
    text = (element.text or "") + "".join(child.tail or "" for child in element)
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:LONGEST]
