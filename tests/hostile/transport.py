"""Hostile HTTP: framing, smuggling, verbs, targets, headers, slowness and false encodings."""

import gzip
import zlib
from collections.abc import Iterator

from tests.hostile.probe import Probe, Verdict, message, once, request, verdict_of, whole

# what a smuggled request would be answered with: never to be seen
HIDDEN = b"GET /readyz HTTP/1.1\r\nHost: gateway\r\n\r\n"
HIDDEN_ANSWER = b'"ready"'
_POST = "POST /xroad HTTP/1.1\r\nHost: gateway\r\nContent-Type: text/xml\r\n"


def _raw(name: str, data: str | bytes, verdict: Verdict, *, deadline: float = 10.0) -> Probe:
    sent = data if isinstance(data, bytes) else data.encode("latin-1")
    return Probe(name=name, pieces=once(sent), verdict=verdict, deadline=deadline)


def _chunked(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


def lengths() -> Iterator[Probe]:
    """Content-Length that lies or is none, alone and beside Transfer-Encoding."""
    body = message().encode()
    size = len(body)
    for name, lines in {
        "negative": f"Content-Length: -{size}", "plus": f"Content-Length: +{size}", "hexadecimal": f"Content-Length: {size:#x}",
        "inner space": f"Content-Length: {size // 100} {size % 100}", "empty": "Content-Length:", "a word": "Content-Length: many",
        "fraction": f"Content-Length: {size}.0", "exponent": "Content-Length: 1e3", "too large": f"Content-Length: {2**64}",
        "two, the same": f"Content-Length: {size}\r\nContent-Length: {size}",
        "two, different": f"Content-Length: {size}\r\nContent-Length: 5", "a list": f"Content-Length: {size}, {size}",
        "folded": f"Content-Length:\r\n {size}", "space before the colon": f"Content-Length : {size}",
        "a vertical tab": f"Content-Length: \x0b{size}", "a NUL": f"Content-Length: {size}\0",
    }.items():  # fmt: skip
        yield _raw(
            f"length {name}",
            (f"{_POST}{lines}\r\nConnection: close\r\n\r\n").encode("latin-1") + body,
            "refused",
        )
    head = f"{_POST}Connection: close\r\n"
    yield _raw("length shorter", f"{head}Content-Length: {size - 400}\r\n\r\n".encode() + body, "fault")
    yield _raw("length longer", f"{head}Content-Length: {size + 10}\r\n\r\n".encode() + body, "fault")
    yield _raw("length zero", f"{head}Content-Length: 0\r\n\r\n".encode() + body, "fault")
    yield _raw("no length", f"{head}\r\n".encode() + body, "refused")
    yield _raw("length of a terabyte", f"{head}Content-Length: {10**12}\r\n\r\n".encode() + body, "fault")


def transfers() -> Iterator[Probe]:
    """Transfer-Encoding in every disguise, and chunks that are none."""
    body = message().encode()
    head = f"{_POST}Connection: close\r\n"
    chunks = _chunked(body)
    for name, lines, verdict in (
        ("plain", "Transfer-Encoding: chunked", "legal"),
        ("capitals", "Transfer-Encoding: CHUNKED", "legal"),
        ("with a length", f"Content-Length: {len(body)}\r\nTransfer-Encoding: chunked", "refused"),
        ("before a length", f"Transfer-Encoding: chunked\r\nContent-Length: {len(body)}", "refused"),
        ("two headers", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "refused"),
        (
            "two headers, the second another",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
            "refused",
        ),
        ("twice", "Transfer-Encoding: chunked, chunked", "refused"),
        ("identity first", "Transfer-Encoding: identity, chunked", "refused"),
        ("gzip first", "Transfer-Encoding: gzip, chunked", "refused"),
        ("identity last", "Transfer-Encoding: chunked, identity", "refused"),
        ("a parameter", "Transfer-Encoding: chunked;q=1", "refused"),
        ("another word", "Transfer-Encoding: xchunked", "refused"),
        ("quoted", 'Transfer-Encoding: "chunked"', "refused"),
        ("space before the colon", "Transfer-Encoding : chunked", "refused"),
        ("a vertical tab", "Transfer-Encoding: \x0bchunked", "refused"),
        ("a NUL", "Transfer-Encoding: chunked\0", "refused"),
        ("folded", "Transfer-Encoding:\r\n chunked", "refused"),
        ("a line feed inside", "X: y\nTransfer-Encoding: chunked", "refused"),
        ("a carriage return inside", "X: y\rTransfer-Encoding: chunked", "refused"),
    ):
        yield _raw(
            f"transfer {name}", f"{head}{lines}\r\n\r\n".encode("latin-1") + chunks, verdict_of(verdict)
        )
    start = f"{head}Transfer-Encoding: chunked\r\n\r\n".encode()
    size = b"%x" % len(body)
    for name, sent in {
        "negative": b"-1\r\n" + body, "not hexadecimal": b"zz\r\n" + body, "0x": b"0x" + size + b"\r\n" + body + b"\r\n0\r\n\r\n",
        "overflow": b"fffffffffffffffff\r\n" + body, "empty size": b"\r\n" + body, "no line end": size + b"\r\n" + body + b"0\r\n\r\n",
        "size too small": b"5\r\n" + body + b"\r\n0\r\n\r\n", "spaces": b" " + size + b"\r\n" + body + b"\r\n0\r\n\r\n",
        "a NUL in an extension": size + b";a=\0\r\n" + body + b"\r\n0\r\n\r\n",
        "bare line feeds": size + b"\n" + body + b"\n0\n\n",
    }.items():  # fmt: skip
        yield _raw(f"chunk {name}", start + sent, "refused")
    pieces = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    yield _raw("chunks of one byte", start + pieces + b"0\r\n\r\n", "legal")
    yield _raw("an extension", start + size + b";a=b\r\n" + body + b"\r\n0\r\n\r\n", "legal")
    yield _raw(
        "an extension of a megabyte",
        start + size + b";a=" + b"x" * 1_000_000 + b"\r\n" + body + b"\r\n0\r\n\r\n",
        "either",
    )
    yield _raw(
        "a trailer",
        start + size + b"\r\n" + body + b"\r\n0\r\nContent-Length: 5\r\nHost: evil\r\n\r\n",
        "either",
    )
    yield _raw(
        "a trailer of a megabyte",
        start + size + b"\r\n" + body + b"\r\n0\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\n",
        "refused",
    )


def smuggling() -> Iterator[Probe]:
    """Two readers, two ends of one request: the hidden one must never be answered."""
    size = len(HIDDEN)
    for name, lines, body in (
        ("CL.TE", f"Content-Length: {size + 5}\r\nTransfer-Encoding: chunked", b"0\r\n\r\n" + HIDDEN),
        (
            "TE.CL",
            "Transfer-Encoding: chunked\r\nContent-Length: 4",
            b"%x\r\n%s\r\n0\r\n\r\n" % (size, HIDDEN),
        ),
        ("CL.CL", f"Content-Length: 0\r\nContent-Length: {size}", HIDDEN),
        ("CL.CL swapped", f"Content-Length: {size}\r\nContent-Length: 0", HIDDEN),
        ("TE.TE", "Transfer-Encoding: chunked\r\nTransfer-encoding: x", b"0\r\n\r\n" + HIDDEN),
        ("TE.0", "Transfer-Encoding: chunked, identity", b"0\r\n\r\n" + HIDDEN),
        ("TE with tab", "Transfer-Encoding:\tx\r\nContent-Length: 0", HIDDEN),
        ("space before colon", f"Content-Length : {size}\r\nContent-Length: 0", HIDDEN),
        ("line feed header", "X: 1\nContent-Length: 0", HIDDEN),
        ("folded length", f"X: 1\r\n Content-Length: {size}", HIDDEN),
        ("inside a chunk extension", "Transfer-Encoding: chunked", b"0;\n" + HIDDEN + b"\r\n\r\n"),
        ("behind Connection: close", "Content-Length: 0\r\nConnection: close", HIDDEN),
        (
            "length by another name",
            f"Content_Length: {size}\r\nContent-Length: 0\r\nConnection: close",
            HIDDEN,
        ),
    ):
        head = f"{_POST}{lines}\r\n\r\n".encode("latin-1")
        yield Probe(name=f"smuggle {name}", pieces=once(head + body), verdict="refused", deadline=6.0)
    many = b"".join(request(message()).replace(b"Connection: close\r\n", b"") for _ in range(9))
    yield Probe(name="ten honest requests in a row", pieces=once(many + whole()), verdict="legal")
    yield Probe(
        name="a broken one behind an honest one", pieces=once(many + b"\0\0\0\r\n\r\n"), verdict="either"
    )


def verbs(file_url: str, http_url: str) -> Iterator[Probe]:
    """Methods other than POST, versions other than 1.1, and targets of every form."""
    for verb in (
        "GET",
        "HEAD",
        "PUT",
        "DELETE",
        "OPTIONS",
        "PATCH",
        "TRACE",
        "PROPFIND",
        "MKCOL",
        "LOCK",
        "SEARCH",
        "M-SEARCH",
    ):
        yield Probe(
            name=f"verb {verb}",
            pieces=once(request(message(), line=f"{verb} /xroad HTTP/1.1")),
            verdict="refused",
        )
    yield Probe(
        name="verb PUT of 12 megabytes",
        pieces=once(request(b"x" * 12_000_000, line="PUT /xroad HTTP/1.1")),
        verdict="refused",
    )
    for verb in ("post", "Post", "POSTX", "", "P\0ST", "POST\t", "X" * 10_000, "CONNECT", "PRI"):
        yield Probe(
            name=f"verb {verb[:10]!r}",
            pieces=once(request(message(), line=f"{verb} /xroad HTTP/1.1")),
            verdict="refused",
        )
    for version in (
        "HTTP/3.7",
        "HTTP/1.2",
        "HTTP/11",
        "http/1.1",
        "HTTP/1.1 x",
        "HTTP/1,1",
        "HTTP/",
        "FTP/1.1",
        "",
    ):
        yield Probe(
            name=f"version {version}",
            pieces=once(request(message(), line=f"POST /xroad {version}")),
            verdict="refused",
        )
    for version, verdict in (("HTTP/1.0", "legal"), ("HTTP/0.9", "either"), ("HTTP/2.0", "either")):
        yield Probe(
            name=f"version {version}",
            pieces=once(request(message(), line=f"POST /xroad {version}")),
            verdict=verdict_of(verdict),
        )
    for target in (
        "/", "/xroad/", "/XROAD", "/xroad/x", "/xroad;x", "/xroad%00", "/xroad%2f", "//xroad", "/./xroad", "/../xroad",
        "/wsdl/../xroad", "/xroad\\", "xroad", "*", "http:xroad", "gateway:80", "/%", "/%zz", "/\x80", "/xr\0oad", "/ xroad", "/api/v1/..;/xroad",
    ):  # fmt: skip
        yield Probe(
            name=f"target {target!r}",
            pieces=once(request(message(), line=f"POST {target} HTTP/1.1")),
            verdict="refused",
        )
    yield Probe(
        name="target of a megabyte",
        pieces=once(request(message(), line=f"POST /xroad?{'x' * 1_000_000} HTTP/1.1")),
        verdict="refused",
    )
    for target in (
        "/xroad?wsdl",
        "/xroad?a=b#c",
        "/%78road",
        "http://gateway/xroad",
        "https://evil:1/xroad",
        f"{http_url.removesuffix('canary')}xroad",
    ):
        yield Probe(
            name=f"target {target.split('127')[0]}",
            pieces=once(request(message(), line=f"POST {target} HTTP/1.1")),
            verdict="either",
        )
    for path in (
        "/wsdl/../config/kopuro.toml", "/wsdl/%2e%2e/config/kopuro.toml", "/wsdl/..%2fconfig/kopuro.toml", "/wsdl//etc/passwd",
        "/wsdl/%252e%252e/pyproject.toml", "/schemas/..\\pyproject.toml", "/schemas/isuo/../../pyproject.toml", "/wsdl/README.md",
        f"/wsdl/{file_url}", "/wsdl/" + "../" * 40 + "etc/passwd", "/wsdl/\0", "/wsdl/" + "x" * 5_000, "/.git/config", "/var/keys/gateway.key",
        "/api/v1/", "/docs", "/redoc",
    ):  # fmt: skip
        yield Probe(
            name=f"file {path[:40]!r}",
            pieces=once(request("", line=f"GET {path} HTTP/1.1")),
            verdict="refused",
        )


def headers() -> Iterator[Probe]:
    """Header fields that break rules, crowd, promise or ask for what is not offered."""
    body = message()
    for name, lines, verdict in (
        ("NUL in a value", ["X: a\0b"], "refused"), ("NUL in a name", ["X\0: a"], "refused"), ("no colon", ["hello"], "refused"),
        ("no name", [": x"], "refused"), ("a space in a name", ["X Y: a"], "refused"), ("a leading space", [" X: a"], "refused"),
        ("folding", ["X: a\r\n b"], "refused"), ("a bare carriage return", ["X: a\rb"], "refused"), ("a control character", ["X: \x01"], "refused"),
        ("DEL", ["X: \x7f"], "refused"), ("letters of latin-1", ["X: \xe9"], "either"), ("a name of latin-1", ["X\xe9: a"], "refused"),
        ("1,000 fields", [f"X-{n}: a" for n in range(1000)], "legal"), ("10,000 fields", [f"X-{n}: a" for n in range(10_000)], "refused"), ("100,000 fields", [f"X-{n}: a" for n in range(100_000)], "refused"),
        ("a value of 60 kilobytes", [f"X: {'a' * 60_000}"], "legal"), ("a value of 66 kilobytes", [f"X: {'a' * 66_000}"], "refused"), ("129 kilobytes of fields", [f"X-{n}: {'a' * 1_000}" for n in range(128)], "refused"), ("a value of 2 megabytes", [f"X: {'a' * 2_000_000}"], "refused"),
        ("a name of 2 megabytes", [f"{'X' * 2_000_000}: a"], "refused"), ("two hosts", ["Host: evil"], "either"),
        ("X-Forwarded", ["X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: https", "X-SSL-Client-Cert: x"], "legal"),
        ("websocket", ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"], "either"),
        ("h2c", ["Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"], "either"),
        ("expecting more", ["Expect: 100-continue"], "legal"), ("expecting what is not there", ["Expect: 200-maybe"], "either"),
        ("a range", ["Range: bytes=0-1"], "legal"), ("a condition", ["If-Match: x"], "legal"), ("cookies", ["Cookie: a=b; " * 500], "legal"),
        ("another method", ["X-HTTP-Method-Override: DELETE"], "legal"), ("X-Road's REST headers", ["X-Road-Client: central-server/GOV/70000003/settlements-service"], "legal"),
        ("an empty Content-Type first", ["Content-Type:"], "refused"), ("another Content-Type first", ["Content-Type: application/json"], "refused"),
    ):  # fmt: skip
        yield Probe(
            name=f"header {name}", pieces=once(request(body, headers=lines)), verdict=verdict_of(verdict)
        )
    for name, data in {
        "nothing but line ends": b"\r\n" * 500, "a TLS greeting": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x01" * 508,
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", "another protocol": b"SSH-2.0-x\r\n", "binary": bytes(range(256)) * 40,
        "an answer": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "no version": b"POST /xroad\r\n\r\n", "PROXY": b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n" + whole(),
        "bare line feeds": whole().replace(b"\r\n", b"\n"), "bare carriage returns": whole().replace(b"\r\n", b"\r"),
    }.items():  # fmt: skip
        yield _raw(f"not HTTP: {name}", data, "refused", deadline=8.0)
    yield _raw("line ends before the request", b"\r\n\r\n" + whole(), "legal")


def actions() -> Iterator[Probe]:
    """SOAPAction decides nothing, whatever it says."""
    for action in (
        "", '""', '"getLearnerStatus"', '"verifyEducationDocument"', "verifyEducationDocument", '"urn:kg:isuo:producer:v1#delete"',
        '"http://127.0.0.1/"', '"file:///etc/passwd"', '"', '"""', "'x'", "x" * 10_000, '"../../x"', '"${jndi:ldap://127.0.0.1/x}"', "\xe9",
        '"a" "b"', " ", '"\t"', '"listMethods"', '"getWsdl"', "%s%s%n",
    ):  # fmt: skip
        yield Probe(
            name=f"action {action[:30]!r}",
            pieces=once(request(message(), headers=[f"SOAPAction: {action}"])),
            verdict="legal",
        )


def encodings() -> Iterator[Probe]:
    """Compressed bodies are refused by their label and never unpacked, whether they are or not."""
    body = message().encode()
    bomb = gzip.compress(b"<a>" + b"\0" * 10_000_000)
    for name, sent in {
        "gzip": gzip.compress(body), "deflate": zlib.compress(body), "x-gzip": gzip.compress(body), "br": body[::-1], "zstd": body[::-1],
        "compress": body[::-1], "gzip, gzip": gzip.compress(gzip.compress(body)),
    }.items():  # fmt: skip
        data = request(sent, headers=[f"Content-Encoding: {name}"])
        yield Probe(name=f"encoding {name}", pieces=once(data), verdict="fault", code="invalid_content_type")
    for depth in (1, 3):
        for _ in range(depth - 1):
            bomb = gzip.compress(bomb)
        data = request(bomb, headers=["Content-Encoding: gzip"])
        yield Probe(
            name=f"gzip bomb {depth} deep", pieces=once(data), verdict="fault", code="invalid_content_type"
        )
    data = request(zlib.compress(b"<" * 10_000_000), headers=["Content-Encoding: deflate"])
    yield Probe(name="deflate bomb", pieces=once(data), verdict="fault", code="invalid_content_type")
    for name in ("gzip", "x", "identity, gzip"):
        said = request(body, headers=[f"Content-Encoding: {name}"])
        yield Probe(name=f"plain but said to be {name}", pieces=once(said), verdict="fault")
    said = request(body, headers=["Content-Encoding: identity"])
    yield Probe(name="plain and said to be so", pieces=once(said), verdict="legal")
