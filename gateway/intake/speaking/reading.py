"""The tolerant reader of answers: fields by local name, whatever the prefix, the order, nil against empty."""

from lxml import etree

from gateway.foundation.errors import ContractError
from gateway.foundation.xml import element_children, local_name, text_of
from gateway.intake.speaking.values import clean

_TRUE = frozenset({"true", "1"})


class Fields:
    """The children of one element by local name; remembers which were read, so nothing is lost unseen."""

    def __init__(self, element: etree._Element) -> None:
        self._children: dict[str, list[etree._Element]] = {}
        self._seen: set[str] = set()
        for child in element_children(element):
            self._children.setdefault(local_name(child), []).append(child)

    def text(self, name: str) -> str | None:
        """Give a field that must stand there (nil and empty are None); raises ContractError otherwise."""
        if name not in self._children:
            raise malformed(f"{name} is missing", where=name)
        return self.optional(name)

    def optional(self, name: str) -> str | None:
        """Give a field that may be absent; raises ContractError when it came twice with different values."""
        values = set(self.texts(name))
        if len(values) > 1:
            raise malformed(f"{name} came with {len(values)} different values", where=name)
        return values.pop() if values else None

    def texts(self, name: str) -> tuple[str, ...]:
        """Give every value of a repeated field, without nil and empty ones."""
        told = (clean(text_of(child)) for child in self._take(name) if not is_nil(child))
        return tuple(text for text in told if text)

    def group(self, name: str) -> "Fields | None":
        """Give a field that holds fields, or None when it is absent or nil."""
        found = [child for child in self._take(name) if not is_nil(child)]
        if len(found) > 1:
            raise malformed(f"{name} came {len(found)} times", where=name)
        return Fields(found[0]) if found else None

    def groups(self, name: str) -> "tuple[Fields, ...]":
        """Give every field of a name that holds fields, without nil ones."""
        return tuple(Fields(child) for child in self._take(name) if not is_nil(child))

    def unread(self, *, dropped: frozenset[str] = frozenset()) -> tuple[str, ...]:
        """Name the fields nobody read, apart from those dropped on purpose."""
        return tuple(sorted(self._children.keys() - self._seen - dropped))

    def _take(self, name: str) -> list[etree._Element]:
        self._seen.add(name)
        return self._children.get(name, [])


def is_nil(element: etree._Element) -> bool:
    """Tell whether an element carries nil, under any namespace."""
    return any(
        etree.QName(name).localname == "nil" and value.strip() in _TRUE
        for name, value in element.attrib.items()
    )


def malformed(message: str, *, where: str, code: str = "malformed_answer") -> ContractError:
    """Make the error of an answer whose shape or subject is not what was asked; it never quotes a value."""
    return ContractError(
        message, code=code, where=where, hint="compare the answer with the contract in wsdl/"
    )
