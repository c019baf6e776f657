"""The matrix as data: matrix.toml, read once and checked word by word."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from gateway.access.values import Action, Kind, Level, Role, ScopeType


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRule:
    """What a role reaches and may do, and what must be there before it may be used."""

    scope: ScopeType
    rights: Mapping[Kind, frozenset[Action]]
    undertaking: bool = False
    order: bool = False
    second_factor: bool = False

    def allows(self, kind: Kind, action: Action) -> bool:
        """Tell whether the role may do this to this kind of object."""
        return action in self.rights.get(kind, frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentRule:
    """Whom a role may appoint; `levels` of organisations, None for all; `notice` tells the district."""

    by: Role
    roles: frozenset[Role]
    levels: frozenset[Level] | None = None
    notice: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """The whole of it."""

    roles: Mapping[Role, RoleRule]
    appointments: tuple[AppointmentRule, ...]
    apart: tuple[frozenset[Role], ...]


def read_matrix(text: str) -> Matrix:
    """Read a matrix; an unknown word raises ValueError, a role without a rule KeyError."""
    table = tomllib.loads(text)
    return Matrix(
        roles={role: _rule(table["roles"][role]) for role in Role},
        appointments=tuple(_appointment(each) for each in table["appointments"]),
        apart=tuple(frozenset(map(Role, each["roles"])) for each in table["apart"]),
    )


def _rule(row: Mapping[str, Any]) -> RoleRule:
    return RoleRule(
        scope=ScopeType(row["scope"]),
        rights={Kind(kind): frozenset(map(Action, actions)) for kind, actions in row["rights"].items()},
        **{name: row[name] for name in ("undertaking", "order", "second_factor") if name in row},
    )


def _appointment(row: Mapping[str, Any]) -> AppointmentRule:
    return AppointmentRule(
        by=Role(row["by"]),
        roles=frozenset(map(Role, row["roles"])),
        levels=frozenset(map(Level, row["levels"])) if "levels" in row else None,
        notice=row.get("notice", False),
    )


MATRIX = read_matrix(files("gateway.access").joinpath("matrix.toml").read_text(encoding="utf-8"))
