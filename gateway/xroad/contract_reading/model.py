"""What a contract says, as values: operations, their bodies, and what was found wanting."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.xroad.tolerant import Field

LANGUAGES = ("ky", "ru", "en")
OUTCOMES = ("FOUND", "NOT_FOUND", "AMBIGUOUS", "REJECTED", "DENIED", "UNAVAILABLE", "PROVIDER_ERROR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """Something a person should know: a code for the sentence, where, and what is filled into the sentence."""

    code: str
    where: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What stands in soap:Body; `named` is False where the contract gives a type and no element name.

    `naming` is the body element's relation to the service code: code, code_request, code_response, other, rpc,
    type (no name is given) or none (the body is empty). `parts` counts the elements in a document body.
    """

    shape: Field
    named: bool = True
    naming: str = "other"
    parts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One way the answer tells failure or absence: where, and what single values mean where they are listed.

    A meaning is an outcome, or "" where the provider must be asked.
    """

    style: str
    where: str = ""
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One service: its code, what it takes, what it gives."""

    service_code: str
    service_version: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    style: str = "document/literal"
    wrapped: bool = False
    soap: tuple[str, ...] = ()
    bindings: tuple[str, ...] = ()
    request: Body
    answer: Body | None = None
    request_headers: tuple[str, ...] = ()
    answer_headers: tuple[str, ...] = ()
    faults: tuple[Field, ...] = ()
    mime_parts: tuple[str, ...] = ()
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A WSDL with all that it imports from local files; `missing` are the imports that were not there."""

    file: str
    name: str
    namespace: str
    services: tuple[str, ...]
    addresses: tuple[str, ...]
    operations: tuple[Operation, ...]
    missing: tuple[str, ...] = ()
    cautions: tuple[Caution, ...] = ()
