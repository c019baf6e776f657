"""A plan as JSON Schema 2020-12: what a client may generate types from and check messages with."""

import re
from typing import Any

from gateway.xroad.rest.plan import (
    Choice,
    Element,
    Group,
    Leaf,
    Particle,
    Titles,
    names_of,
    required_of,
)
from gateway.xroad.scalars import Kind

Schema = dict[str, Any]
_TYPES = {
    Kind.BOOLEAN: "boolean",
    Kind.INTEGER: "integer",
    Kind.DECIMAL: "number",
    Kind.NUMBER: "number",
}
_LENGTHS = {"minLength": "minLength", "maxLength": "maxLength"}
_RANGES = {
    "minInclusive": "minimum",
    "maxInclusive": "maximum",
    "minExclusive": "exclusiveMinimum",
    "maxExclusive": "exclusiveMaximum",
}
_BUILT_IN: dict[str, tuple[int | None, int | None]] = {
    "nonNegativeInteger": (0, None),
    "positiveInteger": (1, None),
    "nonPositiveInteger": (None, 0),
    "negativeInteger": (None, -1),
    "byte": (-(2**7), 2**7 - 1),
    "short": (-(2**15), 2**15 - 1),
    "int": (-(2**31), 2**31 - 1),
    "long": (-(2**63), 2**63 - 1),
    "unsignedByte": (0, 2**8 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedLong": (0, 2**64 - 1),
}
# what XML Schema and ECMA 262 read alike; a pattern with anything else is told in words only
_SHARED_PATTERN = re.compile(
    r"(?:[A-Za-zА-Яа-яЁё0-9 ,:;=_'@#%/<>!\"&()|?*+{}.-]|\\[d.()\[\]{}\\|?*+-]|\[(?!\^?-)[^\[\]\\]*\])*"
)
_DAY = r"\d{4}-\d{2}-\d{2}"


class Schemas:
    """Writes schemas; named types become components, referred to by name."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}

    def message(self, element: Element, name: str) -> Schema:
        """Write a message's schema as a component and give the reference to it."""
        return self._named(name, self._content(element.content) | described(element.titles))

    def _element(self, element: Element) -> Schema:
        one = self._typed(element.content) | described(element.titles)
        if not element.many:
            return one
        counted = {"minItems": element.minimum} if element.minimum else {}
        if element.maximum is not None:
            counted["maxItems"] = element.maximum
        return {"type": "array", "items": one, **counted}

    def _typed(self, content: Leaf | Group) -> Schema:
        written = self._content(content)
        return self._named(content.type_name, written) if content.type_name else written

    def _named(self, name: str, written: Schema) -> Schema:
        """Refer to a component; where another type of that name is there already, write in place."""
        if self.components.setdefault(name, written) != written:
            return written
        return {"$ref": f"#/components/schemas/{name}"}

    def _content(self, content: Leaf | Group) -> Schema:
        return _leaf(content) if isinstance(content, Leaf) else self._group(content)

    def _group(self, group: Group) -> Schema:
        required = sorted(required_of(group.particle), key=list(group.members).index)
        rules = [rule for rule in _rules(group.particle) if set(rule) != {"required"}]
        return {
            "type": "object",
            "properties": {name: self._element(element) for name, element in group.members.items()},
            **({"required": required} if required else {}),
            **_all_of(rules),
            "additionalProperties": False,
            **described(group.titles),
        }


def described(titles: Titles) -> Schema:
    """Write titles as a description: one alone as it is, several with their language codes."""
    if not titles:
        return {}
    if len(titles) == 1:
        return {"description": titles[0][1]}
    return {"description": "\n\n".join(f"{language}: {text}" for language, text in titles)}


def _leaf(leaf: Leaf) -> Schema:
    kind = _TYPES.get(leaf.kind, "string")
    written: Schema = {"type": kind, **_format(leaf)}
    if leaf.allowed:
        written["enum"] = [_value(leaf, each) for each in leaf.allowed]
    limits = dict(leaf.limits)
    if kind == "string":
        if "length" in limits:
            limits |= {"minLength": limits["length"], "maxLength": limits["length"]}
        written |= {ours: int(limits[name]) for name, ours in _LENGTHS.items() if name in limits}
        written |= _patterns(leaf)
    elif kind != "boolean":
        low, high = _BUILT_IN.get(leaf.built_in, (None, None))
        written |= {name: bound for name, bound in (("minimum", low), ("maximum", high)) if bound is not None}
        written |= {ours: _value(leaf, limits[name]) for name, ours in _RANGES.items() if name in limits}
    return written | described(leaf.titles)


def _value(leaf: Leaf, text: str) -> Any:
    if leaf.kind == Kind.INTEGER:
        return int(text)
    return float(text) if leaf.kind in {Kind.DECIMAL, Kind.NUMBER} else text


def _format(leaf: Leaf) -> Schema:
    """Name a format only where JSON Schema means the very same: xs:date may carry a zone, `date` may not."""
    if leaf.kind == Kind.DATE and (_DAY,) in leaf.patterns:
        return {"format": "date"}
    if leaf.kind == Kind.BYTES:
        return {"contentEncoding": "base64"}
    return {} if leaf.kind in _TYPES or leaf.kind == Kind.TEXT else {"$comment": f"xs:{leaf.built_in}"}


def _patterns(leaf: Leaf) -> Schema:
    """Write the patterns of each level, all of which must hold; what ECMA reads otherwise is left to the XSD."""
    written = [
        f"^(?:{'|'.join(level)})$" for level in leaf.patterns if all(map(_SHARED_PATTERN.fullmatch, level))
    ]
    if len(written) == 1:
        return {"pattern": written[0]}
    return {"allOf": [{"pattern": each} for each in written]} if written else {}


def _rules(particle: Particle) -> list[Schema]:
    """Write what must stand together and what excludes one another."""
    if isinstance(particle, Element):
        return [{"required": [particle.name]}] if particle.minimum else []
    if isinstance(particle, Choice):
        return [_choice(particle)]
    rules = [rule for part in particle.parts for rule in _rules(part)]
    if particle.required or not rules:
        return rules
    return [{"anyOf": [_none_of(names_of(particle)), _all_of(rules)]}]


def _choice(choice: Choice) -> Schema:
    names = names_of(choice)
    branches = [_all_of([*_rules(branch), *_absent(names - names_of(branch))]) for branch in choice.branches]
    return {"anyOf": branches if choice.required else [*branches, _none_of(names)]}


def _absent(names: frozenset[str]) -> list[Schema]:
    return [_none_of(names)] if names else []


def _none_of(names: frozenset[str]) -> Schema:
    return {"not": {"anyOf": [{"required": [name]} for name in sorted(names)]}}


def _all_of(rules: list[Schema]) -> Schema:
    """Put rules into one schema: required members side by side, the rest where their keys do not meet."""
    required = [name for rule in rules if set(rule) == {"required"} for name in rule["required"]]
    whole: Schema = {"required": required} if required else {}
    rest = [rule for rule in rules if set(rule) != {"required"}]
    met = [key for rule in rest for key in rule]
    if len(met) == len(set(met)) and "required" not in met:
        return whole | {key: value for rule in rest for key, value in rule.items()}
    return whole | {"allOf": rest}
