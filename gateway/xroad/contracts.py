"""What is published is what is enforced: message contents checked against the XSD of the contract."""

import threading
from pathlib import Path
from typing import Any

from lxml import etree

from gateway.foundation.errors import ContractError, SettingsError
from gateway.xroad.namespaces import q

XSD = "http://www.w3.org/2001/XMLSchema"


class Schema:
    """A compiled XSD; imports resolve among local files only. Compiling costs tens of checks: do it once."""

    def __init__(self, path: Path) -> None:
        """Compile the file; raises SettingsError that names it."""
        try:
            self._schema = etree.XMLSchema(_read(path))
            self._names = _names(path, set())
        except (OSError, etree.XMLSyntaxError, etree.XMLSchemaParseError) as error:
            raise SettingsError(f"the schema {path} cannot be used: {type(error).__name__}") from None
        self._lock = threading.Lock()

    def check(self, element: etree._Element, *, whose: str) -> None:
        """Raise ContractError(SCHEMA) naming the first wrong part by the schema's names.

        Nothing of the message is quoted: not a value, and not a name that somebody made up.
        """
        with self._lock:
            if self._schema.validate(element):
                return
            log: Any = self._schema.error_log  # the stubs do not know that it can be indexed
            first = log[0]
        raise ContractError(
            f"the {whose} does not fit the published schema",
            code="SCHEMA",
            where=self._place(first.path),
            hint=_advice(first.type_name),
        )

    def _place(self, path: str | None) -> str:
        """Write an error's XPath as names a person can follow."""
        steps = [step.rpartition(":")[2].partition("[")[0] for step in (path or "").split("/") if step]
        return "/".join(step for step in steps if step in self._names) or "content"


def _read(path: Path) -> etree._ElementTree:
    return etree.parse(str(path), etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False))


def _names(path: Path, seen: set[Path]) -> frozenset[str]:
    """Collect the names of all elements of a schema and of the files beside it that it draws in."""
    path = path.resolve()
    if path in seen or not path.exists():
        return frozenset()
    seen.add(path)
    root = _read(path).getroot()
    found = {str(element.get("name", "")) for element in root.iter(q(XSD, "element"))} - {""}
    for drawn in root.iter(q(XSD, "import"), q(XSD, "include")):
        location = drawn.get("schemaLocation")
        found |= _names(path.parent / str(location), seen) if location else set()
    return frozenset(found)


def _advice(kind: str) -> str:
    if "FACET" in kind or "PATTERN" in kind or "DATATYPE" in kind or "CVC_TYPE" in kind:
        return "the value does not have the form the schema asks for"
    if "ELEMENT_CONTENT" in kind or "CVC_COMPLEX" in kind:
        return "an element is missing, unknown or in the wrong order"
    return "compare the message with GET /wsdl/kopuro.wsdl and `kopuro sample`"
