"""Read one message by a contract: which operation it belongs to, its values, what did not fit, what it signals."""

from dataclasses import dataclass
from typing import Any

from lxml import etree

from gateway.foundation.errors import ContractError, SettingsError
from gateway.foundation.xml import element_children, local_name, parse
from gateway.xroad.contract_reading.failures import failures
from gateway.xroad.contract_reading.model import Body, Contract, Failure, Operation
from gateway.xroad.namespaces import SOAP
from gateway.xroad.tolerant import Misfit, read, untyped

SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A style whose fields stand in the message; `outcome` is "" where only the provider can say."""

    style: str
    where: str
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What was read; `side` is request, answer or fault, `signs` is what its frame says about success."""

    service_code: str
    side: str
    value: Any
    misfits: tuple[Misfit, ...] = ()
    signs: tuple[Sign, ...] = ()


def try_message(data: bytes, contracts: list[Contract], *, service_code: str | None = None) -> Trial:
    """Read a message (an envelope, or the child of its Body) by the contract it belongs to.

    Raises ContractError for a hostile message, SettingsError when no operation has such a body.
    """
    content = _content(parse(data))
    if local_name(content) == "Fault":
        return Trial(service_code=service_code or "", side="fault", value=untyped(content))
    operation, side, body = _belonging(local_name(content), contracts, service_code)
    reading = read(content, body.shape)
    told = (_sign(each, reading.value) for each in failures(operation) if side == "answer")
    return Trial(
        service_code=operation.service_code,
        side=side,
        value=reading.value,
        misfits=reading.misfits,
        signs=tuple(each for each in told if each is not None),
    )


def _content(root: etree._Element) -> etree._Element:
    namespace = etree.QName(root).namespace
    if namespace not in {SOAP, SOAP_12} or local_name(root) != "Envelope":
        return root
    bodies = [each for each in element_children(root) if local_name(each) == "Body"]
    children = [child for each in bodies for child in element_children(each)]
    if len(children) != 1:
        raise ContractError(
            f"the message holds {len(children)} elements in its Body",
            code="invalid_body",
            where="Body",
            hint="one element stands in soap:Body",
        )
    return children[0]


def _belonging(name: str, contracts: list[Contract], service_code: str | None) -> tuple[Operation, str, Body]:
    offered = [
        (operation, side, body)
        for contract in contracts
        for operation in contract.operations
        for side, body in (("answer", operation.answer), ("request", operation.request))
        if body is not None and service_code in {None, operation.service_code}
    ]
    for operation, side, body in offered:
        if body.shape.name == name:
            return operation, side, body
        if service_code and body.naming == "type":
            return operation, side, body
    expected = ", ".join(dict.fromkeys(body.shape.name for _, _, body in offered))
    raise SettingsError(f"no operation has the body element {name}; the contract has: {expected or 'none'}")


def _sign(failure: Failure, value: Any) -> Sign | None:
    """Give what a style's own fields say in this message, or None when they say nothing."""
    paths = failure.where.split(" + ")
    told = [_at(value, path) for path in paths]
    match failure.style:
        case "nil_response":
            return _made(failure, "NOT_FOUND") if _is_nil_at(value, failure.where) else None
        case "empty_list":
            empty = all(each in ([], None) or _only_empty(each) for each in told)
            return _made(failure, "NOT_FOUND") if empty else None
        case "error_flag" | "status_code" | "cause_list":
            return None if told[0] is None else _made(failure, _listed(failure, told[0]))
        case "fault_in_response" | "choice_response_fault" | "told_in_text" | "text_answer":
            return _made(failure, "") if any(told) else None
    return None


def _made(failure: Failure, outcome: str) -> Sign:
    return Sign(style=failure.style, where=failure.where, outcome=outcome)


def _listed(failure: Failure, value: Any) -> str:
    """Read a value by the contract's list; one that a list does not hold is PROVIDER_ERROR."""
    said = str(value).strip()
    listed = dict(failure.values)
    return listed.get(said.lower() if isinstance(value, bool) else said, "PROVIDER_ERROR" if listed else "")


def _only_empty(value: Any) -> bool:
    return isinstance(value, dict) and all(each in ([], None) for each in value.values())


def _is_nil_at(value: Any, path: str) -> bool:
    *above, last = path.split("/")
    for step in above:
        value = value.get(step) if isinstance(value, dict) else {}
    return value is None or (isinstance(value, dict) and last in value and value[last] is None)


def _at(value: Any, path: str) -> Any:
    for step in path.split("/"):
        value = value.get(step) if isinstance(value, dict) else None
    return value
