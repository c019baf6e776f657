"""Rows of `kopuro match evaluate`: columns in, a decision in words out."""

import re
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
        surname=_said(row.get("surname")),
        given_name=_said(row.get("given")),
        patronymic=_said(row.get("patronymic")),
        sex=parse_sex(row.get("sex")),
        birth_date=read_day(row.get("birth_date", "")),
        pin=_pin(row.get("pin", "")),
        birth_certificate=_said(row.get("birth_cert")),
        passport=_said(row.get("passport")),
        organisation=(_said(row.get("school_id")) or "").casefold() or None,
        place=(_said(row.get("territory")) or "").casefold() or None,
    )


def unread(row: Mapping[str, str], record: Record) -> tuple[str, ...]:
    """Name the columns that say something nobody can read."""
    found = {"birth_date": record.birth_date, "pin": record.pin, "sex": record.sex}
    return tuple(name for name, value in found.items() if value is None and _said(row.get(name)))


def _said(text: str | None) -> str | None:
    """Give what was said; None where a program wrote down that nothing was."""
    if not text or (len(text) <= _LONGEST_NOTHING and text.casefold() in _NOTHING):
        return None
    return text


_NOTHING = frozenset({"null", "none", "nan", "n/a", "-", "--", "–", "—", "нет", "жок"})
_LONGEST_NOTHING = 4


def _pin(text: str) -> str | None:
    digits = text.removesuffix(".0").replace(" ", "").replace("\xa0", "").lstrip("'")
    return digits if digits.isdigit() and _SHORTEST_PIN <= len(digits) <= _LONGEST_PIN else None


_YEAR_FIRST = re.compile(r"(?P<year>\d{4})(?P<mark>[-./]?)(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})(?!\d)")
_DAY_FIRST = re.compile(r"(?P<day>\d{1,2})(?P<mark>[-./])(?P<month>\d{1,2})(?P=mark)(?P<year>\d{4})(?!\d)")


def read_day(text: str) -> date | None:
    """Read year, month, day or day, month, year, also with a time; an impossible month is a day that changed places."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        found = _YEAR_FIRST.match(text) or _DAY_FIRST.match(text)
    if not found:
        return None
    year, month, day = (int(found[name]) for name in ("year", "month", "day"))
    for one, other in ((month, day), (day, month)):
        try:
            return date(year, one, other)
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
    reasons = [item.said for item in first.evidence]
    if said == "review" and len(opinions) > 1:
        reasons.append(f"{len(opinions) - 1} more may be meant")
    return Outcome(
        decision=said,
        entry=first.person_id if said != "new" else "",
        weight=f"{first.weight:.2f}",
        explanation="; ".join([first.rule, *reasons]),
    )
