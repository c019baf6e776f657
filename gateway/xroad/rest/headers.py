"""The X-Road headers of a REST call, read strictly into the same identifiers the SOAP header gives (PR-REST 4).

The address is `/r1/instance/class/member/subsystem/serviceCode[/serviceVersion]`. Every segment of an identifier is
UTF-8, percent-encoded. A security server looks at one of two equal headers and passes both on, so a header that
stands twice is refused.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote_to_bytes

from gateway.foundation.errors import ContractError
from gateway.xroad.header import Header
from gateway.xroad.identifiers import ServiceId, SubsystemId

PROTOCOL_VERSION = "1"  # what operational monitoring calls the version of REST messages
LONGEST_ID = 255
CLIENT, MESSAGE_ID, REQUEST_ID, SERVICE = (
    "X-Road-Client",
    "X-Road-Id",
    "X-Road-Request-Id",
    "X-Road-Service",
)
USER_ID, ISSUE = "X-Road-UserId", "X-Road-Issue"
PARTY, SECURITY_SERVER = "X-Road-Represented-Party", "X-Road-Security-Server"
ECHOED = (CLIENT, MESSAGE_ID, REQUEST_ID, PARTY, SECURITY_SERVER)
_SINGULAR = {
    name.lower(): name for name in (*ECHOED, SERVICE, USER_ID, ISSUE, "Content-Type", "Content-Length")
}
_SEGMENT = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})+")
_SHORTEST_PATH, _LONGEST_PATH = 6, 7
_NO_CODE = re.compile(r"[\x00-\x1f\x7f]")

RawHeaders = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestCall:
    """Who asks for what, as the headers and the address say; `echo` are the headers an answer repeats."""

    header: Header
    content_type: str
    request_id: str = ""
    echo: tuple[tuple[str, str], ...] = field(default=())


def read_call(raw_path: bytes, query: bytes, raw_headers: RawHeaders) -> RestCall:
    """Read address and headers of a call; raises ContractError that names the header and the cure."""
    found = _once(raw_headers)
    service = _addressed(raw_path, query)
    _agrees(found.get(SERVICE), service)
    for name in (CLIENT, MESSAGE_ID):
        if not found.get(name):
            raise ContractError(
                f"the header {name} is missing", code="missing_header_field", where=name, hint=f"send {name}"
            )
    if len(found[MESSAGE_ID]) > LONGEST_ID:
        raise _bad(f"{MESSAGE_ID} is longer than {LONGEST_ID} characters", MESSAGE_ID, "send a UUID")
    header = Header(
        client=_client(found[CLIENT]),
        service=service,
        message_id=found[MESSAGE_ID],
        protocol_version=PROTOCOL_VERSION,
        user_id=found.get(USER_ID, ""),
        issue=found.get(ISSUE, ""),
        represented_party=_joined(found, PARTY, (1, 2), "[class/]code"),
        security_server=_joined(found, SECURITY_SERVER, (4,), "instance/class/member/serverCode"),
    )
    return RestCall(
        header=header,
        content_type=found.get("Content-Type", ""),
        request_id=found.get(REQUEST_ID, ""),
        echo=tuple((name, found[name]) for name in ECHOED if found.get(name)),
    )


def answer_headers(call: RestCall) -> tuple[tuple[str, str], ...]:
    """Give the headers of our answer: what the caller said of itself, and the service's identifier.

    X-Road-Request-Hash and X-Road-Error are the security server's own to write, and are left to it.
    """
    return (*call.echo, (SERVICE, write_service(call.header.service)))


def write_service(service: ServiceId) -> str:
    """Write a service identifier as REST does: the version is no part of it."""
    return write_parts(*parts_of(service.provider), service.service_code)


def write_parts(*parts: str) -> str:
    """Write the parts of an identifier, each percent-encoded."""
    return "/".join(quote(part, safe="") for part in parts if part)


def parts_of(subsystem: SubsystemId) -> tuple[str, str, str, str]:
    """Give the four parts of a subsystem's identifier."""
    return (
        subsystem.xroad_instance,
        subsystem.member_class,
        subsystem.member_code,
        subsystem.subsystem_code,
    )


def _once(raw_headers: RawHeaders) -> dict[str, str]:
    """Take the headers we know, each at most once."""
    found: dict[str, str] = {}
    for raw_name, raw_value in raw_headers:
        name = _SINGULAR.get(raw_name.decode("latin-1").lower())
        if name is None:
            continue
        if name in found:
            raise ContractError(
                f"the header {name} stands twice",
                code="duplicate_header_field",
                where=name,
                hint="send it once",
            )
        found[name] = _text(raw_value, name)
    return found


def _text(value: bytes, name: str) -> str:
    try:
        text = value.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise _bad(f"{name} is not UTF-8", name, "percent-encode it, or send plain ASCII") from None
    if _NO_CODE.search(text):
        raise _bad(f"{name} holds control characters", name, "leave them out")
    return text


def _addressed(raw_path: bytes, query: bytes) -> ServiceId:
    segments = raw_path.decode("latin-1").strip("/").split("/")
    if len(segments) == _LONGEST_PATH or len(segments) == _SHORTEST_PATH:
        parts = [_decoded(segment, "address") for segment in segments[1:]]
        if query:
            raise _bad("the address has a query", "address", "everything that is asked stands in the body")
        return _service(parts)
    raise ContractError(
        "the address names no service",
        code="unknown_service",
        where="address",
        hint="POST /r1/instance/class/member/subsystem/serviceCode/version",
    )


def _service(parts: list[str]) -> ServiceId:
    provider = SubsystemId(
        xroad_instance=parts[0], member_class=parts[1], member_code=parts[2], subsystem_code=parts[3]
    )
    return ServiceId(provider=provider, service_code=parts[4], service_version="".join(parts[5:]))


def _agrees(stated: str | None, service: ServiceId) -> None:
    """Check X-Road-Service, where it stands, against the address."""
    if stated is None:
        return
    parts = [_decoded(segment, SERVICE) for segment in stated.split("/")]
    named = _service(parts) if len(parts) in {5, 6} else None
    same = named is not None and (named.provider, named.service_code) == (
        service.provider,
        service.service_code,
    )
    if named is None or not same or named.service_version not in {"", service.service_version}:
        raise ContractError(
            f"{SERVICE} names another service than the address",
            code="inconsistent_headers",
            where=SERVICE,
            hint="let both name the same service, or leave the header out",
        )


def _client(text: str) -> SubsystemId:
    segments = text.split("/")
    if len(segments) not in {3, 4} or not all(map(_SEGMENT.fullmatch, segments)):
        raise ContractError(
            f"{CLIENT} is not an identifier",
            code="invalid_client_identifier",
            where=CLIENT,
            hint="write instance/class/member/subsystem, each part percent-encoded",
        )
    parts = [_decoded(segment, CLIENT) for segment in segments]
    return SubsystemId(
        xroad_instance=parts[0],
        member_class=parts[1],
        member_code=parts[2],
        subsystem_code="".join(parts[3:]),
    )


def _joined(found: Mapping[str, str], name: str, lengths: tuple[int, ...], form: str) -> str:
    """Give an optional identifier's parts, decoded and joined by slashes as the SOAP header's are."""
    if name not in found:
        return ""
    parts = [_decoded(segment, name) for segment in found[name].split("/")]
    if len(parts) not in lengths:
        raise _bad(f"{name} has another number of parts", name, f"write {form}")
    return "/".join(parts)


def _decoded(segment: str, where: str) -> str:
    if not _SEGMENT.fullmatch(segment):
        raise _bad(
            "a part of an identifier is empty or not percent-encoded", where, "percent-encode each part"
        )
    try:
        text = unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError:
        raise _bad("a part of an identifier is not UTF-8", where, "percent-encode its UTF-8 bytes") from None
    if _NO_CODE.search(text):
        raise _bad("a part of an identifier holds control characters", where, "leave them out")
    return text


def _bad(message: str, where: str, hint: str) -> ContractError:
    return ContractError(message, code="bad_request", where=where, hint=hint)
