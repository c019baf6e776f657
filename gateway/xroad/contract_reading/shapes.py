"""From schema types to described fields: sequences flattened, recursion marked, size and depth bounded."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from gateway.foundation.errors import ContractError
from gateway.foundation.xml import local_name
from gateway.xroad.contract_reading.annotations import titles_in
from gateway.xroad.contract_reading.components import Component, Components, built_in
from gateway.xroad.contract_reading.documents import SOAP_ENCODING, WSDL, XMIME
from gateway.xroad.namespaces import XROAD, q
from gateway.xroad.scalars import Kind
from gateway.xroad.tolerant import ANYTHING, Allowed, Choice, Content, Field

MAX_STEPS = 300_000  # a described field costs about three
MAX_DEPTH = 60
LIMITS = (
    "length", "minLength", "maxLength", "pattern", "minInclusive", "maxInclusive", "minExclusive",
    "maxExclusive", "totalDigits", "fractionDigits",
)  # fmt: skip

Stack = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Typed:
    """What a type gives to the field that has it."""

    kind: Kind
    content: Content = ()
    attributes: tuple[Field, ...] = ()
    allowed: tuple[Allowed, ...] = ()
    limits: tuple[tuple[str, str], ...] = ()
    type_name: str = ""
    again: str = ""
    open_content: bool = False

    def values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class Shapes:
    """Describes elements and types of one contract; `unknown` collects names that stand nowhere."""

    components: Components
    unknown: set[str] = field(default_factory=set)
    steps: int = 0

    def element(self, name: str) -> Field:
        """Describe a global element by its qualified name."""
        found = self.components.get("element", name)
        if found is None:
            return self._unknown_element(name)
        return self._global_element(found, ())

    def typed(self, name: str, *, type_name: str | None, namespace: str = "") -> Field:
        """Describe an element that a WSDL part makes out of a type."""
        return Field(name=name, namespace=namespace, **self._named_type(type_name, ()).values())

    def _spend(self, stack: Stack, read: Component | None = None) -> None:
        """Count the work, reading through a construct's children included."""
        self.steps += 1 + (0 if read is None else len(read.element))
        if self.steps > MAX_STEPS or len(stack) > MAX_DEPTH:
            raise ContractError(
                "the contract describes messages that are too large or too deep",
                code="invalid_wsdl",
                where="types",
                hint="give a WSDL with fewer operations or less nested types",
            )

    # elements

    def _unknown_element(self, name: str) -> Field:
        namespace, _, local = name.removeprefix("{").rpartition("}")
        if namespace != XROAD:
            self.unknown.add(name)
        return Field(name=local, namespace=namespace, kind=Kind.ANY, open_content=True)

    def _global_element(self, found: Component, stack: Stack) -> Field:
        described = self._described(found, ("element", found.name), stack)
        return replace(described, namespace=found.schema.namespace)

    def _element(self, particle: Component, stack: Stack) -> Field:
        self._spend(stack)
        reference = particle.reference("ref")
        if reference is None:
            return self._bounded(self._local_element(particle, stack), particle)
        found = self.components.get("element", reference)
        described = self._global_element(found, stack) if found else self._unknown_element(reference)
        return self._bounded(described, particle)

    def _local_element(self, particle: Component, stack: Stack) -> Field:
        described = self._described(particle, None, stack)
        form = particle.element.get("form")
        qualified = form == "qualified" if form else particle.schema.qualifies("element")
        return replace(described, namespace=particle.schema.namespace if qualified else "")

    def _described(self, found: Component, key: tuple[str, str] | None, stack: Stack) -> Field:
        typed = self._type_of(found, key, stack)
        if typed.kind == Kind.BYTES and any(
            found.element.get(q(namespace, "expectedContentTypes")) for namespace in XMIME
        ):
            typed = replace(typed, kind=Kind.ATTACHMENT)
        return Field(
            name=found.element.get("name", ""),
            nillable=_flag(found.element, "nillable"),
            titles=tuple(titles_in(found.element).items()),
            **typed.values(),
        )

    def _bounded(self, described: Field, particle: Component) -> Field:
        least, most = _occurs(particle.element)
        return replace(described, required=least > 0, many=most > 1)

    # types

    def _type_of(self, found: Component, key: tuple[str, str] | None, stack: Stack) -> _Typed:
        inline = found.first("complexType", "simpleType")
        if inline is None:
            if found.element.get("type") is None:
                return _Typed(kind=Kind.ANY, open_content=True)
            return self._named_type(found.reference("type"), stack)
        if key is None:
            return self._type(inline, (*stack, ("inline", "")))
        if key in stack:
            return _Typed(kind=Kind.GROUP, again=f"element {key[1]}")
        return replace(self._type(inline, (*stack, key)), type_name=f"element {key[1]}")

    def _named_type(self, name: str | None, stack: Stack) -> _Typed:
        self._spend(stack)
        kind = built_in(name) if name else None
        if kind is not None:
            return _Typed(kind=kind, open_content=kind == Kind.ANY)
        found = self.components.get("type", name)
        if found is None or name is None:
            self.unknown.add(name or "?")
            return _Typed(kind=Kind.ANY, open_content=True)
        if ("type", name) in stack:
            return _Typed(kind=Kind.GROUP, again=name)
        return replace(self._type(found, (*stack, ("type", name))), type_name=name)

    def _type(self, found: Component, stack: Stack) -> _Typed:
        self._spend(stack, found)
        if local_name(found.element) == "simpleType":
            return self._simple(found, stack)
        simple = found.first("simpleContent")
        if simple is not None:
            return self._simple_content(simple, stack)
        derived = found.first("complexContent")
        way = derived.first("extension", "restriction") if derived else None
        if way is None:
            return self._group_type(found, stack)
        return self._derived(way, stack)

    def _group_type(self, found: Component, stack: Stack) -> _Typed:
        return _Typed(
            kind=Kind.GROUP,
            content=self._content(found, stack),
            attributes=self._attributes(found, stack),
            open_content=found.element.get("mixed") == "true",
        )

    def _derived(self, way: Component, stack: Stack) -> _Typed:
        own = self._group_type(way, stack)
        name = way.reference("base")
        if name == q(SOAP_ENCODING, "Array"):
            return self._encoded_array(way, stack)
        base = self._base(name, stack)
        attributes = {each.name: each for each in (*base.attributes, *own.attributes)}
        content = own.content
        if local_name(way.element) == "extension":
            content = base.content + own.content
        open_content = own.open_content or (base.open_content and local_name(way.element) == "extension")
        return replace(own, content=content, attributes=tuple(attributes.values()), open_content=open_content)

    def _base(self, name: str | None, stack: Stack) -> _Typed:
        """Read a base type beside the stack of enclosing types: being a base is not being inside."""
        self._spend(stack)
        kind = built_in(name) if name else None
        if kind is not None:
            return _Typed(kind=kind)
        found, key = self.components.get("type", name), ("base", name or "?")
        if found is None or key in stack:
            self.unknown.add(name or "?")
            return _Typed(kind=Kind.ANY, open_content=True)
        return self._type(found, (*stack, key))

    def _encoded_array(self, way: Component, stack: Stack) -> _Typed:
        for attribute in way.children("attribute"):
            stated = attribute.element.get(q(WSDL, "arrayType"))
            if stated:
                prefix, _, local = stated.partition("[")[0].rpartition(":")
                namespace = attribute.element.nsmap.get(prefix or None) or way.schema.namespace
                item = self._named_type(q(namespace, local), stack)
                described = Field(name="item", required=False, many=True, **item.values())
                return _Typed(kind=Kind.GROUP, content=(described,), open_content=True)
        return replace(self._group_type(way, stack), open_content=True)

    def _simple_content(self, simple: Component, stack: Stack) -> _Typed:
        way = simple.first("extension", "restriction")
        if way is None:
            return _Typed(kind=Kind.TEXT)
        base = self._base(way.reference("base"), stack)
        own = {each.name: each for each in (*base.attributes, *self._attributes(way, stack))}
        return replace(_restricted(way, base), attributes=tuple(own.values()))

    def _simple(self, found: Component, stack: Stack) -> _Typed:
        way = found.first("restriction")
        if way is None:  # a list or a union: its text is read as it stands
            return _Typed(kind=Kind.TEXT)
        inline = way.first("simpleType")
        base = self._simple(inline, (*stack, ("inline", ""))) if inline else None
        return _restricted(way, base or self._base(way.reference("base"), stack))

    # content

    def _content(self, found: Component, stack: Stack) -> Content:
        content: Content = ()
        for particle in found.children("sequence", "all", "choice", "group"):
            content += self._particle(particle, (*stack, ("nest", "")))
        return content

    def _particle(self, particle: Component, stack: Stack) -> Content:
        self._spend(stack, particle)
        sort = local_name(particle.element)
        if _occurs(particle.element)[1] == 0:
            return ()
        if sort == "any":
            return (Field(name=ANYTHING, kind=Kind.ANY, required=False, many=True, open_content=True),)
        if sort == "element":
            return (self._element(particle, stack),)
        if sort == "group":
            return self._group(particle, stack)
        deeper = (*stack, ("nest", ""))
        parts = [self._particle(child, deeper) for child in particle.children(*_PARTICLES)]
        least, most = _occurs(particle.element)
        if sort == "choice":
            branches = tuple(part for part in parts if part)
            return (Choice(branches=branches, required=least > 0, many=most > 1),) if branches else ()
        return _repeated(tuple(part for several in parts for part in several), least, most)

    def _group(self, particle: Component, stack: Stack) -> Content:
        name = particle.reference("ref")
        found, key = self.components.get("group", name), ("group", name or "?")
        if found is None or key in stack:
            self.unknown.add(name or "?")
            return ()
        return _repeated(self._content(found, (*stack, key)), *_occurs(particle.element))

    # attributes

    def _attributes(self, found: Component, stack: Stack) -> tuple[Field, ...]:
        self._spend(stack, found)
        own = [self._attribute(each, stack) for each in found.children("attribute")]
        for group in found.children("attributeGroup"):
            name = group.reference("ref")
            whole, key = self.components.get("attributeGroup", name), ("attributeGroup", name or "?")
            if whole is not None and key not in stack:
                own.extend(self._attributes(whole, (*stack, key)))
        return tuple(each for each in own if each is not None)

    def _attribute(self, found: Component, stack: Stack) -> Field:
        self._spend(stack)
        name, required = found.reference("ref"), found.element.get("use") == "required"
        whole = self.components.get("attribute", name) if name else found
        if whole is None or (name and not whole.element.get("name")):
            return Field(name=(name or "?").rpartition("}")[2], required=required)
        typed = self._type_of(whole, None, stack)
        return Field(name=whole.element.get("name", ""), required=required, **typed.values())


_PARTICLES = ("element", "sequence", "all", "choice", "group", "any")


def _flag(element: etree._Element, name: str) -> bool:
    return element.get(name, "").strip() in {"true", "1"}


def _occurs(element: etree._Element) -> tuple[int, int]:
    """Give minOccurs and maxOccurs, unbounded as a large number; nonsense counts as 1."""
    least, most = (element.get(name, "1").strip() for name in ("minOccurs", "maxOccurs"))
    upper = 10**6 if most == "unbounded" else _count(most)
    return min(_count(least), upper), upper


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def _repeated(content: Content, least: int, most: int) -> Content:
    """Carry the occurrence of a whole sequence to its parts."""
    if (least, most) == (1, 1):
        return content
    return tuple(
        replace(part, required=part.required and least > 0, many=part.many or most > 1) for part in content
    )


def _restricted(way: Component, base: _Typed) -> _Typed:
    allowed = tuple(
        Allowed(value=each.element.get("value", ""), meaning="; ".join(titles_in(each.element).values()))
        for each in way.children("enumeration")
    )
    limits: Mapping[str, str] = dict(base.limits) | {
        local_name(each.element): each.element.get("value", "") for each in way.children(*LIMITS)
    }
    kind = base.kind if base.kind not in {Kind.GROUP, Kind.ANY} else Kind.TEXT
    return replace(base, kind=kind, allowed=allowed or base.allowed, limits=tuple(limits.items()))
