"""Messages with attachments as they leave: SOAP with Attachments, or MTOM (XOP 1.0 in multipart/related)."""

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from gateway.foundation.errors import ContractError
from gateway.xroad.attachments import Attachment

Packaging = Literal["swa", "mtom"]
_ROOT_ID = "message@kopuro"
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A message ready to be sent, in one piece or in chunks, as often as it is asked for."""

    content_type: str
    chunks: Callable[[], Iterator[bytes]]

    def whole(self) -> bytes:
        """Give all bytes at once."""
        return b"".join(self.chunks())


def pack(soap: bytes, attachments: Sequence[Attachment], *, packaging: Packaging = "swa") -> Packed:
    """Put a message (UTF-8) and its attachments together under a boundary that occurs in none of them.

    Attachments are read twice, piece by piece: for the boundary now, and when the chunks are taken. Raises
    ContractError for a Content-ID or Content-Type that cannot stand in a header.
    """
    if len({each.content_id for each in attachments}) != len(attachments):
        raise _unfit("Content-ID")
    heads = [_head(each) for each in attachments]
    boundary = _boundary(soap, attachments)
    inner = "text/xml" if packaging == "swa" else "application/xop+xml"
    more = "" if packaging == "swa" else ' start-info="text/xml";'
    content_type = f'multipart/related; type="{inner}"; start="<{_ROOT_ID}>";{more} boundary="{boundary}"'

    def chunks() -> Iterator[bytes]:
        line = f"--{boundary}\r\n".encode()
        yield line + _root_head(packaging)
        yield soap
        for head, each in zip(heads, attachments, strict=True):
            yield b"\r\n" + line + head
            yield from _pieces(each)
        yield f"\r\n--{boundary}--\r\n".encode()

    return Packed(content_type=content_type, chunks=chunks)


def _root_head(packaging: Packaging) -> bytes:
    kind = "text/xml; charset=UTF-8"
    if packaging == "mtom":
        kind = 'application/xop+xml; charset=UTF-8; type="text/xml"'
    return _lines(
        ("Content-Type", kind), ("Content-Transfer-Encoding", "8bit"), ("Content-ID", f"<{_ROOT_ID}>")
    )


def _head(one: Attachment) -> bytes:
    if set(one.content_id) & set("<> \t") or not one.content_id or one.content_id == _ROOT_ID:
        raise _unfit("Content-ID")
    return _lines(
        ("Content-Type", one.content_type),
        ("Content-Transfer-Encoding", "binary"),
        ("Content-ID", f"<{one.content_id}>"),
    )


def _lines(*headers: tuple[str, str]) -> bytes:
    for name, value in headers:
        if not value.isprintable() or not value:
            raise _unfit(name)
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode() + b"\r\n"


def _boundary(soap: bytes, attachments: Sequence[Attachment]) -> str:
    while True:
        made = f"kopuro-{secrets.token_hex(16)}"
        if not any(_occurs(made.encode(), pieces) for pieces in ([soap], *map(_pieces, attachments))):
            return made


def _occurs(word: bytes, pieces: Iterable[bytes]) -> bool:
    before = b""
    for piece in pieces:
        window = before + piece
        if word in window:
            return True
        before = window[1 - len(word) :]
    return False


def _pieces(one: Attachment) -> Iterator[bytes]:
    with one.open() as file:
        while piece := file.read(_CHUNK):
            yield piece


def _unfit(name: str) -> ContractError:
    return ContractError(
        f"the {name} of an attachment cannot stand in a header",
        code="invalid_content_type",
        where="MIME",
        hint="use printable characters, and a Content-ID of its own for each attachment",
    )
