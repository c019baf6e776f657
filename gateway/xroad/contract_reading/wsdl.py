"""From WSDL documents to operations: bindings, messages and parts in all the forms seen on Tunduk."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from lxml import etree

from gateway.foundation.errors import ContractError
from gateway.foundation.xml import element_children, local_name
from gateway.xroad.contract_reading.annotations import titles_in, version_in
from gateway.xroad.contract_reading.cautions import of_contract, of_operation
from gateway.xroad.contract_reading.components import Components, qualified
from gateway.xroad.contract_reading.documents import WSDL, Documents, read_documents
from gateway.xroad.contract_reading.model import Body, Contract, Operation
from gateway.xroad.contract_reading.shapes import Shapes
from gateway.xroad.namespaces import q
from gateway.xroad.scalars import Kind
from gateway.xroad.tolerant import Field

SOAP_BINDINGS = {
    "http://schemas.xmlsoap.org/wsdl/soap/": "1.1",
    "http://schemas.xmlsoap.org/wsdl/soap12/": "1.2",
}
MAX_OPERATIONS = 2000
MAX_HEADERS = 50
MIME = "http://schemas.xmlsoap.org/wsdl/mime/"


def read_contract(wsdl: Path, *, directories: tuple[Path, ...] = ()) -> Contract:
    """Read a WSDL and what it imports from its directory and `directories`.

    Raises SettingsError when it cannot be read and ContractError when it is hostile or not a WSDL.
    """
    documents = read_documents(wsdl, directories=directories)
    shapes = Shapes(Components(documents))
    root = documents.definitions[0]
    reader = _Reader(documents, shapes)
    operations = reader.operations()
    contract = Contract(
        file=wsdl.name,
        name=root.get("name", "") or wsdl.stem,
        namespace=root.get("targetNamespace", ""),
        services=tuple(each.get("name", "") for each in reader.all("service")),
        addresses=tuple(dict.fromkeys(reader.addresses())),
        operations=operations,
        missing=documents.missing,
    )
    unread = (*sorted(shapes.unknown), *sorted(shapes.components.reads_incompletely))
    return of_contract(contract, unread=unread, documents=documents)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bound:
    """A binding operation with the port type operation it belongs to."""

    name: str
    binding: etree._Element
    bound: etree._Element
    port: etree._Element | None

    @property
    def version(self) -> str:
        """Give the service version stated for it, or "" for none."""
        return version_in(self.bound)

    @property
    def owner(self) -> str:
        """Give the name of the port type, which the bindings for two SOAP versions share."""
        return self.binding.get("type", self.binding.get("name", "")).rpartition(":")[2]


class _Reader:
    def __init__(self, documents: Documents, shapes: Shapes) -> None:
        self._documents, self._shapes = documents, shapes
        self._named = {
            (local_name(each), self._name(root, each)): each
            for root in reversed(documents.definitions)
            for each in element_children(root)
        }

    @staticmethod
    def _name(root: etree._Element, each: etree._Element) -> str:
        namespace, name = root.get("targetNamespace"), each.get("name", "")
        return q(namespace, name) if namespace else name

    def all(self, sort: str) -> Iterator[etree._Element]:
        for root in self._documents.definitions:
            yield from root.iterfind(q(WSDL, sort))

    def addresses(self) -> Iterator[str]:
        for service in self.all("service"):
            for each in service.iterdescendants():
                if isinstance(each.tag, str) and local_name(each) == "address" and each.get("location"):
                    yield each.get("location", "")

    def operations(self) -> tuple[Operation, ...]:
        """Give each operation once, with every binding that offers it; versions stay apart."""
        if (
            sum(len(owner) for sort in ("binding", "portType") for owner in self.all(sort))
            > MAX_OPERATIONS * 2
        ):
            raise ContractError(
                f"the contract has more than {MAX_OPERATIONS} operations",
                code="invalid_wsdl",
                where="binding",
                hint="give a smaller WSDL",
            )
        groups: dict[tuple[str, ...], list[_Bound]] = {}
        for bound, number in self._bound() or self._unbound():
            key = (bound.name, bound.version, bound.owner, str(number))
            groups.setdefault(key, []).append(bound)
        codes = [(name, version) for name, version, *_ in groups]
        return tuple(
            of_operation(self._operation(bounds), repeated=codes.count((name, version)) > 1)
            for (name, version, *_), bounds in groups.items()
        )

    def _bound(self) -> list[tuple[_Bound, int]]:
        """List SOAP binding operations; the number tells the first of a name in its binding from the next."""
        found = []
        for binding in self.all("binding"):
            if _soap_element(binding, "binding") is None:
                continue
            port_type = self._referred("portType", binding, "type")
            for operation, number in _numbered(binding):
                name = operation.get("name", "")
                ports = [] if port_type is None else _operations(port_type, name)
                port = ports[min(number, len(ports) - 1)] if ports else None
                found.append((_Bound(name=name, binding=binding, bound=operation, port=port), number))
        return found

    def _unbound(self) -> list[tuple[_Bound, int]]:
        return [
            (_Bound(name=each.get("name", ""), binding=port_type, bound=each, port=each), number)
            for port_type in self.all("portType")
            for each, number in _numbered(port_type)
        ]

    def _referred(self, sort: str, element: etree._Element | None, attribute: str) -> etree._Element | None:
        if element is None:
            return None
        return self._named.get((sort, qualified(element, attribute) or ""))

    # one operation

    def _operation(self, bounds: list[_Bound]) -> Operation:
        first = bounds[0]
        style, use = _style(first), _use(first)
        request = self._body(first, "input", rpc=style == "rpc")
        answer = self._body(first, "output", rpc=style == "rpc")
        annotated = [each for each in (first.port, first.bound) if each is not None]
        return Operation(
            service_code=first.name,
            service_version=first.version,
            titles=_merged(annotated, "title") or dict(request.shape.titles if request else ()),
            notes=_merged(annotated, "notes"),
            style=f"{style}/{use}",
            wrapped=style == "document" and request is not None and _is_wrapper(request, first.name),
            soap=tuple(dict.fromkeys(_soap_version(each.binding) for each in bounds)),
            bindings=tuple(each.binding.get("name", "") for each in bounds),
            request=request or Body(shape=Field(name="", kind=Kind.GROUP), named=False, naming="none"),
            answer=answer,
            request_headers=self._headers(first, "input"),
            answer_headers=self._headers(first, "output"),
            faults=self._faults(first),
            mime_parts=_mime_parts(first.bound),
        )

    def _body(self, bound: _Bound, side: str, *, rpc: bool) -> Body | None:
        stated = None if bound.port is None else bound.port.find(q(WSDL, side))
        message = self._referred("message", stated, "message")
        if message is None:
            return None
        described = bound.bound.find(q(WSDL, side))
        body = _soap_element(described, "body")
        own = [each for each in _soap_elements(described, "header") if self._is_of(message, each)]
        parts = _body_parts(message, body, headers={each.get("part", "") for each in own})
        expected = bound.name if side == "input" else f"{bound.name}Response"
        if rpc:
            return self._rpc_body(parts, expected, "" if body is None else body.get("namespace", ""))
        return self._document_body(parts, expected, bound.name)

    def _is_of(self, message: etree._Element, header: etree._Element) -> bool:
        return self._referred("message", header, "message") is message

    def _rpc_body(self, parts: list[etree._Element], name: str, namespace: str) -> Body:
        content = tuple(self._part(part) for part in parts)
        return Body(
            shape=Field(name=name, namespace=namespace, kind=Kind.GROUP, content=content), naming="rpc"
        )

    def _part(self, part: etree._Element) -> Field:
        element = qualified(part, "element")
        if element is not None:
            return self._shapes.element(element)
        return self._shapes.typed(part.get("name", ""), type_name=qualified(part, "type"))

    def _document_body(self, parts: list[etree._Element], expected: str, service_code: str) -> Body:
        if not parts:
            return Body(shape=Field(name="", kind=Kind.GROUP), named=False, naming="none")
        if qualified(parts[0], "element") is None:
            namespace = self._documents.definitions[0].get("targetNamespace", "")
            type_name = qualified(parts[0], "type")
            shape = self._shapes.typed(expected, type_name=type_name, namespace=namespace)
            return Body(shape=shape, named=False, naming="type")
        shape = self._part(parts[0])
        naming = _naming(shape.name, service_code)
        return Body(shape=shape, naming=naming, parts=len(parts))

    def _headers(self, bound: _Bound, side: str) -> tuple[str, ...]:
        stated = bound.bound.find(q(WSDL, side))
        found = []
        for header in _soap_elements(stated, "header"):
            message = self._referred("message", header, "message")
            for part in [] if message is None else message.iterfind(q(WSDL, "part")):
                if part.get("name") == header.get("part"):
                    named = qualified(part, "element") or str(part.get("name"))
                    found.append(named.rpartition("}")[2])
        return tuple(dict.fromkeys(found))

    def _faults(self, bound: _Bound) -> tuple[Field, ...]:
        stated = [] if bound.port is None else bound.port.findall(q(WSDL, "fault"))
        messages = [self._referred("message", each, "message") for each in stated]
        parts = [each.find(q(WSDL, "part")) for each in messages if each is not None]
        return tuple(self._part(part) for part in parts if part is not None)


def _merged(elements: list[etree._Element], name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for element in elements:
        found = titles_in(element, name=name) | found
    return found


def _numbered(owner: etree._Element) -> Iterator[tuple[etree._Element, int]]:
    seen: dict[str, int] = {}
    for operation in owner.iterfind(q(WSDL, "operation")):
        name = operation.get("name", "")
        yield operation, seen.get(name, 0)
        seen[name] = seen.get(name, 0) + 1


def _operations(owner: etree._Element, name: str) -> list[etree._Element]:
    return [each for each in owner.iterfind(q(WSDL, "operation")) if each.get("name", "") == name]


def _naming(name: str, service_code: str) -> str:
    suffixes = {"": "code", "Request": "code_request", "Response": "code_response"}
    return (
        suffixes.get(name.removeprefix(service_code), "other") if name.startswith(service_code) else "other"
    )


def _is_wrapper(body: Body, service_code: str) -> bool:
    """Tell a wrapper (named after the service, holding elements) from a bare element."""
    return body.named and body.shape.kind == Kind.GROUP and body.shape.name.startswith(service_code)


def _soap_elements(owner: etree._Element | None, name: str) -> list[etree._Element]:
    """Find soap:… extension elements of either SOAP version, also inside mime parts."""
    if owner is None:
        return []
    deep = owner.iterdescendants() if name in {"body", "header"} else owner.iterchildren()
    wanted = {q(namespace, name) for namespace in SOAP_BINDINGS}
    found = (each for each in deep if each.tag in wanted)
    return list(islice(found, MAX_HEADERS))


def _soap_element(owner: etree._Element | None, name: str) -> etree._Element | None:
    return next(iter(_soap_elements(owner, name)), None)


def _soap_version(binding: etree._Element) -> str:
    found = _soap_element(binding, "binding")
    return "" if found is None else SOAP_BINDINGS[str(etree.QName(found).namespace)]


def _style(bound: _Bound) -> str:
    for owner, name in ((bound.bound, "operation"), (bound.binding, "binding")):
        found = _soap_element(owner, name)
        if found is not None and found.get("style"):
            return "rpc" if found.get("style") == "rpc" else "document"
    return "document"


def _use(bound: _Bound) -> str:
    body = _soap_element(bound.bound.find(q(WSDL, "input")), "body")
    return "encoded" if body is not None and body.get("use") == "encoded" else "literal"


def _body_parts(
    message: etree._Element, body: etree._Element | None, *, headers: set[str]
) -> list[etree._Element]:
    """Give the parts that stand in Body: those soap:body lists, else all that are not headers."""
    parts = [part for part in message.findall(q(WSDL, "part")) if part.get("name") not in headers]
    listed = set((body.get("parts") or "").split()) if body is not None else set()
    return [part for part in parts if part.get("name") in listed] or parts


def _mime_parts(bound: etree._Element) -> tuple[str, ...]:
    found = list(bound.iterdescendants(q(MIME, "content")))
    return tuple(dict.fromkeys(f"{each.get('part', '')} {each.get('type', '')}".strip() for each in found))
