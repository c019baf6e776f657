"""The keys an entry is stored and a record looked up by, and which shared keys make a pair worth comparing.

An identifier, or a birth date with one name, is enough alone. The same names without the day are enough alone only
where hardly anybody bears them; initials or a school with the day never are. Whatever else counts only where a pair
shares two keys, and a block of more than LARGEST_BLOCK entries (a placeholder, a first of January) is no exception.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import product

from gateway.matching.full_name import FullName, full_name
from gateway.matching.normalise import Part, document
from gateway.matching.record import Record, date_in_pin, with_day_and_month_swapped

LARGEST_BLOCK = 100
MOST_CANDIDATES = 400  # of those who share two keys of which one is of a larger block
# the largest block in which a key is enough alone, by its first letter
ALONE = {"p": LARGEST_BLOCK, "c": LARGEST_BLOCK, "b": LARGEST_BLOCK, "n": 3, "y": 3, "i": 0, "s": 0}


def largest_alone(key: str) -> int:
    """Give the largest block in which this key is enough alone; 0 where it never is."""
    return ALONE[key[0]]


def is_worth_comparing(shared: Sequence[str], sizes: Mapping[str, int]) -> bool:
    """Tell whether these shared keys make a pair worth comparing, by how many entries share each."""
    counting = 0
    for key in shared:
        alone, size = ALONE[key[0]], sizes[key]
        if size <= alone:
            return True
        counting += alone == LARGEST_BLOCK or size <= LARGEST_BLOCK
    return counting > 1


def blocking_keys(record: Record) -> tuple[str, ...]:
    """Give the keys to store for an entry: identifiers, birth date with names, names with the year."""
    name = full_name(record)
    keys = [*identifier_keys(record), *_date_keys(record, name), *_name_keys(record, name)]
    return tuple(dict.fromkeys(keys))


def lookup_keys(record: Record) -> tuple[str, ...]:
    """Give the keys to look a record up by: the stored ones, and those of other birth dates it may mean."""
    name = full_name(record)
    extra = [
        key for born in _other_dates(record) for key in _date_keys(replace(record, birth_date=born), name)
    ]
    return tuple(dict.fromkeys([*blocking_keys(record), *extra]))


def identifier_keys(record: Record) -> list[str]:
    """Give the keys of the record's PIN, birth certificate and passport."""
    keys = [f"pin|{record.pin}"] if record.pin else []
    if record.birth_certificate:
        keys.append(f"certificate|{document(record.birth_certificate)}")
    if record.passport:
        keys.append(f"passport|{document(record.passport)}")
    return keys


def _other_dates(record: Record) -> list[date]:
    """Give the date with day and month exchanged and the date inside the PIN."""
    swapped = with_day_and_month_swapped(record)
    found = [swapped.birth_date if swapped else None, date_in_pin(record.pin)]
    return [born for born in found if born and born != record.birth_date]


def _date_keys(record: Record, name: FullName) -> list[str]:
    """Give one key per part of the name, whichever field it stands in, so that swapped parts still meet."""
    if record.birth_date is None:
        return []
    born = record.birth_date.isoformat()
    keys = [f"born|{born}|{root}" for item in name.present for root in sorted(item.roots)]
    for one, other in ((name.surname, name.given_name), (name.given_name, name.patronymic)):
        if one and other:
            keys += [f"initials|{born}|{pair}" for pair in _initials(one, other)]
    if record.organisation:
        keys.append(f"school|{born}|{record.organisation}")
    return keys


def _initials(one: Part, other: Part) -> list[str]:
    letters = product({each[0] for each in one.readings}, {each[0] for each in other.readings})
    return sorted({"".join(sorted(pair)) for pair in letters})


def _name_keys(record: Record, name: FullName) -> list[str]:
    surname, given, patronymic = name.parts
    if surname is None or given is None:
        return []
    names = [" ".join(sorted(pair)) for pair in product(sorted(surname.roots), sorted(given.roots))]
    keys = [f"year|{record.birth_date.year}|{pair}" for pair in names] if record.birth_date else []
    fathers = [patronymic.root] if patronymic else []
    if patronymic and patronymic.fold != patronymic.root:
        fathers = sorted(patronymic.roots)
    triples = product(sorted(surname.roots), sorted(given.roots), fathers)
    return keys + ["names|" + " ".join(sorted(triple)) for triple in triples]
