"""What travels beside the SOAP message, and how the message points at it: swaRef and xop:Include.

A reference is `cid:` and the Content-ID of a part of the same message. Nothing else is ever opened or fetched.
"""

import base64
import binascii
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, cast
from urllib.parse import unquote

from lxml import etree

from gateway.foundation.errors import ContractError
from gateway.foundation.xml import element_children, text_of
from gateway.xroad.mime import Multipart
from gateway.xroad.mime_parts import Part
from gateway.xroad.namespaces import XOP, q

INCLUDE = q(XOP, "Include")
INLINE_BYTES = 1024 * 1024
_CHUNK = 64 * 1024
_LONGEST_LINE = 64 * 1024
_SPACE = b" \t\r\n"
_BAD_QUOTED = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*\r?\n|[ \t]*\Z)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """An attachment, ours or theirs; `size` is its bytes as they travel, which an encoding makes more."""

    content_id: str
    content_type: str
    size: int
    source: Callable[[], BinaryIO]

    def open(self) -> BinaryIO:
        """Open the decoded bytes; reading raises ContractError where the encoding is broken."""
        return self.source()

    def read(self) -> bytes:
        """Read all decoded bytes."""
        with self.open() as file:
            return file.read()


def attachment(content: bytes, *, content_id: str, content_type: str) -> Attachment:
    """Make an attachment to be sent."""
    return Attachment(
        content_id=content_id,
        content_type=content_type,
        size=len(content),
        source=partial(io.BytesIO, content),
    )


def attachments_of(message: Multipart) -> tuple[Attachment, ...]:
    """Give every part but the SOAP message; raises ContractError for an unknown transfer encoding."""
    return tuple(_from_part(part) for part in message.parts[1:])


def _from_part(part: Part) -> Attachment:
    if part.encoding in {"", "7bit", "8bit", "binary"}:
        source = part.open
    elif part.encoding in _DECODERS:
        source = partial(_open_decoded, part)
    else:
        raise _broken("a part has an unknown Content-Transfer-Encoding")
    return Attachment(
        content_id=part.content_id, content_type=part.content_type, size=part.size, source=source
    )


def find_attachment(reference: str, attachments: Sequence[Attachment]) -> Attachment:
    """Find what a swaRef or an href points at; raises ContractError for anything but a part of this message."""
    scheme, _, name = reference.strip().partition(":")
    if scheme.lower() != "cid":
        raise _unresolved("a reference to an attachment does not begin with cid:")
    found = [each for each in attachments if each.content_id and each.content_id == unquote(name)]
    if len(found) != 1:
        raise _unresolved("a reference names no attachment of this message")
    return found[0]


def swa_reference(element: etree._Element, attachments: Sequence[Attachment]) -> Attachment:
    """Give the attachment an element of the type ref:swaRef points at; raises ContractError."""
    return find_attachment(text_of(element), attachments)


def inline_includes(
    root: etree._Element, attachments: Sequence[Attachment], *, limit: int | None = INLINE_BYTES
) -> tuple[tuple[etree._Element, Attachment], ...]:
    """Put base64 in the place of every xop:Include, as signatures and schemas see the message (XOP 1.0, 3).

    Attachments above `limit` bytes (None: no bound) stay by reference and are given back with their elements.
    Raises ContractError for a reference that is not to a part of this message, or that stands twice.
    """
    kept: list[tuple[etree._Element, Attachment]] = []
    seen: set[str] = set()
    for include in list(root.iter(INCLUDE)):
        found = find_attachment(include.get("href") or "", attachments)
        if found.content_id in seen:
            raise _unresolved("two xop:Include point at the same attachment")
        seen.add(found.content_id)
        holder = _holder(include)
        if limit is not None and found.size > limit:
            kept.append((holder, found))
        else:
            holder.remove(include)
            holder.text = base64.b64encode(found.read()).decode()
    return tuple(kept)


def _holder(include: etree._Element) -> etree._Element:
    """Give the element an xop:Include stands for the content of: nothing else may stand there."""
    holder = include.getparent()
    if holder is None or len(holder) != 1 or element_children(include):
        raise _unresolved("xop:Include must stand alone in its element")
    if "".join(text or "" for text in (holder.text, include.text, include.tail)).strip():
        raise _unresolved("xop:Include must stand alone in its element")
    return holder


class _Decoded(io.RawIOBase):
    """A file over pieces that are made while it is read."""

    def __init__(self, source: BinaryIO, pieces: Iterator[bytes]) -> None:
        self._source = source
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        count = min(len(target), len(self._rest))
        target[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def close(self) -> None:
        self._source.close()
        super().close()


def _open_decoded(part: Part) -> BinaryIO:
    source = part.open()
    return cast("BinaryIO", io.BufferedReader(_Decoded(source, _DECODERS[part.encoding](source)), _CHUNK))


def _decode_base64(source: BinaryIO) -> Iterator[bytes]:
    """Decode strictly: white space apart, nothing foreign, and nothing behind the padding."""
    rest, ended = b"", False
    while chunk := source.read(_CHUNK):
        letters = rest + chunk.translate(None, _SPACE)
        whole = len(letters) // 4 * 4
        letters, rest = letters[:whole], letters[whole:]
        if letters and ended:
            raise _broken("an attachment goes on behind the end of its base64")
        ended = ended or letters.endswith(b"=")
        yield _strict_base64(letters)
    if rest:
        raise _broken("the base64 of an attachment breaks off")


def _strict_base64(letters: bytes) -> bytes:
    try:
        return binascii.a2b_base64(letters, strict_mode=True)
    except binascii.Error:
        raise _broken("an attachment is not the base64 it says it is") from None


def _decode_quoted(source: BinaryIO) -> Iterator[bytes]:
    """Decode quoted-printable line by line; an escape that is none is refused."""
    while line := source.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
            raise _broken("a quoted-printable line of an attachment is too long")
        if _BAD_QUOTED.search(line):
            raise _broken("an attachment is not the quoted-printable it says it is")
        yield binascii.a2b_qp(line)


_DECODERS: dict[str, Callable[[BinaryIO], Iterator[bytes]]] = {
    "base64": _decode_base64,
    "quoted-printable": _decode_quoted,
}


def _broken(message: str) -> ContractError:
    return ContractError(
        message,
        code="mime_parsing_failed",
        where="MIME",
        hint="send the attachment as binary, or encode it right",
    )


def _unresolved(message: str) -> ContractError:
    return ContractError(
        message,
        code="ATTACHMENT_REFERENCE",
        where="Body",
        hint="refer to each attachment once, by cid: and its Content-ID",
    )
