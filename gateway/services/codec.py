"""Between the wire and plain values: text read by name, contents written in canonical form."""

from collections.abc import Iterable
from datetime import date
from functools import cache

from lxml import etree

from gateway.foundation.errors import ContractError
from gateway.foundation.xml import text_of
from gateway.xroad.namespaces import q

NAMESPACE = "urn:kg:isuo:producer:v1"
Tree = list[tuple[str, "str | Tree"]]


def find(element: etree._Element, path: str) -> etree._Element | None:
    """Find a descendant by local names separated by slashes, all in the contract's namespace."""
    found = element
    for tag in _tags(path):
        below = next(found.iterchildren(tag), None)
        if below is None:
            return None
        found = below
    return found


@cache
def _tags(path: str) -> tuple[str, ...]:
    """Write a path of our own the way lxml spells it."""
    return tuple(q(NAMESPACE, step) for step in path.split("/"))


def read_text(element: etree._Element, path: str) -> str:
    """Read an optional text; absent is empty."""
    found = find(element, path)
    return text_of(found).strip() if found is not None else ""


def read_date(element: etree._Element, path: str) -> date | None:
    """Read an optional date; the schema has checked its form, so only impossible days are refused here."""
    text = read_text(element, path)
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
        f"<isuo:{name}>{_escape(value) if isinstance(value, str) else _write(value)}</isuo:{name}>"
        for name, value in tree
    )


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")


def present(tree: Iterable[tuple[str, "str | Tree | None"]]) -> Tree:
    """Drop the parts that have no value."""
    return [(name, value) for name, value in tree if value is not None and value != ""]
