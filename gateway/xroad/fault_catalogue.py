"""What every fault code means, whose it is to mend, and whether sending again can help: in ky, ru and en.

The texts and rules are data, in fault_catalogue.toml beside this file; what is transient for a retry is read
from the same entries as the help a person reads.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from gateway.xroad.fault_codes import is_security_servers, normalise, without_prefix

Language = Literal["ky", "ru", "en"]
Retry = Literal["never", "same_bytes_later", "after_administrator"]
Side = Literal["asker", "our_gateway", "our_security_server", "other_security_server", "provider"]
Role = Literal["asking", "answering"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
_FILE = Path(__file__).with_suffix(".toml")
_LATER: Retry = "same_bytes_later"

_PLACES = (
    ("client.", "asker"),
    ("server.clientproxy.service_failed.", "provider_server"),
    ("server.clientproxy.", "asker_server"),
    ("server.serverproxy.service_failed.", "provider"),
    ("server.serverproxy.service_failed", "provider"),
    ("server.serverproxy.", "provider_server"),
    ("signer.", "asker_server"),
)
_SIDES: Mapping[Role, Mapping[str, Side]] = {
    "asking": {
        "asker": "our_gateway",
        "asker_server": "our_security_server",
        "provider_server": "other_security_server",
        "provider": "provider",
    },
    "answering": {
        "asker": "asker",
        "asker_server": "other_security_server",
        "provider_server": "our_security_server",
        "provider": "our_gateway",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One code or family of codes, as the catalogue holds it."""

    kind: str
    texts: Mapping[str, str]
    retry: Retry
    place: str
    fixed_place: bool = False
    decides: bool = False
    alarm: bool = False
    advice: Mapping[str, str]
    elsewhere: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All entries: X-Road's codes by their 7.8 spelling, families, and our own as published."""

    codes: Mapping[str, Entry]
    families: Mapping[str, Entry]
    own: Mapping[str, Entry]
    unknown: Mapping[str, Entry]
    sides: Mapping[str, Mapping[str, str]] = field(repr=False)
    retries: Mapping[str, Mapping[str, str]] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A code explained to a person; `known` is False where only its beginning or nothing was understood."""

    code: str
    normalised: str
    known: bool
    kind: str
    side: Side
    retry: Retry
    alarm: bool
    language: Language
    meaning: str
    side_text: str
    advice: str
    retry_text: str

    @property
    def help(self) -> str:
        """Give meaning, side, advice and retry rule as one text."""
        return f"{self.meaning} {self.side_text}: {self.advice} {self.retry_text}"


def explain(code: str, language: Language, *, role: Role = "asking") -> Explanation:
    """Explain a code of any spelling; `role` says on which side of the exchange we stood.

    Our own published codes are always read as answers of ours. An unknown code gets what its beginning tells.
    """
    book = catalogue()
    published = _published(code)
    entry, known = _find(code)
    side = _SIDES["answering" if published else role][_place(code, entry)]
    elsewhere = entry.elsewhere and _place(code, entry) != "asker"
    retry = retry_of(code)
    return Explanation(
        code=code,
        normalised=published or normalise(code),
        known=known,
        kind=entry.kind,
        side=side,
        retry=retry,
        alarm=entry.alarm,
        language=language,
        meaning=entry.texts[language],
        side_text=book.sides[side][language],
        advice=(entry.elsewhere if elsewhere else entry.advice)[language],
        retry_text=book.retries[retry][language],
    )


def retry_of(code: str) -> Retry:
    """Say whether sending again can help; inside a failed log or time-stamp everything is only for later."""
    entry, known = _find(code)
    parts = normalise(code).split(".")
    if any(family.decides and name in parts for name, family in catalogue().families.items()):
        return _LATER
    if not known and not is_security_servers(code) and parts[0] == "server":
        return _LATER
    return entry.retry


def is_transient(code: str) -> bool:
    """Tell whether the same bytes may get through later."""
    return retry_of(code) == _LATER


def _find(code: str) -> tuple[Entry, bool]:
    """Find a code's entry: our own spelling, then the longest ending X-Road knows, then a family."""
    book, published = catalogue(), _published(code)
    if published:
        return book.own[published], True
    parts = normalise(code).split(".")
    for start in range(len(parts)):
        if (entry := book.codes.get(".".join(parts[start:]))) is not None:
            return entry, True
    for name, family in book.families.items():
        if parts[-1].startswith(name) if name.endswith("_") else name in parts:
            return family, True
    return book.unknown["security_server" if is_security_servers(code) else "foreign"], False


def _place(code: str, entry: Entry) -> str:
    """Say whose a fault is: by the entry where that is always the same, else by the code's prefix."""
    plain = normalise(_published(code) or code)
    if entry.fixed_place and ".service_failed." not in plain:
        return entry.place
    for prefix, place in _PLACES:
        if plain.startswith(prefix):
            return place
    return "provider" if plain.split(".")[0] == "server" else entry.place


def _published(code: str) -> str:
    """Give the full name of one of our own codes, which logs and tables cut short and incidents normalise."""
    plain, book = without_prefix(code), catalogue()
    for name in book.own:
        told = name.partition(".")[2]
        if plain in {name, told} or (plain == normalise(name) and told.lower() not in book.codes):
            return name
    return ""


@cache
def catalogue() -> Catalogue:
    """Read the catalogue, once."""
    tree = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    kinds = tree["kinds"]
    unknown = {name: {"kind": "unknown", **texts} for name, texts in tree["unknown"].items()}
    return Catalogue(
        codes=_entries(tree["codes"], kinds),
        families=_entries(tree["families"], kinds),
        own=_entries(tree["own"], kinds),
        unknown=_entries(unknown, kinds),
        sides=tree["sides"],
        retries=tree["retries"],
    )


def _entries(section: Mapping[str, Any], kinds: Mapping[str, Any]) -> dict[str, Entry]:
    return {name: _entry(row, kinds[row["kind"]]) for name, row in section.items()}


def _entry(row: Mapping[str, Any], kind: Mapping[str, Any]) -> Entry:
    return Entry(
        kind=row["kind"],
        texts={language: row[language] for language in LANGUAGES},
        retry=row.get("retry", kind["retry"]),
        place=row.get("place", kind["place"]),
        fixed_place="place" in row,
        decides=row.get("decides", False),
        alarm=kind.get("alarm", False),
        advice=row.get("advice", kind["advice"]),
        elsewhere={} if "advice" in row else kind.get("elsewhere", {}),
    )
