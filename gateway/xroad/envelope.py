"""A SOAP 1.1 message of the X-Road protocol: taken apart by the rules, put together byte by byte.

The answer's header is the request's own header in canonical bytes: lxml renames prefixes when it moves
elements between trees, and a security server and the peers' signatures both look at what they sent.
"""

from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

from lxml import etree

from gateway.foundation.errors import ContractError
from gateway.foundation.xml import as_utf8, detach, element_children, inclusive_canonical, local_name, parse
from gateway.xroad.attachments import Attachment, attachments_of
from gateway.xroad.familiar import Seen, recognise
from gateway.xroad.header import PARTS, Header, read_header
from gateway.xroad.identifiers import SubsystemId, split_parts
from gateway.xroad.mime import Side, is_multipart, read_multipart
from gateway.xroad.mime_types import charset_of
from gateway.xroad.namespaces import IDENTIFIERS, REPRESENTATION, SOAP, WSSE, WSU, XROAD, q

SECURITY = q(WSSE, "Security")
FAULT = q(SOAP, "Fault")
CONTENT_TYPE = "text/xml; charset=utf-8"
_HEADER, _BODY, _ENVELOPE = q(SOAP, "Header"), q(SOAP, "Body"), q(SOAP, "Envelope")
_REQUEST_HASH, _ID = q(XROAD, "requestHash"), q(XROAD, "id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message that kept the rules; `content` is the one child of its Body.

    `soap` are the bytes of the SOAP message alone and `soap_type` their Content-Type, beginning at `soap_at` in
    what was sent: with attachments there is more around them.
    """

    root: etree._Element
    header_element: etree._Element
    header: Header
    body: etree._Element
    content: etree._Element
    soap: bytes
    soap_type: str
    soap_at: int = 0
    attachments: tuple[Attachment, ...] = ()
    seen: Seen | None = None

    @property
    def is_response(self) -> bool:
        """Tell a response from a request the way a security server does: by the content's name."""
        return local_name(self.content).endswith("Response")


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultMessage:
    """A soap:Fault in place of an answer: its code and text as they stand on the wire."""

    code: str
    string: str
    actor: str = ""
    detail: str = ""


def read_message(data: bytes, content_type: str, *, side: Side = "request") -> Message | FaultMessage:
    """Read a SOAP message, alone or with attachments; raises ContractError with X-Road's code for the first fault.

    `side` only chooses the code for a multipart message without any part.
    """
    if is_multipart(content_type):
        return _read_packaged(data, content_type, side)
    return _read_soap(data, content_type)


def _read_packaged(data: bytes, content_type: str, side: Side) -> Message | FaultMessage:
    parts = read_multipart(data, content_type, side=side)
    message = _read_soap(parts.root.read(), parts.root.content_type)
    attachments = attachments_of(parts)
    if isinstance(message, FaultMessage):
        return message
    return replace(message, soap_at=parts.root.at, attachments=attachments)


def _read_soap(data: bytes, content_type: str) -> Message | FaultMessage:
    root = read_envelope(data, content_type)
    body = _only(root, _BODY)
    if body is not None and (fault := next(body.iterchildren(FAULT), None)) is not None:
        return _read_fault(fault)
    return _read_message(root, body, data, content_type)


def read_envelope(data: bytes, content_type: str) -> etree._Element:
    """Parse the bytes under their Content-Type and make sure that it is a SOAP 1.1 envelope."""
    root = parse(data, charset=charset_of(content_type))
    if root.tag != _ENVELOPE:
        raise ContractError(
            "the document is not a SOAP 1.1 envelope",
            code="invalid_soap",
            where="Envelope",
            hint=f"the root must be Envelope in {SOAP}",
        )
    return root


def _read_message(
    root: etree._Element, body: etree._Element | None, data: bytes, content_type: str
) -> Message:
    header_element = _only(root, _HEADER)
    if header_element is None:
        raise ContractError(
            "the message has no soap:Header",
            code="missing_header",
            where="Header",
            hint="add the X-Road header",
        )
    seen = recognise(data, content_type, _look_at)
    header = seen.header if seen else read_header(header_element)
    if body is None:
        raise ContractError(
            "the message has no soap:Body", code="missing_body", where="Body", hint="add soap:Body"
        )
    content = _only_child(body)
    if not local_name(content).startswith(header.service.service_code):
        raise ContractError(
            "the body's element does not name the service of the header",
            code="inconsistent_headers",
            where="Body",
            hint="the body's element must carry the serviceCode as its name",
        )
    return Message(
        root=root,
        header_element=header_element,
        header=header,
        body=body,
        content=content,
        soap=data,
        soap_type=content_type,
        seen=seen,
    )


def _look_at(data: bytes, content_type: str) -> Seen | None:
    """Read a header and the shell of its answer; None where the bytes are not those that are parsed."""
    root = read_envelope(data, content_type)
    element = _only(root, _HEADER)
    if element is None or as_utf8(data, charset_of(content_type)) is not data:
        return None
    header, shell = read_header(element), _shell_of(element)
    return Seen(header, shell.header, shell)


def _only(root: etree._Element, tag: str) -> etree._Element | None:
    found = list(root.iterchildren(tag))
    if len(found) > 1:
        raise ContractError(
            f"{local_name(found[0])} stands twice",
            code="invalid_soap",
            where=local_name(found[0]),
            hint="send one",
        )
    return found[0] if found else None


def _only_child(body: etree._Element) -> etree._Element:
    children = element_children(body)
    if len(children) != 1:
        raise ContractError(
            f"soap:Body holds {len(children)} elements",
            code="invalid_body",
            where="Body",
            hint="put exactly one element into soap:Body",
        )
    return children[0]


def _read_fault(fault: etree._Element) -> FaultMessage:
    texts = {
        local_name(child): "".join(map(str, child.itertext())).strip() for child in element_children(fault)
    }
    return FaultMessage(
        code=texts.get("faultcode", ""),
        string=texts.get("faultstring", ""),
        actor=texts.get("faultactor", ""),
        detail=texts.get("detail", ""),
    )


def canonical(element: etree._Element, *, exclusive: bool = True) -> bytes:
    """Write an element in canonical form without comments; raises ContractError where it has none."""
    try:
        if not exclusive:
            return inclusive_canonical(element)
        return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
    except etree.C14NError:
        raise ContractError(
            "a relative namespace has no canonical form",
            code="invalid_xml",
            where=local_name(element),
            hint="name namespaces by absolute URIs",
        ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """What surrounds a Body: the envelope's prefix and the header in canonical bytes, apart from its end tag."""

    prefix: str
    header: bytes
    header_end: bytes
    declarations: str = ""

    def wrap(self, body: bytes, security: bytes = b"") -> bytes:
        """Put header, an optional wsse:Security and a soap:Body element into one envelope."""
        tag = f"{self.prefix}:" if self.prefix else ""
        declaration = f"xmlns:{self.prefix}" if self.prefix else "xmlns"
        return b"".join(
            (
                b'<?xml version="1.0" encoding="UTF-8"?>\n',
                f'<{tag}Envelope {declaration}="{SOAP}"{self.declarations}>'.encode(),
                self.header,
                security,
                self.header_end,
                body,
                f"</{tag}Envelope>".encode(),
            )
        )

    def body(self, content: bytes, identifier: str = "") -> bytes:
        """Write soap:Body around canonical content, with a wsu:Id if one is given.

        It is self-contained and its declarations stand in their order, so that it is its own canonical form.
        """
        name = f"{self.prefix}:Body" if self.prefix else "Body"
        spaces, attribute = {self.prefix: SOAP}, ""
        if identifier:
            mark = "wsu" if self.prefix != "wsu" else "u"
            spaces[mark] = WSU
            attribute = f' {mark}:Id="{identifier}"'
        declared = "".join(f' xmlns{":" * bool(mark)}{mark}="{spaces[mark]}"' for mark in sorted(spaces))
        return f"<{name}{declared}{attribute}>".encode() + content + f"</{name}>".encode()


def answering_shell(message: Message) -> Shell:
    """Keep the request's header for the answer: every element as it came, in its order.

    Left out are wsse:Security, which was meant for us, and requestHash, which the provider's security server
    writes (PR-MESS 2.2). The envelope takes the header's own prefix: it means the same to every element inside,
    where the request's envelope may have used one that the header declares anew. This consumes the message's tree.
    """
    if message.seen is None:
        return _shell_of(message.header_element)
    known: Shell = message.seen.shell
    return Shell(
        prefix=known.prefix,
        header=message.seen.written,
        header_end=known.header_end,
        declarations=known.declarations,
    )


def _shell_of(header: etree._Element) -> Shell:
    for child in element_children(header):
        if child.tag in {SECURITY, _REQUEST_HASH}:
            detach(child)
    prefix = header.prefix or ""
    written = canonical(header, exclusive=False)
    end = written.rindex(b"</")
    return Shell(
        prefix=prefix,
        header=written[:end],
        header_end=written[end:],
        declarations=_declaration_for_hash(header, prefix),
    )


def _declaration_for_hash(header: etree._Element, envelope_prefix: str) -> str:
    """Declare the message id's prefix on the envelope when the request declared it on the id alone.

    A security server writes requestHash behind the id under the id's prefix without declaring it; in an
    exclusive canonical form of the header the extra declaration does not show.
    """
    element = next(header.iterchildren(_ID), None)
    prefix = element.prefix if element is not None else None
    if not prefix or prefix == envelope_prefix or prefix in header.nsmap:
        return ""
    return f' xmlns:{prefix}="{XROAD}"'


def asking_shell(header: Header) -> Shell:
    """Write a new request header in the order of the protocol's table; only requestHash is not ours to write."""
    client_type = "SUBSYSTEM" if header.client.subsystem_code else "MEMBER"
    service = header.service
    parts = [
        f'<soapenv:Header xmlns:soapenv="{SOAP}" xmlns:xrd="{XROAD}" xmlns:id="{IDENTIFIERS}">',
        f'<xrd:client id:objectType="{client_type}">{_member(header.client)}</xrd:client>',
        f'<xrd:service id:objectType="SERVICE">{_member(service.provider)}',
        f"<id:serviceCode>{_escape(service.service_code)}</id:serviceCode>",
        _optional("id:serviceVersion", service.service_version),
        "</xrd:service>",
        _party(header.represented_party),
        _security_server(header.security_server),
        _optional("xrd:userId", header.user_id),
        f"<xrd:id>{_escape(header.message_id)}</xrd:id>",
        _optional("xrd:issue", header.issue),
        f"<xrd:protocolVersion>{_escape(header.protocol_version)}</xrd:protocolVersion>",
    ]
    return Shell(prefix="soapenv", header="".join(parts).encode(), header_end=b"</soapenv:Header>")


def _member(member: SubsystemId) -> str:
    return (
        f"<id:xRoadInstance>{_escape(member.xroad_instance)}</id:xRoadInstance>"
        f"<id:memberClass>{_escape(member.member_class)}</id:memberClass>"
        f"<id:memberCode>{_escape(member.member_code)}</id:memberCode>"
        + _optional("id:subsystemCode", member.subsystem_code)
    )


def _party(path: str) -> str:
    if not path:
        return ""
    *kind, code = split_parts(path)
    inside = _optional("repr:partyClass", "".join(kind)) + _optional("repr:partyCode", code)
    return f'<repr:representedParty xmlns:repr="{REPRESENTATION}">{inside}</repr:representedParty>'


def _security_server(path: str) -> str:
    if not path:
        return ""
    parts = zip(PARTS["securityServer"], split_parts(path), strict=True)
    inside = "".join(_optional(f"id:{name}", part) for name, part in parts)
    return f'<xrd:securityServer id:objectType="SERVER">{inside}</xrd:securityServer>'


def _optional(tag: str, value: str) -> str:
    return f"<{tag}>{_escape(value)}</{tag}>" if value else ""


def _escape(text: str) -> str:
    """Escape a text; a bare carriage return would be read as a line feed."""
    return escape(text, {"\r": "&#xD;"})
