"""Read an element by a description of it, whatever prefix, qualification, nil or emptiness its sender prefers.

The result is plain Python (dict, list, str, int, date, …) and the list of what did not fit. Pure: no contract is
loaded here. Elements are found by local name; no value is ever quoted in a misfit.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from gateway.foundation.xml import element_children, local_name
from gateway.xroad.scalars import Attachment, Kind, read_scalar

TEXT_KEY = "#text"  # the text of an element that also has attributes; those are keys that begin with "@"
ANYTHING = "*"  # the name of a field that stands for elements the contract leaves open


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """One value of a closed list, and what the contract says it means."""

    value: str
    meaning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """An element (or attribute) as a contract describes it.

    `namespace` is "" for an unqualified one. `again` names the `type_name` of an enclosing field whose content
    stands here once more (a recursive type). `open_content` accepts elements the description does not name.
    """

    name: str
    namespace: str = ""
    kind: Kind = Kind.TEXT
    required: bool = True
    many: bool = False
    nillable: bool = False
    content: "tuple[Field | Choice, ...]" = ()
    attributes: "tuple[Field, ...]" = ()
    allowed: tuple[Allowed, ...] = ()
    limits: tuple[tuple[str, str], ...] = ()
    titles: tuple[tuple[str, str], ...] = ()
    type_name: str = ""
    again: str = ""
    open_content: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Alternatives: one branch stands in a message (several when `many`), none only when not `required`."""

    branches: tuple[tuple["Field | Choice", ...], ...]
    required: bool = True
    many: bool = False


Content = tuple[Field | Choice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """What did not fit, and where: `response/pin[2]`, never the value."""

    reason: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A value and what did not fit. A group is a dict without its absent members; `many` is always a list.

    nil is None; an empty text is "", an empty value of any other kind is None.
    """

    value: Any
    misfits: tuple[Misfit, ...]


def read(element: etree._Element, described: Field) -> Reading:
    """Read an element by its description; its own name is not compared."""
    reader = _Reader()
    value = reader.value(element, described, (described.name,), (described,))
    return Reading(value=value, misfits=tuple(reader.misfits))


def members(content: Content) -> dict[str, Field]:
    """Give the fields of a content by local name, alternatives side by side.

    A name that can stand more than once is `many`.
    """
    found: dict[str, Field] = {}
    for part in content:
        more = {part.name: part} if isinstance(part, Field) else _alternatives(part)
        for name, one in more.items():
            found[name] = replace(one, many=True) if name in found else one
    return found


def _alternatives(choice: Choice) -> dict[str, Field]:
    found: dict[str, Field] = {}
    for branch in choice.branches:
        for name, one in members(branch).items():
            other = found.get(name, one)
            found[name] = replace(other, many=choice.many or one.many or other.many)
    return found


def is_nil(element: etree._Element) -> bool:
    """Tell whether an element carries nil, under any namespace."""
    return any(
        name.rpartition("}")[2] == "nil" and str(value).strip() in {"true", "1"}
        for name, value in ((str(key), value) for key, value in element.attrib.items())
    )


def untyped(element: etree._Element) -> Any:
    """Read an element nobody described: text, or a dict in which what repeats is a list."""
    children = element_children(element)
    if is_nil(element):
        return None
    if not children:
        return _text(element)
    found: dict[str, list[Any]] = {}
    for child in children:
        found.setdefault(local_name(child), []).append(untyped(child))
    return {name: told[0] if len(told) == 1 else told for name, told in found.items()}


Path = tuple[str, ...]


@dataclass(slots=True)
class _Reader:
    misfits: list[Misfit] = field(default_factory=list)
    namespaces: set[tuple[str, str]] = field(default_factory=set)

    def note(self, reason: str, path: Path) -> None:
        self.misfits.append(Misfit(reason=reason, path="/".join(path)))

    def value(self, element: etree._Element, one: Field, path: Path, above: tuple[Field, ...]) -> Any:
        self._compare_namespace(element, one, path)
        if is_nil(element):
            if not one.nillable:
                self.note("nil_not_allowed", path)
            return None
        if one.again:
            one = _unfolded(one, above)
        if one.kind == Kind.GROUP:
            return self._group(element, one, path, above)
        told = self._leaf(element, one, path)
        attributes = self._attributes(element, one, path)
        return attributes | {TEXT_KEY: told} if one.attributes else told

    def _group(self, element: etree._Element, one: Field, path: Path, above: tuple[Field, ...]) -> Any:
        found: dict[str, list[etree._Element]] = {}
        for child in element_children(element):
            found.setdefault(local_name(child), []).append(child)
        result = self._attributes(element, one, path)
        for name, member in members(one.content).items():
            told = self._member(found.get(name, []), member, path, above)
            if told is not None and name != ANYTHING:
                result[name] = told[0]
        self._presence(one.content, found.keys(), path)
        self._unknown(found, one, path, result)
        if _text(element).strip() and not one.open_content:
            self.note("text_between_elements", path)
        return result

    def _member(
        self, elements: list[etree._Element], one: Field, path: Path, above: tuple[Field, ...]
    ) -> tuple[Any] | None:
        """Give the member's value in a tuple of one, or None when it is absent."""
        values = []
        for number, element in enumerate(elements, start=1):
            step = f"{one.name}[{number}]" if len(elements) > 1 else one.name
            values.append(self.value(element, one, (*path, step), (*above, one)))
        if one.many:
            return (values,)
        if len(values) > 1:
            self.note("repeated", (*path, one.name))
        return (values[0],) if values else None

    def _unknown(
        self, found: Mapping[str, list[etree._Element]], one: Field, path: Path, result: dict[str, Any]
    ) -> None:
        known = members(one.content)
        for name in (name for name in found if name not in known):
            if one.open_content or ANYTHING in known:
                told = [untyped(element) for element in found[name]]
                result[name] = told[0] if len(told) == 1 else told
            else:
                self.note("unexpected", (*path, name))

    def _presence(self, content: Content, present: Iterable[str], path: Path) -> None:
        there = frozenset(present)
        for part in content:
            if isinstance(part, Choice):
                self._branch(part, there, path)
            elif part.required and part.name not in there:
                self.note("missing", (*path, part.name))

    def _branch(self, choice: Choice, there: frozenset[str], path: Path) -> None:
        told = there & _alternatives(choice).keys()
        if not told:
            if choice.required and not any(_may_be_empty(branch) for branch in choice.branches):
                self.note("no_alternative", path)
            return
        fitting = [branch for branch in choice.branches if told <= members(branch).keys()]
        if fitting:
            self._presence(min(fitting, key=lambda branch: _missing(branch, there)), there, path)
        elif not choice.many:
            self.note("several_alternatives", path)

    def _attributes(self, element: etree._Element, one: Field, path: Path) -> dict[str, Any]:
        result = {}
        by_name = {str(key).rpartition("}")[2]: str(text) for key, text in element.attrib.items()}
        for attribute in one.attributes:
            step = (*path, f"@{attribute.name}")
            if attribute.name in by_name:
                result[f"@{attribute.name}"] = self._typed(by_name[attribute.name], attribute, step)
            elif attribute.required:
                self.note("missing", step)
        return result

    def _leaf(self, element: etree._Element, one: Field, path: Path) -> Any:
        if one.kind == Kind.ANY:
            return untyped(element)
        children = element_children(element)
        if children and one.kind in {Kind.BYTES, Kind.ATTACHMENT} and local_name(children[0]) == "Include":
            return Attachment(href=str(children[0].get("href", "")))
        if children:
            self.note("elements_in_value", path)
            return untyped(element)
        return self._typed(_text(element), one, path)

    def _typed(self, text: str, one: Field, path: Path) -> Any:
        if one.allowed and text.strip() not in {each.value for each in one.allowed}:
            self.note("not_in_the_list", path)
        if one.kind == Kind.TEXT:
            return text
        if not text.strip():
            if one.required:
                self.note("empty", path)
            return None
        try:
            return read_scalar(text.strip(), one.kind)
        except ValueError:
            self.note(f"not_a_{one.kind}", path)
            return text

    def _compare_namespace(self, element: etree._Element, one: Field, path: Path) -> None:
        """Note each kind of difference once: a sender who leaves out a namespace does so everywhere."""
        pair = (one.namespace, etree.QName(element).namespace or "")
        if pair[0] != pair[1] and pair not in self.namespaces:
            self.namespaces.add(pair)
            self.note("unqualified" if not pair[1] else "other_namespace", path)


def _unfolded(one: Field, above: tuple[Field, ...]) -> Field:
    """Give a recursive field the content of the enclosing field whose type it repeats."""
    for outer in reversed(above):
        if outer.type_name == one.again and not outer.again:
            return replace(
                one, again="", content=outer.content, attributes=outer.attributes, kind=outer.kind,
                open_content=outer.open_content, type_name=outer.type_name,
            )  # fmt: skip
    return replace(one, again="", kind=Kind.ANY)


def _may_be_empty(branch: Content) -> bool:
    return not any(part.required for part in branch)


def _missing(branch: Content, there: frozenset[str]) -> int:
    return sum(isinstance(part, Field) and part.required and part.name not in there for part in branch)


def _text(element: etree._Element) -> str:
    return (element.text or "") + "".join(child.tail or "" for child in element)


def walk(content: Content, above: Path = ()) -> Iterator[tuple[Path, Field]]:
    """Give every described field with its path, alternatives one after another."""
    for part in content:
        if isinstance(part, Choice):
            for branch in part.branches:
                yield from walk(branch, above)
        else:
            yield (*above, part.name), part
            yield from walk(part.content, (*above, part.name))
