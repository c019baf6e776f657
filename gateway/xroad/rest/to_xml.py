"""From JSON to the contract's XML, by plan: order, arrays and types are the schema's; nothing is guessed.

Places are JSON pointers made of the contract's own names; no value and no made-up name is ever quoted.
"""

import re
from decimal import Decimal
from math import isfinite
from typing import Any

from lxml import etree

from gateway.foundation.errors import ContractError
from gateway.xroad.rest.json_text import Twice
from gateway.xroad.rest.plan import Choice, Element, Group, Leaf, Particle, names_of, required_of
from gateway.xroad.scalars import Kind

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LARGEST_EXPONENT = 60


def to_xml(value: Any, element: Element) -> etree._Element:
    """Write a message's content under its element; raises ContractError(SCHEMA) with the JSON pointer."""
    namespace = element.tag.removeprefix("{").rpartition("}")[0]
    root = etree.Element(element.tag, nsmap={"c": namespace} if namespace else None)
    _fill(root, element.content, value, "")
    return root


def _fill(made: etree._Element, content: Leaf | Group, value: Any, where: str) -> None:
    if isinstance(content, Leaf):
        made.text = _text(content.kind, value, where)
        return
    if not isinstance(value, dict):
        raise _wrong("an object is expected", where, f"write {{…}} with {_listed(content.members)}")
    _check_names(value, content, where)
    # an empty array is no element; an empty array in the place of a single value is wrong
    given = {name: each for name, each in value.items() if each != [] or not content.members[name].many}
    _write(made, content.particle, given, where)


def _check_names(value: dict[str, Any], group: Group, where: str) -> None:
    if isinstance(value, Twice):
        known = value.repeated in group.members
        place = f"{where}/{value.repeated}" if known else where
        raise _wrong("a member stands twice", place, "write every member once")
    if not value.keys() <= group.members.keys():
        raise _wrong("a member is not in the contract", where, f"known here: {_listed(group.members)}")


def _write(made: etree._Element, part: Particle, given: dict[str, Any], where: str) -> None:
    if isinstance(part, Element):
        _write_element(made, part, given, where)
    elif isinstance(part, Choice):
        branch = _chosen(part, given, where)
        if branch is not None:
            _write(made, branch, given, where)
    elif part.required or names_of(part) & given.keys():
        for each in part.parts:
            _write(made, each, given, where)


def _write_element(made: etree._Element, element: Element, given: dict[str, Any], where: str) -> None:
    place = f"{where}/{element.name}"
    if element.name not in given:
        if element.minimum:
            raise _wrong("a member is missing", place, f"add {element.name}")
        return
    value = given[element.name]
    if not element.many:
        _fill(etree.SubElement(made, element.tag), element.content, value, place)
        return
    if not isinstance(value, list):
        raise _wrong("an array is expected", place, "write […], with one value as with many")
    if len(value) < element.minimum or (element.maximum is not None and len(value) > element.maximum):
        bounds = f"{element.minimum} to {'any number' if element.maximum is None else element.maximum}"
        raise _wrong("the array has too few or too many values", place, f"write {bounds} values")
    for index, each in enumerate(value):
        _fill(etree.SubElement(made, element.tag), element.content, each, f"{place}/{index}")


def _chosen(choice: Choice, given: dict[str, Any], where: str) -> Particle | None:
    """Find the branch that holds all that was given, and of those the one that lacks nothing."""
    mine = names_of(choice) & given.keys()
    if not mine:
        if choice.required and all(required_of(branch) for branch in choice.branches):
            raise _wrong("a member is missing", where, f"add one of {_listed(names_of(choice))}")
        return None
    fitting = [branch for branch in choice.branches if mine <= names_of(branch)]
    if not fitting:
        raise _wrong("members exclude one another", where, f"write only one of {_listed(mine)}")
    whole = [branch for branch in fitting if required_of(branch) <= given.keys()]
    return (whole or fitting)[0]


def _text(kind: Kind, value: Any, where: str) -> str:
    if kind == Kind.BOOLEAN:
        if not isinstance(value, bool):
            raise _wrong("true or false is expected", where, "write true or false without quotes")
        return "true" if value else "false"
    if kind in {Kind.INTEGER, Kind.DECIMAL, Kind.NUMBER}:
        return _number(kind, value, where)
    if not isinstance(value, str):
        raise _wrong("a text is expected", where, "write it in quotes")
    if _NOT_XML.search(value):
        raise _wrong("the text holds characters that XML cannot carry", where, "leave control characters out")
    return value


def _number(kind: Kind, value: Any, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _wrong("a number is expected", where, "write it without quotes")
    if isinstance(value, Decimal) and abs(value.adjusted()) > _LARGEST_EXPONENT and kind != Kind.NUMBER:
        raise _wrong("the number is too large or too small", where, "write fewer digits")
    if kind == Kind.NUMBER:
        if not isfinite(float(value)):
            raise _wrong("the number is too large", where, "write a smaller one")
        return repr(float(value))
    if kind == Kind.INTEGER and value != int(value):
        raise _wrong("a whole number is expected", where, "leave the fraction out")
    return (
        str(int(value)) if kind == Kind.INTEGER else format(value, "f" if isinstance(value, Decimal) else "d")
    )


def _listed(names: Any) -> str:
    return ", ".join(names if not isinstance(names, set | frozenset) else sorted(names))


def _wrong(message: str, where: str, hint: str) -> ContractError:
    return ContractError(message, code="SCHEMA", where=where or "the whole body", hint=hint)
