"""A message as a tree whose personal values are masked: what the schema's classes call public is shown, nothing else.

The same tree can be unmasked; that is for whoever gave a reason.
"""

import json
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from lxml import etree

from gateway.foundation.errors import ContractError
from gateway.foundation.xml import parse

MASK = "•••••"
_BOUNDARY = re.compile(rb"^--([^\r\n]{1,200})\r?\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A value: its text, and whether it stands for something hidden or is personal and laid open."""

    text: str
    masked: bool = False
    personal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An element (or a member of JSON): its name, attributes, own value and children; prefixes it declares."""

    name: str
    attributes: tuple[tuple[str, Shown], ...] = ()
    namespaces: tuple[tuple[str, str], ...] = ()
    value: Shown | None = None
    children: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownBody:
    """A body: its form (xml, json, bytes), its tree where it has one, how many parts hang on it."""

    form: str
    size: int
    tree: Node | None = None
    parts: int = 0

    @property
    def header(self) -> Node | None:
        """Give the SOAP header, where there is one."""
        return (
            next((child for child in self.tree.children if child.name.endswith("Header")), None)
            if self.tree
            else None
        )


@dataclass(frozen=True, slots=True)
class _Classes:
    elements: frozenset[str]
    attributes: frozenset[str]


@cache
def _classes() -> _Classes:
    table = tomllib.loads(
        files("gateway.exchange").joinpath("element_classes.toml").read_text(encoding="utf-8")
    )
    return _Classes(frozenset(table["public"]), frozenset(table["attributes"]))


def public_elements() -> frozenset[str]:
    """Give the names whose values are shown."""
    return _classes().elements


def shown_body(body: bytes, *, revealed: bool) -> ShownBody:
    """Take a stored body apart; what is neither XML nor JSON is told by its size alone."""
    root, parts = _root_part(body)
    if root.lstrip()[:1] == b"<":
        try:
            tree: Node | None = _element(parse(root), revealed=revealed)
        except ContractError:
            tree = None
        if tree is not None:
            return ShownBody(form="xml", size=len(body), tree=tree, parts=parts)
    if root.lstrip()[:1] in {b"{", b"["}:
        try:
            return ShownBody(
                form="json", size=len(body), tree=_member("", json.loads(root), revealed=revealed)
            )
        except (ValueError, RecursionError):
            pass
    return ShownBody(form="bytes", size=len(body), parts=parts)


def masked_text(body: bytes, *, leave_out: frozenset[str] = frozenset()) -> str:
    """Write an XML body with its personal values masked, one element a line; "" for anything else.

    Elements of the local names in `leave_out` are left out with what is in them.
    """
    found = shown_body(body, revealed=False)
    return "\n".join(_lines(found.tree, 0, leave_out)) if found.tree and found.form == "xml" else ""


def _root_part(body: bytes) -> tuple[bytes, int]:
    """Give the message without what is attached, and how many parts are."""
    found = _BOUNDARY.match(body.lstrip(b"\r\n"))
    if found is None:
        return body, 0
    parts = body.split(b"--" + found[1])[1:-1]
    if not parts:
        return body, 0
    _, _, root = parts[0].replace(b"\r\n", b"\n", 20).partition(b"\n\n")
    return root, len(parts) - 1


def _element(element: etree._Element, *, revealed: bool) -> Node:
    name = etree.QName(element)
    prefix = f"{element.prefix}:" if element.prefix else ""
    children = [child for child in element if isinstance(child.tag, str)]
    text = (element.text or "").strip()
    return Node(
        name=prefix + name.localname,
        namespaces=_declared(element),
        attributes=tuple(
            _attribute(str(key), str(value), revealed=revealed) for key, value in element.attrib.items()
        ),
        value=_value(name.localname, text, revealed=revealed) if text else None,
        children=tuple(_element(child, revealed=revealed) for child in children),
    )


def _declared(element: etree._Element) -> tuple[tuple[str, str], ...]:
    """Give the prefixes that an element declares and its parent does not have."""
    parent = element.getparent()
    above = {} if parent is None else parent.nsmap
    return tuple(
        (f"xmlns:{prefix}" if prefix else "xmlns", uri)
        for prefix, uri in element.nsmap.items()
        if above.get(prefix) != uri
    )


def _attribute(key: str, value: str, *, revealed: bool) -> tuple[str, Shown]:
    name = etree.QName(key).localname
    if name in _classes().attributes:
        return name, Shown(text=value)
    return name, Shown(text=value if revealed else MASK, masked=not revealed, personal=revealed)


def _value(name: str, text: str, *, revealed: bool) -> Shown:
    if name in _classes().elements:
        return Shown(text=text)
    return Shown(text=text if revealed else MASK, masked=not revealed, personal=revealed)


def _member(name: str, found: Any, *, revealed: bool) -> Node:
    if isinstance(found, dict):
        return Node(
            name=name,
            children=tuple(_member(str(key), value, revealed=revealed) for key, value in found.items()),
        )
    if isinstance(found, list):
        return Node(name=name, children=tuple(_member(name, value, revealed=revealed) for value in found))
    return Node(name=name, value=_value(name, json.dumps(found, ensure_ascii=False), revealed=revealed))


def _lines(node: Node, depth: int, leave_out: frozenset[str]) -> list[str]:
    if node.name.rpartition(":")[2] in leave_out:
        return []
    pad = "  " * depth
    attributes = "".join(f' {name}="{_escaped(uri)}"' for name, uri in node.namespaces)
    attributes += "".join(f' {name}="{_escaped(shown.text)}"' for name, shown in node.attributes)
    value = _escaped(node.value.text) if node.value else ""
    if not node.children:
        return [f"{pad}<{node.name}{attributes}>{value}</{node.name}>"]
    inner = [line for child in node.children for line in _lines(child, depth + 1, leave_out)]
    return [f"{pad}<{node.name}{attributes}>{value}", *inner, f"{pad}</{node.name}>"]


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
