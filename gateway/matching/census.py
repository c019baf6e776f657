"""What a registry says about names and places as it flows by: how often each is met."""

from collections import Counter
from dataclasses import dataclass, field

from gateway.matching.full_name import FullName, full_name
from gateway.matching.record import Record
from gateway.matching.vocabulary import NameCounts, Vocabulary, learned_vocabulary


@dataclass(slots=True, kw_only=True)
class Census:
    """Counts of folded given names, roots of surnames and fathers' names, schools, places and birth dates."""

    size: int = 0
    names: NameCounts = field(default_factory=NameCounts)
    others: dict[str, Counter[object]] = field(
        default_factory=lambda: {name: Counter() for name in ("organisation", "place", "birth_date", "sex")}
    )

    def count(self, record: Record, name: FullName | None = None) -> None:
        """Count one entry, whose name may have been read already."""
        self.size += 1
        name = name or full_name(record)
        if name.given_name:
            self.names.given[name.given_name.fold] += 1
            self.names.spellings[name.given_name.fold, name.given_name.plain] += 1
        if name.surname:
            self.names.surnames[name.surname.root] += 1
        if name.patronymic:
            self.names.fathers[name.patronymic.root] += 1
        for field_name, counted in self.others.items():
            value = getattr(record, field_name)
            if value is not None:
                counted[value] += 1

    def vocabulary(self) -> Vocabulary:
        """Give the names known after the count."""
        return learned_vocabulary(self.names)

    def chance(self, name: str) -> float | None:
        """Give the chance that two people share a value by accident; None where nobody has one."""
        counted: Counter[object] | Counter[str] = {
            "surname": self.names.surnames, "given_name": self.names.given, "patronymic": self.names.fathers,
        }.get(name) or self.others.get(name) or Counter()  # fmt: skip
        total = counted.total()
        return sum(count * count for count in counted.values()) / total**2 if total else None
