"""The keys an entry is stored and a record looked up by: a pair that shares none is never compared."""

from gateway.matching.normalise import Part, document, part
from gateway.matching.record import Record, with_day_and_month_swapped


def blocking_keys(record: Record) -> tuple[str, ...]:
    """Give the keys to store for an entry: identifiers, birth date with names, names with the year."""
    keys = [*identifier_keys(record), *_date_keys(record), *_name_keys(record)]
    return tuple(dict.fromkeys(keys))


def lookup_keys(record: Record) -> tuple[str, ...]:
    """Give the keys to look a record up by: the stored ones, and those of the swapped day and month."""
    swapped = with_day_and_month_swapped(record)
    extra = _date_keys(swapped) if swapped else []
    return tuple(dict.fromkeys([*blocking_keys(record), *extra]))


def identifier_keys(record: Record) -> list[str]:
    """Give the keys of the record's PIN, birth certificate and passport."""
    keys = [f"pin|{record.pin}"] if record.pin else []
    if record.birth_certificate:
        keys.append(f"certificate|{document(record.birth_certificate)}")
    if record.passport:
        keys.append(f"passport|{document(record.passport)}")
    return keys


def _parts(record: Record) -> list[Part]:
    found = (part(record.surname), part(record.given_name), part(record.patronymic))
    return [item for item in found if item]


def _date_keys(record: Record) -> list[str]:
    """Give one key per part of the name, whichever field it stands in, so that swapped parts still meet."""
    if record.birth_date is None:
        return []
    born = record.birth_date.isoformat()
    keys = [f"born|{born}|{stem}" for item in _parts(record)[:2] for stem in (item.stem, item.fold)]
    surname, given = part(record.surname), part(record.given_name)
    if surname and given:
        initials = "".join(sorted((surname.fold[0], given.fold[0])))
        keys.append(f"initials|{born}|{initials}")
    if record.organisation:
        keys.append(f"school|{born}|{record.organisation}")
    return keys


def _name_keys(record: Record) -> list[str]:
    surname, given, patronymic = part(record.surname), part(record.given_name), part(record.patronymic)
    if surname is None or given is None:
        return []
    names = " ".join(sorted((surname.stem, given.stem)))
    keys = [f"year|{record.birth_date.year}|{names}"] if record.birth_date else []
    fathers = sorted(patronymic.fathers) if patronymic else []
    return keys + ["names|" + " ".join(sorted((surname.stem, given.stem, father))) for father in fathers]
