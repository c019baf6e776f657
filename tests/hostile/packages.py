"""Hostile labels: Content-Types, character encodings that lie, and messages in many parts."""

from collections.abc import Iterator

from tests.hostile.probe import CANARY_PIN, Probe, Verdict, message, once, post, request

_XOP = "http://www.w3.org/2004/08/xop/include"
_PIN = f"<p:pin>{CANARY_PIN}</p:pin>"


def content_types() -> Iterator[Probe]:
    """Labels that are not text/xml, or hardly."""
    for label in (
        "text/xml", "TEXT/XML", "text/xml;charset=utf-8", 'text/xml; charset="UTF-8"', "text/xml ; charset = utf-8", "text/xml; charset=utf8",
        "text/xml;", "application/xop+xml", 'text/xml; charset=utf-8; action="x"', "text/xml; a=b; c=d", "text/xml; charset=US-ASCII; charset2=x",
        "text/xml; charset*0*=utf-7''x; charset*1*=%ff; charset*01=y",
    ):  # fmt: skip
        body = message(("Канарейкина", "Kanareikina"))
        yield post(f"type {label}", body, "legal", content_type=label)
    for label in (
        None, "", " ", "/", "x", "text", "text/", "/xml", "text/xml/x", "text xml", "text/html", "text/plain", "application/xml",
        "application/soap+xml", "application/soap+xml; charset=utf-8", "application/json", "application/x-www-form-urlencoded",
        "application/octet-stream", "image/svg+xml", "text/xml, text/xml", "text/xml; charset=utf-8; charset=utf-7", "text/xml\\", "text/xml;=",
        'text/xml; charset="utf-8', "text/xml; charset", f"text/xml; charset*{'9' * 5_000}=x", f"text/xml; {'9' * 5_000}=x",
        "text/xml; a=b" * 200, f"text/xml; {'x' * 50_000}=y", f"text/{'x' * 50_000}",
        "text/xml(comment)", "*/*", "multipart/form-data; boundary=x", "multipart/mixed; boundary=x", "message/rfc822", "\xe9/\xe9",
    ):  # fmt: skip
        yield post(f"type {str(label)[:40]!r}", message(), "fault", content_type=label)


def charsets() -> Iterator[Probe]:
    """Encodings nobody accepts, and encodings the bytes are not in."""
    latin = message(("Канарейкина", "Kanareikina"))
    for name in (
        "utf-7", "utf-32", "ebcdic-cp-us", "cp037", "gb18030", "big5", "shift_jis", "iso-2022-jp", "hz", "utf-8-sig", "idna", "punycode",
        "rot13", "base64", "hex", "zlib", "bz2", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem", "utf-8\\x", "../utf-8",
        "os", "encodings.utf_8", "x" * 1_900, "'utf-8'", "%00", "utf-8%00",
    ):  # fmt: skip
        yield post(f"charset {name[:30]}", latin, "fault", content_type=f"text/xml; charset={name}")
    for name, body, label in (
        ("UTF-16 said to be UTF-8", latin.encode("utf-16"), "utf-8"),
        ("UTF-8 said to be UTF-16", latin.encode(), "utf-16"),
        ("UTF-8 said to be ASCII", message().encode(), "us-ascii"),
        ("windows-1251 said to be UTF-8", message().encode("cp1251"), "utf-8"),
        ("half a pair", latin.encode("utf-16-le") + b"\x00\xd8", "utf-16le"),
        ("odd bytes", latin.encode("utf-16-le") + b" ", "utf-16le"),
    ):
        verdict: Verdict = (
            "either" if "said to be UTF-8" in name and "16" in name else "fault"
        )  # a BOM tells the truth
        yield post(name, body, verdict, content_type=f"text/xml; charset={label}")
    for label in ("iso-8859-1", "windows-1251", "koi8-r", "utf-16", "utf-16le", "utf-16be"):
        body = message(("Канарейкина", "Kanareikina")).encode(label)
        yield post(f"true {label}", body, "legal", content_type=f"text/xml; charset={label}")
    for label in ("UTF-16", "UTF-7", "x", "a" * 190, "utf-8' x='"):
        body = latin.replace('encoding="UTF-8"', f'encoding="{label}"')
        yield post(
            f"declared {label[:20]}",
            body,
            "either" if label == "UTF-16" else "fault",
            content_type="text/xml",
        )


def multiparts(file_url: str, http_url: str) -> Iterator[Probe]:
    """Too many parts, parts that lie, and references that would lead out of the message."""
    part = _part()
    extra = b"--B\r\nContent-Type: text/plain\r\nContent-ID: <%d@x>\r\n\r\nx\r\n"
    label = 'multipart/related; type="text/xml"; boundary=B'
    end = b"--B--\r\n"

    def of(name: str, data: bytes, verdict: Verdict = "fault", kind: str = label) -> Probe:
        return post(name, data, verdict, content_type=kind)

    yield of("one part", part + end, "legal")
    yield of("20,000 parts", part + b"".join(extra % n for n in range(20_000)) + end)
    yield of("20,000 boundaries", b"--B\r\n" * 20_000 + end)
    yield of("100,000 empty lines before", b"\r\n" * 100_000 + _part() + end, "legal")
    yield of("not closed", part)
    yield of("nothing", b"")
    yield of("only the end", end)
    yield of("no SOAP", extra % 1 + end)
    yield of("SOAP second", extra % 1 + part + end)
    yield of(
        "SOAP in base64", part.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1) + end
    )
    yield of("the same Content-ID twice", part + extra % 1 + extra % 1 + end)
    yield of("a header of a megabyte", part + b"--B\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\nx\r\n" + end)
    yield of("10,000 headers", part + b"--B\r\n" + b"X: y\r\n" * 10_000 + b"\r\nx\r\n" + end)
    yield of("no Content-Type", part + b"--B\r\nX: y\r\n\r\nx\r\n" + end)
    yield of("a NUL in a header", part + b"--B\r\nContent-Type: text/plain\0\r\n\r\nx\r\n" + end)
    yield of("a document type inside", part.replace(b"<e:Env", b"<!DOCTYPE x><e:Env", 1) + end)
    yield of("a false start", part + end, kind=f'{label}; start="<nobody@x>"')
    inner = b"--B\r\nContent-Type: multipart/related; boundary=%b\r\n\r\n"
    nested = b"".join(
        inner.replace(b"--B", b"--" + b"C" * n if n else b"--B") % (b"C" * (n + 1)) for n in range(60)
    )
    yield of("60 multiparts in one another", part + nested + end)
    for name, boundary in {"none": "", "empty": '""', "white": '" "', "long": "x" * 71, "very long": "x" * 60_000, "quoted": '"B"; boundary="C"',
                           "a pattern": '"(B+)+$"', "a line end": '"B\r\n --"', "cyrillic": "\xd0\x91"}.items():  # fmt: skip
        text = f'multipart/related; type="text/xml"{f"; boundary={boundary}" if boundary else ""}'
        yield Probe(
            name=f"boundary {name}", pieces=once(request(part + end, content_type=text)), verdict="refused"
        )
    yield of("dashes of 5 megabytes", b"-" * 5_000_000 + b"\r\n" + _part() + end, "legal")
    yield of(
        "almost a boundary, 100,000 times",
        _part() + b"--B\r\nContent-Type: a/b\r\n\r\n" + b"\r\n--Bx" * 100_000 + b"\r\n" + end,
        "legal",
    )
    mtom = label.replace('"text/xml"', '"application/xop+xml"')
    for name, href in {
        "a file": file_url, "http": http_url, "https": "https://127.0.0.1/", "ftp": "ftp://127.0.0.1/", "a bare path": "/etc/passwd", "nothing": "",
        "data": "data:text/plain,1", "nobody": "cid:nobody", "itself": "cid:", "a file as cid": f"cid:{file_url}", "two": "cid:0@x cid:1@x",
        "a long id": "cid:" + "x" * 100_000, "percent": "cid:%00", "jar": "jar:file:///x!/y",
    }.items():  # fmt: skip
        yield of(f"include {name}", _include(part, href) + extra % 0 + end, kind=mtom)
    yield of("include of a part", _include(part, "cid:0@x") + extra % 0 + end, kind=mtom)
    yield of(
        "include twice",
        _include(part, "cid:0@x").replace(b"<p:caseRef>CASE/1", b"<p:caseRef>" + _element("cid:0@x"))
        + extra % 0
        + end,
        kind=mtom,
    )
    yield of(
        "include of 5 megabytes",
        _include(part, "cid:big")
        + b"--B\r\nContent-Type: a/b\r\nContent-ID: <big>\r\n\r\n"
        + b"x" * 5_000_000
        + b"\r\n"
        + end,
        kind=mtom,
    )
    yield of(
        "include as the root",
        b'--B\r\nContent-Type: application/xop+xml\r\n\r\n<i:Include xmlns:i="%b" href="cid:0@x"/>\r\n'
        % _XOP.encode()
        + extra % 0
        + end,
        kind=mtom,
    )
    yield of("include in the header", part.replace(b"KG-officer", _element(file_url)) + end, kind=mtom)
    yield of(
        "include in an include",
        part.replace(
            _PIN.encode(),
            b"<p:pin>%b%b</i:Include></p:pin>"
            % (_element("cid:0@x").replace(b"/>", b">"), _element("cid:1@x")),
        )
        + extra % 0
        + extra % 1
        + end,
        kind=mtom,
    )
    yield post(
        "include without parts", message((_PIN, f"<p:pin>{_element(http_url).decode()}</p:pin>")), "fault"
    )
    for encoding in ("base64", "quoted-printable", "uuencode", "x-gzip", "BASE64\0"):
        data = (
            b"--B\r\nContent-Type: a/b\r\nContent-ID: <e>\r\nContent-Transfer-Encoding: %b\r\n\r\n=%%%%\r\n"
            % encoding.encode()
        )
        yield of(f"include of false {encoding[:8]}", _include(part, "cid:e") + data + end, kind=mtom)


def _part() -> bytes:
    return b"--B\r\nContent-Type: text/xml\r\n\r\n" + message().encode() + b"\r\n"


def _element(href: str) -> bytes:
    return f'<i:Include xmlns:i="{_XOP}" href="{href}"/>'.encode()


def _include(part: bytes, href: str) -> bytes:
    return part.replace(_PIN.encode(), b"<p:pin>" + _element(href) + b"</p:pin>")
