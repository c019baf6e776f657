"""The keys an entry is stored and a record looked up by, and which shared keys make a pair worth comparing.

An identifier, or the entry's given name with the birth date, is enough alone. The same names without the day are
enough alone only where hardly anybody bears them; another name, initials or a school with the day never are.
Whatever else counts only where a pair shares two keys: also in a block of more than LARGEST_BLOCK entries (a
placeholder, a first of January), if it is of an identifier or of a name with the day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from itertools import product

from gateway.matching.full_name import FullName, full_name
from gateway.matching.normalise import Part, document
from gateway.matching.record import Record, date_in_pin, day_and_month_swapped

LARGEST_BLOCK = 100
MOST_CANDIDATES = 400  # of those who share two keys of which one is of a larger block
# by a key's first letter: the largest block in which it is enough alone, and what counts in a block of any size
ALONE = {
    "p": LARGEST_BLOCK, "c": LARGEST_BLOCK, "g": LARGEST_BLOCK, "b": 0, "n": 3, "y": 3, "i": 0, "s": 0,
}  # fmt: skip
ALWAYS = frozenset("pcgb")


def largest_alone(key: str) -> int:
    """Give the largest block in which this key is enough alone; 0 where it never is."""
    return ALONE[key[0]]


def is_worth_comparing(shared: Sequence[str], sizes: Mapping[str, int]) -> bool:
    """Tell whether these shared keys make a pair worth comparing, by how many entries share each."""
    counting = 0
    for key in shared:
        kind, size = key[0], sizes[key]
        if size <= ALONE[kind]:
            return True
        counting += kind in ALWAYS or size <= LARGEST_BLOCK
    return counting > 1


def blocking_keys(record: Record) -> tuple[str, ...]:
    """Give the keys to store for an entry: identifiers, birth date with names, names with the year."""
    return keys_of(record, full_name(record))


def keys_of(record: Record, name: FullName) -> tuple[str, ...]:
    """Give the keys to store for an entry whose name is read already."""
    surname, given, patronymic = name.parts
    dated = _date_keys(record, name, given=_present(given), others=_present(surname, patronymic))
    return tuple(dict.fromkeys([*identifier_keys(record), *dated, *_name_keys(record, name)]))


def _present(*parts: Part | None) -> list[Part]:
    return [part for part in parts if part]


def lookup_keys(record: Record) -> tuple[str, ...]:
    """Give the keys to look a record up by: any part may be the given name, and other dates may be meant."""
    name = full_name(record)
    present = name.present
    meant = [record, *(replace(record, birth_date=born) for born in _other_dates(record))]
    dated = [key for each in meant for key in _date_keys(each, name, given=present, others=present)]
    return tuple(dict.fromkeys([*identifier_keys(record), *dated, *_name_keys(record, name)]))


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
    found = [day_and_month_swapped(record.birth_date), date_in_pin(record.pin)]
    return [born for born in found if born and born != record.birth_date]


def _date_keys(record: Record, name: FullName, *, given: Sequence[Part], others: Sequence[Part]) -> list[str]:
    """Give one key per part that may be the given name and per part that may be another one, with the day."""
    if record.birth_date is None:
        return []
    born = record.birth_date.isoformat()
    surname, own, patronymic = name.parts
    keys = [f"given|{born}|{root}" for item in given for root in item.stems]
    keys += [f"born|{born}|{root}" for item in others for root in item.stems]
    if own and surname:
        keys += [f"initials|{born}|{pair}" for pair in _initials(surname.initials, own.initials)]
    if own and patronymic:
        keys += [f"initials|{born}|{pair}" for pair in _initials(own.initials, patronymic.initials)]
    if record.organisation:
        keys.append(f"school|{born}|{record.organisation}")
    return keys


@lru_cache(maxsize=1 << 12)
def _initials(one: str, other: str) -> tuple[str, ...]:
    return tuple(sorted({"".join(sorted(pair)) for pair in product(one, other)}))


def _name_keys(record: Record, name: FullName) -> list[str]:
    surname, given, patronymic = name.parts
    if surname is None or given is None:
        return []
    fathers: tuple[str, ...] = ()
    if patronymic:
        fathers = patronymic.stems if patronymic.fold != patronymic.root else (patronymic.root,)
    pairs, triples = _together(surname.stems, given.stems, fathers)
    year = record.birth_date.year if record.birth_date else None
    return [f"year|{year}|{pair}" for pair in pairs if year] + [f"names|{triple}" for triple in triples]


@lru_cache(maxsize=1 << 14)
def _together(
    surnames: tuple[str, ...], given: tuple[str, ...], fathers: tuple[str, ...]
) -> tuple[list[str], list[str]]:
    """Give the surname with the given name, and both with the father's, in any order of the parts."""
    pairs = [" ".join(sorted(pair)) for pair in product(surnames, given)]
    return pairs, [" ".join(sorted(triple)) for triple in product(surnames, given, fathers)]
