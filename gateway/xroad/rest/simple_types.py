"""Simple types down to the built-in one, with every bound found on the way."""

from gateway.foundation.xml import local_name
from gateway.xroad.contract_reading.annotations import titles_in
from gateway.xroad.contract_reading.components import Component, Components, built_in
from gateway.xroad.rest.plan import Leaf
from gateway.xroad.scalars import Kind

_BOUNDS = (
    "length", "minLength", "maxLength", "minInclusive", "maxInclusive", "minExclusive", "maxExclusive",
    "totalDigits", "fractionDigits",
)  # fmt: skip
_DEEPEST = 20


def read_simple_type(found: Component, components: Components, depth: int = 0) -> Leaf:
    """Read a simpleType; lists and unions are texts. What cannot be followed is open (Kind.ANY)."""
    way = found.first("restriction")
    titles = tuple(titles_in(found.element).items())
    if way is None:
        return Leaf(kind=Kind.TEXT, titles=titles)
    base = _base(way, components, depth)
    patterns = tuple(each.element.get("value", "") for each in way.children("pattern"))
    allowed = tuple(each.element.get("value", "") for each in way.children("enumeration"))
    limits = dict(base.limits) | {
        local_name(each.element): each.element.get("value", "") for each in way.children(*_BOUNDS)
    }
    return Leaf(
        kind=base.kind,
        built_in=base.built_in,
        limits=tuple(limits.items()),
        patterns=(*base.patterns, patterns) if patterns else base.patterns,
        allowed=allowed or base.allowed,
        titles=titles,
    )


def _base(way: Component, components: Components, depth: int) -> Leaf:
    inline, reference = way.first("simpleType"), way.reference("base")
    kind = built_in(reference) if reference else None
    if kind is not None:
        return Leaf(kind=kind, built_in=str(reference).rpartition("}")[2])
    whole = inline or components.get("type", reference)
    if whole is None or depth > _DEEPEST or local_name(whole.element) != "simpleType":
        return Leaf(kind=Kind.ANY)
    return read_simple_type(whole, components, depth + 1)
