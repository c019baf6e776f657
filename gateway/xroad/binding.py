"""The header's binding: one canonical form of the X-Road header that a signature can cover.

A security server adds requestHash and may keep its own prefixes, and the protocol forbids us to add an id to
its header elements, so they cannot be referenced directly. Instead the known elements are rebuilt in a fixed
order under fixed prefixes, and the digest of that form is signed. The bytes are the exclusive C14N of the
rebuilt element (a test proves it with lxml): attributes kept, leaf text exact, white space between elements
and comments dropped, requestHash and unknown elements left out.
"""

from functools import lru_cache

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
_PLACES = {tag: place for place, tag in enumerate(_ORDER)}
_OUTSIDE = frozenset({"kb"})
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
        if child.tag in _PLACES:
            if child.tag in known:
                raise _refused("a header element stands twice", "duplicate_header_field")
            known[child.tag] = child
    inner = "".join(_write(known[tag], _OUTSIDE) for tag in sorted(known, key=_PLACES.__getitem__))
    return f'<kb:Header xmlns:kb="{BINDING}">{inner}</kb:Header>'.encode()


def _write(element: etree._Element, declared: frozenset[str]) -> str:
    """Write one element the way exclusive C14N does: a prefix is declared where it is first used."""
    prefix, name = _written(element.tag)
    attributes, used = _attributes(element) if element.attrib else ("", frozenset())
    if prefix not in declared or not used <= declared:
        fresh = (used | {prefix}) - declared
        attributes = "".join(f' xmlns:{item}="{_URIS[item]}"' for item in sorted(fresh)) + attributes
        declared |= fresh
    return f"<{name}{attributes}>{_inner(element, declared)}</{name}>"


def _inner(element: etree._Element, declared: frozenset[str]) -> str:
    children = element_children(element) if len(element) else ()
    if not children:
        return _escape_text(text_of(element))
    if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
        raise _refused("a header element mixes text and elements", "invalid_xml")
    return "".join([_write(child, declared) for child in children])


def _attributes(element: etree._Element) -> tuple[str, frozenset[str]]:
    """Write the attributes in order (no namespace first, then by namespace), and name the prefixes they use."""
    found = sorted((*_split(str(key)), str(value)) for key, value in element.attrib.items())
    prefixes = [_prefix(namespace) if namespace else "" for namespace, _, _ in found]
    written = "".join(
        f' {prefix}{":" if prefix else ""}{name}="{_escape_attribute(value)}"'
        for prefix, (_, name, value) in zip(prefixes, found, strict=True)
    )
    return written, frozenset(filter(None, prefixes))


@lru_cache(maxsize=256)
def _written(tag: str) -> tuple[str, str]:
    """Give an element's fixed prefix and its name under it."""
    namespace, name = _split(tag)
    prefix = _prefix(namespace)
    return prefix, f"{prefix}:{name}"


def _split(name: str) -> tuple[str, str]:
    """Take lxml's spelling of a name apart; without a namespace that is empty."""
    namespace, _, local = name.rpartition("}")
    return namespace[1:], local


def _prefix(namespace: str) -> str:
    prefix = _PREFIXES.get(namespace)
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
