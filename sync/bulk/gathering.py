"""Who is to be compared with whom: incoming people of a chunk and the entries Splink's blocking found for them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.matching.bulk import Gathered
from gateway.matching.census import Census
from gateway.matching.prepared import Prepared
from sync.bulk.engines import Engine, Stage, find_pairs

BETWEEN_ORGANISATIONS = "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Everybody by number: where, how many of each, and how many entries a record is weighed against."""

    stage: Stage
    entries: int
    incoming: int
    population: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some incoming records: their ids, and all that is gathered about them."""

    rec_ids: Sequence[str]
    gathered: Gathered


def gathered(engine: Engine, people: People, first: int, count: int) -> Chunk:
    """Gather so many incoming records from number `first` on, and the entries worth comparing with them."""
    told = list(people.stage.people(first, first + count))
    found = Gathered(
        incoming=[record for _, record in told],
        candidates=[[] for _ in told],
        census=Census(size=people.population),
    )
    seats = _Seats(found=found, stage=people.stage)
    for number, unit, entry_id, *values in find_pairs(engine, people.stage, first, first + count - 1):
        row = number - first
        place = seats.of(unit, entry_id, values, mine=found.incoming[row].organisation)
        found.candidates[row].append(place)
    return Chunk(rec_ids=[rec_id for rec_id, _ in told], gathered=found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seats:
    """The places of the entries gathered so far: each entry is read once, and kept once per organisation."""

    found: Gathered
    stage: Stage
    read: dict[int, Prepared] = field(default_factory=dict)
    places: dict[tuple[int, str | None], int] = field(default_factory=dict)

    def of(self, unit: int, entry_id: str, values: Sequence[Any], *, mine: str | None) -> int:
        known = self.read.get(unit)
        if known is None:
            known = self.read[unit] = self.stage.entry(values)
        entry = _at_organisation(known, mine)
        place = self.places.get((unit, entry.organisation))
        if place is None:
            place = self.places[unit, entry.organisation] = len(self.found.entries)
            self.found.entries.append(entry)
            self.found.entry_ids.append(entry_id)
        return place


def _at_organisation(entry: Prepared, mine: str | None) -> Prepared:
    """Give the entry at the record's organisation where it is at that one too, else at its first."""
    if not entry.organisation or BETWEEN_ORGANISATIONS not in entry.organisation:
        return entry
    places = entry.organisation.split(BETWEEN_ORGANISATIONS)
    return replace(entry, organisation=mine if mine in places else places[0])
