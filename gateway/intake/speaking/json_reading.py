"""The tolerant reader of JSON answers, with the same words as the reader of XML ones."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from gateway.foundation.errors import ContractError
from gateway.intake.plugs import FetchedReply
from gateway.intake.speaking.reading import malformed
from gateway.intake.speaking.values import clean
from gateway.xroad.rest.json_text import Twice, read_json


class JsonFields:
    """The members of one object; remembers which were read, so nothing is lost unseen."""

    def __init__(self, value: Any) -> None:
        """Take an object; raises ContractError for anything else, and for one in which a name stands twice."""
        if not isinstance(value, Mapping):
            raise malformed("an object was expected", where="body")
        if isinstance(value, Twice):
            raise malformed("a name stands twice in an object", where="body")
        self._members = value
        self._seen: set[str] = set()

    def text(self, name: str) -> str | None:
        """Give a member that must stand there (null and empty are None); raises ContractError otherwise."""
        if name not in self._members:
            raise malformed(f"{name} is missing", where=name)
        return self.optional(name)

    def optional(self, name: str) -> str | None:
        """Give a member that may be absent, a number as its text; raises ContractError for a group."""
        value = self._take(name)
        if value is None:
            return None
        if isinstance(value, bool):
            return "true" if value else "false"
        if not isinstance(value, str | int | Decimal):
            raise malformed(f"{name} is no single value", where=name)
        return clean(str(value)) or None

    def groups(self, name: str) -> "tuple[JsonFields, ...]":
        """Give the objects of an array; absent and null are none, and one object alone is an array of one."""
        value = self._take(name)
        if value is None:
            return ()
        return tuple(JsonFields(one) for one in (value if isinstance(value, list) else [value]))

    def unread(self, *, dropped: frozenset[str] = frozenset()) -> tuple[str, ...]:
        """Name the members nobody read, apart from those dropped on purpose."""
        return tuple(sorted(self._members.keys() - self._seen - dropped))

    def _take(self, name: str) -> Any:
        self._seen.add(name)
        return self._members.get(name)


def read_body(reply: FetchedReply) -> Any:
    """Parse the JSON of an answer; raises ContractError."""
    try:
        return read_json(reply.content)
    except ContractError:
        raise malformed("the answer is no JSON", where="body") from None
