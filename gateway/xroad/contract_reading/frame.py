"""The frame of an answer: the echo of the request, the part that holds the data, how elements are qualified."""

from collections.abc import Iterator

from gateway.xroad.contract_reading.model import Body, Operation
from gateway.xroad.scalars import Kind
from gateway.xroad.tolerant import ANYTHING, Field, members, walk


def echo(operation: Operation) -> Field | None:
    """Give the member of the answer that repeats the request, or None."""
    if operation.answer is None:
        return None
    asked = members(operation.request.shape.content)
    for name, given in members(operation.answer.shape.content).items():
        same = asked.get(name)
        if given.kind == Kind.GROUP and (
            name.casefold() == "request" or (same is not None and _same(same, given))
        ):
            return given
    return None


def _same(one: Field, other: Field) -> bool:
    return bool(one.content) and members(one.content).keys() == members(other.content).keys()


def response(operation: Operation) -> tuple[str, Field] | None:
    """Give the part of the answer that holds the data and its path from the root ("" for the root itself)."""
    if operation.answer is None:
        return None
    root, repeated = operation.answer.shape, echo(operation)
    rest = {
        name: one for name, one in members(root.content).items() if repeated is None or name != repeated.name
    }
    for name, one in rest.items():
        if name.casefold() == "response":
            return name, one
    if len(rest) == 1:
        ((name, one),) = rest.items()
        if one.kind == Kind.GROUP and not one.many:
            return name, one
    return "", root


def qualification(operation: Operation) -> str:
    """Tell whether elements inside the bodies carry the namespace: qualified, unqualified, mixed or none."""
    inner = list(_inner_namespaces(operation))
    if not inner:
        return "none"
    if all(inner):
        return "qualified"
    return "mixed" if any(inner) else "unqualified"


def _inner_namespaces(operation: Operation) -> Iterator[str]:
    for body in (operation.request, operation.answer):
        if body is not None:
            found = (one for _, one in walk(body.shape.content))
            yield from (one.namespace for one in found if one.name != ANYTHING)


def bodies(operation: Operation) -> Iterator[tuple[str, Body]]:
    """Give the bodies with the side they stand on."""
    yield "request", operation.request
    if operation.answer is not None:
        yield "answer", operation.answer


def attachments(operation: Operation) -> tuple[tuple[str, str, str], ...]:
    """List files as (side, path, way): base64 in the XML, attachment (MTOM or swaRef), mime part."""
    found = [
        (side, "/".join(path), "inline" if one.kind == Kind.BYTES else "attached")
        for side, body in bodies(operation)
        for path, one in walk(body.shape.content)
        if one.kind in {Kind.BYTES, Kind.ATTACHMENT}
    ]
    return (*found, *(("answer", part, "mime") for part in operation.mime_parts))
