"""What a register is, as a file says it; plain Python."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from gateway.foundation.errors import InputRefused, RegistryError

KINDS = {"text": str, "integer": int, "boolean": bool, "date": str, "choice": str}
CLASSES = ("PERSONAL", "CONTACT", "PUBLIC")
_LONGEST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a register: its kind, its class of data, whether it must be there, and what may be chosen."""

    name: str
    kind: str
    data_class: str
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A register by its code, with its name in three languages, its readers and its fields."""

    code: str
    names: Mapping[str, str]
    readers: tuple[str, ...]
    fields: tuple[Field, ...]

    def check(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Give what an entry says, or raise InputRefused naming every field that is wrong."""
        known = {field.name: field for field in self.fields}
        problems = [("content", "UNKNOWN_FIELD") for name in content if name not in known]
        problems += [
            (name, reason) for name, field in known.items() if (reason := _problem(field, content.get(name)))
        ]
        if problems:
            raise InputRefused(tuple(problems))
        return {name: value for name, value in content.items() if value is not None}

    def shown(self, content: Mapping[str, Any], *, classes: frozenset[str]) -> dict[str, Any]:
        """Give of an entry only what is of these classes of data."""
        visible = {field.name for field in self.fields if field.data_class in classes}
        return {name: value for name, value in content.items() if name in visible}


def read_registers(text: str) -> tuple[Register, ...]:
    """Read the registers of a TOML file; raises RegistryError naming the register and what is wrong with it."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RegistryError(f"the file of registers is not valid TOML: {error}") from None
    return tuple(register_of(code, table) for code, table in tables.items())


def register_of(code: str, table: Mapping[str, Any]) -> Register:
    """Make a register of its definition; raises RegistryError."""
    names, fields = table.get("name", {}), table.get("fields", {})
    if set(names) != {"ky", "ru", "en"}:
        raise RegistryError(f"register {code}: a name in ky, ru and en is needed")
    if not fields or not table.get("readers"):
        raise RegistryError(f"register {code}: it has no fields or no readers")
    return Register(
        code=code,
        names=dict(names),
        readers=tuple(table["readers"]),
        fields=tuple(_field(code, name, each) for name, each in fields.items()),
    )


def _field(code: str, name: str, table: Mapping[str, Any]) -> Field:
    if table.get("kind") not in KINDS:
        raise RegistryError(f"register {code}, field {name}: its kind is one of {', '.join(KINDS)}")
    if table.get("class") not in CLASSES:
        # what is special has a schema and a key of its own, and no register opens anything
        raise RegistryError(f"register {code}, field {name}: its class is one of {', '.join(CLASSES)}")
    if (table["kind"] == "choice") != bool(table.get("choices")):
        raise RegistryError(f"register {code}, field {name}: a choice has choices, nothing else has")
    return Field(
        name=name,
        kind=table["kind"],
        data_class=table["class"],
        required=bool(table.get("required", False)),
        choices=tuple(table.get("choices", ())),
    )


def _problem(field: Field, value: object) -> str:
    if value is None:
        return "REQUIRED" if field.required else ""
    if not isinstance(value, KINDS[field.kind]) or isinstance(value, bool) != (field.kind == "boolean"):
        return "TEXT" if field.kind in {"text", "choice"} else "RANGE"
    if isinstance(value, str) and len(value) > _LONGEST:
        return "TOO_LONG"
    if field.kind == "choice" and value not in field.choices:
        return "NOT_IN_BOOK"
    return _date_problem(str(value)) if field.kind == "date" else ""


def _date_problem(value: str) -> str:
    try:
        date.fromisoformat(value)
    except ValueError:
        return "DATE"
    return ""
