"""The plan of a country: how many of what, cut into batches that can be made one without another."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from random import Random

from gateway.foundation.errors import SettingsError

TODAY = date(2026, 9, 1)
TOLD_AT = datetime(2026, 8, 20, 6, tzinfo=UTC)
FEWEST, MOST = 100, 5_000_000
# planted truths for 100,000 learners; a smaller country has at least one of each
PLANTED = {
    "DUPLICATE": 500, "NAMESAKES": 30, "PIN_REPLACED": 20, "PIN_BLOCKED": 10, "DEATH": 10, "FALSE_DEATH": 5,
    "FOREIGN": 25, "ADOPTED": 12, "NO_PIN": 400, "STAFF_DOUBLE_DOCUMENT": 20, "ORGANISATION_RENAMED": 10,
    "HEAD_CHANGED": 5,
}  # fmt: skip
TWIN_BIRTHS = 0.012
_PERSON, _MULTIPLIER = 1, 61


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A country by its seed and its number of learners; cut otherwise it is another country."""

    learners: int
    seed: int
    learners_a_batch: int = 2500

    def __post_init__(self) -> None:
        """Refuse a country too small for its truths or too large for the digits of its numbers."""
        if not FEWEST <= self.learners <= MOST:
            raise SettingsError(f"the number of learners must be from {FEWEST} to {MOST}")

    @property
    def batches(self) -> int:
        """Give how many batches there are."""
        return -(-self.learners // self.learners_a_batch)

    @property
    def mark(self) -> int:
        """Give the 32 bits that all ids of this country begin with."""
        return int.from_bytes(hashlib.sha256(self._name.encode()).digest()[:4], "big")

    @property
    def _name(self) -> str:
        return f"{self.seed}:{self.learners}:{self.learners_a_batch}"

    def learners_of(self, batch: int) -> int:
        """Give how many learners a batch has."""
        return self._share(self.learners, batch)

    def planted(self, kind: str, batch: int) -> int:
        """Give how many truths of a kind a batch has."""
        return self._share(self.total(kind), batch)

    def total(self, kind: str) -> int:
        """Give how many truths of a kind the whole country has."""
        return max(1, round(PLANTED[kind] * self.learners / 100_000))

    def _share(self, total: int, batch: int) -> int:
        return total * (batch + 1) // self.batches - total * batch // self.batches

    def chance(self, batch: int) -> Random:
        """Give a batch's own source of chance."""
        return Random(f"{self._name}:{batch}")  # noqa: S311 – must repeat, not be secret

    def id(self, kind: int, batch: int, index: int) -> str:
        """Make an id: a UUID of the free form (version 8), which tells the country, the batch and the place."""
        return f"{self.mark:08x}-{kind:04x}-8{batch >> 12:03x}-8{batch & 0xFFF:03x}-{index:012x}"

    def first_person(self, batch: int) -> str:
        """Give the id that stands in the registry exactly when the batch does."""
        return self.id(_PERSON, batch, 0)


class Numbers:
    """Unique numbers of one batch: no two batches of a country can give the same, and none remembers another."""

    def __init__(self, plan: Plan, batch: int) -> None:
        """Begin the batch's own part of every row of numbers."""
        self._plan, self._batch = plan, batch
        self._born: dict[tuple[str, date], int] = {}
        self._documents = self._people = 0

    def pin(self, sex: str, born: date) -> str:
        """Make a PIN: the sex digit, the birth date, and five digits nobody of that day and sex has."""
        count = self._born.get((sex, born), 0)
        self._born[sex, born] = count + 1
        serial = (self._batch + self._plan.batches * count) * _MULTIPLIER + self._plan.mark
        digit = 1 if sex == "F" else 2
        return f"{digit}{born.day:02}{born.month:02}{born.year:04}{serial % 100_000:05}"

    def document(self) -> str:
        """Make the seven digits of a document."""
        room = min(20_000, 10_000_000 // self._plan.batches)
        self._documents += 1
        serial = (self._batch * room + self._documents) * _MULTIPLIER + self._plan.mark
        return f"{serial % 10_000_000:07}"

    def person_id(self) -> str:
        """Make the id of the batch's next person."""
        self._people += 1
        return self._plan.id(_PERSON, self._batch, self._people - 1)
