"""From XML that fits the contract to JSON text, by plan: arrays exactly where the schema lets elements repeat."""

import json
from decimal import Decimal
from math import isfinite

from lxml import etree

from gateway.foundation.errors import ContractError
from gateway.foundation.xml import element_children, text_of
from gateway.xroad.rest.plan import Element, Group, Leaf
from gateway.xroad.scalars import Kind, read_scalar


def to_json(content: etree._Element, element: Element) -> bytes:
    """Write a content as JSON in UTF-8; it must have passed the schema. Raises ContractError(SCHEMA) otherwise."""
    return _written(content, element.content).encode()


def _written(found: etree._Element, content: Leaf | Group) -> str:
    if isinstance(content, Leaf):
        return _scalar(text_of(found), content.kind)
    members: dict[str, list[str]] = {}
    for child in element_children(found):
        element = content.tags.get(str(child.tag))
        if element is None:
            raise _unexpected()
        members.setdefault(element.name, []).append(_written(child, element.content))
    return "{" + ",".join(_member(content.members[name], texts) for name, texts in members.items()) + "}"


def _member(element: Element, texts: list[str]) -> str:
    if not element.many and len(texts) > 1:
        raise _unexpected()
    value = f"[{','.join(texts)}]" if element.many else texts[0]
    return f"{json.dumps(element.name)}:{value}"


def _scalar(text: str, kind: Kind) -> str:
    if kind == Kind.TEXT:
        return json.dumps(text, ensure_ascii=False)
    plain = text.strip()
    if kind not in {Kind.BOOLEAN, Kind.INTEGER, Kind.DECIMAL, Kind.NUMBER}:
        return json.dumps(plain, ensure_ascii=False)
    try:
        value = read_scalar(plain, kind)
    except ValueError:
        raise _unexpected() from None
    if kind == Kind.NUMBER and not isfinite(value):
        raise _unexpected()
    return format(value, "f") if isinstance(value, Decimal) else json.dumps(value)


def _unexpected() -> ContractError:
    return ContractError("the content does not fit the published schema", code="SCHEMA", where="content")
