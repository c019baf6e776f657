"""What a synthetic country is made of: frozen values that know nothing of tables."""

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple


class Identifier(NamedTuple):
    """A PIN or document of somebody; `valid_until` is set where it no longer counts."""

    scheme: str
    value: str
    status: str = "VERIFIED"
    valid_until: date | None = None


class Period(NamedTuple):
    """A status from a day until the day before another."""

    status: str
    from_on: date
    until_on: date | None


class Promotion(NamedTuple):
    """A step to another grade on a day."""

    on: date
    from_grade: str
    to_grade: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A school, kindergarten, college or university."""

    id: str
    code: str
    inn: str
    soate: str
    name_ky: str
    name_ru: str
    level: str
    special_profile: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An enrolment with its periods, which cover every day of it; `opened_grade` is the one it began with."""

    id: str
    organisation: Organisation
    level: str
    form: str = "FULL_TIME"
    opened_grade: str | None
    promotions: tuple[Promotion, ...] = ()
    group: str | None
    start_on: date
    end_on: date | None = None
    periods: tuple[Period, ...]

    @property
    def grade(self) -> str | None:
        """Give the grade the promotions lead to."""
        return self.promotions[-1].to_grade if self.promotions else self.opened_grade


@dataclass(frozen=True, slots=True, kw_only=True)
class Human:
    """Somebody who does not exist. `source` is who told the values; SCHOOL means nobody verified them."""

    id: str
    role: str
    surname: str
    given_name: str
    patronymic: str | None
    sex: str
    birth_date: date
    citizenship: str = "KGZ"
    source: str
    identifiers: tuple[Identifier, ...] = field(repr=False, default=())
    places: tuple[Place, ...] = ()
    death_date: date | None = None
    falsely_dead_on: date | None = None

    def current(self, scheme: str) -> Identifier | None:
        """Give the identifier of a scheme that counts, if there is one."""
        return next((one for one in self.identifiers if one.scheme == scheme and not one.valid_until), None)


class Tie(NamedTuple):
    """An adult of a child: MOTHER, FATHER, or a GUARDIAN; the evidence is an act."""

    child_id: str
    adult_id: str
    kind: str
    evidence: str
    act: str


class Post(NamedTuple):
    """Somebody's work at an organisation."""

    person_id: str
    organisation: Organisation
    position: str
    since: date


class Truth(NamedTuple):
    """What was planted: a kind, its variety, and the ids it concerns."""

    kind: str
    detail: str
    one: str
    other: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A part of the country that stands by itself: families with schools, their teachers, planted truths."""

    number: int
    people: tuple[Human, ...]
    ties: tuple[Tie, ...]
    posts: tuple[Post, ...]
    truths: tuple[Truth, ...]
