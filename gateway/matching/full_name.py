"""The three parts of a person's name, put where they belong when someone typed two of them into one field."""

from dataclasses import dataclass
from functools import lru_cache

from gateway.matching.normalise import MARKERS, Part, part, words
from gateway.matching.record import Record

Parts = tuple[Part | None, Part | None, Part | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FullName:
    """Surname, given name and patronymic, ready to compare."""

    surname: Part | None
    given_name: Part | None
    patronymic: Part | None

    @property
    def parts(self) -> Parts:
        """Give the three parts in order."""
        return self.surname, self.given_name, self.patronymic

    @property
    def present(self) -> tuple[Part, ...]:
        """Give the parts there are."""
        return tuple(each for each in self.parts if each)


def full_name(record: Record) -> FullName:
    """Read a record's name, its parts apart even where a field holds more than one."""
    surname, given, patronymic = record.surname or "", record.given_name or "", record.patronymic or ""
    if " " in given.strip() or (" " in surname.strip() and not given):
        surname, given, patronymic = _apart(surname, given, patronymic)
    return FullName(surname=part(surname), given_name=part(given), patronymic=part(patronymic))


@lru_cache(maxsize=4096)
def _apart(surname: str, given: str, patronymic: str) -> tuple[str, str, str]:
    """Move a patronymic out of the given name, and all out of a surname field that holds the whole name."""
    if not given and not patronymic:
        first, *rest = surname.split()
        if rest and not _is_marker(rest[0]):
            surname, given = first, " ".join(rest)
    if not given.strip():
        return surname, given, patronymic
    first, *rest = given.split()
    tail = part(" ".join(rest))
    if rest and not _is_marker(rest[0]) and tail and tail.is_patronymic and not patronymic:
        return surname, first, " ".join(rest)
    return surname, given, patronymic


def _is_marker(word: str) -> bool:
    return any(found[0] in MARKERS for found in words(word))
