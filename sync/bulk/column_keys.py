"""The keys of `gateway.matching.blocking` in SQL, hashed: of stored entries, and of records to look up.

`tests/bulk/test_columns.py` holds them against the keys the online path makes.
"""

# ruff: noqa: S608 - statements are made of our own words
from gateway.matching.blocking import ALONE, ALWAYS

_IDENTIFIERS = {"pin": "pin", "birth_cert": "certificate", "passport": "passport"}
_PAIR = "least(a.value, b.value), greatest(a.value, b.value)"


def entry_keys() -> str:
    """Give the query of the entries' keys: unit, key, largest block alone in which it is enough, always."""
    dated = "(select unit, born, s, g, p, school from entry_named where born is not null)"
    alone = " ".join(f"when '{letter}' then {size}" for letter, size in ALONE.items())
    always = ", ".join(f"'{letter}'" for letter in sorted(ALWAYS))
    keys = _keys("entry_named", dated, given=("g",), others=("s", "p"))
    return f"select unit, key, case letter {alone} end as alone, letter in ({always}) as always from ({keys})"


def lookup_keys(first: int, last: int) -> str:
    """Give the query of the keys of the incoming records numbered first … last: unit, key."""
    chosen = f"where unit between {first} and {last}"
    named, dated = (f"(select * from incoming_{each} {chosen})" for each in ("named", "dated"))
    return f"select distinct unit, key from ({_keys(named, dated, given=tuple('sgp'), others=tuple('sgp'))})"


def _keys(named: str, dated: str, *, given: tuple[str, ...], others: tuple[str, ...]) -> str:
    """Give one query per kind of key, together; the same key may come twice."""
    branches = [
        _branch(word, each, named, f"where {each} is not null") for each, word in _IDENTIFIERS.items()
    ]
    for word, parts in (("given", given), ("born", others)):
        branches += [
            _branch(word, "born, value", dated, f"join part_stem on part = {each}") for each in parts
        ]
    for one, other in (("s", "g"), ("g", "p")):
        joined = f"join part_initial a on a.part = {one} join part_initial b on b.part = {other}"
        branches.append(_branch("initials", f"born, {_PAIR}", dated, joined))
    branches.append(_branch("school", "born, school", dated, "where school is not null"))
    pair = "join part_stem a on a.part = s join part_stem b on b.part = g"
    branches.append(_branch("year", f"year, {_PAIR}", named, f"{pair} where year is not null"))
    three = "a.value, b.value, f.value"
    triple = f"least({three}), greatest({three}), a.value::bigint + b.value + f.value"
    branches.append(_branch("names", triple, named, f"{pair} join part_father f on f.part = p"))
    return " union all ".join(branches)


def _branch(word: str, of: str, source: str, more: str) -> str:
    letter = word[0]
    return f"select unit, '{letter}' as letter, hash('{word}', {of}) as key from {source} x {more}"
