"""Rows of `kopuro match evaluate`: columns in, a decision in words out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from gateway.matching.decision import Decision, Match, Review
from gateway.matching.record import Record
from gateway.registry.values import parse_sex

COLUMNS = ("surname", "given", "patronymic", "sex", "birth_date", "pin")
_SHORTEST_PIN, _LONGEST_PIN = 12, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A decision as it is written: match, review or new, the entry meant, the weight in bits, the reasons."""

    decision: str
    entry: str
    weight: str
    explanation: str


def record_of(row: Mapping[str, str]) -> Record:
    """Read a row of the exchange's columns; what cannot be read counts as missing."""
    return Record(
        surname=row.get("surname") or None,
        given_name=row.get("given") or None,
        patronymic=row.get("patronymic") or None,
        sex=parse_sex(row.get("sex")),
        birth_date=_day(row.get("birth_date", "")),
        pin=_pin(row.get("pin", "")),
        birth_certificate=row.get("birth_cert") or None,
        passport=row.get("passport") or None,
        organisation=row.get("school_id", "").casefold() or None,
        place=row.get("territory", "").casefold() or None,
    )


def _pin(text: str) -> str | None:
    digits = text.removesuffix(".0").replace(" ", "")
    return digits if digits.isdigit() and _SHORTEST_PIN <= len(digits) <= _LONGEST_PIN else None


def _day(text: str) -> date | None:
    """Read YYYY-MM-DD, also with a time, or DD.MM.YYYY; an impossible month is a day that changed places."""
    parts = text.split(".") if "." in text[:10] else list(reversed(text[:10].split("-")))
    if len(parts) != 3:
        return None
    day, month, year = parts
    for iso in (f"{year}-{month}-{day}", f"{year}-{day}-{month}"):
        try:
            return date.fromisoformat(iso)
        except ValueError:
            continue
    return None


def outcome_of(decision: Decision[str]) -> Outcome:
    """Write a decision down; the reasons name fields, levels and bits, never a value."""
    opinions = (decision.opinion,) if isinstance(decision, Match) else decision.opinions
    said = {Match: "match", Review: "review"}.get(type(decision), "new")
    if not opinions:
        return Outcome(decision=said, entry="", weight="", explanation="nobody alike")
    first = opinions[0]
    reasons = [f"{item.field}: {item.text} ({item.weight:+.1f})" for item in first.evidence]
    if said == "review" and len(opinions) > 1:
        reasons.append(f"{len(opinions) - 1} more may be meant")
    return Outcome(
        decision=said,
        entry=first.person_id if said != "new" else "",
        weight=f"{first.weight:.2f}",
        explanation="; ".join([first.rule, *reasons]),
    )
