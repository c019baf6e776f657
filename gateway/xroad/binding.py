"""The header's binding: one canonical form of the X-Road header that a signature can cover.

A security server adds requestHash and may keep its own prefixes, and the protocol forbids us to add an id to
its header elements, so they cannot be referenced directly. Instead the known elements are rebuilt in a fixed
order under fixed prefixes, and the digest of that form is signed. The bytes are the exclusive C14N of the
rebuilt element (a test proves it with lxml): attributes kept, leaf text exact, white space between elements
and comments dropped, requestHash and unknown elements left out.
"""

from lxml import etree

from gateway.foundation.errors import ContractError
from gateway.foundation.xml import element_children, text_of
from gateway.xroad.namespaces import BINDING, IDENTIFIERS, REPRESENTATION, SECURITY_TOKEN, SOAP, XROAD, q

_ORDER = (
    q(XROAD, "client"),
    q(XROAD, "service"),
    q(XROAD, "centralService"),
    q(REPRESENTATION, "representedParty"),
    q(XROAD, "securityServer"),
    q(SECURITY_TOKEN, "securityToken"),
    q(XROAD, "userId"),
    q(XROAD, "id"),
    q(XROAD, "issue"),
    q(XROAD, "protocolVersion"),
)
_PREFIXES = {
    BINDING: "kb",
    XROAD: "xrd",
    IDENTIFIERS: "id",
    REPRESENTATION: "repr",
    SECURITY_TOKEN: "ext",
    SOAP: "soap",
    "http://www.w3.org/2001/XMLSchema-instance": "xsi",
}


def binding_form(header: etree._Element) -> bytes:
    """Give the canonical form of a soap:Header; raises ContractError for a duplicate or a foreign part."""
    known: dict[str, etree._Element] = {}
    for child in header:
        if child.tag in _ORDER:
            if child.tag in known:
                raise _refused("a header element stands twice", "duplicate_header_field")
            known[child.tag] = child
    inner = "".join(_write(known[tag], frozenset({"kb"})) for tag in _ORDER if tag in known)
    return f'<kb:Header xmlns:kb="{BINDING}">{inner}</kb:Header>'.encode()


def _write(element: etree._Element, declared: frozenset[str]) -> str:
    """Write one element the way exclusive C14N does: a prefix is declared where it is first used."""
    name = etree.QName(element)
    prefix = _prefix(name.namespace)
    attributes = sorted(_attribute(key, value) for key, value in element.attrib.items())
    used = {prefix, *(key[1] for key, _ in attributes if key[1])}
    fresh = sorted(used - declared)
    declarations = "".join(f' xmlns:{item}="{_URIS[item]}"' for item in fresh)
    written = "".join(text for _, text in attributes)
    inner = _inner(element, declared | used)
    return f"<{prefix}:{name.localname}{declarations}{written}>{inner}</{prefix}:{name.localname}>"


def _inner(element: etree._Element, declared: frozenset[str]) -> str:
    children = element_children(element)
    if not children:
        return _escape_text(text_of(element))
    if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
        raise _refused("a header element mixes text and elements", "invalid_xml")
    return "".join(_write(child, declared) for child in children)


def _attribute(key: object, value: object) -> tuple[tuple[str, str, str], str]:
    """Give an attribute's sort key (namespace, prefix, name) and its written form."""
    name = etree.QName(str(key))
    text = _escape_attribute(str(value))
    if name.namespace is None:
        return ("", "", name.localname), f' {name.localname}="{text}"'
    prefix = _prefix(name.namespace)
    return (name.namespace, prefix, name.localname), f' {prefix}:{name.localname}="{text}"'


def _prefix(namespace: str | None) -> str:
    prefix = _PREFIXES.get(namespace or "")
    if prefix is None:
        raise _refused("a header element holds a foreign element or attribute", "invalid_xml")
    return prefix


_URIS = {prefix: uri for uri, prefix in _PREFIXES.items()}


def _escape_text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")


def _escape_attribute(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return escaped.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")


def _refused(message: str, code: str) -> ContractError:
    return ContractError(
        message, code=code, where="Header", hint="send the plain elements of the X-Road schema"
    )
