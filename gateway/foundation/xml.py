"""The one hardened XML parser: no DTD, no entities, no network, no recovery, bounded size and depth.

Everything that arrives from outside is read here and nowhere else (reference: X-Road message protocol
2.1; a document type declaration is `invalid_soap` to a security server).
"""

import re
import threading
from xml.parsers import expat

from lxml import etree

from gateway.foundation.errors import ContractError

MAX_BYTES = 10 * 1024 * 1024
MAX_DEPTH = 60
MAX_ELEMENTS = 50_000
MAX_ATTRIBUTES = 256  # of one element: sorting them for a canonical form costs their square
MAX_NAMESPACES = 64  # in scope at one place: a canonical form costs their square at every element
MAX_NAME_BYTES = 16 * 1024  # of all different names: libxml2 keeps each one it ever saw

_XML_ATTRIBUTE = "{http://www.w3.org/XML/1998/namespace}"
_PROLOG = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_UTF8_BOM, _UTF16_BOMS = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")
# a table and not codecs.lookup, which imports modules by the name it is given and remembers every wrong one
_CODECS = {
    **dict.fromkeys(("utf-8", "utf8"), "utf-8"),
    **dict.fromkeys(("utf-16", "utf16"), "utf-16"),
    **dict.fromkeys(("utf-16le", "utf-16-le"), "utf-16-le"),
    **dict.fromkeys(("utf-16be", "utf-16-be"), "utf-16-be"),
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "latin-1", "latin1"), "iso8859-1"),
    **dict.fromkeys(("us-ascii", "ascii"), "ascii"),
    **dict.fromkeys(("windows-1251", "cp1251"), "cp1251"),
    "koi8-r": "koi8-r",
}
_count_elements = etree.XPath("count(//*)")
_is_deep = etree.XPath("boolean(" + "/*" * (MAX_DEPTH + 1) + ")")
_DECLARATION = re.compile(r"^\ufeff?<\?xml[^>]*\?>", re.DOTALL)


def parse(data: bytes, *, charset: str | None = None) -> etree._Element:
    """Parse a document that arrived from outside.

    `charset` is the one named by the Content-Type and wins over the XML declaration; a byte order mark is
    tolerated. Raises ContractError(invalid_soap) for a document type, an ill-formed or too deep document.
    """
    if not data.strip():
        raise _broken("the document is empty", "send an XML document")
    if len(data) > MAX_BYTES:
        raise _broken(f"the document is larger than {MAX_BYTES} bytes", "send less in one message")
    text = as_utf8(data, charset)
    if has_document_type(text):
        raise _broken("the document has a document type declaration", "remove <!DOCTYPE …>")
    _refuse_swollen(text)
    try:
        root = etree.fromstring(text, _own.parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        # libxml2's own text may quote the document, so only its place is told
        raise _ill_formed(getattr(error, "lineno", None) or 0) from None
    if text.count(b"<") > 2 * MAX_DEPTH:  # fewer marks can neither nest nor number too many
        _refuse_deep(root)
    if text.count(b"xmlns") > MAX_NAMESPACES:
        _refuse_crowded(root)
    return root


def parse_again(written: bytes) -> etree._Element:
    """Parse bytes we wrote, ourselves or from a document `parse` took: its bounds hold, the parser is the same."""
    return etree.fromstring(written, _own.parser)


class _Own(threading.local):
    """The parser of a thread: making one costs a fifth of reading a message, and two threads cannot share it."""

    def __init__(self) -> None:
        self.parser = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            attribute_defaults=False,
            huge_tree=False,
            recover=False,
            remove_pis=False,
            remove_comments=False,
            strip_cdata=True,
            encoding="utf-8",
        )


_own = _Own()


def has_document_type(text: bytes) -> bool:
    """Tell whether a document in UTF-8 begins with a document type declaration."""
    return text.startswith(b"<!", _PROLOG.match(text).end())  # type: ignore[union-attr]


def as_utf8(data: bytes, charset: str | None) -> bytes:
    """Decode by byte order mark, Content-Type, declaration, in that order; drop mark and declaration.

    Most messages are plain UTF-8 and pass through without a copy. Raises ContractError(invalid_soap).
    """
    name = _bom(data) or charset or _declared(data) or "utf-8"
    codec = _CODECS.get(name.strip().lower().replace("_", "-"))
    if codec is None:
        raise _broken("the character encoding is not accepted", "send UTF-8")
    if codec == "utf-8" and not data.startswith(_UTF8_BOM):
        return data
    try:
        text = data.decode("utf-8-sig" if codec == "utf-8" else codec)
    except UnicodeDecodeError:
        raise _broken(
            "the bytes do not fit the stated character encoding", "state the true charset"
        ) from None
    return _DECLARATION.sub("", text).removeprefix("\ufeff").encode("utf-8")


def _bom(data: bytes) -> str | None:
    if data.startswith(_UTF8_BOM):
        return "utf-8"
    if data.startswith(_UTF16_BOMS):
        return "utf-16"
    return None


def _declared(data: bytes) -> str | None:
    match = re.match(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""", data[:200])
    return match[1].decode("ascii") if match else None


def _refuse_swollen(text: bytes) -> None:
    """Refuse, before a tree is built, a document made of more names or marks than any message has.

    A document shorter than the bound of its names cannot break it and is not looked at: that is nearly all.
    """
    if len(text) <= MAX_NAME_BYTES:
        return
    if text.count(b"<") + text.count(b"=") > 4 * MAX_ELEMENTS:
        raise _too_much()
    names: set[str] = set()
    size = 0

    def note(name: str, attributes: dict[str, str]) -> None:
        nonlocal size
        uris = (attributes[key] for key in attributes if key.startswith("xmlns"))
        fresh = {name, *attributes, *uris} - names
        names.update(fresh)
        size += sum(map(len, fresh))
        if len(attributes) > MAX_ATTRIBUTES or size > MAX_NAME_BYTES:
            raise _too_much()

    scan = expat.ParserCreate("utf-8")
    scan.StartElementHandler = note
    try:
        scan.Parse(text, True)  # noqa: FBT003 – expat has no other way
    except expat.ExpatError as error:
        raise _ill_formed(error.lineno) from None


def _refuse_deep(root: etree._Element) -> None:
    if _is_deep(root) or _count_elements(root) > MAX_ELEMENTS:  # type: ignore[operator]
        raise _too_much()


def _refuse_crowded(root: etree._Element) -> None:
    """Refuse more namespaces in scope than any message needs."""
    in_scope = 0
    for event, _ in etree.iterwalk(root, events=("start-ns", "end-ns")):
        in_scope += 1 if event == "start-ns" else -1
        if in_scope > MAX_NAMESPACES:
            raise _too_much()


def _too_much() -> ContractError:
    return _broken(
        "the document is nested too deeply or has too many elements, names or namespaces",
        "send a plain message",
    )


def _ill_formed(line: int) -> ContractError:
    return _broken(f"the XML is not well-formed (line {line})", "check tags, quotes and encoding")


def _broken(message: str, hint: str) -> ContractError:
    return ContractError(message, code="invalid_soap", where="document", hint=hint)


def local_name(element: etree._Element) -> str:
    """Give the element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def text_of(element: etree._Element) -> str:
    """Give the text of a leaf with comments dropped and its parts joined.

    `element.text` stops at a comment, which lets `7000<!-- -->9` be read as two different codes.
    """
    return (element.text or "") if len(element) == 0 else _joined(element)


def _joined(element: etree._Element) -> str:
    parts = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str):
            raise ContractError(
                f"{local_name(element)} must hold text only",
                code="invalid_xml",
                where=local_name(element),
                hint="remove the elements inside it",
            )
        parts.append(child.tail or "")
    return "".join(parts)


def element_children(element: etree._Element) -> list[etree._Element]:
    """Give the child elements, without comments and processing instructions."""
    return [child for child in element if isinstance(child.tag, str)]


def inclusive_canonical(element: etree._Element) -> bytes:
    """Write an element's inclusive canonical form without comments (C14N 1.0), with what it inherits from above.

    It is written from a document of its own: where an element stands inside another, libxml2 undoes a default
    namespace from above it two levels further down. lxml copies inherited namespaces, but not the inherited xml:
    attributes. Where neither is in sight, the element is written as it stands. Raises lxml's C14NError where there
    is no such form.
    """
    written = etree.tostring(element, method="c14n", exclusive=False, with_comments=False)
    if b' xmlns="' not in written and not any(above.attrib for above in element.iterancestors()):
        return written
    alone = parse_again(etree.tostring(element, encoding="utf-8", xml_declaration=False, with_tail=False))
    for above in element.iterancestors():
        for name, value in above.attrib.items():
            if str(name).startswith(_XML_ATTRIBUTE) and name not in alone.attrib:
                alone.set(name, value)
    return etree.tostring(alone, method="c14n", exclusive=False, with_comments=False)


def detach(element: etree._Element) -> None:
    """Take an element out of its tree and leave the text behind it where it is."""
    parent, before = element.getparent(), element.getprevious()
    if parent is None:
        return
    if before is not None:
        before.tail = (before.tail or "") + (element.tail or "")
    else:
        parent.text = (parent.text or "") + (element.tail or "")
    element.tail = None
    parent.remove(element)
