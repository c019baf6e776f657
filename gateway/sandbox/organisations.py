"""Synthetic organisations, who works there, and foreign documents: the same for the same synthetic people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from gateway.sandbox.people import TODAY, Population, SyntheticPerson

_KINDS = (("орто мектеп", "средняя школа"), ("лицей", "лицей"), ("балдар бакчасы", "детский сад"))
_HOW_MANY = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticOrganisation:
    """A legal entity that does not exist; `inn` begins with 0 and the date of its registration."""

    key: int
    inn: str
    name_ky: str
    name_ru: str
    okpo: str
    registration_code: str
    registered_on: date
    updated_on: date
    head: SyntheticPerson
    founders: tuple[SyntheticPerson, ...]
    region: str
    locality: str
    street: str
    house: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticWork:
    """A stretch of work at an organisation; without `until` it goes on."""

    employer: SyntheticOrganisation
    since: date
    until: date | None = None


def organisations(people: Population) -> tuple[SyntheticOrganisation, ...]:
    """Make organisations that grown-ups of the population lead; two were changed on the same day."""
    adults = _adults(people)
    return tuple(_organisation(index, adults) for index in range(min(_HOW_MANY, len(adults))))


def work_of(people: Population, person: SyntheticPerson) -> tuple[SyntheticWork, ...]:
    """Give where a grown-up worked: every second one nowhere, the others at one place before and at one now."""
    known = organisations(people)
    if not person.pin or not person.passport or int(person.pin[-1]) % 2:
        return ()
    first = int(person.pin[-3:]) % len(known)
    earlier, now = known[first], known[(first + 1) % len(known)]
    return (
        SyntheticWork(employer=earlier, since=date(2019, 9, 2), until=date(2023, 6, 30)),
        SyntheticWork(employer=now, since=date(2023, 9, 1)),
    )


def foreign_document(person: SyntheticPerson) -> str | None:
    """Give the number of a foreigner's document."""
    if person.citizenship == "KGZ":
        return None
    return f"FA{person.household:03}{person.birth_date:%d%m}"


def by_foreign_document(people: Population, number: str) -> SyntheticPerson | None:
    """Find the foreigner of a document."""
    return next((one for one in people.people if number and foreign_document(one) == number), None)


def _adults(people: Population) -> list[SyntheticPerson]:
    return [one for one in people.people if one.passport and one.pin and not one.death_date]


def _organisation(index: int, adults: Sequence[SyntheticPerson]) -> SyntheticOrganisation:
    registered = date(2001, 3, 5) + timedelta(days=97 * index)
    kind_ky, kind_ru = _KINDS[index % len(_KINDS)]
    head = adults[index]
    return SyntheticOrganisation(
        key=7001 + index,
        inn=f"0{registered:%d%m%Y}{10_000 + 37 * index:05}",
        name_ky=f"«№ {index + 1} {kind_ky}» мекемеси",
        name_ru=f"Учреждение «{kind_ru.capitalize()} № {index + 1}»",
        okpo=f"{20_000_000 + 313 * index}",
        registration_code=f"{1000 + index}-3300-У-е",
        registered_on=registered,
        updated_on=TODAY - timedelta(days=max(0, index - 1)),
        head=head,
        founders=tuple(adults[index : index + 2]),
        region=head.address.region,
        locality=head.address.locality,
        street=head.address.street,
        house=head.address.house,
    )
