"""Between the wire and plain values: text read by name, contents written in canonical form."""

from collections.abc import Iterable, Mapping
from datetime import date

from lxml import etree

from gateway.foundation.errors import ContractError
from gateway.foundation.xml import text_of
from gateway.xroad.namespaces import q

NAMESPACE = "urn:kg:isuo:producer:v1"
Tree = list[tuple[str, "str | Tree"]]
Texts = Mapping[str, str]
_OURS = q(NAMESPACE, "*")
_NAME_AT = len(q(NAMESPACE, ""))


def texts_of(content: etree._Element) -> Texts:
    """Read every text of a checked content at once, stripped, by its path of names; of repeated ones the first."""
    found: dict[str, str] = {}
    _collect(content, "", found)
    return found


def _collect(element: etree._Element, path: str, found: dict[str, str]) -> bool:
    """Collect the texts below an element; False where there is none of ours, so that it may hold a text itself."""
    is_branch = False
    for child in element.iterchildren(_OURS):
        is_branch = True
        name = path + child.tag[_NAME_AT:]
        if len(child) == 0 or not _collect(child, f"{name}/", found):
            found.setdefault(name, text_of(child).strip())
    return is_branch


def read_text(texts: Texts, path: str) -> str:
    """Read an optional text; absent is empty."""
    return texts.get(path, "")


def read_date(texts: Texts, path: str) -> date | None:
    """Read an optional date; the schema has checked its form, so only impossible days are refused here."""
    text = read_text(texts, path)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ContractError(
            "a date is not a day of the calendar", code="SCHEMA", where=path, hint="write YYYY-MM-DD"
        ) from None


def write_content(name: str, tree: Tree) -> bytes:
    """Write the Body's one child; the bytes are its exclusive canonical form."""
    return f'<isuo:{name} xmlns:isuo="{NAMESPACE}">{_write(tree)}</isuo:{name}>'.encode()


def _write(tree: Iterable[tuple[str, "str | Tree"]]) -> str:
    return "".join(
        [
            f"<isuo:{name}>{_escape(value) if isinstance(value, str) else _write(value)}</isuo:{name}>"
            for name, value in tree
        ]
    )


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")


def present(tree: Iterable[tuple[str, "str | Tree | None"]]) -> Tree:
    """Drop the parts that have no value."""
    return [(name, value) for name, value in tree if value is not None and value != ""]
