"""One part of a multipart message: its headers as they came, and its bytes in memory or in a temporary file."""

import io
import os
import re
import tempfile
from dataclasses import dataclass
from typing import IO, BinaryIO, cast

from gateway.foundation.errors import ContractError
from gateway.xroad.mime_types import media_type_name

_LINE_END = re.compile(rb"\r?\n")
_HEADER = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*:[ \t]*(.*)", re.DOTALL)
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
_SINGLE = frozenset({"content-type", "content-id", "content-transfer-encoding"})


class Store:
    """Bytes that are written once: in memory up to a bound, above it in a temporary file without a name."""

    def __init__(self, memory_bytes: int) -> None:
        """Take the bound; nothing is kept yet."""
        self.size = 0
        self._bound = memory_bytes
        self._memory: bytearray | bytes = bytearray()
        self._file: IO[bytes] | None = None
        self._closed = False

    def write(self, piece: memoryview) -> None:
        """Add a piece."""
        self.size += len(piece)
        if self._file is None and self.size > self._bound:
            self._file = tempfile.TemporaryFile(prefix="kopuro-part-")  # noqa: SIM115 – closed in close()
            self._file.write(self._memory)
            self._memory = b""
        if self._file is not None:
            self._file.write(piece)
        elif isinstance(self._memory, bytearray):
            self._memory += piece

    def seal(self) -> None:
        """End writing."""
        if self._file is not None:
            self._file.flush()
        else:
            self._memory = bytes(self._memory)

    def open(self) -> BinaryIO:
        """Open the bytes for reading from the beginning; every opening reads for itself."""
        if self._closed:
            raise ValueError("the part was closed")
        if self._file is None:
            return io.BytesIO(self._memory)
        return cast("BinaryIO", io.BufferedReader(_FileView(self._file)))

    def close(self) -> None:
        """Drop the bytes; a temporary file is gone with that."""
        if self._file is not None:
            self._file.close()
        self._memory, self._closed = b"", True


class _FileView(io.RawIOBase):
    """Reads a file by position, so that several readers do not move each other."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._place = 0

    def readable(self) -> bool:
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        count = os.preadv(self._file.fileno(), [target], self._place)
        self._place += count
        return count


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part; `at` is where its bytes begin in the message's body."""

    headers: tuple[tuple[str, str], ...]
    at: int
    store: Store

    def header(self, name: str) -> str:
        """Give the first header of a name (in lower case), or an empty text."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def content_type(self) -> str:
        """The Content-Type as it stands."""
        return self.header("content-type")

    @property
    def media_type(self) -> str:
        """The type without parameters, in lower case."""
        return media_type_name(self.content_type)

    @property
    def content_id(self) -> str:
        """The Content-ID without its angle brackets."""
        return self.header("content-id").removeprefix("<").removesuffix(">")

    @property
    def encoding(self) -> str:
        """The Content-Transfer-Encoding in lower case; empty when there is none."""
        return self.header("content-transfer-encoding").lower()

    @property
    def size(self) -> int:
        """How many bytes the part has on the wire."""
        return self.store.size

    def open(self) -> BinaryIO:
        """Open the bytes as they came, still encoded."""
        return self.store.open()

    def read(self) -> bytes:
        """Read all bytes as they came."""
        with self.open() as file:
            return file.read()

    def close(self) -> None:
        """Drop the bytes."""
        self.store.close()


def part_of(block: bytes, store: Store, *, at: int, lines: int) -> Part:
    """Read the lines before a part; raises ContractError, also when they do not name a Content-Type."""
    part = Part(headers=_read_headers(block, lines), at=at, store=store)
    if not part.media_type:
        raise _refused("a part does not name its Content-Type", code="invalid_content_type")
    return part


def _read_headers(block: bytes, lines: int) -> tuple[tuple[str, str], ...]:
    written = [line for line in _LINE_END.split(block.removesuffix(b"\r")) if line]
    if len(written) > lines:
        raise _refused(f"a part has more than {lines} header lines")
    unfolded: list[str] = []
    for line in written:
        text = line.decode("utf-8", "surrogateescape")
        if text[0] in " \t" and unfolded:
            unfolded[-1] += text
        else:
            unfolded.append(text)
    headers = tuple(_read_header(line) for line in unfolded)
    names = [name.lower() for name, _ in headers]
    if any(names.count(name) > 1 for name in _SINGLE):
        raise _refused("a header of a part stands twice")
    return headers


def _read_header(line: str) -> tuple[str, str]:
    found = _HEADER.fullmatch(line)
    if found is None or line.startswith("--") or _CONTROL.search(line):
        raise _refused("a line before a part is not a header")
    return found[1], found[2].rstrip(" \t")


def _refused(message: str, *, code: str = "mime_parsing_failed") -> ContractError:
    return ContractError(
        message, code=code, where="MIME", hint="begin each part with Content-Type and an empty line"
    )
