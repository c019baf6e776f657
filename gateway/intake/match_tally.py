"""Measure decisions against the truth: what was linked rightly, wrongly and to whom, found, or left to a person."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.foundation.table_files import read_table
from gateway.intake.person_rows import Outcome

_KINDS = {
    "twin": "twins",
    "namesake": "namesakes",
    "son": "father/son",
    "father": "father/son",
    "sibling": "siblings",
}


@dataclass(slots=True, kw_only=True)
class Tally:
    """Outcomes counted against the truth, by scenario."""

    truth: Mapping[str, Mapping[str, str]]
    counts: Counter[str] = field(default_factory=Counter)
    false_merges: Counter[str] = field(default_factory=Counter)
    scenarios: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    @classmethod
    def of(cls, file: Path) -> "Tally":
        """Read a truth file."""
        return cls(truth={row["rec_id"]: row for row in read_table(file, required=("rec_id", "truth_id"))})

    def count(self, rec_id: str, outcome: Outcome) -> None:
        """Count one outcome; a record the truth does not know is left out."""
        known = self.truth.get(rec_id)
        if known is None:
            return
        true_id = known["truth_id"]
        kind = _kind(outcome, true_id)
        self.counts["rows"] += 1
        self.counts["registered"] += bool(true_id)
        self.counts[kind] += 1
        self.scenarios[known.get("scenario", "")][kind] += 1
        if known.get("twin_of"):
            self.counts["rows_with_a_twin"] += 1
            self.counts["linked_to_the_twin"] += kind == "wrong_link" and outcome.entry == known["twin_of"]
        if kind == "wrong_link":
            self.false_merges[_of_whom(outcome, known)] += 1

    def count_row(self, rec_id: str, decision: str, entry: str, weight: str, explanation: str) -> None:
        """Count one row of decisions.csv."""
        told = Outcome(decision=decision, entry=entry, weight=weight, explanation=explanation)
        self.count(rec_id, told)

    def report(self) -> dict[str, Any]:
        """Give the measures; shares are of the registered rows, the review share is of all rows."""
        counts = self.counts
        right, wrong = counts["right_link"], counts["wrong_link"]
        registered, rows = max(counts["registered"], 1), max(counts["rows"], 1)
        precision = right / (right + wrong) if right + wrong else 1.0
        recall = right / registered
        reviewed = counts["review_right"] + counts["review_other"] + counts["review_unregistered"]
        found = right + counts["review_right"] + counts["review_other"]
        names = ("twins", "namesakes", "father/son", "siblings", "others")
        return {
            "rows": counts["rows"],
            "registered": counts["registered"],
            "links": right + wrong,
            "precision": round(precision, 6),
            "recall": round(recall, 6),
            "f1": round(2 * precision * recall / (precision + recall), 6) if precision + recall else 0.0,
            "found": round(found / registered, 6),
            "found_with_the_right_entry_first": round((right + counts["review_right"]) / registered, 6),
            "review_share": round(reviewed / rows, 6),
            "false_merges": {name: self.false_merges[name] for name in names},
            "rows_with_a_twin": counts["rows_with_a_twin"],
            "linked_to_the_twin": counts["linked_to_the_twin"],
            "scenarios": {name: dict(found) for name, found in sorted(self.scenarios.items())},
        }


def _kind(outcome: Outcome, true_id: str) -> str:
    if outcome.decision == "match":
        return "right_link" if outcome.entry == true_id else "wrong_link"
    if outcome.decision == "review":
        if not true_id:
            return "review_unregistered"
        return "review_right" if outcome.entry == true_id else "review_other"
    return "missed" if true_id else "rightly_new"


def _of_whom(outcome: Outcome, known: Mapping[str, str]) -> str:
    if known.get("twin_of") and outcome.entry == known["twin_of"]:
        return "twins"
    scenario = known.get("scenario", "").casefold()
    return next((kind for word, kind in _KINDS.items() if word in scenario), "others")
