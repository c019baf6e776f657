"""From the contract's XSD to plans, once; what JSON cannot say without guessing is refused here, not at a call."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.foundation.errors import SettingsError
from gateway.foundation.xml import local_name
from gateway.xroad.contract_reading.annotations import titles_in
from gateway.xroad.contract_reading.components import Component, Components, built_in
from gateway.xroad.contract_reading.documents import XSD, read_documents
from gateway.xroad.contract_reading.model import Body, Operation
from gateway.xroad.contract_reading.wsdl import read_contract
from gateway.xroad.namespaces import q
from gateway.xroad.rest.plan import Choice, Element, Group, Leaf, Particle, Sequence, Service, elements_of
from gateway.xroad.rest.simple_types import read_simple_type
from gateway.xroad.scalars import Kind

_PARTICLES = ("sequence", "all", "choice", "group")
_ATTRIBUTES = ("attribute", "attributeGroup", "anyAttribute")
_NOT_JSON = frozenset({Kind.ANY, Kind.ATTACHMENT, Kind.GROUP})
Stack = tuple[str, ...]


def read_services(wsdl: Path, *, directories: tuple[Path, ...] = ()) -> tuple[Service, ...]:
    """Compile every operation of a WSDL.

    Raises SettingsError that names the part which has no form in JSON, ContractError for a WSDL that is none.
    """
    contract = read_contract(wsdl, directories=directories)
    compiler = Compiler(Components(read_documents(wsdl, directories=directories)))
    return tuple(_service(operation, compiler) for operation in contract.operations)


def _service(operation: Operation, compiler: "Compiler") -> Service:
    code = operation.service_code
    return Service(
        service_code=code,
        service_version=operation.service_version,
        request=compiler.element(_qualified(operation.request, code)),
        answer=compiler.element(_qualified(operation.answer, code)),
        titles=tuple(operation.titles.items()),
        notes=tuple(operation.notes.items()),
    )


def _qualified(body: Body | None, code: str) -> str:
    if body is None or not body.named or body.parts != 1:
        raise _no_json(code, "its body is not one element")
    shape = body.shape
    return q(shape.namespace, shape.name) if shape.namespace else shape.name


@dataclass(slots=True)
class Compiler:
    """Compiles elements of one contract."""

    components: Components

    def element(self, name: str) -> Element:
        """Compile a global element by its qualified name; raises SettingsError."""
        found = self.components.get("element", name)
        if found is None:
            raise _no_json(name, "it is declared nowhere")
        return self._declared(found, name, ())

    def _declared(self, found: Component, tag: str, stack: Stack) -> Element:
        name = found.element.get("name", "")
        for attribute in ("nillable", "abstract"):
            if found.element.get(attribute, "").strip() in {"true", "1"}:
                raise _no_json(name, f"{attribute} elements are not taken")
        content = self._content(found, name, stack)
        return Element(name=name, tag=tag, content=content, titles=tuple(titles_in(found.element).items()))

    def _content(self, found: Component, name: str, stack: Stack) -> Leaf | Group:
        inline = found.first("complexType", "simpleType")
        if inline is not None:
            return self._type(inline, name, stack)
        reference = found.reference("type")
        kind = built_in(reference) if reference else None
        if kind is not None and kind not in _NOT_JSON:
            return Leaf(kind=kind, built_in=str(reference).rpartition("}")[2])
        whole = self.components.get("type", reference)
        if whole is None:
            raise _no_json(name, "its type leaves its content open, or is declared nowhere")
        if whole.name in stack:
            raise _no_json(name, "its type holds itself")
        typed = self._type(whole, name, (*stack, whole.name))
        titles = tuple(titles_in(whole.element).items())
        return replace(typed, type_name=whole.name.rpartition("}")[2], titles=titles)

    def _type(self, found: Component, name: str, stack: Stack) -> Leaf | Group:
        if local_name(found.element) == "simpleType":
            leaf = read_simple_type(found, self.components)
            if leaf.kind in _NOT_JSON:
                raise _no_json(name, "its type leaves its content open")
            return leaf
        particle = self._complex(found, name, stack)
        members: dict[str, Element] = {}
        for element in elements_of(particle):
            _add(members, element, name)
        _refuse_repeated(particle, name)
        tags = {element.tag: element for element in members.values()}
        return Group(particle=particle, members=members, tags=tags)

    def _complex(self, found: Component, name: str, stack: Stack) -> Particle:
        if found.element.get("mixed", "").strip() in {"true", "1"} or found.first("simpleContent"):
            raise _no_json(name, "text beside elements or attributes is not taken")
        way = found.first("complexContent")
        if way is None:
            return self._particles(found, name, stack)
        derived = way.first("extension", "restriction")
        if derived is None or way.element.get("mixed", "").strip() in {"true", "1"}:
            raise _no_json(name, "its type cannot be read")
        own = self._particles(derived, name, stack)
        base = self.components.get("type", derived.reference("base"))
        if local_name(derived.element) == "restriction" or base is None:
            return own
        if base.name in stack:
            raise _no_json(name, "its type holds itself")
        return Sequence(parts=(self._complex(base, name, (*stack, base.name)), own))

    def _particles(self, found: Component, name: str, stack: Stack) -> Particle:
        if found.children(*_ATTRIBUTES):
            raise _no_json(name, "attributes are not taken")
        parts = (each for each in found.children(*_PARTICLES) if _occurs(each)[1] != 0)
        return Sequence(parts=tuple(self._particle(each, name, stack) for each in parts))

    def _particle(self, found: Component, name: str, stack: Stack) -> Particle:
        sort = local_name(found.element)
        least, most = _occurs(found)
        if sort == "element":
            return replace(self._local(found, stack), minimum=least, maximum=most)
        inside: Iterable[Component] = found.children("element", "any", *_PARTICLES)
        if sort == "any":
            raise _no_json(name, "xs:any is not taken")
        if sort == "group":
            whole = self.components.get("group", found.reference("ref"))
            if whole is None or whole.name in stack:
                raise _no_json(name, "a group it refers to is declared nowhere or holds itself")
            inside, stack = whole.children(*_PARTICLES), (*stack, whole.name)
        parts = tuple(self._particle(each, name, stack) for each in inside if _occurs(each)[1] != 0)
        if most is None or most > 1:
            return _repeated(parts, name, (least, most))
        if sort == "choice" and parts:
            return Choice(branches=parts, required=least > 0)
        return Sequence(parts=parts, required=least > 0)

    def _local(self, found: Component, stack: Stack) -> Element:
        reference = found.reference("ref")
        if reference is None:
            form = found.element.get("form")
            qualified = form == "qualified" if form else found.schema.qualifies("element")
            local, namespace = found.element.get("name", ""), found.schema.namespace
            tag = q(namespace, local) if qualified and namespace else local
            return self._declared(found, tag, stack)
        whole = self.components.get("element", reference)
        if whole is None or f"element {reference}" in stack:
            raise _no_json(reference, "it is declared nowhere or holds itself")
        return self._declared(whole, reference, (*stack, f"element {reference}"))


def _occurs(found: Component) -> tuple[int, int | None]:
    least, most = (found.element.get(name, "1").strip() for name in ("minOccurs", "maxOccurs"))
    return int(least), None if most == "unbounded" else int(most)


def _repeated(parts: tuple[Particle, ...], name: str, occurs: tuple[int, int | None]) -> Element:
    """Let a group that repeats be an array when it holds one element alone; else its order would be lost."""
    least, most = occurs
    if len(parts) != 1 or not isinstance(parts[0], Element):
        raise _no_json(name, "a group that repeats has no form in JSON that keeps its order")
    inner = parts[0]
    upper = None if most is None or inner.maximum is None else most * inner.maximum
    return replace(inner, minimum=least * inner.minimum, maximum=upper)


def _add(members: dict[str, Element], element: Element, name: str) -> None:
    """Take an element as a member; the alternatives of one name must agree in all but whether it must stand."""
    known = members.setdefault(element.name, element)
    if (known.tag, known.many, known.content) != (element.tag, element.many, element.content):
        raise _no_json(f"{name}/{element.name}", "it stands there with different meanings")


def _refuse_repeated(particle: Particle, name: str) -> None:
    """Refuse a name that may stand twice in one message outside one array."""
    if isinstance(particle, Element):
        return
    if isinstance(particle, Choice):
        for branch in particle.branches:
            _refuse_repeated(branch, name)
        return
    seen: set[str] = set()
    for part in particle.parts:
        here = {element.name for element in elements_of(part)}
        if seen & here:
            raise _no_json(f"{name}/{min(seen & here)}", "it stands in two places of one sequence")
        seen |= here
        _refuse_repeated(part, name)


def _no_json(where: str, why: str) -> SettingsError:
    return SettingsError(f"the contract cannot be offered as JSON: {where.replace(XSD, 'xs')}: {why}")
