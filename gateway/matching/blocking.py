"""The keys an entry is stored and a record looked up by: a pair that shares none is never compared."""

from dataclasses import replace
from datetime import date
from itertools import product

from gateway.matching.full_name import FullName, full_name
from gateway.matching.normalise import Part, document
from gateway.matching.record import Record, date_in_pin, with_day_and_month_swapped


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
