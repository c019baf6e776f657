"""The anchor file: every seal once more, outside the database, one JSON line each; only ever appended to."""

import fcntl
import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from gateway.exchange.errors import AnchorConflict
from gateway.exchange.statement import GENESIS, Seal, Statement, seal_hash

_BLOCK = 64 * 1024
_LONGEST_LINE = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorLine:
    """One seal as it was exported; `place` is the line's number in the file, from 1 (0: not from a file)."""

    number: int
    statement: bytes
    signature: bytes
    place: int = 0

    @property
    def hash(self) -> bytes:
        """The seal's hash."""
        return seal_hash(self.statement, self.signature)

    def encode(self) -> bytes:
        """Write the line, with its end."""
        tree = {
            "number": self.number,
            "hash": self.hash.hex(),
            "statement": b64encode(self.statement).decode(),
            "signature": b64encode(self.signature).decode(),
        }
        return json.dumps(tree, separators=(",", ":")).encode() + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenLine:
    """A line that is no seal; `torn` when it is only the beginning of the next one, cut off by a crash."""

    place: int
    torn: bool


def line_of(seal: Seal) -> AnchorLine:
    """Give a seal's line."""
    return AnchorLine(number=seal.number, statement=seal.statement.content(), signature=seal.signature)


def read_line(raw: bytes, place: int = 0) -> AnchorLine | None:
    """Read a line; None unless it is exactly what `encode` writes for the statement it carries."""
    try:
        tree = json.loads(raw)
        line = AnchorLine(
            number=tree["number"],
            statement=b64decode(tree["statement"], validate=True),
            signature=b64decode(tree["signature"], validate=True),
            place=place,
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    statement = Statement.read(line.statement)
    whole = line.encode().rstrip(b"\n") == raw.rstrip(b"\n")
    return line if whole and statement and statement.head.number == line.number else None


def read_lines(file: BinaryIO, size: int) -> Iterator[AnchorLine | BrokenLine]:
    """Read the first `size` bytes of the file, line by line."""
    place, broken = file.seek(0), b""
    while (left := size - file.tell()) > 0:
        raw = file.readline(min(left, _LONGEST_LINE))
        place += 1
        line = read_line(raw, place) if raw.endswith(b"\n") else None
        if broken:
            yield BrokenLine(place=place - 1, torn=line is not None and raw.startswith(broken.rstrip(b"\n")))
        broken = b"" if line else raw
        if line:
            yield line
    if broken:
        # the last line has no next one: a line without its end is being written, or was cut off
        yield BrokenLine(place=place, torn=not broken.endswith(b"\n"))


def last_line(path: Path) -> AnchorLine | None:
    """Give the file's last whole line; None when there is no file or nothing in it.

    Raises AnchorConflict when lines stand there and none of them is a seal.
    """
    try:
        with path.open("rb") as file:
            return _last_line(file)
    except FileNotFoundError:
        return None


def _last_line(file: BinaryIO) -> AnchorLine | None:
    size = file.seek(0, os.SEEK_END)
    for reach in (_BLOCK, _LONGEST_LINE, size):
        file.seek(max(0, size - reach))
        for raw in reversed(file.read().splitlines(keepends=True)):
            line = read_line(raw) if raw.endswith(b"\n") else None
            if line:
                return line
    if size > _LONGEST_LINE:
        raise AnchorConflict("the anchor file holds no seal: move it aside")
    return None


def append(path: Path, lines: Sequence[AnchorLine]) -> None:
    """Append what the file lacks of the lines, durably; raises AnchorConflict unless they follow its last."""
    is_new = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        last = _last_line(file)
        number, reached = (last.number, last.hash) if last else (0, GENESIS)
        missing = [line for line in lines if line.number > number]
        for line in missing:
            _check_follows(line, number, reached)
            number, reached = line.number, line.hash
        file.write(_mended(file) + b"".join(line.encode() for line in missing))
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        _sync_directory(path.parent)


def _check_follows(line: AnchorLine, number: int, reached: bytes) -> None:
    statement = Statement.read(line.statement)
    if not statement or line.number != number + 1 or statement.head.previous_hash != reached:
        raise AnchorConflict(f"seal {line.number} does not follow seal {number} of the anchor file")


def _mended(file: BinaryIO) -> bytes:
    """Give the end that a torn last line lacks; the torn line stays, because the file is only appended to."""
    if file.seek(0, os.SEEK_END) == 0:
        return b""
    file.seek(-1, os.SEEK_END)
    return b"" if file.read(1) == b"\n" else b"\n"


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
