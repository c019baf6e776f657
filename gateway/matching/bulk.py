"""Match a whole file against a registry in memory, with the same decision as a single record.

Only the incoming file is indexed: the registry flows by once, and of it only entries that share a key stay.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from gateway.matching.blocking import blocking_keys, lookup_keys
from gateway.matching.census import Census
from gateway.matching.decision import Decision, Opinion, together, weigh
from gateway.matching.model import Model
from gateway.matching.prepared import Prepared, prepare
from gateway.matching.record import Record

LARGEST_BLOCK = 2000  # a key shared by more entries is a placeholder, not a person's


@dataclass(slots=True, kw_only=True)
class Gathered:
    """The incoming records, the entries that may be meant by them, and what the registry's census counted."""

    incoming: list[Prepared]
    census: Census = field(default_factory=Census)
    entries: list[Prepared] = field(default_factory=list)
    entry_ids: list[str] = field(default_factory=list)
    candidates: list[list[int]] = field(default_factory=list)

    def pairs(self) -> Iterator[tuple[Prepared, Prepared]]:
        """Give every incoming record with each entry that may be meant."""
        for record, found in zip(self.incoming, self.candidates, strict=True):
            for place in found:
                yield record, self.entries[place]


def gather(registry: Iterable[tuple[str, Record]], incoming: Sequence[Record]) -> Gathered:
    """Let the registry flow by and keep the entries that share a blocking key with an incoming record."""
    index = _index(incoming)
    gathered = Gathered(incoming=[prepare(record) for record in incoming], candidates=[[] for _ in incoming])
    met: Counter[str] = Counter()
    for entry_id, record in registry:
        gathered.census.count(record)
        wanted: set[int] = set()
        for key in blocking_keys(record):
            rows = index.get(key)
            if rows is not None:
                met[key] += 1
                if met[key] <= LARGEST_BLOCK:
                    wanted.update(rows)
        if wanted:
            place = len(gathered.entries)
            gathered.entries.append(prepare(record))
            gathered.entry_ids.append(entry_id)
            for row in wanted:
                gathered.candidates[row].append(place)
    return gathered


def _index(incoming: Sequence[Record]) -> dict[str, list[int]]:
    index: dict[str, list[int]] = {}
    for row, record in enumerate(incoming):
        for key in lookup_keys(record):
            index.setdefault(key, []).append(row)
    return index


def decide_all(gathered: Gathered, model: Model) -> Iterator[Decision[str]]:
    """Decide about every incoming record, in order."""
    size = gathered.census.size
    for record, found in zip(gathered.incoming, gathered.candidates, strict=True):
        opinions: list[Opinion[str]] = [
            weigh(record, gathered.entry_ids[place], gathered.entries[place], model=model, population=size)
            for place in found
        ]
        yield together(opinions)
