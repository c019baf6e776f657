"""A report on one message: every rule in its order, what became of it, where, and what to do."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from gateway.foundation.errors import ContractError
from gateway.xroad.check import Verdict
from gateway.xroad.fault_catalogue import LANGUAGES, Language, explain

Outcome = Literal["passed", "failed", "warned", "not_reached"]
Layer = Literal["protocol", "http", "signature", "ours"]
_FILE = Path(__file__).with_name("rules.toml")
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: its clause, its sentence and its cure in every language."""

    id: str
    layer: Layer
    clause: str
    titles: Mapping[Language, str]
    fixes: Mapping[Language, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What became of a rule; `code` is the fault a failure leads to, `detail` its reason in English."""

    rule: Rule
    outcome: Outcome = "not_reached"
    code: str = ""
    where: str = ""
    detail: str = ""

    def as_json(self, language: Language) -> dict[str, str]:
        """Write it for a machine; the cure only where something is to be cured."""
        broken = self.outcome in {"failed", "warned"}
        return {
            "id": self.rule.id,
            "layer": self.rule.layer,
            "title": self.rule.titles[language],
            "clause": self.rule.clause,
            "outcome": self.outcome,
            "code": self.code,
            "where": self.where,
            "detail": self.detail,
            "fix": self.rule.fixes[language] if broken else "",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All findings in protocol order, and the verdict a security server would give on the message alone."""

    verdict: Verdict
    findings: tuple[Finding, ...]

    @property
    def conforms(self) -> bool:
        """Whether no rule of any layer failed; warnings do not count."""
        return all(finding.outcome != "failed" for finding in self.findings)

    def as_json(self, language: Language) -> dict[str, Any]:
        """Write it for a machine."""
        verdict = self.verdict
        return {
            "conforms": self.conforms,
            "verdict": {
                "outcome": verdict.outcome,
                "code": verdict.code,
                "where": verdict.where,
                "hint": verdict.hint,
            },
            "explanation": self._explanation(language),
            "language": language,
            "rules": [finding.as_json(language) for finding in self.findings],
        }

    def _explanation(self, language: Language) -> str:
        """Explain the verdict's code: a refusal is the sender's to mend, a fault was told by the provider."""
        if not self.verdict.code:
            return ""
        if self.verdict.outcome == "fault":
            return explain(self.verdict.code, language).help
        return explain(f"client.{self.verdict.code}", language, role="answering").help


class Notebook:
    """Collects findings while a message is taken apart; what was never judged stays `not_reached`."""

    def __init__(self) -> None:
        """Begin with nothing judged."""
        self._found: dict[str, Finding] = {}

    def passed(self, rule: str) -> None:
        """Note that a rule is kept."""
        self._found[rule] = Finding(rule=rules()[rule], outcome="passed")

    def failed(self, rule: str, code: str, *, where: str = "", detail: str = "") -> None:
        """Note that a rule is broken in a way that leads to a fault."""
        self._note(rule, "failed", code=code, where=where[:_LONGEST], detail=detail)

    def warned(self, rule: str, *, where: str = "", detail: str = "") -> None:
        """Note something that is let through and had better be mended."""
        self._note(rule, "warned", where=where[:_LONGEST], detail=detail)

    def refused(self, rule: str, error: ContractError) -> None:
        """Note a broken rule by the error it was found by."""
        self.failed(rule, error.code, where=error.where, detail=f"{error}: {error.hint}")

    def judge(self, rule: str, kept: object, *, code: str, where: str = "") -> None:
        """Note a rule as kept or broken."""
        if kept:
            self.passed(rule)
        else:
            self.failed(rule, code, where=where)

    def prefer(self, rule: str, kept: object, *, where: str = "") -> None:
        """Note a rule as kept or worth a warning."""
        if kept:
            self.passed(rule)
        else:
            self.warned(rule, where=where)

    def findings(self) -> tuple[Finding, ...]:
        """Give a finding for every rule, in the rules' order."""
        return tuple(self._found.get(name, Finding(rule=rule)) for name, rule in rules().items())

    def _note(self, rule: str, outcome: Outcome, **facts: str) -> None:
        self._found[rule] = Finding(rule=rules()[rule], outcome=outcome, **facts)


@cache
def rules() -> Mapping[str, Rule]:
    """Read the rules, once; their order in the file is the order of the report."""
    tree = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {row["id"]: _rule(row, tree["texts"][row.get("text", row["id"])]) for row in tree["rules"]}


def _rule(row: Mapping[str, str], texts: Mapping[str, Mapping[str, str]]) -> Rule:
    def written(kind: str) -> dict[Language, str]:
        return {name: texts[kind][name].replace("{field}", row.get("field", "")) for name in LANGUAGES}

    layer: Any = row["layer"]
    return Rule(
        id=row["id"], layer=layer, clause=row["clause"], titles=written("title"), fixes=written("fix")
    )
