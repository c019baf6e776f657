"""Records of agencies as text and back: for keeping an answer until it is no longer fresh."""

import dataclasses
import json
import types
from collections.abc import Mapping
from datetime import date
from typing import Any, Union, get_args, get_origin, get_type_hints

from gateway.intake.answers import PersonRecord
from gateway.intake.ports import BirthActRecord, PassportRecord
from gateway.intake.ports_documents import AddressRecord
from gateway.intake.ports_household import HouseholdMember

_KINDS: Mapping[str, type[Any]] = {
    kind.__name__: kind
    for kind in (PersonRecord, PassportRecord, BirthActRecord, AddressRecord, HouseholdMember)
}


def write_record(record: object) -> bytes:
    """Write a record, or a tuple of records, as JSON; raises TypeError for a kind nobody keeps."""
    many = isinstance(record, tuple)
    each: tuple[object, ...] = record if isinstance(record, tuple) else (record,)
    told = [{"kind": _kind(one), "values": dataclasses.asdict(one)} for one in each]  # type: ignore[call-overload]
    return json.dumps({"many": many, "records": told}, default=_iso, ensure_ascii=False).encode()


def read_record(text: bytes) -> Any:
    """Read what `write_record` wrote."""
    kept = json.loads(text)
    records = tuple(_build(_KINDS[one["kind"]], one["values"]) for one in kept["records"])
    return records if kept["many"] else records[0]


def _kind(record: object) -> str:
    name = type(record).__name__
    if name not in _KINDS:
        raise TypeError(f"{name} is not kept")
    return name


def _iso(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not kept")


def _build(kind: type[Any], values: Mapping[str, Any]) -> Any:
    hints = get_type_hints(kind)
    return kind(**{name: _value(hints[name], value) for name, value in values.items()})


def _value(hint: Any, value: Any) -> Any:
    """Give a value the type its field has."""
    if value is None:
        return None
    kinds = get_args(hint) if get_origin(hint) in {Union, types.UnionType} else (hint,)
    for kind in kinds:
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            return _build(kind, value)
        if kind is date:
            return date.fromisoformat(value)
        if get_origin(kind) is tuple:
            return tuple(tuple(each) if isinstance(each, list) else each for each in value)
    return value
