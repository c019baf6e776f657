"""Make a question once more from what the journal keeps of it: the same content under a new message id.

Nothing of the old envelope travels but its content and attachments: the header is written anew and the signature,
where one is agreed, is made anew.
"""

import re
from dataclasses import dataclass, replace
from typing import TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from gateway.exchange.entry import Entry
from gateway.exchange.outbound import OutboundCall
from gateway.exchange.outbound_rest import Fetch
from gateway.foundation.errors import ContractError
from gateway.xroad.envelope import CONTENT_TYPE, FaultMessage, canonical, read_message
from gateway.xroad.header import Header
from gateway.xroad.identifiers import ServiceId, SubsystemId, parse_subsystem, split_parts
from gateway.xroad.packaging import Packaging

_GET = b"GET /r1/"
_BOUNDARY = re.compile(rb"--([A-Za-z0-9'()+_,\-./:=? ]{1,70})\r\n")
_ROOT_BYTES = 400
_MEMBER, _SERVICE = 4, 5
Question: TypeAlias = OutboundCall | Fetch


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """What a question asked again has of its own: the message id and who asks."""

    message_id: str
    user_id: str


def renew(entry: Entry, request: bytes, renewed: Renewed) -> Question:
    """Make the question of a SENT row again; raises ContractError when the stored bytes are no question."""
    if request.startswith(_GET):
        return _renew_fetch(entry, request, renewed)
    content_type, packaging = content_type_of(request)
    message = read_message(request, content_type)
    if isinstance(message, FaultMessage):
        raise _no_question()
    header = replace(message.header, message_id=renewed.message_id, user_id=renewed.user_id, request_hash="")
    return OutboundCall(
        header=header,
        content=canonical(message.content),
        subject=entry.subject,
        attachments=message.attachments,
        packaging=packaging,
    )


def content_type_of(request: bytes) -> tuple[str, Packaging]:
    """Give the Content-Type a stored request travelled under: the journal keeps its bytes alone."""
    found = _BOUNDARY.match(request)
    if found is None:
        return CONTENT_TYPE, "swa"
    packaging: Packaging = "mtom" if b"application/xop+xml" in request[:_ROOT_BYTES] else "swa"
    inner = "text/xml" if packaging == "swa" else "application/xop+xml"
    more = "" if packaging == "swa" else ' start-info="text/xml";'
    boundary = found[1].decode()
    start = "<message@kopuro>"
    return f'multipart/related; type="{inner}"; start="{start}";{more} boundary="{boundary}"', packaging


def _renew_fetch(entry: Entry, request: bytes, renewed: Renewed) -> Fetch:
    line = request.partition(b"\r\n")[0].decode("ascii", "replace")
    target = urlsplit(line.removeprefix("GET "))
    service = service_of(entry.service)
    own = _SERVICE + 2  # "", r1 and the parts of the address, to which no version belongs
    header = Header(
        client=parse_subsystem(entry.client),
        service=service,
        message_id=renewed.message_id,
        protocol_version=entry.protocol_version,
        user_id=renewed.user_id,
        issue=entry.issue,
    )
    fetch = Fetch(
        header=header,
        path=tuple(unquote(part) for part in target.path.split("/")[own:]),
        query=tuple(parse_qsl(target.query, keep_blank_values=True)),
        subject=entry.subject,
    )
    if f"GET /{fetch.target}" != line:
        raise _no_question()
    return fetch


def service_of(text: str) -> ServiceId:
    """Read `instance/class/member/subsystem/code[/version]`; raises ContractError."""
    parts = split_parts(text)
    if not _SERVICE <= len(parts) <= _SERVICE + 1:
        raise _no_question()
    member = dict(
        zip(("xroad_instance", "member_class", "member_code", "subsystem_code"), parts, strict=False)
    )
    return ServiceId(
        provider=SubsystemId(**member),
        service_code=parts[_MEMBER],
        service_version="".join(parts[_SERVICE:]),
    )


def _no_question() -> ContractError:
    return ContractError("the stored request cannot be asked again", code="not_replayable", where="body")
