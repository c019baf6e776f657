"""multipart/related messages (RFC 2046, RFC 2387) read piece by piece, within bounds of number, size and depth.

The bytes of a part are kept exactly as they came. Every part must name its Content-Type; the first one is the
SOAP message (X-Road message protocol 2.5). A delimiter at the very end without its closing hyphens is taken for
the closing one, as security servers do: all parts before it are whole.
"""

import re
from collections.abc import AsyncIterable
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

from gateway.foundation.errors import ContractError
from gateway.xroad.mime_parts import Part, Store, part_of
from gateway.xroad.mime_types import read_media_type

Side = Literal["request", "response"]
SOAP_TYPES = frozenset({"text/xml", "application/xop+xml"})
_SOAP_ENCODINGS = frozenset({"", "7bit", "8bit", "binary"})
_WINDOW = 64 * 1024
_PADDING = 64
_BOUNDARY = re.compile(r"[A-Za-z0-9'()+_,\-./:=? ]{0,69}[A-Za-z0-9'()+_,\-./:=?]")
_HEADERS_END = re.compile(rb"\n\r?\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a message may hold; a part larger than `memory_bytes` goes to a temporary file."""

    parts: int = 64
    header_bytes: int = 8 * 1024
    header_lines: int = 32
    nesting: int = 2
    part_bytes: int = 20 * 1024 * 1024
    total_bytes: int = 64 * 1024 * 1024
    memory_bytes: int = 1024 * 1024


STANDARD = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Multipart:
    """The parts in their order, those inside a nested multipart in its place; close it to drop temporary files."""

    parts: tuple[Part, ...]

    @property
    def root(self) -> Part:
        """The first part, which is the SOAP message."""
        return self.parts[0]

    def close(self) -> None:
        """Drop what the parts keep; they cannot be read afterwards."""
        for part in self.parts:
            part.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Reader:
    """Takes a body in chunks and gives its parts; use it with `with`, so that nothing stays behind an error."""

    def __init__(self, content_type: str, *, limits: Limits = STANDARD, side: Side = "request") -> None:
        """Read boundary and start of the Content-Type; raises ContractError(invalid_content_type)."""
        media = read_media_type(content_type)
        if media.name != "multipart/related":
            raise _refused("the Content-Type is not multipart/related", code="invalid_content_type")
        self._start = media.parameters.get("start", "")
        self._limits = limits
        self._absent = "missing_soap" if side == "request" else "invalid_message"
        self._boundaries: list[bytes] = []
        self._parts: list[Part] = []
        self._begun = 0
        self._headers: tuple[tuple[str, str], ...] = ()
        self._store: Store | None = None
        self._began_at = 0
        self._fresh = True
        # Every step begins behind a line feed that stands first in the buffer; here it is one before the body.
        self._buffer = bytearray(b"\n")
        self._place = -1
        self._step = self._skip
        self._open(media.parameters.get("boundary", ""))

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes; raises ContractError as soon as a rule or a bound is broken."""
        view = memoryview(chunk)
        for start in range(0, len(view), _WINDOW):
            self._buffer += view[start : start + _WINDOW]
            if self._place + len(self._buffer) > self._limits.total_bytes:
                raise _refused(f"the message is larger than {self._limits.total_bytes} bytes")
            self._run()

    def finish(self) -> Multipart:
        """Give the parts after the last byte; raises ContractError when the message is not whole."""
        if not self._ends_with_delimiter():
            self._buffer += b"\n"  # ends a last line that has no end
            self._run()
        if self._ends_with_delimiter():
            self._boundaries.pop()
        if self._boundaries:
            raise self._unfinished()
        if not self._parts:
            raise _refused("the multipart message has no parts", code=self._absent)
        self._check_ids()
        made, self._parts = Multipart(parts=tuple(self._parts)), []
        return made

    def close(self) -> None:
        """Drop what was kept so far and was not handed over by `finish`."""
        Multipart(parts=tuple(self._parts)).close()
        if self._store is not None:
            self._store.close()
        self._parts, self._store = [], None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        while self._step():
            pass

    def _skip(self) -> bool:
        """Pass over what stands before the first and behind the last delimiter of a multipart."""
        return self._take(keep=False)

    def _read_body(self) -> bool:
        return self._take(keep=True)

    def _end(self) -> bool:
        """Pass over everything behind the closing delimiter."""
        self._drop(len(self._buffer))
        return False

    def _take(self, *, keep: bool) -> bool:
        """Go on to the next delimiter, or as far as no delimiter can begin; tell whether to go on."""
        found = self._delimiter.search(self._buffer)
        upto = found.start() if found else max(len(self._buffer) - self._longest, 0)
        if found and upto and self._buffer[upto - 1] == ord("\r"):
            upto -= 1
        begin = 1 if self._fresh else 0  # the line feed at the beginning is the line end before
        if keep and self._store is not None and upto > begin:
            self._write(self._store, begin, upto)
        if found:
            self._meet(found)
            return True
        self._fresh = self._fresh and not upto
        self._drop(upto)
        return False

    def _write(self, store: Store, begin: int, upto: int) -> None:
        if store.size + upto - begin > self._limits.part_bytes:
            raise _refused(f"a part is larger than {self._limits.part_bytes} bytes")
        with memoryview(self._buffer) as view:
            store.write(view[begin:upto])

    def _meet(self, found: "re.Match[bytes]") -> None:
        """Come to a delimiter: end the part, and begin another or close the multipart."""
        boundary, closing, end = found[1], bool(found[2]), found.end()
        if self._store is not None:
            self._keep_part(self._store)
        if boundary != self._boundaries[-1]:
            raise _refused("an inner multipart is not closed")
        self._drop(end)
        self._fresh = True
        if not closing:
            self._step = self._read_headers
            return
        self._boundaries.pop()
        self._step = self._skip if self._boundaries else self._end
        if self._boundaries:
            self._compile()

    def _read_headers(self) -> bool:
        found = _HEADERS_END.search(self._buffer)
        if (found.start() if found else len(self._buffer)) > self._limits.header_bytes:
            raise _refused(f"the headers of a part are longer than {self._limits.header_bytes} bytes")
        if found is None:
            return False
        block = bytes(self._buffer[1 : found.start()]) if found.start() else b""
        self._drop(found.end() - 1)
        self._begin_part(block)
        return True

    def _begin_part(self, block: bytes) -> None:
        self._begun += 1
        if self._begun > self._limits.parts:
            raise _refused(f"the message has more than {self._limits.parts} parts")
        store = Store(self._limits.memory_bytes)
        part = part_of(block, store, at=self._place + 1, lines=self._limits.header_lines)
        if not self._parts:
            self._check_root(part)
        elif part.media_type.startswith("multipart/"):
            self._step = self._skip
            self._open(read_media_type(part.content_type).parameters.get("boundary", ""))
            return
        self._headers, self._store, self._began_at = part.headers, store, part.at
        self._step = self._read_body

    def _keep_part(self, store: Store) -> None:
        self._store = None
        store.seal()
        self._parts.append(Part(headers=self._headers, at=self._began_at, store=store))

    def _check_root(self, part: Part) -> None:
        if part.media_type not in SOAP_TYPES:
            raise _refused("the first part is not a SOAP message", code="invalid_content_type")
        if part.encoding not in _SOAP_ENCODINGS:
            raise _refused("the SOAP part must be sent as it is: Content-Transfer-Encoding 8bit")
        if self._start and self._start.strip("<>") != part.content_id:
            raise _refused("start names another part than the first")

    def _check_ids(self) -> None:
        ids = [part.content_id for part in self._parts if part.content_id]
        if len(ids) != len(set(ids)):
            raise _refused("two parts have the same Content-ID")

    def _open(self, boundary: str) -> None:
        """Go one multipart deeper."""
        if not _BOUNDARY.fullmatch(boundary):
            raise _refused("a multipart Content-Type has no usable boundary", code="invalid_content_type")
        written = boundary.encode()
        if any({written, written + b"--"} & {outer, outer + b"--"} for outer in self._boundaries):
            raise _refused("an inner multipart has the boundary of the outer one")
        if len(self._boundaries) == self._limits.nesting:
            raise _refused(f"multiparts are nested deeper than {self._limits.nesting}")
        self._boundaries.append(written)
        self._compile()

    def _compile(self) -> None:
        names = b"|".join(re.escape(boundary) for boundary in self._boundaries)
        self._delimiter = re.compile(rb"\n--(%s)(--)?[ \t]{0,%d}\r?(?=\n)" % (names, _PADDING))
        self._longest = 1 + 1 + 2 + max(map(len, self._boundaries)) + 2 + _PADDING + 1 + 1

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._place += count

    def _ends_with_delimiter(self) -> bool:
        return self._step == self._read_headers and bool(self._parts) and not self._buffer.strip()

    def _unfinished(self) -> ContractError:
        if not self._parts and self._step == self._skip:
            return _refused("the message holds no part between its boundaries", code=self._absent)
        return _refused("the closing boundary is missing")


def is_multipart(content_type: str) -> bool:
    """Tell whether a Content-Type announces several parts."""
    return content_type.lstrip()[:10].lower() == "multipart/"


def read_multipart(data: bytes, content_type: str, *, side: Side = "request") -> Multipart:
    """Read a message that is in memory already, where its parts stay too; raises ContractError."""
    limits = Limits(memory_bytes=len(data), part_bytes=len(data), total_bytes=len(data))
    with Reader(content_type, limits=limits, side=side) as reader:
        reader.feed(data)
        return reader.finish()


async def receive_multipart(
    chunks: AsyncIterable[bytes], content_type: str, *, limits: Limits = STANDARD, side: Side = "request"
) -> Multipart:
    """Read a message while it arrives; raises ContractError. The caller closes what it is given."""
    with Reader(content_type, limits=limits, side=side) as reader:
        async for chunk in chunks:
            reader.feed(chunk)
        return reader.finish()


def _refused(message: str, *, code: str = "mime_parsing_failed") -> ContractError:
    return ContractError(
        message, code=code, where="MIME", hint="send multipart/related with the SOAP message first (RFC 2387)"
    )
