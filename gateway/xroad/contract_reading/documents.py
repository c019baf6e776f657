"""A WSDL and everything it imports, from local files only; what is not there is named, never fetched."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lxml import etree

from gateway.foundation.errors import ContractError, SettingsError
from gateway.foundation.xml import MAX_BYTES, element_children, local_name, parse
from gateway.xroad.namespaces import IDENTIFIERS, XROAD, q

WSDL = "http://schemas.xmlsoap.org/wsdl/"
XSD = "http://www.w3.org/2001/XMLSchema"
XML = "http://www.w3.org/XML/1998/namespace"
SWA_REF = "http://ws-i.org/profiles/basic/1.1/xsd"
XMIME = ("http://www.w3.org/2005/05/xmlmime", "http://www.w3.org/2004/11/xmlmime")
SOAP_ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
UNDERSTOOD = frozenset(  # what these hold is known without their files
    {XROAD, "http://x-road.ee/xsd/x-road.xsd", IDENTIFIERS, XML, SWA_REF, *XMIME, SOAP_ENCODING, WSDL, XSD}
)
MAX_FILES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaPart:
    """One xs:schema element and the namespace its components belong to."""

    element: etree._Element
    namespace: str

    def qualifies(self, what: str) -> bool:
        """Tell whether local components (`element` or `attribute`) carry the namespace by default."""
        return self.element.get(f"{what}FormDefault", "unqualified") == "qualified"


@dataclass(slots=True, kw_only=True)
class Documents:
    """What was read: the WSDL documents, the schemas, and the imports that were not there."""

    definitions: list[etree._Element] = field(default_factory=list)
    schemas: list[SchemaPart] = field(default_factory=list)
    absent: list[tuple[str, str]] = field(default_factory=list)

    @property
    def missing(self) -> tuple[str, ...]:
        """Name the places that held nothing, unless their namespace was found elsewhere."""
        found = UNDERSTOOD | {schema.namespace for schema in self.schemas}
        return tuple(dict.fromkeys(place for place, namespace in self.absent if namespace not in found))


def read_documents(wsdl: Path, *, directories: tuple[Path, ...] = ()) -> Documents:
    """Read a WSDL with its imports from its own directory and `directories`.

    Raises SettingsError when the file cannot be read, ContractError when one of the files is hostile, not
    well-formed, or the first is not a WSDL.
    """
    if not wsdl.is_file():
        raise SettingsError(f"{wsdl} is not a file")
    reader = _Reader((wsdl.resolve().parent, *(each.resolve() for each in directories)))
    root = reader.document(wsdl.resolve())
    if root.tag != q(WSDL, "definitions"):
        raise ContractError(
            f"{wsdl.name} is not a WSDL 1.1 document: its root is {local_name(root)}",
            code="invalid_wsdl",
            where=wsdl.name,
            hint="give the file that begins with <wsdl:definitions>",
        )
    reader.take_definitions(root, wsdl.resolve())
    return reader.documents


class _Reader:
    def __init__(self, roots: tuple[Path, ...]) -> None:
        self._roots = roots
        self._taken: set[tuple[Path, str]] = set()
        self._read: dict[Path, etree._Element] = {}
        self.documents = Documents()

    def document(self, path: Path) -> etree._Element:
        if path not in self._read:
            if len(self._read) >= MAX_FILES:
                raise _refused(path, f"imports more than {MAX_FILES} files", "give a smaller contract")
            self._read[path] = _parsed(path)
        return self._read[path]

    def take_definitions(self, root: etree._Element, path: Path) -> None:
        if (path, "") in self._taken:
            return
        self._taken.add((path, ""))
        self.documents.definitions.append(root)
        for child in element_children(root):
            if child.tag == q(WSDL, "import"):
                self._import(child.get("location"), child.get("namespace", ""), path, chameleon="")
        for schema in root.iterfind(f"{q(WSDL, 'types')}/{q(XSD, 'schema')}"):
            self._take_schema(schema, path, chameleon="")

    def _take_schema(self, schema: etree._Element, path: Path, *, chameleon: str) -> None:
        namespace = schema.get("targetNamespace", chameleon)
        self.documents.schemas.append(SchemaPart(element=schema, namespace=namespace))
        for child in _references(schema):
            imported = local_name(child) == "import"
            # what is included belongs to this very namespace, so only its own file can hold it
            needed = child.get("namespace", "") if imported else f"include {namespace}"
            chameleon = "" if imported else namespace
            self._import(child.get("schemaLocation"), needed, path, chameleon=chameleon)

    def _import(self, location: str | None, namespace: str, origin: Path, *, chameleon: str) -> None:
        if not location:
            return  # an import without a place means a schema of the same WSDL
        found = self._find(location, origin)
        if found is None:
            self.documents.absent.append((location, namespace))
            return
        root = self.document(found)
        if root.tag == q(WSDL, "definitions"):
            self.take_definitions(root, found)
        elif root.tag == q(XSD, "schema") and (found, chameleon or "-") not in self._taken:
            self._taken.add((found, chameleon or "-"))
            self._take_schema(root, found, chameleon=chameleon)

    def _find(self, location: str, origin: Path) -> Path | None:
        """Look at the stated relative place, then by file name; only inside the allowed directories."""
        stated = unquote(urlsplit(location).path)
        name = stated.rpartition("/")[2]
        if not name or "\0" in stated or len(name.encode()) > 255 or len(stated) > 1000:
            return None
        candidates = [root / name for root in (origin.parent, *self._roots)]
        if not urlsplit(location).netloc and not stated.startswith("/"):
            candidates.insert(0, origin.parent / stated)
        for candidate in (each.resolve() for each in candidates):
            if any(candidate.is_relative_to(root) for root in self._roots) and candidate.is_file():
                return candidate
        return None


def _references(schema: etree._Element) -> Iterator[etree._Element]:
    names = {q(XSD, name) for name in ("import", "include", "redefine", "override")}
    return (child for child in element_children(schema) if child.tag in names)


def _parsed(path: Path) -> etree._Element:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _refused(path, f"is larger than {MAX_BYTES} bytes", "give a smaller file")
        root = parse(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"{path.name} cannot be read: {error.strerror}") from None
    except ContractError as error:
        if error.where == path.name:
            raise
        raise _refused(path, f"cannot be taken: {error}", error.hint) from None
    etree.strip_tags(root, etree.Comment, etree.ProcessingInstruction)
    return root


def _refused(path: Path, why: str, hint: str) -> ContractError:
    return ContractError(f"{path.name} {why}", code="invalid_wsdl", where=path.name, hint=hint)
