"""What a person should know before writing an adapter: traps of the contract, and of what travels in it."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from lxml import etree

from gateway.foundation.xml import element_children
from gateway.xroad.contract_reading import naming
from gateway.xroad.contract_reading.annotations import KYRGYZ, languages_in
from gateway.xroad.contract_reading.documents import Documents
from gateway.xroad.contract_reading.frame import bodies, echo, qualification
from gateway.xroad.contract_reading.model import LANGUAGES, Caution, Contract, Operation
from gateway.xroad.identifiers import is_publishable
from gateway.xroad.scalars import Kind
from gateway.xroad.tolerant import ANYTHING, Field, members, walk

HEADERS = ("client", "service", "userId", "id", "issue", "protocolVersion")


def of_operation(operation: Operation, *, repeated: bool) -> Operation:
    """Give the operation with what is to be known about it."""
    found = [Caution(code="repeated_operation")] if repeated else []
    found.extend([*_addressing(operation), *_bodies(operation), *_content(operation)])
    return replace(operation, cautions=tuple(found))


def of_contract(contract: Contract, *, unread: tuple[str, ...], documents: Documents) -> Contract:
    """Give the contract with what is to be known about it as a whole."""
    found = [Caution(code="missing_import", about=place) for place in contract.missing]
    found.extend(Caution(code="unknown_name", about=name) for name in unread)
    if not contract.operations:
        found.append(Caution(code="no_operations"))
    if "seccurity" in contract.namespace or contract.namespace != contract.namespace.strip():
        found.append(Caution(code="odd_namespace", about=contract.namespace))
    codes = {
        code for root in documents.definitions for each in _described(root) for code in languages_in(each)
    }
    if codes & KYRGYZ.keys():
        found.append(Caution(code="kyrgyz_code", about=", ".join(sorted(codes & KYRGYZ.keys()))))
    return replace(contract, cautions=tuple(found))


def _described(root: etree._Element) -> Iterator[etree._Element]:
    for each in element_children(root):
        yield each
        yield from element_children(each)


def _addressing(operation: Operation) -> Iterator[Caution]:
    code = operation.service_code
    if not operation.service_version:
        yield Caution(code="no_version")
    if not (is_publishable(code) and is_publishable(operation.service_version or "v1")):
        yield Caution(code="code_alphabet", about=code)
    if code.endswith("Response"):
        yield Caution(code="code_ends_in_response", about=code)
    if operation.soap and "1.1" not in operation.soap:
        yield Caution(code="soap12_only")
    if not set(LANGUAGES) & operation.titles.keys():
        yield Caution(code="no_title")
    absent = [name for name in HEADERS if name not in operation.request_headers]
    if absent:
        yield Caution(code="headers_undeclared", about=", ".join(absent))


def _bodies(operation: Operation) -> Iterator[Caution]:
    if operation.style.startswith("rpc"):
        yield Caution(code="rpc")
    if operation.style.endswith("encoded"):
        yield Caution(code="encoded")
    for side, body in bodies(operation):
        if body.naming == "type":
            yield Caution(code="body_not_named", where=side, about=body.shape.name)
        if body.naming == "none":
            yield Caution(code="empty_body", where=side)
        if body.naming == "other" or (side == "answer" and body.naming in {"code", "code_request"}):
            yield Caution(code="body_other_name", where=side, about=body.shape.name)
        if body.parts > 1:
            yield Caution(code="several_parts", where=side, about=str(body.parts))
    if operation.answer is None:
        yield Caution(code="one_way")
    if qualification(operation) in {"unqualified", "mixed"}:
        yield Caution(code=qualification(operation))


def _content(operation: Operation) -> Iterator[Caution]:
    repeated = echo(operation)
    asked = list(walk(operation.request.shape.content))
    secrets = ["/".join(path) for path, one in asked if naming.looks_like_secret(one)]
    if secrets:
        yield Caution(code="secret_field", about=", ".join(secrets))
        if repeated is not None and _echoes(repeated):
            yield Caution(code="secret_echoed", about=repeated.name)
    pins = ["/".join(path) for path, one in asked if naming.looks_like_pin(one)]
    if len(pins) > 1:
        yield Caution(code="several_pins", about=", ".join(pins))
    everything = list(_all_fields(operation, repeated))
    for code, test in _TESTS.items():
        found = list(dict.fromkeys(path for path, one in everything if test(one)))
        if found:
            yield Caution(code=code, about=", ".join(found))


def _echoes(repeated: Field) -> bool:
    return any(naming.looks_like_secret(one) for one in members(repeated.content).values())


def _all_fields(operation: Operation, repeated: Field | None) -> Iterator[tuple[str, Field]]:
    for _, body in bodies(operation):
        for path, one in walk(body.shape.content):
            if repeated is None or body is operation.request or path[0] != repeated.name:
                yield "/".join(path), one


def _number(one: Field) -> bool:
    return one.kind in {Kind.INTEGER, Kind.DECIMAL, Kind.NUMBER}


_TESTS: dict[str, Callable[[Field], bool]] = {
    "pin_field": naming.looks_like_pin,
    "pin_as_number": lambda one: naming.looks_like_pin(one) and _number(one),
    "date_as_text": lambda one: naming.looks_like_date(one) and one.kind == Kind.TEXT,
    "photo_inline": lambda one: one.kind == Kind.BYTES,
    "photo_as_text": lambda one: naming.looks_like_photo(one) and one.kind == Kind.TEXT,
    "sex_coding": lambda one: naming.looks_like_sex(one) and not one.allowed,
    "dropped": naming.is_dropped,
    "special": naming.is_special,
    "recursive": lambda one: bool(one.again),
    "open_content": lambda one: one.name == ANYTHING or one.kind == Kind.ANY,
}
