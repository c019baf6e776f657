"""The organisations of a country: each batch lives in a district with schools and a kindergarten.

Colleges, universities and special schools serve several districts. The districts are those of the reference book
СОАТЕ, taken in turn, region by region.
"""

from dataclasses import dataclass
from functools import cache
from itertools import zip_longest

from gateway.registry.books.files import packaged_books
from gateway.registry.books.values import Names
from gateway.sandbox.country.plan import Plan
from gateway.sandbox.country.values import Organisation

SCHOOLS, _KIND = 4, 2
# kind → how many districts share one
_SHARED = {"COLLEGE": 3, "UNIVERSITY": 20, "SPECIAL": 40}
_NAMES = {
    "SCHOOL": ("№ {n} жалпы билим берүү мектеби", "Общеобразовательная школа № {n}", "GENERAL"),
    "KINDERGARTEN": ("№ {n} балдар бакчасы", "Детский сад № {n}", "PRESCHOOL"),
    "COLLEGE": ("{ky} № {n} кесиптик колледжи", "Профессиональный колледж № {n}, {ru}", "SPO"),
    "UNIVERSITY": ("{ky} № {n} университети", "Университет № {n}, {ru}", "VPO"),
    "SPECIAL": ("№ {n} атайын мектеп-интернаты", "Специальная школа-интернат № {n}", "GENERAL"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class District:
    """Where a batch's learners may go."""

    schools: tuple[Organisation, ...]
    kindergarten: Organisation
    college: Organisation
    university: Organisation
    special: Organisation

    @property
    def own(self) -> tuple[Organisation, ...]:
        """Give the organisations that no other district shares."""
        return (*self.schools, self.kindergarten)


def district(plan: Plan, batch: int) -> District:
    """Give the district of a batch."""
    shared = {kind: _organisation(plan, kind, batch // many) for kind, many in _SHARED.items()}
    return District(
        schools=tuple(_organisation(plan, "SCHOOL", batch * SCHOOLS + each) for each in range(SCHOOLS)),
        kindergarten=_organisation(plan, "KINDERGARTEN", batch),
        college=shared["COLLEGE"],
        university=shared["UNIVERSITY"],
        special=shared["SPECIAL"],
    )


def organisations(plan: Plan) -> list[Organisation]:
    """Give every organisation of the country once."""
    found: dict[str, Organisation] = {}
    for batch in range(plan.batches):
        place = district(plan, batch)
        for one in (*place.own, place.college, place.university, place.special):
            found.setdefault(one.id, one)
    return list(found.values())


def renamed(one: Organisation) -> tuple[str, str]:
    """Give the names a renaming gives an organisation: it becomes a gymnasium."""
    return f"{one.name_ky} — «Билим» гимназиясы", f"{one.name_ru} — гимназия «Билим»"


@cache
def _districts() -> tuple[tuple[str, Names], ...]:
    """Give code and region of every district, so that neighbours in the list lie in different regions."""
    rows = next(book for book in packaged_books() if book.code == "SOATE").rows
    regions = {row.code: row.names for row in rows if row.code.endswith("000000000") and row.parent_code}
    below = [[(row.code, name) for row in rows if row.parent_code == code] for code, name in regions.items()]
    return tuple(found for turn in zip_longest(*below) for found in turn if found)


def _organisation(plan: Plan, kind: str, index: int) -> Organisation:
    per_district = SCHOOLS if kind == "SCHOOL" else 1
    home = index * _SHARED.get(kind, 1) // per_district
    soate, region = _districts()[home % len(_districts())]
    name_ky, name_ru, level = _NAMES[kind]
    kinds = list(_NAMES)
    number = index * len(kinds) + kinds.index(kind)
    return Organisation(
        id=plan.id(_KIND, 0, number),
        code=f"SYN-{plan.mark:08x}-{kind[:2]}{index + 1:05}",
        inn=f"0{plan.mark % 10**7:07}{number:06}",
        soate=soate,
        name_ky=name_ky.format(n=index + 1, ky=region.ky),
        name_ru=name_ru.format(n=index + 1, ru=region.ru),
        level=level,
        special_profile="CORRECTIONAL" if kind == "SPECIAL" else None,
    )
