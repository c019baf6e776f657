"""The global components of a contract's schemas by qualified name, and the built-in types in plain kinds."""

from dataclasses import dataclass

from lxml import etree

from gateway.foundation.xml import element_children, local_name
from gateway.xroad.contract_reading.documents import SOAP_ENCODING, SWA_REF, XMIME, XSD, Documents, SchemaPart
from gateway.xroad.namespaces import q
from gateway.xroad.scalars import Kind

INTEGERS = (
    "integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger",
    "negativeInteger", "unsignedInt", "unsignedLong", "unsignedShort", "unsignedByte",
)  # fmt: skip
TEXTS = (
    "string", "normalizedString", "token", "anyURI", "QName", "language", "Name", "NCName", "NMTOKEN",
    "NMTOKENS", "ID", "IDREF", "IDREFS", "ENTITY", "duration", "gYear", "gYearMonth", "gMonth", "gMonthDay",
    "gDay", "anySimpleType", "anyAtomicType", "NOTATION",
)  # fmt: skip
SIMPLE: dict[str, Kind] = (
    dict.fromkeys(INTEGERS, Kind.INTEGER)
    | dict.fromkeys(TEXTS, Kind.TEXT)
    | {
        "decimal": Kind.DECIMAL,
        "float": Kind.NUMBER,
        "double": Kind.NUMBER,
        "boolean": Kind.BOOLEAN,
        "date": Kind.DATE,
        "dateTime": Kind.DATETIME,
        "time": Kind.TIME,
        "base64Binary": Kind.BYTES,
        "base64": Kind.BYTES,
        "hexBinary": Kind.TEXT,
        "anyType": Kind.ANY,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A schema construct, its qualified name, and the schema it stands in."""

    element: etree._Element
    schema: SchemaPart
    name: str = ""

    def inside(self, element: etree._Element) -> "Component":
        """Give a part of this component, which has no name of its own."""
        return Component(element=element, schema=self.schema)

    def children(self, *names: str) -> "list[Component]":
        """Give the schema constructs directly inside, of these names or all."""
        return [
            self.inside(child)
            for child in element_children(self.element)
            if etree.QName(child).namespace == XSD and (not names or local_name(child) in names)
        ]

    def first(self, *names: str) -> "Component | None":
        """Give the first construct of these names, or None."""
        return next(iter(self.children(*names)), None)

    def reference(self, attribute: str) -> str | None:
        """Give the qualified name an attribute refers to, or None when it is absent or its prefix unknown."""
        return qualified(self.element, attribute, default=self.schema.namespace)


def qualified(element: etree._Element, attribute: str, *, default: str = "") -> str | None:
    """Resolve a QName in an attribute; one without prefix and default namespace belongs to `default`."""
    stated = (element.get(attribute) or "").strip()
    prefix, colon, name = stated.rpartition(":")
    if not name:
        return None
    namespace = element.nsmap.get(prefix or None)
    if colon and namespace is None:
        return None
    return _named(namespace or default, name)


def _named(namespace: str, name: str) -> str:
    return q(namespace, name) if namespace else name


class Components:
    """Every global element, type, group and attribute of the contract."""

    def __init__(self, documents: Documents) -> None:
        self._found: dict[tuple[str, str], Component] = {}
        self.reads_incompletely: set[str] = set()
        for schema in documents.schemas:
            self._take(schema)

    def get(self, sort: str, name: str | None) -> Component | None:
        """Give a global component: `sort` is element, type, group, attributeGroup or attribute."""
        return self._found.get((sort, name or ""))

    def _take(self, schema: SchemaPart) -> None:
        whole = Component(element=schema.element, schema=schema)
        for part in whole.children():
            sort = local_name(part.element)
            if sort in {"redefine", "override"}:
                self.reads_incompletely.add(f"xs:{sort}")
            named = _named(schema.namespace, part.element.get("name", ""))
            kept = Component(element=part.element, schema=schema, name=named)
            self._found.setdefault(("type" if sort.endswith("Type") else sort, named), kept)


def built_in(name: str) -> Kind | None:
    """Give the kind of a type that needs no schema: XML Schema's own, swaRef, MTOM's, SOAP encoding's."""
    namespace, _, local = name.removeprefix("{").rpartition("}")
    if namespace in {XSD, SOAP_ENCODING}:
        return SIMPLE.get(local)
    if namespace == SWA_REF and local == "swaRef":
        return Kind.ATTACHMENT
    if namespace in XMIME and local in {"base64Binary", "hexBinary"}:
        return Kind.BYTES
    return None
