"""Synthetic people: households with documents and family ties, the same for the same seed.

Nobody here exists. PINs come from the generator below and from nowhere else, and simulators answer only for
people of such a population.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random

from gateway.sandbox import names

TODAY = date(2026, 9, 1)
_NEWEST_PASSPORT = date(2026, 1, 1)
_REGIONS = (
    ("ЧҮЙ ОБЛАСТЫ", "СОКУЛУК АЙЫЛЫ"), ("БИШКЕК Ш.", "БИРИНЧИ МАЙ РАЙОНУ"), ("ОШ ОБЛАСТЫ", "ӨЗГӨН Ш."),
    ("НАРЫН ОБЛАСТЫ", "КОЧКОР АЙЫЛЫ"), ("ЫСЫК-КӨЛ ОБЛАСТЫ", "ТҮП АЙЫЛЫ"), ("ТАЛАС ОБЛАСТЫ", "МАНАС АЙЫЛЫ"),
)  # fmt: skip
_STEMS = {
    "Өмүрбек": "Сыдыков", "Чыңгыз": "Үсөнов", "Нурлан": "Төлөгөнов", "Түмөнбай": "Асанов", "Ислам": "Юлдашев",
    "Бакыт": "Жээнбеков", "Талант": "Өмүралиев",
}  # fmt: skip
_STREETS = ("МАНАС", "ЧҮЙ", "АБДРАХМАНОВ", "ТОКТОГУЛ", "ЖИБЕК ЖОЛУ", "ӨМҮРАЛИЕВ")


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticPassport:
    """An identity card: two Latin letters and seven digits."""

    series: str
    number: str
    issued_on: date
    expires_on: date
    authority: str
    void: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticBirthAct:
    """The act of a birth and the certificate given for it."""

    number: str
    made_on: date
    body: str
    birth_place: str
    certificate_series: str
    certificate_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticAddress:
    """A registered address in the parts the passport service gives."""

    region: str
    locality: str
    street: str
    house: str
    apartment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticPerson:
    """A person who does not exist; `sex` is "F" or "M", `citizenship` an ISO 3166 alpha-3 code."""

    pin: str | None
    surname: str
    given_name: str
    patronymic: str | None
    sex: str
    birth_date: date
    citizenship: str = "KGZ"
    ethnicity: str = "кыргыз"
    marital_status_id: int = 0
    passport: SyntheticPassport | None = None
    birth_act: SyntheticBirthAct | None = None
    mother_pin: str | None = None
    father_pin: str | None = None
    address: SyntheticAddress
    pin_assigned_on: date | None = None
    pin_blocked: bool = False
    death_date: date | None = None
    household: int = 0


_NOWHERE = SyntheticAddress(region="", locality="", street="", house="")


def _name_key(surname: str, given_name: str, birth_date: date) -> tuple[str, str, date]:
    return surname.casefold(), given_name.casefold(), birth_date


def _key_of(person: SyntheticPerson) -> tuple[str, str, date]:
    return _name_key(person.surname, person.given_name, person.birth_date)


@dataclass(frozen=True, slots=True)
class Population:
    """People with the look-ups a simulated agency needs; `roles` are the ones a demonstration plays with."""

    people: tuple[SyntheticPerson, ...]
    roles: Mapping[str, SyntheticPerson]
    _by_pin: dict[str, SyntheticPerson] = field(init=False, repr=False, default_factory=dict)
    _by_name: dict[tuple[str, str, date], list[SyntheticPerson]] = field(
        init=False, repr=False, default_factory=lambda: defaultdict(list)
    )

    def __post_init__(self) -> None:
        """Build the look-ups once."""
        for person in self.people:
            if person.pin:
                self._by_pin[person.pin] = person
            self._by_name[_key_of(person)].append(person)

    def by_pin(self, pin: str) -> SyntheticPerson | None:
        """Find the person of a PIN."""
        return self._by_pin.get(pin)

    def by_name(
        self, surname: str, given_name: str, birth_date: date, *, patronymic: str | None = None
    ) -> tuple[SyntheticPerson, ...]:
        """Find everybody of a name and birth date, whatever the case of letters; the patronymic narrows."""
        found = self._by_name.get(_name_key(surname, given_name, birth_date), ())
        wanted = (patronymic or "").casefold()
        return tuple(one for one in found if not wanted or (one.patronymic or "").casefold() == wanted)

    def by_passport(self, pin: str, series: str, number: str) -> SyntheticPerson | None:
        """Find the person of a PIN if the passport is theirs."""
        person = self.by_pin(pin)
        card = person.passport if person else None
        return person if card and (card.series, card.number) == (series, number) else None

    def other_than(self, person: SyntheticPerson) -> SyntheticPerson:
        """Give somebody else with every document the first one has; raises LookupError if nobody."""
        for other in self.people:
            documents = bool(other.passport) >= bool(person.passport)
            acts = bool(other.birth_act) >= bool(person.birth_act)
            if other.pin and other.pin != person.pin and documents and acts:
                return other
        raise LookupError("the population is too small")


def population(seed: int, size: int) -> Population:
    """Make whole households until there are at least `size` people, the named roles among them."""
    maker = _Maker(Random(seed))  # noqa: S311 – fixtures must repeat, not be secret
    people, roles = _plant_roles(maker)
    reserved = {_key_of(person) for person in people}
    while len(people) < size:
        household = maker.household(_random_plan(maker.chance))
        if reserved.isdisjoint(map(_key_of, household)):
            people += household
    return Population(tuple(people), roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """A household before it gets numbers; a child is a given name, a sex and a birth date."""

    father: str
    mother: str
    stem: str
    children: tuple[tuple[str, str, date], ...]
    russian: bool = False
    named_after_father: bool = False


def _random_plan(chance: Random) -> _Plan:
    russian = chance.random() < 0.15
    men = names.given_names(russian=russian, sex="M")
    return _Plan(
        father=chance.choice(men),
        mother=chance.choice(names.given_names(russian=russian, sex="F")),
        stem=chance.choice(names.RUSSIAN_SURNAMES) if russian else names.family_stem(chance.choice(men)),
        children=_random_children(chance, russian=russian),
        russian=russian,
        named_after_father=not russian and chance.random() < 0.3,
    )


def _random_children(chance: Random, *, russian: bool) -> tuple[tuple[str, str, date], ...]:
    made: list[tuple[str, str, date]] = []
    born = TODAY - timedelta(days=chance.randrange(365, 3 * 365))
    for _ in range(chance.randrange(1, 5)):
        sex = chance.choice("FM")
        taken = {name for name, _, _ in made}
        free = [name for name in names.given_names(russian=russian, sex=sex) if name not in taken]
        made.append((chance.choice(free), sex, born))
        if chance.random() >= 0.03:  # otherwise the next one is a twin
            born -= timedelta(days=chance.randrange(400, 1500))
    return tuple(made)


class _Maker:
    """The generator's state: its chance, and the numbers already given away."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self._given: set[str] = set()
        self._households = 0

    def household(self, plan: _Plan) -> list[SyntheticPerson]:
        """Make father, mother and children, in this order."""
        self._households += 1
        eldest = min(born for _, _, born in plan.children)
        father, mother = self._parent(plan, "M", eldest), self._parent(plan, "F", eldest)
        address = self._address()
        people = [father, mother, *(self._child(plan, child, father, mother) for child in plan.children)]
        return [replace(person, address=address, household=self._households) for person in people]

    def _parent(self, plan: _Plan, sex: str, eldest: date) -> SyntheticPerson:
        given_name = plan.father if sex == "M" else plan.mother
        grandfather = self.chance.choice(names.given_names(russian=plan.russian, sex="M"))
        born = eldest - timedelta(days=self.chance.randrange(20 * 365, 33 * 365))
        return replace(
            self._person(plan, given_name, sex, born),
            surname=names.surname_of(plan.stem, sex),
            patronymic=names.patronymic_of(grandfather, sex),
            marital_status_id=1,
            passport=self._passport(born),
        )

    def _child(
        self, plan: _Plan, child: tuple[str, str, date], father: SyntheticPerson, mother: SyntheticPerson
    ) -> SyntheticPerson:
        given_name, sex, born = child
        after = plan.named_after_father
        return replace(
            self._person(plan, given_name, sex, born),
            surname=names.kyrgyz_surname(plan.father, sex) if after else names.surname_of(plan.stem, sex),
            patronymic=None if after else names.patronymic_of(plan.father, sex),
            birth_act=self._birth_act(born),
            mother_pin=mother.pin,
            father_pin=father.pin,
        )

    def _person(self, plan: _Plan, given_name: str, sex: str, born: date) -> SyntheticPerson:
        return SyntheticPerson(
            pin=self._pin(sex, born),
            surname=plan.stem,
            given_name=given_name,
            patronymic=None,
            sex=sex,
            birth_date=born,
            ethnicity="орус" if plan.russian else "кыргыз",
            address=_NOWHERE,
            pin_assigned_on=born + timedelta(days=self.chance.randrange(3, 40)),
        )

    def _pin(self, sex: str, born: date) -> str:
        return self._unique(
            lambda: f"{1 if sex == 'F' else 2}{born:%d%m%Y}{self.chance.randrange(100_000):05}"
        )

    def _number(self) -> str:
        return self._unique(lambda: f"{self.chance.randrange(10_000_000):07}")

    def _unique(self, draw: Callable[[], str]) -> str:
        while (drawn := draw()) in self._given:
            pass
        self._given.add(drawn)
        return drawn

    def _passport(self, born: date) -> SyntheticPassport:
        first = max(date(2018, 1, 1), born + timedelta(days=16 * 366))
        issued = first + timedelta(days=self.chance.randrange((_NEWEST_PASSPORT - first).days))
        return SyntheticPassport(
            series=self.chance.choice(("ID", "AN")),
            number=self._number(),
            issued_on=issued,
            expires_on=date(issued.year + 10, issued.month, min(issued.day, 28)),
            authority=f"МКК {self.chance.randrange(50_000, 59_999)}",
        )

    def _birth_act(self, born: date) -> SyntheticBirthAct:
        _, locality = self.chance.choice(_REGIONS)
        return SyntheticBirthAct(
            number=str(self.chance.randrange(1, 5000)),
            made_on=born + timedelta(days=self.chance.randrange(2, 30)),
            body=f"{locality} ЖАРАНДЫК АБАЛДЫН АКТЫЛАРЫН ЖАЗУУ БӨЛҮМҮ",
            birth_place=f"КЫРГЫЗ РЕСПУБЛИКАСЫ, {locality}",
            certificate_series="КР-Х",
            certificate_number=self._number(),
        )

    def _address(self) -> SyntheticAddress:
        region, locality = self.chance.choice(_REGIONS)
        return SyntheticAddress(
            region=region,
            locality=locality,
            street=f"{self.chance.choice(_STREETS)} КӨЧӨСҮ",
            house=str(self.chance.randrange(1, 200)),
            apartment=self.chance.choice(("", str(self.chance.randrange(1, 90)))),
        )


def _plant_roles(maker: _Maker) -> tuple[list[SyntheticPerson], dict[str, SyntheticPerson]]:
    """Make the people a demonstration needs, each kind in a household of its own."""
    family = maker.household(_plan("Өмүрбек", "Гүлнур", ("Каныкей", "F", date(2019, 3, 8))))
    twins = maker.household(
        _plan("Чыңгыз", "Мээрим", ("Асан", "M", date(2018, 5, 17)), ("Үсөн", "M", date(2018, 5, 17)))
    )
    namesake = ("Айпери", "F", date(2017, 11, 2))
    first, second = (maker.household(_plan("Нурлан", mother, namesake)) for mother in ("Чолпон", "Жибек"))
    uulu = maker.household(
        replace(_plan("Түмөнбай", "Күмүш", ("Эржан", "M", date(2016, 1, 29))), named_after_father=True)
    )
    guests = [
        _as_foreign(one)
        for one in maker.household(_plan("Ислам", "Динара", ("Данияр", "M", date(2018, 12, 12))))
    ]
    guests[-1] = replace(guests[-1], pin=None, pin_assigned_on=None, mother_pin=None, father_pin=None)
    late, widow, orphan = maker.household(_plan("Бакыт", "Нургүл", ("Бегимай", "F", date(2015, 7, 1))))
    late = replace(late, death_date=date(2026, 2, 20))
    widow = replace(widow, marital_status_id=3)
    void, blocked, pupil = maker.household(_plan("Талант", "Бермет", ("Сезим", "F", date(2014, 9, 9))))
    void = replace(void, passport=replace(void.passport, void=True)) if void.passport else void
    blocked = replace(blocked, pin_blocked=True)
    roles = {
        "father": family[0], "mother": family[1], "adult": family[1], "child": family[2],
        "twin_1": twins[2], "twin_2": twins[3], "namesake_1": first[2], "namesake_2": second[2],
        "uulu_child": uulu[2], "foreign_child": guests[2], "deceased": late, "widow": widow,
        "void_passport": void, "blocked": blocked,
    }  # fmt: skip
    return [
        *family, *twins, *first, *second, *uulu, *guests, late, widow, orphan, void, blocked, pupil,
    ], roles  # fmt: skip


def _plan(father: str, mother: str, *children: tuple[str, str, date]) -> _Plan:
    return _Plan(father=father, mother=mother, stem=_STEMS[father], children=children)


def _as_foreign(person: SyntheticPerson) -> SyntheticPerson:
    return replace(person, citizenship="UZB", ethnicity="өзбек", passport=None, birth_act=None)
