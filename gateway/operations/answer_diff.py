"""Compare two answers field by field without showing what they say about people.

Names of fields and whether a value changed are shown; a value itself only where the field tells nothing about a
person. Everything unknown is masked.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from lxml import etree

from gateway.exchange.masking import public_elements
from gateway.foundation.errors import ContractError
from gateway.foundation.xml import parse
from gateway.operations.questions import content_type_of
from gateway.xroad.envelope import FaultMessage, canonical, read_message

SAME, CHANGED, ADDED, REMOVED = "SAME", "CHANGED", "ADDED", "REMOVED"
_PIN = re.compile(r"\d{13,15}")
_SHORT = re.compile(r"[A-Za-z0-9_.:\-]{1,40}")
Leaf = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """One field of either answer; None where it is absent."""

    path: str
    change: str
    old: str | None
    new: str | None


def diff_answers(old: bytes | None, new: bytes | None) -> tuple[DiffLine, ...]:
    """Compare the answers of two exchanges; an absent one has no fields."""
    before, after = _leaves(old), _leaves(new)
    lines: list[DiffLine] = []
    matcher = SequenceMatcher(None, [path for path, _ in before], [path for path, _ in after], autojunk=False)
    for tag, start, end, other, until in matcher.get_opcodes():
        if tag == "equal":
            pairs = zip(before[start:end], after[other:until], strict=True)
            lines += [_line(left, right) for left, right in pairs]
            continue
        lines += [_line(left, None) for left in before[start:end]]
        lines += [_line(None, right) for right in after[other:until]]
    return tuple(lines)


def _line(old: Leaf | None, new: Leaf | None) -> DiffLine:
    path = (old or new or ("", ""))[0]
    change = ADDED if old is None else REMOVED if new is None else SAME if old == new else CHANGED
    return DiffLine(
        path=path,
        change=change,
        old=None if old is None else masked(path, old[1]),
        new=None if new is None else masked(path, new[1]),
    )


def masked(path: str, value: str) -> str:
    """Mask a value unless its field is known to say nothing about a person."""
    name = path.rpartition("/")[2].partition("[")[0]
    if name in public_elements() and _SHORT.fullmatch(value) and not _PIN.search(value):
        return value
    if not value:
        return ""
    return f"{value[0]}{'•' * 11}{value[-2:]}" if _PIN.fullmatch(value) else "•••"


def _leaves(answer: bytes | None) -> list[Leaf]:
    if not answer:
        return []
    if answer.lstrip()[:1] in {b"{", b"["}:
        return list(_of_json(answer))
    try:
        message = read_message(answer, content_type_of(answer)[0], side="response")
    except ContractError:
        return [("(unreadable)", f"{len(answer)} bytes")]
    if isinstance(message, FaultMessage):
        return [("fault/faultcode", message.code), ("fault/faultstring", message.string)]
    return list(_of_xml(parse(canonical(message.content)), ""))


def _of_xml(element: etree._Element, above: str) -> Iterator[Leaf]:
    path = f"{above}/{etree.QName(element).localname}".lstrip("/")
    children = [child for child in element if isinstance(child.tag, str)]
    if not children:
        yield path, (element.text or "").strip()
    for child in children:
        yield from _of_xml(child, path)


def _of_json(answer: bytes) -> Iterator[Leaf]:
    try:
        yield from _of_value(json.loads(answer), "")
    except (ValueError, RecursionError):
        yield "(unreadable)", f"{len(answer)} bytes"


def _of_value(value: Any, path: str) -> Iterator[Leaf]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _of_value(inner, f"{path}/{name}".lstrip("/"))
    elif isinstance(value, list):
        for inner in value:
            yield from _of_value(inner, f"{path}[]")
    else:
        yield path or "(value)", json.dumps(value) if not isinstance(value, str) else value
