"""What each kind of case is, as data: how grave, what the machine may settle alone, who decides, by how many."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from gateway.intake.case_clock import Term

NEVER = "never"
ROLES = frozenset({"RESPONSIBLE", "HEAD", "DISTRICT", "SPECIAL_ADMIN", "WORKER"})
KINDS = (
    "PIN_FORMAT",
    "PIN_DOB_MISMATCH",
    "PIN_SEX_MISMATCH",
    "PIN_NOT_FOUND",
    "PIN_BLOCKED",
    "PIN_REPLACED",
    "PIN_CONFLICT",
    "DUP_LIKELY",
    "DUP_POSSIBLE",
    "DUP_ENROLMENT",
    "DUP_STAFF_DOCUMENT",
    "FTE_OVERLOAD",
    "EMPLOYMENT_MISMATCH",
    "NAME_CHANGE",
    "SOURCE_CONFLICT",
    "DEATH",
    "FALSE_DEATH",
    "GUARDIAN_MISMATCH",
    "PROTECTED_CHANGE",
    "FOREIGN_DOC_EXPIRED",
    "NO_DOCUMENTS",
    "ORG_MISMATCH",
    "HEAD_MISMATCH",
    "ORPHAN_EVENT",
    "IMPORT_ROW",
    "STALE",
    "SUBJECT_DISPUTE",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A kind's row of the table; `automatic` names the one situation the machine settles alone, or "never"."""

    severity: str
    automatic: str
    held_back: str
    decides: frozenset[str]
    approves: frozenset[str]

    @property
    def four_eyes(self) -> bool:
        """Tell whether a second person must approve."""
        return bool(self.approves)


_STRICTEST = Rule(
    severity="B",
    automatic=NEVER,
    held_back="nothing",
    decides=frozenset({"RESPONSIBLE", "DISTRICT"}),
    approves=frozenset({"HEAD", "DISTRICT"}),
)


def rule_of(kind: str) -> Rule:
    """Give a kind's row; a kind without one is never settled by the machine nor by one person."""
    return rules().get(kind, _STRICTEST)


def term_of(severity: str) -> Term:
    """Give how long an answer may take."""
    return _terms()[severity]


@cache
def rules() -> Mapping[str, Rule]:
    """Read the table."""
    return MappingProxyType({kind: _rule(row) for kind, row in _table()["kinds"].items()})


@cache
def _terms() -> Mapping[str, Term]:
    return MappingProxyType({name: Term(**row) for name, row in _table()["sla"].items()})


def _table() -> dict[str, Any]:
    return tomllib.loads(files("gateway.intake").joinpath("case_rules.toml").read_text(encoding="utf-8"))


def _rule(row: dict[str, Any]) -> Rule:
    roles = {name: frozenset(row[name]) for name in ("decides", "approves")}
    return Rule(**{**row, **roles})
