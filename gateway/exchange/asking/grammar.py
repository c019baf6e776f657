"""The query line: `status:failed agency:70000005 -service:passportDataByPSN latency:>2s since:1h`. Pure.

Terms stand side by side and must all hold; `a,b` is either, a minus turns a term round. What is wrong is told by a
code, the word and its place, never by a guess.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from gateway.foundation.clock import BISHKEK
from gateway.foundation.errors import KopuroError

LONGEST_QUERY, MOST_TERMS, MOST_VALUES = 1_000, 20, 20
_TERM = re.compile(
    r"(?P<minus>-?)(?:(?P<field>[A-Za-z_]+):)?(?P<compare>>=|<=|>|<)?(?P<value>\"[^\"]*\"|[^\s\"]*)"
)
_PIN = re.compile(r"\d{14}")
_SPAN = re.compile(r"(\d{1,9})(ms|s|m|h|d)")
_SIZE = re.compile(r"(\d{1,12})(b|kb|mb)?", re.IGNORECASE)
_SPANS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_SIZES = {"b": 1, "kb": 1024, "mb": 1024 * 1024}
_LONGEST_SPAN = timedelta(days=36_500)
STATUSES = ("ok", "failed", "open", "waiting", "dead", "review")
DIRECTIONS = ("in", "out")
SIGNATURES = ("signed", "unsigned", "refused")


class QueryError(KopuroError):
    """A query line cannot be read: `code` says why, `word` which part, `at` where it begins (from 0)."""

    def __init__(self, code: str, word: str = "", *, at: int = 0, allowed: tuple[str, ...] = ()) -> None:
        """Keep what a reader is told; a PIN is never kept."""
        self.word = _PIN.sub("…", word)[:80]
        super().__init__(f"{code}: {self.word}" if self.word else code)
        self.code, self.at, self.allowed = code, at, allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One condition: any of `values` under `compare` ("=", ">", ">=", "<", "<="), turned round if `negated`."""

    field: str
    values: tuple[Any, ...]
    compare: str = "="
    negated: bool = False
    written: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """All terms; the empty query asks for everything."""

    terms: tuple[Term, ...] = ()

    @property
    def text(self) -> str:
        """Write the query in its one spelling, by which addresses and saved views keep it."""
        return " ".join(term.written for term in self.terms)

    def without(self, term: Term) -> "Query":
        """Take a term off."""
        return Query(tuple(each for each in self.terms if each is not term))

    def replaced(self, field: str, *terms: Term) -> "Query":
        """Put terms in the place of those of a field."""
        return Query((*(each for each in self.terms if each.field != field), *terms))

    def values_of(self, field: str) -> tuple[Any, ...]:
        """Give what a field is asked to be, turned round terms left out."""
        return tuple(
            value for term in self.terms if term.field == field and not term.negated for value in term.values
        )


def parse_query(text: str) -> Query:
    """Read a query line; raises QueryError. Times without a zone are those of Bishkek."""
    if len(text) > LONGEST_QUERY:
        raise QueryError("TOO_LONG")
    if text.count('"') % 2:
        raise QueryError("OPEN_QUOTE", text[text.rfind('"') :], at=text.rfind('"'))
    terms: list[Term] = []
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        found = _TERM.match(text, place)
        assert found is not None  # the pattern takes anything that does not begin with a quote or a space
        if found.end() == place:
            found = re.compile(r"(?P<minus>)(?P<field>)(?P<compare>)(?P<value>\"[^\"]*\")").match(text, place)
            assert found is not None
        terms.append(_term(found))
        place = found.end()
    if len(terms) > MOST_TERMS:
        raise QueryError("TOO_LONG")
    return Query(tuple(terms))


def make_term(field: str, value: str, *, negated: bool = False) -> Term:
    """Make one term as if it had been written; raises QueryError."""
    quoted = f'"{value}"' if re.search(r"[\s,]", value) and '"' not in value else value
    found = _TERM.fullmatch(f"{'-' if negated else ''}{field}:{quoted}")
    if found is None:
        raise QueryError("BARE_WORD", value)
    return _term(found)


def _term(found: "re.Match[str]") -> Term:
    field, value, at = (found["field"] or "").lower(), found["value"], found.start()
    if not field:
        return _bare(value.strip('"'), at=at)
    kind = FIELDS.get(field)
    if kind is None:
        raise QueryError("UNKNOWN_FIELD", field, at=at, allowed=tuple(FIELDS))
    compare = found["compare"] or "="
    if compare != "=" and not kind.compares:
        raise QueryError("NO_COMPARISON", field, at=at)
    parts = [value.strip('"')] if value.startswith('"') else value.split(",")
    if not all(parts) or len(parts) > MOST_VALUES:
        raise QueryError("EMPTY_VALUE", field, at=at)
    if kind.single and len(parts) > 1:
        raise QueryError("ONE_VALUE", field, at=at)
    values = tuple(kind.read(part, field, found.start("value")) for part in parts)
    return Term(
        field=field,
        values=values,
        compare=compare,
        negated=bool(found["minus"]),
        written=f"{found['minus']}{field}:{found['compare'] or ''}{value}",
    )


def _bare(word: str, *, at: int) -> Term:
    """Take a word without a field: an id looks like one, anything else is asked to name its field."""
    if _PIN.search(word):
        raise QueryError("PIN", at=at)
    try:
        found = UUID(word)
    except ValueError:
        raise QueryError("BARE_WORD", word, at=at, allowed=tuple(FIELDS)) from None
    return Term(field="id", values=(str(found),), written=f"id:{found}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldKind:
    """How the values of a field are read; `compares` allows > and <, `single` one value only."""

    read: Callable[[str, str, int], Any]
    compares: bool = False
    single: bool = False


def _word(text: str, _: str, at: int) -> str:
    if _PIN.search(text):
        raise QueryError("PIN", at=at)
    return text[:255]


def _choice(*allowed: str) -> Callable[[str, str, int], str]:
    def read(text: str, field: str, at: int) -> str:
        if text.lower() not in allowed:
            raise QueryError("UNKNOWN_VALUE", f"{field}:{text}", at=at, allowed=allowed)
        return text.lower()

    return read


def _span(text: str, field: str, at: int) -> timedelta:
    found = _SPAN.fullmatch(text.lower())
    if found is None:
        raise QueryError("NOT_A_DURATION", f"{field}:{text}", at=at)
    span = timedelta(**{_SPANS[found[2]]: int(found[1])})
    if span > _LONGEST_SPAN:
        raise QueryError("NOT_A_DURATION", f"{field}:{text}", at=at)
    return span


def _size(text: str, field: str, at: int) -> int:
    found = _SIZE.fullmatch(text)
    if found is None:
        raise QueryError("NOT_A_NUMBER", f"{field}:{text}", at=at)
    return int(found[1]) * _SIZES[(found[2] or "b").lower()]


def _count(text: str, field: str, at: int) -> int:
    if not re.fullmatch(r"\d{1,9}", text):
        raise QueryError("NOT_A_NUMBER", f"{field}:{text}", at=at)
    return int(text)


def _instant(text: str, field: str, at: int) -> datetime | timedelta:
    """Read a day, an instant, or how long ago (15m, 2h, 7d)."""
    if _SPAN.fullmatch(text.lower()):
        return _span(text, field, at)
    try:
        if len(text) == len("2026-01-31"):
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=BISHKEK).astimezone(UTC)
        made = datetime.fromisoformat(text)
        return (made if made.tzinfo else made.replace(tzinfo=BISHKEK)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise QueryError("NOT_A_TIME", f"{field}:{text}", at=at) from None


def _subject(text: str, _: str, at: int) -> bytes:
    """Read a person's pseudonym; a PIN itself is turned away, for query lines stand in addresses."""
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise QueryError("PIN", at=at)
    return bytes.fromhex(text)


FIELDS: Mapping[str, FieldKind] = {
    "status": FieldKind(read=_choice(*STATUSES)),
    "agency": FieldKind(read=_word),
    "service": FieldKind(read=_word),
    "client": FieldKind(read=_word),
    "direction": FieldKind(read=_choice(*DIRECTIONS)),
    "latency": FieldKind(read=_span, compares=True, single=True),
    "size": FieldKind(read=_size, compares=True, single=True),
    "attempts": FieldKind(read=_count, compares=True, single=True),
    "since": FieldKind(read=_instant, single=True),
    "until": FieldKind(read=_instant, single=True),
    "id": FieldKind(read=_word),
    "code": FieldKind(read=_word),
    "purpose": FieldKind(read=_word),
    "agreement": FieldKind(read=_word),
    "signature": FieldKind(read=_choice(*SIGNATURES)),
    "user": FieldKind(read=_word),
    "subject": FieldKind(read=_subject),
}


def settle_subject(text: str, pseudonym: Callable[[str], bytes]) -> str:
    """Turn `subject:<PIN>` of a line that was sent in a body into the pseudonym, at once.

    A bare PIN counts as one too. The line that comes out may stand in an address.
    """

    def settled(found: "re.Match[str]") -> str:
        return f"{found['minus']}subject:{pseudonym(found['pin']).hex()}"

    return re.sub(r"(?<!\S)(?P<minus>-?)(?:subject:)?\"?(?P<pin>\d{14})\"?(?!\S)", settled, text)


def at_moment(query: Query, now: datetime) -> Query:
    """Turn how long ago into instants."""
    return Query(
        tuple(
            replace(
                term,
                values=tuple(now - value if isinstance(value, timedelta) else value for value in term.values),
            )
            if term.field in {"since", "until"}
            else term
            for term in query.terms
        )
    )
