"""multipart/related: what is read is what was sent, for every way of cutting it, and nothing hostile costs much."""

import asyncio
import gc
import os
import tempfile
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.foundation.errors import ContractError
from gateway.xroad.attachments import (
    attachments_of,
)
from gateway.xroad.check import check
from gateway.xroad.mime import Limits, Reader, read_multipart, receive_multipart
from gateway.xroad.mime_types import read_media_type

Part = tuple[list[tuple[str, str]], bytes]
KIND = 'multipart/related; boundary="b"'
SOAP_HEAD = b"Content-Type: text/xml\r\n\r\n"
MEBI = 1024 * 1024


def related(*parts: bytes, end: bytes = b"--b--\r\n") -> bytes:
    return b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + end


def text(content: bytes = b"x", **headers: str) -> bytes:
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"Content-Type: text/plain\r\n{more}\r\n".encode() + content


def refused(data: bytes, content_type: str = KIND) -> str:
    with pytest.raises(ContractError) as refusal:
        read_multipart(data, content_type)
    return refusal.value.code


# what was sent is what is read

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9\-]{0,20}", fullmatch=True).filter(
    lambda name: name.lower() not in {"content-type", "content-id", "content-transfer-encoding"}
)
VALUES = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x4FF, exclude_categories=["Cc", "Cs"]), max_size=40
)
BOUNDARIES = st.from_regex(
    r"[A-Za-z0-9'()+_,\-./:=?][A-Za-z0-9'()+_,\-./:=? ]{0,60}[A-Za-z0-9'()+_,.:=?]", fullmatch=True
)
BODIES = st.one_of(
    st.binary(max_size=300),
    st.text(alphabet="\r\n-b ", max_size=60).map(str.encode),
)


@st.composite
def messages(draw: st.DrawFn) -> tuple[str, bytes, list[Part], list[int]]:
    boundary, line = draw(BOUNDARIES), draw(st.sampled_from([b"\r\n", b"\n"]))
    parts: list[Part] = []
    body = draw(st.binary(max_size=20).filter(lambda data: b"--" + boundary.encode() not in data))
    for number in range(draw(st.integers(1, 6))):
        kind = "text/xml" if number == 0 else "application/octet-stream"
        headers = [("Content-Type", kind), *draw(st.lists(st.tuples(NAMES, VALUES), max_size=4))]
        content = draw(BODIES)
        if b"--" + boundary.encode() in content or (line == b"\n" and content.endswith(b"\r")):
            content = body
        parts.append((headers, content.rstrip(b"\r") if line == b"\n" else content))
    data = draw(st.sampled_from([b"", b"preamble" + line]))
    for headers, content in parts:
        head = b"".join(f"{name}: {value}".encode() + line for name, value in headers)
        data += (
            b"--"
            + boundary.encode()
            + draw(st.sampled_from([b"", b" \t"]))
            + line
            + head
            + line
            + content
            + line
        )
    data += b"--" + boundary.encode() + b"--" + draw(st.sampled_from([b"", line, line + b"epilogue"]))
    cuts = draw(st.lists(st.integers(0, len(data)), max_size=8))
    return f'multipart/related; boundary="{boundary}"', data, parts, sorted(cuts)


def read_in_pieces(content_type: str, data: bytes, cuts: list[int]) -> list[Part]:
    with Reader(content_type, limits=Limits(memory_bytes=64)) as reader:
        for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
            reader.feed(data[start:end])
        with reader.finish() as made:
            for part in made.parts:
                assert data[part.at : part.at + part.size] == part.read()
            return [(list(part.headers), part.read()) for part in made.parts]


@settings(max_examples=300, deadline=None)
@given(messages())
def test_what_was_sent_is_what_is_read(made: tuple[str, bytes, list[Part], list[int]]) -> None:
    """Headers and bytes of every part come back exactly, for any boundary, either line end, any cut into chunks."""
    content_type, data, parts, cuts = made
    assert read_in_pieces(content_type, data, cuts) == parts


NESTED = (
    b"--b\r\nContent-Type: text/xml\r\n\r\n<a/>\r\n--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\nidle\r\n"
    b"--c\r\nContent-Type: text/plain\r\n\r\none\n--c--\r\nidle\n--b\nContent-Type: x/y\n\n\r\n--b--x\r\n--b-- \r\n--b\r\n"
)


def test_every_cut_gives_the_same_parts() -> None:
    """Chunks may end anywhere: in a boundary, between CR and LF, in a header."""
    whole = read_in_pieces(KIND, NESTED, [])
    assert [content for _, content in whole] == [b"<a/>", b"one", b"\r\n--b--x"]
    for cut in range(len(NESTED) + 1):
        assert read_in_pieces(KIND, NESTED, [cut]) == whole, cut
    assert read_in_pieces(KIND, NESTED, list(range(len(NESTED)))) == whole


def test_a_boundary_inside_content_is_content() -> None:
    """Only a whole line that is the boundary ends a part."""
    content = b"x--b\r\n --b\r\n--bc\r\n-b\r\n--b--c\r\n--B\r\n--b=20"
    parts = read_multipart(related(SOAP_HEAD + content), KIND)
    assert [part.read() for part in parts.parts] == [content]


def test_any_cut_of_the_message_is_refused_or_whole() -> None:
    """A message that breaks off is never taken for a shorter one, but where all its parts are complete."""
    data = related(SOAP_HEAD + b"<a/>", text(b"one"))
    whole = read_multipart(data, KIND)
    for end in range(len(data)):
        try:
            parts = read_multipart(data[:end], KIND)
        except ContractError:
            continue
        assert data[:end].endswith((b"\r\n--b", b"\r\n--b\r", b"\r\n--b\r\n", b"--b--", b"--b--\r"))
        if b"--b--" in data[:end]:
            assert [part.read() for part in parts.parts] == [part.read() for part in whole.parts]


# what is not right is refused under X-Road's code

BROKEN = {
    "no part has a type": (related(b"X: y\r\n\r\n<a/>"), "invalid_content_type"),
    "second part without type": (related(SOAP_HEAD + b"<a/>", b"X: y\r\n\r\nz"), "invalid_content_type"),
    "inner part without type": (
        related(SOAP_HEAD, b"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--"),
        "invalid_content_type",
    ),
    "first part is no SOAP": (related(text()), "invalid_content_type"),
    "inner multipart without boundary": (related(SOAP_HEAD, b"Content-Type: multipart/mixed\r\n\r\nx"), "invalid_content_type"),
    "not closed": (related(SOAP_HEAD + b"<a/>", end=b""), "mime_parsing_failed"),
    "inner not closed": (
        related(SOAP_HEAD, b"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: x/y\r\n\r\nx"),
        "mime_parsing_failed",
    ),
    "inner closed by the outer's end": (
        related(SOAP_HEAD, b"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: x/y\r\n\r\nx", end=b"--b--\r\n--b--"),
        "mime_parsing_failed",
    ),
    "inner with the outer boundary": (related(SOAP_HEAD, b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"), "mime_parsing_failed"),
    "inner with the outer's end": (related(SOAP_HEAD, b"Content-Type: multipart/mixed; boundary=b--\r\n\r\n"), "mime_parsing_failed"),
    "SOAP in base64": (related(b"Content-Transfer-Encoding: base64\r\n" + SOAP_HEAD + b"PGEvPg=="), "mime_parsing_failed"),
    "type twice": (related(b"Content-Type: text/plain\r\n" + SOAP_HEAD), "mime_parsing_failed"),
    "no header line": (related(b"<a/>\r\n" + SOAP_HEAD), "mime_parsing_failed"),
    "a boundary among the headers": (related(b"X: y\r\n--b:1\r\n" + SOAP_HEAD), "mime_parsing_failed"),
    "NUL in a header": (related(b"X: \x00\r\n" + SOAP_HEAD), "mime_parsing_failed"),
    "a bare CR in a header": (related(b"X: y\rZ: w\r\n" + SOAP_HEAD), "mime_parsing_failed"),
    "one Content-ID twice": (related(SOAP_HEAD, text(Content_ID="<i>"), text(Content_ID="<i>")), "mime_parsing_failed"),
    "the root's Content-ID again": (related(b"Content-ID: <i>\r\n" + SOAP_HEAD, text(Content_ID="<i>")), "mime_parsing_failed"),
    "nothing": (b"", "missing_soap"),
    "only text": (b"no boundary at all", "missing_soap"),
    "another boundary": (related(SOAP_HEAD + b"<a/>").replace(b"--b", b"--bc"), "missing_soap"),
    "closed at once": (b"--b--\r\n", "missing_soap"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_multipart_is_named_by_its_code(name: str) -> None:
    """Each broken rule has X-Road's code, whatever the chunks."""
    data, code = BROKEN[name]
    assert refused(data) == code
    with pytest.raises(ContractError) as refusal, Reader(KIND) as reader:
        for byte in data:
            reader.feed(bytes([byte]))
        reader.finish()
    assert refusal.value.code == code


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/related", "multipart/mixed; boundary=b", "multipart/related; boundary=", "multipart/related; boundary=''\"",
        "multipart/related; boundary=b; boundary=c", f"multipart/related; boundary={'b' * 71}",
        'multipart/related; boundary="b "', 'multipart/related; boundary="b\tc"', 'multipart/related; boundary="b', "",
        f"multipart/related; boundary=b; x={'y' * 5000}",
    ],
)  # fmt: skip
def test_a_content_type_that_can_be_read_two_ways_is_refused(content_type: str) -> None:
    """One boundary of 1 to 70 allowed characters, or nothing is read."""
    assert refused(related(SOAP_HEAD + b"<a/>"), content_type) == "invalid_content_type"


def test_media_types_are_read_as_they_are_written() -> None:
    """Names in any case, values quoted or not, with or without escapes and spaces."""
    read = read_media_type(
        'Multipart/Related ; Boundary="a \\"b\\" c";type=text/xml ;  START = "<x@y>"; start-info="text/xml";'
    )
    assert read.name == "multipart/related"
    assert read.parameters == {
        "boundary": 'a "b" c',
        "type": "text/xml",
        "start": "<x@y>",
        "start-info": "text/xml",
    }


def test_start_may_name_the_first_part_only() -> None:
    """The SOAP message is the first part; a start that says otherwise is refused."""
    data = related(b"Content-ID: <one>\r\n" + SOAP_HEAD + b"<a/>", text(Content_ID="<two>"))
    assert read_multipart(data, f'{KIND}; start="<one>"').root.read() == b"<a/>"
    assert refused(data, f'{KIND}; start="<two>"') == "mime_parsing_failed"
    assert refused(related(SOAP_HEAD + b"<a/>"), f'{KIND}; start="<one>"') == "mime_parsing_failed"


def test_without_any_part_the_code_says_which_side_failed() -> None:
    """missing_soap in a request, invalid_message in a response."""
    assert check(b"", KIND, side="request").code == "missing_soap"
    assert check(b"", KIND, side="response").code == "invalid_message"


# hostile

HOSTILE = {
    "20,000 parts": related(SOAP_HEAD, *[text()] * 20_000),
    "20,000 empty inner multiparts": related(
        SOAP_HEAD, *[b"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c--"] * 20_000
    ),
    "an endless header": b"--b\r\nX: " + b"y" * 5 * MEBI,
    "endless headers": b"--b\r\n" + b"X: y\r\n" * MEBI,
    "33 short header lines": related(b"X: y\r\n" * 33 + SOAP_HEAD),
    "9 KiB of headers": related(b"X: " + b"y" * 9 * 1024 + b"\r\n" + SOAP_HEAD),
    "no closing boundary": b"--b\r\n" + SOAP_HEAD + b"x" * 5 * MEBI,
    "only almost-boundaries": b"--b\r\n" + SOAP_HEAD + b"\r\n--b-" * MEBI,
    "only line ends": b"\r\n" * 5 * MEBI,
    "nested three deep": related(
        SOAP_HEAD,
        b"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: multipart/mixed; boundary=d\r\n\r\n--d--\r\n--c--",
    ),
    "a nested bomb": b"--b\r\n" + SOAP_HEAD + b"\r\n--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n"
    + b"--c\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n" * 50_000,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_messages_are_refused_quickly(name: str) -> None:
    """Bounds are reached before the work is done: a refusal costs less than two seconds and few bytes."""
    began = time.monotonic()
    assert refused(HOSTILE[name]) in {"mime_parsing_failed", "missing_soap"}
    assert time.monotonic() - began < 2


@contextmanager
def watched_temporary_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    gc.collect()
    assert list(folder.iterdir()) == []
    assert [name for name in open_files() if str(folder) in name] == []


def open_files() -> list[str]:
    found = []
    for name in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found.append(str(name.readlink()))
    return found


def test_a_large_part_is_kept_in_a_file_that_goes_away(tmp_path: Path, monkeypatch) -> None:
    """Above the bound a part lies in the temporary folder while it is used, and nowhere afterwards."""
    data = related(SOAP_HEAD + b"<a/>", text(b"x" * 2 * MEBI), text(b"y" * 100))
    with watched_temporary_files(tmp_path, monkeypatch):
        with Reader(KIND) as reader:
            reader.feed(data)
            parts = reader.finish()
        with parts:
            assert sum(str(tmp_path) in name for name in open_files()) == 1
            first, second = parts.parts[1].open(), parts.parts[1].open()
            with first, second:
                assert (first.read(10), second.read(), first.read()) == (
                    b"x" * 10,
                    b"x" * 2 * MEBI,
                    b"x" * (2 * MEBI - 10),
                )
        with pytest.raises(ValueError, match="closed"):
            parts.parts[1].open()


@pytest.mark.parametrize("trouble", ["bound", "broken", "cancelled"])
async def test_nothing_stays_behind_an_error(trouble: str, tmp_path: Path, monkeypatch) -> None:
    """A part too large, a message broken off, a reader cancelled: the temporary folder is empty."""
    reached = asyncio.Event()

    async def stream() -> AsyncIterator[bytes]:
        yield b"--b\r\n" + SOAP_HEAD + b"<a/>\r\n--b\r\n" + text(b"x" * 2 * MEBI) + b"\r\n--b\r\n" + text()
        for _ in range(40):
            yield b"x" * 65536
        reached.set()
        if trouble == "cancelled":
            await asyncio.sleep(60)

    limits = Limits(part_bytes=2 * MEBI + 100 if trouble == "bound" else 100 * MEBI)
    with watched_temporary_files(tmp_path, monkeypatch):
        work = asyncio.create_task(receive_multipart(stream(), KIND, limits=limits))
        if trouble == "cancelled":
            await reached.wait()
            assert sum(str(tmp_path) in name for name in open_files()) == 2
            work.cancel()
        with pytest.raises((ContractError, asyncio.CancelledError)):
            await work
        del work


def test_200_megabytes_pass_through_little_memory(tmp_path: Path, monkeypatch) -> None:
    """Memory does not grow with a part: 200 MB are read and read back in a few hundred kilobytes."""
    chunk, count = os.urandom(MEBI), 200
    with watched_temporary_files(tmp_path, monkeypatch):
        tracemalloc.start()
        with Reader(KIND, limits=Limits(part_bytes=300 * MEBI, total_bytes=400 * MEBI)) as reader:
            reader.feed(b"--b\r\n" + SOAP_HEAD + b"<a/>\r\n--b\r\n" + text(b""))
            for _ in range(count):
                reader.feed(chunk)
            reader.feed(b"\r\n--b--\r\n")
            parts = reader.finish()
        with parts, attachments_of(parts)[0].open() as file:
            for _ in range(count):
                assert file.read(MEBI) == chunk
            assert file.read() == b""
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 6 * MEBI


@pytest.mark.parametrize("cut", [1000, 65_536, 1_000_000])
def test_a_part_is_bounded(cut: int) -> None:
    """A part of just the bound is read; one byte more is refused, whatever the chunks."""

    def read(size: int) -> list[int]:
        data = related(SOAP_HEAD, text(b"x" * size))
        with Reader(KIND, limits=Limits(part_bytes=100_000)) as reader:
            for at in range(0, len(data), cut):
                reader.feed(data[at : at + cut])
            return [part.size for part in reader.finish().parts]

    assert read(100_000) == [0, 100_000]
    with pytest.raises(ContractError, match="larger than 100000 bytes"):
        read(100_001)


def test_the_whole_is_bounded_too() -> None:
    """Many parts within their bound are still refused beyond the whole's."""
    with pytest.raises(ContractError) as refusal, Reader(KIND, limits=Limits(total_bytes=MEBI)) as reader:
        reader.feed(related(SOAP_HEAD, *[text(b"x" * 65536)] * 20))
    assert refusal.value.code == "mime_parsing_failed"
