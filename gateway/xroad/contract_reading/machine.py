"""A contract's report for a machine: plain values that json can write, and readings as JSON."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from gateway.xroad.contract_reading.agencies import section
from gateway.xroad.contract_reading.failures import failures
from gateway.xroad.contract_reading.frame import attachments, echo, qualification
from gateway.xroad.contract_reading.model import Body, Caution, Contract, Operation
from gateway.xroad.contract_reading.naming import says_secret
from gateway.xroad.contract_reading.words import caution_sentence, say
from gateway.xroad.scalars import Attachment
from gateway.xroad.tolerant import Choice, Content, Field

HIDDEN = "***"


def as_values(contract: Contract, language: str) -> dict[str, Any]:
    """Give everything the text report says, with its codes; sentences are in `language`."""
    return {
        "file": contract.file,
        "name": contract.name,
        "namespace": contract.namespace,
        "services": list(contract.services),
        "addresses": list(contract.addresses),
        "missing_imports": list(contract.missing),
        "cautions": _cautions(contract.cautions, language),
        "operations": [_operation(each, language) for each in contract.operations],
        "agencies_toml": section(contract, language),
    }


def _operation(operation: Operation, language: str) -> dict[str, Any]:
    repeated = echo(operation)
    return {
        "service_code": operation.service_code,
        "service_version": operation.service_version or None,
        "titles": dict(operation.titles),
        "notes": dict(operation.notes),
        "style": operation.style,
        "wrapped": operation.wrapped,
        "soap": list(operation.soap),
        "bindings": list(operation.bindings),
        "request": _body(operation.request),
        "answer": _body(operation.answer) if operation.answer else None,
        "echo": repeated.name if repeated else None,
        "header_parts": {
            "request": list(operation.request_headers),
            "answer": list(operation.answer_headers),
        },
        "inner_elements": qualification(operation),
        "attachments": [
            {"side": side, "path": path, "way": way} for side, path, way in attachments(operation)
        ],
        "failures": _failures(operation, language),
        "cautions": _cautions(operation.cautions, language),
    }


def _failures(operation: Operation, language: str) -> list[dict[str, Any]]:
    return [
        {
            "style": each.style,
            "where": each.where,
            "values": {value: outcome or None for value, outcome in each.values},
            "reads": say(f"reads.{each.style}", language),
            "ask": say(f"ask.{each.style}", language),
        }
        for each in failures(operation)
    ]


def _cautions(cautions: tuple[Caution, ...], language: str) -> list[dict[str, str]]:
    return [
        {
            "code": each.code,
            "where": each.where,
            "about": each.about,
            "sentence": caution_sentence(each, language),
        }
        for each in cautions
    ]


def _body(body: Body) -> dict[str, Any]:
    return {
        "element": body.shape.name,
        "namespace": body.shape.namespace,
        "named_by_contract": body.named,
        "naming": body.naming,
        **_field(body.shape),
    }


def _field(field: Field) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": field.name,
        "kind": str(field.kind),
        "required": field.required,
        "many": field.many,
        "nillable": field.nillable,
    }
    extra = {
        "titles": dict(field.titles),
        "allowed": {each.value: each.meaning for each in field.allowed},
        "limits": dict(field.limits),
        "repeats": field.again,
        "attributes": [_field(each) for each in field.attributes],
        "content": _content(field.content),
    }
    return told | {name: value for name, value in extra.items() if value}


def _content(content: Content) -> list[dict[str, Any]]:
    return [_choice(part) if isinstance(part, Choice) else _field(part) for part in content]


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "choice": [_content(branch) for branch in choice.branches],
        "required": choice.required,
        "many": choice.many,
    }


def plain(value: Any, *, name: str = "") -> Any:
    """Turn a reading's value into what json can write: files as their size, secrets hidden."""
    if isinstance(value, dict):
        return {key: plain(each, name=key) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each, name=name) for each in value]
    if value is not None and says_secret(name):
        return HIDDEN
    return _plain_leaf(value)


def _plain_leaf(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"bytes": len(value)}
    if isinstance(value, Attachment):
        return {"attachment": value.href}
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
