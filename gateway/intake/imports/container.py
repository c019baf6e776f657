"""Open an Excel workbook that came from outside: a bounded ZIP without macros, of which nothing is run or fetched.

The sizes a ZIP declares bound what is unpacked: zipfile gives no byte more, and sums of them catch parts that
overlap. XML is read as a stream by expat; a document type ends the reading.
"""

import io
import posixpath
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import IO
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from gateway.intake.imports.refusals import ImportRefused

MOST_PARTS = 500
LARGEST_UNPACKED = 320 * 1024 * 1024
LARGEST_STRINGS = 64 * 1024 * 1024
_MACROS = ("vbaproject.bin", "xl/macrosheets/", "activex")
_PIECE = 256 * 1024
_DAMAGE = (
    BadZipFile,
    zlib.error,
    expat.ExpatError,
    EOFError,
    struct.error,
    RuntimeError,
)
StartHandler = Callable[[str, dict[str, str]], None]
EndHandler = Callable[[str], None]
TextHandler = Callable[[str], None]


class Container:
    """The parts of a workbook, each read as a stream."""

    def __init__(self, content: bytes) -> None:
        """Look at the list of parts; raises ImportRefused for what no plain workbook has."""
        try:
            self._zip = ZipFile(io.BytesIO(content))
            _refuse_suspicious(self._zip)
        except (*_DAMAGE, ValueError, OSError):
            raise ImportRefused("WORKBOOK_BROKEN") from None
        self._names = set(self._zip.namelist())

    def has(self, part: str) -> bool:
        """Tell whether the workbook has this part."""
        return part in self._names

    def read(self, part: str, parser: expat.XMLParserType) -> Iterator[None]:
        """Feed a part to a parser piece by piece, giving the caller a turn after each; raises ImportRefused."""
        try:
            with self._zip.open(part) as stream:
                yield from _feed(stream, parser)
        except (*_DAMAGE, KeyError, OSError):
            raise ImportRefused("WORKBOOK_BROKEN") from None

    def starts(self, part: str) -> list[tuple[str, dict[str, str]]]:
        """Give every element of a small part as its name and attributes."""
        found: list[tuple[str, dict[str, str]]] = []
        if self.has(part):
            for _ in self.read(part, make_parser(lambda name, given: found.append((name, given)))):
                if len(found) > _MOST_ELEMENTS:
                    raise ImportRefused("WORKBOOK_BROKEN")
        return found

    def related(self, part: str) -> dict[str, tuple[str, str]]:
        """Give the parts a part refers to: id → (kind, path); what lies outside the workbook is left out."""
        folder, name = posixpath.split(part)
        links = self.starts(posixpath.join(folder, "_rels", f"{name}.rels"))
        return {
            given["Id"]: (given.get("Type", "").rpartition("/")[2], _path(folder, given.get("Target", "")))
            for element, given in links
            if element == "Relationship" and "Id" in given and given.get("TargetMode") != "External"
        }


_MOST_ELEMENTS = 500_000


def make_parser(
    start: StartHandler, end: EndHandler | None = None, text: TextHandler | None = None
) -> expat.XMLParserType:
    """Make a streaming parser that tells elements and attributes by local name and refuses a document type."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_document_type
    local: dict[str, str] = {}

    def plain(name: str) -> str:
        found = local.get(name)
        if found is None:
            if len(local) > _MOST_NAMES:
                raise ImportRefused("WORKBOOK_BROKEN")
            found = local[name] = name.rpartition(" ")[2]
        return found

    parser.StartElementHandler = lambda name, given: start(
        plain(name), {plain(key): value for key, value in given.items()} if given else given
    )
    if end is not None:
        parser.EndElementHandler = lambda name: end(plain(name))
    if text is not None:
        parser.CharacterDataHandler = text
    return parser


_MOST_NAMES = 10_000


def _refuse_document_type(*_: object) -> None:
    raise ImportRefused("WORKBOOK_BROKEN")


def _feed(stream: IO[bytes], parser: expat.XMLParserType) -> Iterator[None]:
    while piece := stream.read(_PIECE):
        parser.Parse(piece, False)  # noqa: FBT003 – expat has no other way
        yield
    parser.Parse(b"", True)  # noqa: FBT003
    yield


def _path(folder: str, target: str) -> str:
    """Give a target's path in the container; one that begins with a slash starts at its root."""
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")


def _refuse_suspicious(archive: ZipFile) -> None:
    parts = archive.infolist()
    names = [part.filename.lower() for part in parts]
    if len(parts) > MOST_PARTS or len(set(names)) != len(names):
        raise ImportRefused("WORKBOOK_BROKEN")
    if any(part.flag_bits & 0x1 or part.compress_type not in {ZIP_STORED, ZIP_DEFLATED} for part in parts):
        raise ImportRefused("WORKBOOK_BROKEN")
    if any(mark in name for name in names for mark in _MACROS):
        raise ImportRefused("WORKBOOK_MACROS")
    unpacked = sum(part.file_size for part in parts)
    strings = sum(part.file_size for part in parts if "sharedstrings" in part.filename.lower())
    if unpacked > LARGEST_UNPACKED or strings > LARGEST_STRINGS:
        raise ImportRefused("WORKBOOK_TOO_LARGE", f"{max(unpacked, strings) // 1024 // 1024} MB")
