"""Every legal way to write one X-Road header: fields, order, prefixes, redeclarations, spellings of a text.

A drawn `Document` knows the values it was written from, so that a reader is compared with the plan and not with
itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import escape, quoteattr

from hypothesis import strategies as st

from gateway.xroad.header import Header
from gateway.xroad.identifiers import ServiceId, SubsystemId
from gateway.xroad.namespaces import IDENTIFIERS, REPRESENTATION, SECURITY_TOKEN, SOAP, WSSE, XROAD

XSI, XSD = "http://www.w3.org/2001/XMLSchema-instance", "http://www.w3.org/2001/XMLSchema"
XML = "http://www.w3.org/XML/1998/namespace"
FOREIGN = ("urn:f", "urn:g", "http://example.org/trace")
_PREFIXES = ("", "a", "b", "x", "id", "xrd", "SOAP-ENV", "soapenv", "ns1", "wsu", "_", "p-1.2", "ү")
_URIS = (SOAP, XROAD, IDENTIFIERS, REPRESENTATION, XSI, *FOREIGN)
_STRICT = "abcXYZ019'()+,-.=?"
_LEGACY = _STRICT + '/:;%\\ _"#&<>]*~|ҢөҮЯё№\u00a0\u200b🎓\t\n\r'
_SPACES = ("", "", "\n  ", " ", "\t\n")

strict_texts = st.text(st.sampled_from(_STRICT), min_size=1, max_size=6)
legacy_texts = st.text(st.sampled_from(_LEGACY), min_size=1, max_size=8)
texts = strict_texts | legacy_texts
optional_texts = st.just("") | texts
names = st.sampled_from(["getThing", "x", "get-Thing.v2", "алуу", "_1"])
Scope = Mapping[str, str]
Draw = Callable[[st.SearchStrategy[Any]], Any]


@dataclass(frozen=True, kw_only=True)
class Document:
    """A request in pieces: the envelope's start without its end mark, the header with and without its end tag."""

    envelope: str
    header: str
    header_end: str
    body_prefix: str
    backwards: bool = False  # the Body stands before the Header, which X-Road does not mind
    fields: Header
    name: str

    def text(self, *, body: str = "", declared: str = "", security: str = "") -> str:
        """Write the whole; `declared` adds to the envelope's namespaces, `security` to the end of the header."""
        root = self.envelope[1:].split(maxsplit=1)[0]
        header = f"{self.header}{security}{self.header_end}"
        inside = f"{body or self.body}{header}" if self.backwards else f"{header}{body or self.body}"
        return f"{self.envelope}{declared}>{inside}</{root}>"

    @property
    def body(self) -> str:
        """Write a Body that holds the service's empty element."""
        tag = f"{self.body_prefix}:" if self.body_prefix else ""
        space = f"xmlns{':' * bool(tag)}{self.body_prefix}={quoteattr(SOAP)}"
        return f'<{tag}Body {space}><c:{self.name} xmlns:c="urn:c"/></{tag}Body>'


@dataclass(kw_only=True)
class Writer:
    """Writes elements under drawn prefixes; `comments` allows what a signed message may not hold."""

    draw: Draw
    comments: bool = True

    def start(
        self, space: str, name: str, scope: Scope, attributes: Mapping[tuple[str, str], str] | None = None
    ) -> tuple[str, str, Scope]:
        """Write a start tag without its end mark; give it, the qualified name and what is in scope inside."""
        fresh: dict[str, str] = {}
        prefix = self._prefix(space, scope, fresh, bare=True)
        used = {prefix}
        written = ""
        for (uri, attribute), value in (attributes or {}).items():
            if not uri:
                written += f" {attribute}={quoteattr(value)}"
                continue
            mark = "xml" if uri == XML else self._prefix(uri, scope, fresh, bare=False, kept=used)
            used.add(mark)
            kind = ""
            if (uri, attribute) == (XSI, "type"):
                kind = self._prefix(XSD, scope, fresh, bare=False, kept=used) + ":"
                used.add(kind[:-1])
            written += f" {mark}:{attribute}={quoteattr(kind + value)}"
        if self._chance(6):
            more = self.draw(st.sampled_from([each for each in _PREFIXES if each not in used | {*fresh}]))
            fresh[more] = self.draw(st.sampled_from((*_URIS, "") if not more else _URIS))
        spaces = "".join(
            f" xmlns{':' * bool(mark)}{mark}={quoteattr(uri)}" for mark, uri in sorted(fresh.items())
        )
        before, behind = (spaces, written) if self._chance(2) else (written, spaces)
        qualified = f"{prefix}:{name}" if prefix else name
        return f"<{qualified}{before}{behind}", qualified, {**scope, **fresh}

    def _prefix(
        self, uri: str, scope: Scope, fresh: dict[str, str], *, bare: bool, kept: set[str] | None = None
    ) -> str:
        """Use a prefix in scope or declare one; never one this element's name or attributes already stand under."""
        known = {**scope, **fresh}
        if not uri:
            if known.get(""):
                fresh[""] = ""
            return ""
        found = [mark for mark, bound in known.items() if bound == uri and (bare or mark)]
        if found and not self._chance(4):
            return self.draw(st.sampled_from(sorted(found)))
        taken = {*fresh, *(kept or ())}
        free = [mark for mark in _PREFIXES if mark not in taken and (bare or mark)]
        mark = self.draw(st.sampled_from(free))
        fresh[mark] = uri
        return mark

    def element(self, space: str, name: str, scope: Scope, content: Any, attributes: Any = None) -> str:
        """Write an element: `content` is a text, or makes the inside from the scope."""
        tag, qualified, inner = self.start(space, name, scope, attributes)
        inside = self.spell(content) if isinstance(content, str) else content(inner)
        if not inside and self._chance(2):
            return f"{tag}/>"
        return f"{tag}>{inside}</{qualified}{self.draw(st.sampled_from(('', ' ')))}>"

    def spell(self, text: str) -> str:
        """Write a text: escaped, in CDATA, by references, or in pieces around a comment or an instruction."""
        if not text:
            return ""
        way = self.draw(st.sampled_from(("plain", "plain", "CDATA", "references", "pieces")))
        if way == "CDATA" and "]]>" not in text and "\r" not in text:
            return f"<![CDATA[{text}]]>"
        if way == "references":
            return "".join(f"&#x{ord(letter):X};" for letter in text)
        if way == "pieces":
            middle = len(text) // 2
            return f"{_plain(text[:middle])}{self.aside()}{_plain(text[middle:])}"
        return _plain(text)

    def aside(self) -> str:
        """Write nothing, an instruction or a comment: SOAP 1.1 knows no instructions, X-Road lets them pass."""
        return self.draw(st.sampled_from(("", "<?x-y z?>", "<!-- <c> -->"))) if self.comments else ""

    def between(self) -> str:
        """Write what may stand between two elements."""
        return self.draw(st.sampled_from(_SPACES)) + self.aside() + self.draw(st.sampled_from(_SPACES))

    def _chance(self, sides: int) -> bool:
        return bool(self.draw(st.integers(0, sides - 1)) == 0)


def _plain(text: str) -> str:
    return escape(text, {"\r": "&#13;"})


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """What must not be drawn because a running gateway looks at it."""

    client: SubsystemId | None = None
    service: ServiceId | None = None
    fresh: bool = False  # userId and issue stand there, and the id is new


@st.composite
def documents(draw: Draw, fixed: Fixed = Fixed(), *, comments: bool = True) -> Document:
    """Draw a request with a legal header."""
    name = fixed.service.service_code if fixed.service else draw(names)
    fields = _fields(draw, fixed, name)
    writer = Writer(draw=draw, comments=comments)
    envelope, _, outer = writer.start(SOAP, "Envelope", {})
    start, qualified, scope = writer.start(SOAP, "Header", outer, _header_attributes(draw))
    blocks = _blocks(writer, scope, fields)
    inside = "".join(writer.between() + block for block in draw(st.permutations(blocks)))
    return Document(
        envelope=envelope,
        header=f"{writer.between()}{start}>{inside}{writer.between()}",
        header_end=f"</{qualified}>{writer.between()}",
        body_prefix=draw(st.sampled_from(["", "B", "x"])),
        backwards=comments and draw(st.integers(0, 9)) == 0,
        fields=fields,
        name=name,
    )


@st.composite
def headers(draw: Draw) -> Header:
    """Draw the values of a request's header, every optional field present or absent."""
    return replace(_fields(draw, Fixed(), draw(names)), request_hash="")


def _header_attributes(draw: Draw) -> dict[tuple[str, str], str]:
    kinds = ({}, {}, {("urn:f", "note"): "1"}, {(XML, "lang"): "ky"}, {(SOAP, "encodingStyle"): "urn:e"})
    return draw(st.sampled_from(kinds))


def _member(draw: Draw) -> SubsystemId:
    one, two, three = draw(texts), draw(texts), draw(texts)
    return SubsystemId(
        xroad_instance=one, member_class=two, member_code=three, subsystem_code=draw(optional_texts)
    )


def _fields(draw: Draw, fixed: Fixed, name: str) -> Header:
    party = draw(st.none() | st.tuples(optional_texts, texts))
    server = draw(st.none() | st.tuples(texts, texts, texts, texts))
    needed = texts.filter(str.strip) if fixed.fresh else optional_texts
    return Header(
        client=fixed.client or _member(draw),
        service=fixed.service
        or ServiceId(provider=_member(draw), service_code=name, service_version=draw(optional_texts)),
        message_id=draw(st.builds(lambda: str(uuid4()))) if fixed.fresh else draw(texts),
        protocol_version=draw(st.sampled_from(["4.0", "4.0", "4.1", " 4.0\n"])),
        user_id=draw(needed),
        issue=draw(needed),
        represented_party=_path(party),
        security_server=_path(server),
        request_hash=draw(st.sampled_from(["", "", "AAAA"])),
    )


def _path(parts: tuple[str, ...] | None) -> str:
    """Write what a reader must make of parts, in words of its own."""
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts or () if part)


def _unpath(path: str) -> list[str]:
    return [part.replace("%2F", "/").replace("%25", "%") for part in path.split("/")]


_IDENTIFIER = ("xRoadInstance", "memberClass", "memberCode")


def _blocks(writer: Writer, scope: Scope, fields: Header) -> list[str]:
    client, service = fields.client, fields.service
    blocks = [
        _identifier(
            writer, scope, "client", "SUBSYSTEM" if client.subsystem_code else "MEMBER", _parts(client)
        ),
        _identifier(
            writer,
            scope,
            "service",
            "SERVICE",
            {
                **_parts(service.provider),
                "serviceCode": service.service_code,
                "serviceVersion": service.service_version,
            },
        ),
        *(_leaf(writer, scope, name, text) for name, text in _texts(fields).items()),
    ]
    if fields.security_server:
        values = dict(zip((*_IDENTIFIER, "serverCode"), _unpath(fields.security_server), strict=True))
        blocks.append(_identifier(writer, scope, "securityServer", "SERVER", values))
    if fields.represented_party:
        blocks.append(_party(writer, scope, _unpath(fields.represented_party)))
    if fields.request_hash:
        blocks.append(
            writer.element(XROAD, "requestHash", scope, fields.request_hash, {("", "algorithmId"): "urn:a"})
        )
    return [*blocks, *_more(writer, scope)]


def _parts(member: SubsystemId) -> dict[str, str]:
    values = (member.xroad_instance, member.member_class, member.member_code, member.subsystem_code)
    return dict(zip((*_IDENTIFIER, "subsystemCode"), values, strict=True))


def _texts(fields: Header) -> dict[str, str]:
    told = {
        "userId": fields.user_id,
        "id": fields.message_id,
        "issue": fields.issue,
        "protocolVersion": fields.protocol_version,
    }
    return {name: text for name, text in told.items() if text}


def _leaf(writer: Writer, scope: Scope, name: str, text: str) -> str:
    kind = writer.draw(st.sampled_from(({}, {}, {(XSI, "type"): "string"})))
    return writer.element(XROAD, name, scope, text, kind)


def _identifier(writer: Writer, scope: Scope, name: str, kind: str, parts: Mapping[str, str]) -> str:
    def inside(inner: Scope) -> str:
        written = [
            writer.element(IDENTIFIERS, part, inner, text) + writer.between()
            for part, text in parts.items()
            if text
        ]
        return writer.between() + "".join(written)

    attributes = {(IDENTIFIERS, "objectType"): kind}
    if writer.draw(st.integers(0, 4)) == 0:
        attributes = {(XSI, "type"): "anyType", **attributes}
    return writer.element(XROAD, name, scope, inside, attributes)


def _party(writer: Writer, scope: Scope, parts: list[str]) -> str:
    def inside(inner: Scope) -> str:
        named = zip(("partyClass", "partyCode")[-len(parts) :], parts, strict=True)
        return "".join(
            writer.between() + writer.element(REPRESENTATION, name, inner, text) for name, text in named
        )

    return writer.element(REPRESENTATION, "representedParty", scope, inside)


def _more(writer: Writer, scope: Scope) -> list[str]:
    """Write blocks nobody here knows, with elements of every namespace and of none inside."""
    wanted = writer.draw(st.sets(st.sampled_from(("token", "block", "mixed", "security")), max_size=3))
    blocks = []
    for want in sorted(wanted):
        if want == "token":
            kind = {("", "tokenType"): "urn:ietf:params:oauth:token-type:jwt"}
            blocks.append(writer.element(SECURITY_TOKEN, "securityToken", scope, "e30.e30.", kind))
        elif want == "security" and writer.comments:
            blocks.append(writer.element(WSSE, "Security", scope, lambda inner: _tree(writer, inner)))
        else:
            space = writer.draw(st.sampled_from(FOREIGN))
            flag = writer.draw(
                st.sampled_from(
                    (
                        {},
                        {(SOAP, "mustUnderstand"): "0"},
                        {(XML, "space"): "preserve"},
                        {("urn:g", "k"): "a\"'<&"},
                    )
                )
            )
            blocks.append(writer.element(space, want, scope, lambda inner: _tree(writer, inner), flag))
    return blocks


def _tree(writer: Writer, scope: Scope) -> str:
    def leaf(inner: Scope) -> str:
        return writer.element(writer.draw(st.sampled_from(("", *_URIS))), "id", inner, "&<ө>")

    plain = writer.element("", "plain", scope, leaf)
    return f" текст {plain}{writer.between()}{leaf(scope)}"
