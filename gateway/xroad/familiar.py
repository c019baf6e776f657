"""Familiar headers: an agency sends one header again and again, and only userId, id and issue say something new.

A header is read once with marks in the place of those three texts. Where a mark comes out as the whole text of one
field, any plain text in its place comes out so too: it holds nothing that ends or begins markup, so a parser is in
the same state before and behind it. From then on the bytes around the texts say what was read. The message is still
parsed whole, and whatever is not as plain as that is read as if it were new.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

from gateway.foundation.errors import ContractError
from gateway.xroad.header import Header

_LONGEST = 8192
_MOST = 256
_END = re.compile(rb"</(?:[\w.-]+:)?Header>")
_ENVELOPE = re.compile(rb"<((?:[\w.-]+:)?)Envelope[\s>]")
_TEXT = re.compile(rb">([^<>&\]\r]+)(?=</(?:[\w.-]+:)?(?:userId|id|issue)>)")
_TOLD = ("user_id", "message_id", "issue")
_FIELDS = tuple(field.name for field in fields(Header))
_SIGNED = b"Security"  # never twice the same, and taken out once it is read
_CHANGED_LATER = (b"requestHash", b"Include")  # what is taken out or replaced, too


class Seen(NamedTuple):
    """A header as it was read, its bytes in an answer, and the shell they belong to."""

    header: Header
    written: bytes
    shell: Any


Reader = Callable[[bytes, str], "Seen | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """What was learned: which field each text is, the other fields, and the answer's bytes around the texts."""

    names: tuple[str, ...]
    others: Mapping[str, Any]
    around: tuple[bytes, ...]
    shell: Any


def recognise(data: bytes, content_type: str, read: Reader) -> Seen | None:
    """Give what `read` would of a well-formed message's header; None where it is not plain, or cannot be read."""
    end = _END.search(data, 0, _LONGEST)
    head = data[: end.end()] if end else b""
    if not head or _SIGNED in head:
        return None
    parts = _TEXT.split(head)
    texts = parts[1::2]
    shape = _learn(tuple(parts[::2]), content_type, read)
    if shape is None:
        return None
    told: dict[str, Any] = {name: text.decode() for name, text in zip(shape.names, texts, strict=True)}
    return Seen(Header(**shape.others, **told), _between(shape.around, texts), shape.shell)


def _between(around: Sequence[bytes], texts: Sequence[bytes]) -> bytes:
    return b"".join(chain.from_iterable(zip(around, (*texts, b""), strict=True)))


@lru_cache(maxsize=_MOST)
def _learn(parts: tuple[bytes, ...], content_type: str, read: Reader) -> _Shape | None:
    """Read the header with marks; the envelope ends right behind it, so nothing of it can stand elsewhere."""
    marks = [b"mark-%d-of-a-familiar-header" % number for number in range(len(parts) - 1)]
    head = _between(parts, [b">" + mark for mark in marks])
    envelope = _ENVELOPE.search(head)
    if envelope is None or not marks or any(name in head for name in _CHANGED_LATER):
        return None
    try:
        seen = read(head + b"<%bBody/></%bEnvelope>" % (envelope[1], envelope[1]), content_type)
    except ContractError:
        return None
    return _shape_of(seen, marks) if seen else None


def _shape_of(seen: Seen, marks: Sequence[bytes]) -> _Shape | None:
    """Find each mark as the whole text of a field of its own, and once in what was written."""
    values = {getattr(seen.header, name): name for name in _TOLD}
    names = tuple(values.get(mark.decode(), "") for mark in marks)
    any_mark = b"|".join(marks)
    if "" in names or re.findall(any_mark, seen.written) != list(marks):
        return None
    others = {name: getattr(seen.header, name) for name in _FIELDS if name not in names}
    around = tuple(re.split(any_mark, seen.written))
    return _Shape(names=names, others=others, around=around, shell=seen.shell)
