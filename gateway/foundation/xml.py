"""The one hardened XML parser: no DTD, no entities, no network, no recovery, bounded size and depth.

Everything that arrives from outside is read here and nowhere else (reference: X-Road message protocol
2.1; a document type declaration is `invalid_soap` to a security server).
"""

import codecs
import re

from lxml import etree

from gateway.foundation.errors import ContractError

MAX_BYTES = 10 * 1024 * 1024
MAX_DEPTH = 60
MAX_ELEMENTS = 200_000

_PROLOG = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_ENCODINGS = frozenset(
    {"utf-8", "utf-16", "utf-16-le", "utf-16-be", "iso8859-1", "ascii", "cp1251", "koi8-r"}
)
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
    text = _as_utf8(data, charset)
    if text.startswith(b"<!", _PROLOG.match(text).end()):  # type: ignore[union-attr]
        raise _broken("the document has a document type declaration", "remove <!DOCTYPE …>")
    try:
        root = etree.fromstring(text, _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        # libxml2's own text may quote the document, so only its place is told
        line = getattr(error, "lineno", None) or 0
        raise _broken(
            f"the XML is not well-formed (line {line})", "check tags, quotes and encoding"
        ) from None
    _refuse_deep(root)
    return root


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
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


def _as_utf8(data: bytes, charset: str | None) -> bytes:
    """Decode by byte order mark, Content-Type, declaration, in that order; drop mark and declaration.

    Most messages are plain UTF-8 and pass through without a copy.
    """
    name = _bom(data) or charset or _declared(data) or "utf-8"
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        codec = ""
    if codec not in _ENCODINGS:
        raise _broken("the character encoding is not accepted", "send UTF-8")
    if codec == "utf-8" and not data.startswith(codecs.BOM_UTF8):
        return data
    try:
        text = data.decode("utf-8-sig" if codec == "utf-8" else codec)
    except UnicodeDecodeError:
        raise _broken(
            "the bytes do not fit the stated character encoding", "state the true charset"
        ) from None
    return _DECLARATION.sub("", text).removeprefix("\ufeff").encode("utf-8")


def _bom(data: bytes) -> str | None:
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return None


def _declared(data: bytes) -> str | None:
    match = re.match(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""", data[:200])
    return match[1].decode("ascii") if match else None


def _refuse_deep(root: etree._Element) -> None:
    depth = count = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        count += event == "start"
        if depth > MAX_DEPTH or count > MAX_ELEMENTS:
            raise _broken(
                "the document is nested too deeply or has too many elements", "send a plain message"
            )


def _broken(message: str, hint: str) -> ContractError:
    return ContractError(message, code="invalid_soap", where="document", hint=hint)


def local_name(element: etree._Element) -> str:
    """Give the element's name without its namespace."""
    return etree.QName(element).localname


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
