"""The distinct values of two files of people, each read once: names in parts, days, schools, documents.

A table by the raw text holds what `record_of`, `full_name` and `document` make of it, so nothing is decided here.
"""

# ruff: noqa: S608 - statements are made of our own words
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from gateway.intake.person_rows import read_day, record_of
from gateway.matching.census import Census
from gateway.matching.full_name import full_name
from gateway.matching.normalise import Part, document, part
from gateway.matching.record import Record, date_in_pin, day_and_month_swapped
from sync.bulk.engines import Engine

READ = (
    "surname", "given", "patronymic", "sex", "birth_date", "pin", "birth_cert", "passport", "territory", "school_id",
)  # fmt: skip
_NAMES = READ[:3]
_FIELDS = {"school_id": "organisation", "territory": "place", "sex": "sex"}
_SIDES = ("entry", "incoming")
_TEXT, _NUMBER, _DAY = "varchar", "integer", "date"
_PLAIN_PIN = "[0-9]{12,16}"
_PLAIN_DOCUMENT = "[0-9A-Za-z][0-9A-Za-z -]{3,}[0-9A-Za-z]"  # longer than what says that nothing was said
# `document` writes look-alikes in Cyrillic; here they are written in Latin, as most are typed: no others are Latin
_IN_LATIN = str.maketrans("АВСЕНІКМОРТХУ", "ABCEHIKMOPTXY")


class ColumnEngine(Engine, Protocol):
    """An engine that reads CSV itself and takes columns from Python."""

    def read_csv(
        self,
        name: str,
        file: Path,
        *,
        width: int,
        delimiter: str,
        columns: Mapping[str, int | None],
        ordered: bool,
    ) -> None:
        """Keep columns of a CSV file of so many under a name: of each its place, None for an empty one.

        `unit` numbers the rows from 0, as they come where `ordered`.
        """

    def put(self, name: str, columns: Mapping[str, tuple[Sequence[Any], str]]) -> None:
        """Keep columns under a name: of each its values and their kind in SQL."""

    def view(self, name: str, query: str) -> None:
        """Give a query a name; it is computed where it is asked."""


def keep_values(engine: ColumnEngine, census: Census) -> Sequence[Part]:
    """Keep for both sides a table of names in numbered parts, days, schools and documents; count the entries.

    Gives the parts by their numbers.
    """
    parts: dict[Part, int] = {}
    _keep_spellings(engine, parts)
    moved = _keep_moved(engine, parts)
    _keep_stems(engine, parts)
    _keep_days(engine)
    _keep_schools(engine)
    for column, plain in (
        ("pin", _PLAIN_PIN),
        ("birth_cert", _PLAIN_DOCUMENT),
        ("passport", _PLAIN_DOCUMENT),
    ):
        _keep_odd(engine, column, plain)
    for side in _SIDES:
        engine.keep(f"{side}_named", _named(side, moved=moved))
    _keep_lookup_days(engine)
    numbered = list(parts)
    _count(engine, numbered, census)
    return numbered


def _rows(**values: str) -> Record:
    return record_of({name: value.strip() for name, value in values.items()})


@lru_cache(maxsize=1 << 16)
def read_value(column: str, text: str) -> Any:
    """Read one value of a column of `READ` whose meaning no other column changes."""
    return getattr(_rows(**{column: text}), _FIELDS[column])


def _either(*columns: str) -> str:
    return " union ".join(
        f"select distinct {column} as text from {side}_row" for side in _SIDES for column in columns
    )


def _number(parts: dict[Part, int], each: Part | None) -> int | None:
    return None if each is None else parts.setdefault(each, len(parts))


def _keep_spellings(engine: ColumnEngine, parts: dict[Part, int]) -> None:
    texts = [text for (text,) in engine.rows(_either(*_NAMES))]
    numbers = [_number(parts, part(_rows(surname=text).surname)) for text in texts]
    engine.put("spelled", {"text": (texts, _TEXT), "part": (numbers, _NUMBER)})


def _keep_moved(engine: ColumnEngine, parts: dict[Part, int]) -> bool:
    """Keep the names whose parts stand in another's field; tells whether there are any."""
    found = " union ".join(
        f"select surname, given, patronymic from {side}_row left join spelled on text = given "
        "where contains(given, ' ') or (part is null and contains(surname, ' '))"
        for side in _SIDES
    )
    rows = list(engine.rows(found))
    names = [full_name(_rows(**dict(zip(_NAMES, row, strict=True)))) for row in rows]
    numbers = [[_number(parts, each) for each in name.parts] for name in names]
    typed = {name: ([row[place] for row in rows], _TEXT) for place, name in enumerate(_NAMES)}
    meant = {name: ([row[place] for row in numbers], _NUMBER) for place, name in enumerate("sgp")}
    engine.put("moved", typed | meant)
    return bool(rows)


def _keep_stems(engine: ColumnEngine, parts: dict[Part, int]) -> None:
    """Keep of every part its stems, as a father's name too, and its first letters."""
    stems: dict[str, int] = {}
    _keep_pairs(engine, "part_stem", ((parts[each], _stems(stems, each.stems)) for each in parts))
    fathers = ((each.stems if each.fold != each.root else (each.root,)) for each in parts)
    _keep_pairs(
        engine, "part_father", zip(parts.values(), (_stems(stems, each) for each in fathers), strict=True)
    )
    _keep_pairs(
        engine, "part_initial", ((parts[each], [ord(letter) for letter in each.initials]) for each in parts)
    )


def _stems(stems: dict[str, int], texts: Iterable[str]) -> list[int]:
    return [stems.setdefault(text, len(stems)) for text in texts]


def _keep_pairs(engine: ColumnEngine, name: str, several: Iterable[tuple[int, Sequence[int]]]) -> None:
    pairs = [(number, value) for number, values in several for value in values]
    told = {"part": ([one for one, _ in pairs], _NUMBER), "value": ([other for _, other in pairs], _NUMBER)}
    engine.put(name, told)


def _keep_days(engine: ColumnEngine) -> None:
    texts = [text for (text,) in engine.rows(_either("birth_date"))]
    days = [read_day(text.strip()) for text in texts]
    told = {
        "text": (texts, _TEXT),
        "born": (days, _DAY),
        "exchanged": ([day_and_month_swapped(each) for each in days], _DAY),
    }
    engine.put("day", told)


def _keep_schools(engine: ColumnEngine) -> None:
    texts = [text for (text,) in engine.rows(_either("school_id"))]
    told = {"text": (texts, _TEXT), "code": ([read_value("school_id", text) for text in texts], _TEXT)}
    engine.put("school", told)


def _keep_odd(engine: ColumnEngine, column: str, plain: str) -> None:
    """Keep what is made of the identifiers that are not written plainly."""
    odd = f"select text from ({_either(column)}) where text <> '' and not regexp_full_match(text, '{plain}')"
    texts = [text for (text,) in engine.rows(odd)]
    engine.put(
        f"odd_{column}",
        {"text": (texts, _TEXT), "read": ([_identifier(column, each) for each in texts], _TEXT)},
    )


def _identifier(column: str, text: str) -> str | None:
    record = _rows(**{column: text})
    found = {"birth_cert": record.birth_certificate, "passport": record.passport}.get(column)
    return document(found).translate(_IN_LATIN) if found else record.pin


def _named(side: str, *, moved: bool) -> str:
    """Give the query of one side: what the keys are made of."""
    parts = "s.part as s, g.part as g, p.part as p"
    joined = ""
    if moved:
        # these few alone may be moved: comparing every row's three texts with them would cost more than all else here
        spaced = f"{side}_row where contains(given, ' ') or contains(surname, ' ')"
        joined = f"""
        left join (
            select unit, s, g, p from (select * from {spaced}) join moved using ({", ".join(_NAMES)})
        ) m on m.unit = r.unit"""
        parts = ", ".join(
            f"case when m.unit is null then {part}.part else m.{part} end as {part}" for part in "sgp"
        )
    return f"""
        select r.unit, {parts}, born, exchanged, year(born) as year, code as school,
            {_read("pin", "r.pin")} as pin, {_reduced("birth_cert")} as birth_cert, {_reduced("passport")} as passport
        from {side}_row r {joined}
        left join spelled s on s.text = r.surname
        left join spelled g on g.text = r.given
        left join spelled p on p.text = r.patronymic
        left join day on day.text = birth_date
        left join school on school.text = school_id
        left join odd_pin on odd_pin.text = pin
        left join odd_birth_cert on odd_birth_cert.text = birth_cert
        left join odd_passport on odd_passport.text = r.passport
    """


def _reduced(column: str) -> str:
    series = f"replace(upper(r.{column}), 'KR', 'KP')"  # КР in Latin
    return _read(column, f"replace(replace({series}, ' ', ''), '-', '')")


def _read(column: str, plain: str) -> str:
    """Give the words for an identifier: as it is made plainly, or as it was read."""
    return f"case when r.{column} = '' then null when odd_{column}.text is null then {plain} else odd_{column}.read end"


def _keep_lookup_days(engine: ColumnEngine) -> None:
    """Keep the days a record may mean: its own, with day and month exchanged, the one in its PIN."""
    digits = "substr(pin, 2, 8)"
    told = f"select distinct {digits} from incoming_named where length(pin) = 14"
    texts = [text for (text,) in engine.rows(told)]
    engine.put(
        "pin_day",
        {"text": (texts, _TEXT), "born": ([date_in_pin(f"0{each}00000") for each in texts], _DAY)},
    )
    engine.keep(
        "incoming_dated",
        f"""
        with meant as (
            select unit, born from incoming_named union select unit, exchanged from incoming_named
            union select unit, d.born from incoming_named join pin_day d on length(pin) = 14 and text = {digits}
        )
        select unit, m.born, s, g, p, school from meant m join incoming_named using (unit) where m.born is not null
        """,
    )


def _count(engine: ColumnEngine, parts: Sequence[Part], census: Census) -> None:
    """Count the entries as the census counts one."""
    for number, count in _counted(engine, "g"):
        each = parts[number]
        census.names.given[each.fold] += count
        census.names.spellings[each.fold, each.plain] += count
    for number, count in _counted(engine, "s"):
        census.names.surnames[parts[number].root] += count
    for number, count in _counted(engine, "p"):
        census.names.fathers[parts[number].root] += count
    for column, name in (("born", "birth_date"), ("school", "organisation")):
        census.others[name].update(dict(_counted(engine, column)))
    for column, name in (("sex", "sex"), ("territory", "place")):
        for text, count in engine.rows(f"select {column}, count(*) from entry_row group by 1"):
            value = read_value(column, text)
            if value is not None:
                census.others[name][value] += count


def _counted(engine: ColumnEngine, column: str) -> list[tuple[Any, int]]:
    found = engine.rows(f"select {column}, count(*) from entry_named where {column} is not null group by 1")
    return [(value, int(count)) for value, count in found]
