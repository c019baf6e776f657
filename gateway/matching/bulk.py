"""Match a whole file against a registry in memory, with the same decision as a single record.

Only the incoming file is indexed: the registry flows by once, and of it only entries that share a key stay.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.matching.blocking import (
    ALWAYS,
    is_worth_comparing,
    keys_of,
    lookup_keys,
)
from gateway.matching.census import Census
from gateway.matching.decision import Decision, decide_prepared
from gateway.matching.full_name import full_name
from gateway.matching.model import Model
from gateway.matching.prepared import Prepared, prepare
from gateway.matching.record import Record
from gateway.matching.scale import Scale

Index = dict[str, list[int]]


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
    """Let the registry flow by and keep the entries that share keys worth comparing with an incoming record."""
    index = _index(incoming)
    gathered = Gathered(incoming=[prepare(record) for record in incoming], candidates=[[] for _ in incoming])
    met: Counter[str] = Counter()
    doubts: dict[tuple[int, int], list[str]] = {}
    for entry_id, record in registry:
        name = full_name(record)
        gathered.census.count(record, name)
        shared = _shared(keys_of(record, name), index, met)
        meant = [(row, keys) for row, keys in shared.items() if is_worth_comparing(keys, met)]
        if meant:
            place = len(gathered.entries)
            gathered.entries.append(prepare(record))
            gathered.entry_ids.append(entry_id)
            for row, keys in meant:
                gathered.candidates[row].append(place)
                if not _is_settled(keys):
                    doubts[row, place] = keys
    _drop_doubtful(gathered, doubts, met)
    return gathered


def _shared(keys: Sequence[str], index: Index, met: Counter[str]) -> dict[int, list[str]]:
    """Give the keys an entry shares with each incoming record, and count the entry in their blocks."""
    shared: dict[int, list[str]] = {}
    for key in keys:
        rows = index.get(key)
        if rows is not None:
            met[key] += 1
            for row in rows:
                shared.setdefault(row, []).append(key)
    return shared


def _is_settled(keys: Sequence[str]) -> bool:
    """Tell whether a pair stays whatever else flows by: two keys that count however large their blocks are."""
    return sum(key[0] in ALWAYS for key in keys) > 1


def _drop_doubtful(
    gathered: Gathered, doubts: Mapping[tuple[int, int], Sequence[str]], met: Counter[str]
) -> None:
    """Take back pairs whose blocks have grown too large since they were met."""
    dropped: dict[int, set[int]] = {}
    for (row, place), keys in doubts.items():
        if not is_worth_comparing(keys, met):
            dropped.setdefault(row, set()).add(place)
    for row, places in dropped.items():
        gathered.candidates[row] = [place for place in gathered.candidates[row] if place not in places]


def _index(incoming: Sequence[Record]) -> Index:
    index: Index = {}
    for row, record in enumerate(incoming):
        for key in lookup_keys(record):
            index.setdefault(key, []).append(row)
    return index


def decide_all(gathered: Gathered, model: Model) -> Iterator[Decision[str]]:
    """Decide about every incoming record, in order."""
    scale = Scale.of(model, gathered.census.size)
    for record, found in zip(gathered.incoming, gathered.candidates, strict=True):
        entries = ((gathered.entry_ids[place], gathered.entries[place]) for place in found)
        yield decide_prepared(record, entries, scale)
