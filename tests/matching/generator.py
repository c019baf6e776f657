"""A synthetic registry, incoming rows of three sources, and the truth: every scenario of the trade, by seed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random

from tests.matching.latin import SCHEMES, to_latin
from tests.matching.names import MEN, WOMEN, surnames, with_ending

Row = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class World:
    """The rates and lists a population is drawn by."""

    men: list[str] = field(default_factory=lambda: MEN)
    women: list[str] = field(default_factory=lambda: WOMEN)
    schemes: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: SCHEMES)
    in_registry: float = 0.75
    twin_births: float = 0.012
    registry_lacks: Mapping[str, float] = field(
        default_factory=lambda: {"pin": 0.08, "birth_cert": 0.25, "passport": 0.2, "patronymic": 0.06}
    )
    sources: Mapping[str, float] = field(
        default_factory=lambda: {"passport": 0.35, "birth_act": 0.25, "school": 0.4}
    )
    pin_given: Mapping[str, float] = field(
        default_factory=lambda: {"passport": 1.0, "birth_act": 0.9, "school": 0.75}
    )
    damages: Mapping[str, float] = field(
        default_factory=lambda: {
            "exact": 34, "typo": 13, "translit": 8, "letters lost": 10, "swapped parts": 5, "swapped date": 3,
            "no pin": 8, "pin mistyped": 4, "married": 3, "patronymic form": 6, "parent pin": 1.2, "several": 5,
        }
    )  # fmt: skip
    others: Mapping[str, float] = field(
        default_factory=lambda: {"new": 55, "new twin": 8, "sibling": 13, "namesake": 14, "son": 10}
    )
    moved: float = 0.03
    silent: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "passport": ("school_id", "birth_cert"),
            "birth_act": ("school_id", "passport"),
            "school": ("passport",),
        }
    )
    schools_per_person: float = 1 / 500
    zipf: float = 0.8


@dataclass(frozen=True, kw_only=True)
class Human:
    """One synthetic human with everything that is true of them."""

    number: int
    surname: str
    given: str
    patronymic: str
    father: str
    family: str
    sex: str
    born: date
    pin: str
    birth_cert: str
    passport: str
    territory: str
    school_id: str
    role: str
    household: int
    twin_of: int = -1
    parents: tuple[int, ...] = ()


class Society:
    """Households of a seed: parents, children, twins, staff."""

    def __init__(self, seed: int, world: World) -> None:
        self.random = Random(seed)
        self.world = world
        self.humans: list[Human] = []
        self._pins: set[str] = set()
        self._serial = self.random.randrange(10**5, 10**6)
        self.families = surnames(world.men)
        self._men = self._weights(world.men)
        self._women = self._weights(world.women)
        self._families = self._weights(self.families)
        self.territories = [f"417{number:03}" for number in range(57)]
        self.schools: list[tuple[str, str]] = []

    def _weights(self, names: list[str]) -> list[float]:
        order = list(range(len(names)))
        self.random.shuffle(order)
        total, found = 0.0, []
        for place in order:
            total += 1 / (place + 3) ** self.world.zipf
            found.append(total)
        return found

    def grow(self, size: int) -> None:
        """Add households until about `size` humans live here."""
        count = max(12, int(size * self.world.schools_per_person))
        self.schools = [(f"S{n:05}", self.random.choice(self.territories)) for n in range(count)]
        household = 0
        while len(self.humans) < size:
            household += 1
            self._household(household)

    def _household(self, household: int) -> None:
        random = self.random
        school, territory = random.choice(self.schools)
        family = random.choices(self.families, cum_weights=self._families)[0]
        father = self.man(
            born=_day(random, 1960, 1995),
            family=family,
            household=household,
            territory=territory,
            role="parent",
            school_id="",
        )
        mother = self.woman(
            born=father.born + timedelta(days=random.randrange(-1500, 2500)),
            family=random.choices(self.families, cum_weights=self._families)[0],
            household=household,
            territory=territory,
            role="parent",
            school_id="",
        )
        if random.random() < 0.15:
            father = replace(father, role="staff", school_id=random.choice(self.schools)[0])
        parents = []
        for parent in (father, mother):
            if random.random() < 0.35:
                self.humans.append(replace(parent, number=len(self.humans)))
                parents.append(len(self.humans) - 1)
        born = max(_day(random, 2006, 2019), father.born + timedelta(days=18 * 365))
        for _ in range(random.choices((1, 2, 3, 4), (30, 35, 25, 10))[0]):
            child = self.child_of(father, born=born, school_id=school, parents=tuple(parents))
            self.humans.append(child)
            if random.random() < self.world.twin_births:
                self.humans.append(self.twin(child))
            born += timedelta(days=random.randrange(330, 1500))
            if born > date(2020, 6, 1):
                break

    def child_of(
        self, father: Human, *, born: date, school_id: str, parents: tuple[int, ...] = (), given: str = ""
    ) -> Human:
        """Make a child of a father, the family's or the traditional name."""
        make = self.man if self.random.random() < 0.5 or given else self.woman
        return make(
            born=born,
            family=father.family,
            father=father.given,
            household=father.household,
            territory=father.territory,
            role="learner",
            school_id=school_id,
            parents=parents,
            given=given,
            surname_of=father,
        )

    def man(self, **known: object) -> Human:
        return self._human("M", **known)

    def woman(self, **known: object) -> Human:
        return self._human("F", **known)

    def _human(
        self,
        sex: str,
        *,
        born: date,
        family: str,
        father: str = "",
        given: str = "",
        surname_of: Human | None = None,
        **known: object,
    ) -> Human:
        random = self.random
        men, women = self.world.men, self.world.women
        given = given or (
            random.choices(men, cum_weights=self._men)[0]
            if sex == "M"
            else random.choices(women, cum_weights=self._women)[0]
        )
        father = father or random.choices(men, cum_weights=self._men)[0]
        self._serial += random.randrange(1, 4)
        traditional = random.random() < 0.12
        return Human(
            number=len(self.humans), surname=f"{father} {'уулу' if sex == 'M' else 'кызы'}" if traditional else _feminine(family, sex),
            given=given, patronymic="" if traditional else with_ending(father, "ович" if sex == "M" else "овна"),
            father=father, family=family, sex=sex, born=born, pin=self.pin(sex, born),
            birth_cert=f"KR-X {self._serial:07}", passport=f"ID{random.randrange(10**7):07}" if born.year < 2010 else "",
            **known,
        )  # fmt: skip

    def pin(self, sex: str, born: date) -> str:
        """Give an unused PIN."""
        while True:
            made = f"{'1' if sex == 'F' else '2'}{born:%d%m%Y}{self.random.randrange(100_000):05}"
            if made not in self._pins:
                self._pins.add(made)
                return made

    def twin(self, of: Human) -> Human:
        """Make the twin, half of the time with the neighbouring PIN and certificate."""
        sex = of.sex if self.random.random() < 0.7 else {"M": "F", "F": "M"}[of.sex]
        names = self.world.men if sex == "M" else self.world.women
        given = self.random.choice([name for name in names if name != of.given])
        if self.random.random() < 0.4:
            alike = [name for name in names if name != of.given and name[:2] == of.given[:2]]
            given = self.random.choice(alike or [given])
        pin = self.pin(sex, of.born)
        near = of.pin[:9] + f"{(int(of.pin[9:]) + 1) % 100_000:05}"
        if sex == of.sex and near not in self._pins and self.random.random() < 0.5:
            self._pins.add(near)
            pin = near
        traditional = not of.patronymic
        return replace(
            of, number=len(self.humans), given=given, sex=sex, pin=pin, twin_of=of.number,
            birth_cert=f"KR-X {int(of.birth_cert[5:]) + 1:07}" if self.random.random() < 0.5 else f"KR-X {self.random.randrange(10**7):07}",
            passport=f"ID{self.random.randrange(10**7):07}" if of.passport else "",
            surname=f"{of.father} {'уулу' if sex == 'M' else 'кызы'}" if traditional else _feminine(of.family, sex),
            patronymic="" if traditional else with_ending(of.father, "ович" if sex == "M" else "овна"),
        )  # fmt: skip


def _feminine(family: str, sex: str) -> str:
    if sex == "M":
        return family
    if family.endswith(("ов", "ев", "ёв", "ин")):
        return family + "а"
    return family[:-2] + "ая" if family.endswith("ский") else family


def _day(random: Random, first: int, last: int) -> date:
    return date(first, 1, 1) + timedelta(days=random.randrange((last - first) * 365))


@dataclass(frozen=True, kw_only=True)
class Files:
    """The three files as rows."""

    registry: list[Row]
    incoming: list[Row]
    truth: list[Row]


def generate(seed: int, *, registry: int, incoming: int, world: World | None = None) -> Files:
    """Make the three files of a seed; about so many registry entries and exactly so many incoming rows."""
    made = _Maker(seed, world or World())
    made.society.grow(registry)
    rows = [made.entry(human) for human in made.society.humans]
    made.twins = {human.twin_of: human for human in made.society.humans if human.twin_of >= 0}
    told = [made.arrival(number) for number in range(incoming)]
    return Files(registry=rows, incoming=[row for row, _ in told], truth=[truth for _, truth in told])


class _Maker:
    def __init__(self, seed: int, world: World) -> None:
        self.society = Society(seed, world)
        self.world = world
        self.random = Random(seed * 7919 + 1)
        self.twins: dict[int, Human] = {}
        self.has_pin: dict[int, bool] = {}

    def entry(self, human: Human) -> Row:
        row = _row(human) | {"person_id": f"P{human.number:07}"}
        for name, rate in self.world.registry_lacks.items():
            if self.random.random() < rate:
                row[name] = ""
        self.has_pin[human.number] = bool(row["pin"])
        return row

    def arrival(self, number: int) -> tuple[Row, Row]:
        inside = self.random.random() < self.world.in_registry
        source = _drawn(self.random, self.world.sources)
        if inside:
            scenario = _drawn(self.random, self.world.damages)
            human = self._fitting(scenario)
        else:
            scenario = _drawn(self.random, self.world.others)
            human = self._outsider(scenario)
        row = self._told(human, source)
        if inside:
            row = self._damaged(row, human, scenario)
        elif source == "school" and self.random.random() < 0.25:
            row = _DAMAGES[self.random.choice(("typo", "letters lost"))](self, row, human)
        twin = self.twins.get(human.number)
        twin_id = twin.number if twin else human.twin_of
        truth = {
            "rec_id": f"R{number:07}", "truth_id": f"P{human.number:07}" if inside else "", "scenario": scenario,
            "source": source, "pin_state": "none" if not row["pin"] else "right" if row["pin"] == human.pin else "wrong",
            "reg_has_pin": "1" if inside and self.has_pin[human.number] else "0",
            "is_twin": "1" if twin_id >= 0 else "0", "twin_of": f"P{twin_id:07}" if twin_id >= 0 else "",
        }  # fmt: skip
        return row | {"rec_id": f"R{number:07}", "source": source}, truth

    def _fitting(self, scenario: str) -> Human:
        while True:
            human = self.random.choice(self.society.humans)
            if scenario == "married" and (human.sex == "M" or human.role == "learner"):
                continue
            if scenario == "parent pin" and not human.parents:
                continue
            return human

    def _outsider(self, scenario: str) -> Human:
        random, society = self.random, self.society
        base = random.choice(society.humans)
        number = len(society.humans) + 10**6
        if scenario == "new twin":
            while base.role != "learner" or base.number in self.twins or base.twin_of >= 0:
                base = random.choice(society.humans)
            return replace(society.twin(base), number=number, twin_of=base.number)
        if scenario == "sibling":
            born = base.born + timedelta(days=random.choice((-1, 1)) * random.randrange(320, 2500))
            twin = society.twin(base)
            return replace(
                twin,
                number=number,
                born=born,
                pin=society.pin(twin.sex, born),
                birth_cert=_certificate(random),
                twin_of=-1,
            )
        if scenario == "namesake":
            born = (
                base.born
                if random.random() < 0.1
                else base.born + timedelta(days=random.randrange(-3000, 3000))
            )
            school, territory = random.choice(society.schools)
            return replace(
                base,
                number=number,
                born=born,
                pin=society.pin(base.sex, born),
                birth_cert=_certificate(random),
                passport=f"ID{random.randrange(10**7):07}" if base.passport else "",
                territory=territory,
                school_id=school if base.school_id else "",
                twin_of=-1,
            )
        if scenario == "son":
            while base.sex == "F" or base.role == "learner":
                base = random.choice(society.humans)
            born = _day(random, 2006, 2020)
            son = society.child_of(
                base, born=born, school_id=random.choice(society.schools)[0], given=base.given
            )
            return replace(son, number=number)
        school, territory = random.choice(society.schools)
        father = society.man(
            born=_day(random, 1960, 1990),
            family=random.choice(society.families),
            household=0,
            territory=territory,
            role="parent",
            school_id="",
        )
        born = _day(random, 2006, 2020) if random.random() < 0.7 else _day(random, 1960, 1995)
        return replace(society.child_of(father, born=born, school_id=school), number=number)

    def _told(self, human: Human, source: str) -> Row:
        row = _row(human)
        if self.random.random() > self.world.pin_given[source]:
            row["pin"] = ""
        for name in self.world.silent[source]:
            row[name] = ""
        if source == "school" and self.random.random() < 0.6:
            row["birth_cert"] = ""
        if self.random.random() < self.world.moved:
            row["territory"] = self.random.choice(self.society.territories)
            if row["school_id"]:
                row["school_id"] = self.random.choice(self.society.schools)[0]
        return row

    def _damaged(self, row: Row, human: Human, scenario: str) -> Row:
        if scenario != "several":
            return _DAMAGES[scenario](self, row, human)
        kinds = (
            "typo",
            "translit",
            "letters lost",
            "swapped parts",
            "swapped date",
            "no pin",
            "pin mistyped",
            "patronymic form",
        )
        for kind in self.random.sample(kinds, self.random.choice((2, 2, 3))):
            row = _DAMAGES[kind](self, row, human)
        return row


def _certificate(random: Random) -> str:
    return f"KR-X {random.randrange(10**7):07}"


def _row(human: Human) -> Row:
    return {
        "surname": human.surname, "given": human.given, "patronymic": human.patronymic, "sex": human.sex,
        "birth_date": human.born.isoformat(), "pin": human.pin, "birth_cert": human.birth_cert,
        "passport": human.passport, "territory": human.territory, "school_id": human.school_id,
    }  # fmt: skip


def _drawn(random: Random, rates: Mapping[str, float]) -> str:
    return random.choices(list(rates), list(rates.values()))[0]


Damage = Callable[[_Maker, Row, Human], Row]
_NEXT = {
    "а": "пв",
    "о": "лр",
    "е": "кн",
    "и": "мт",
    "н": "гт",
    "р": "по",
    "с": "чм",
    "т": "иь",
    "л": "од",
    "к": "уе",
    "б": "ью",
    "м": "си",
    "у": "кц",
    "д": "лж",
}


def slip(word: str, random: Random) -> str:
    """Make one slip of the hand: drop, double, exchange or replace a letter."""
    if len(word) < 3:
        return word
    place = random.randrange(len(word) - 1)
    kind = random.randrange(4)
    if kind == 0:
        return word[:place] + word[place + 1 :]
    if kind == 1:
        return word[:place] + word[place] + word[place:]
    if kind == 2:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    letter = random.choice(_NEXT.get(word[place].lower(), "аоеинтс"))
    return word[:place] + letter + word[place + 1 :]


def _typo(maker: _Maker, row: Row, human: Human) -> Row:
    names = [name for name in ("surname", "given", "patronymic") if row[name]]
    name = maker.random.choice(names)
    return row | {name: slip(row[name], maker.random)}


def _translit(maker: _Maker, row: Row, human: Human) -> Row:
    scheme = maker.random.choice(list(maker.world.schemes.values()))
    return row | {name: to_latin(row[name], scheme) for name in ("surname", "given", "patronymic")}


def _letters_lost(maker: _Maker, row: Row, human: Human) -> Row:
    table = str.maketrans("ҢңӨөҮүЁё", "НнОоУуЕе")
    lost = {name: row[name].translate(table) for name in ("surname", "given", "patronymic")}
    if maker.random.random() < 0.2:
        lost = {name: text.upper() for name, text in lost.items()}
    return row | lost


def _swapped_parts(maker: _Maker, row: Row, human: Human) -> Row:
    surname, given, patronymic = row["surname"], row["given"], row["patronymic"]
    kind = maker.random.randrange(3)
    if kind == 0 or not patronymic:
        return row | {"surname": given, "given": surname}
    if kind == 1:
        return row | {"surname": given, "given": patronymic, "patronymic": surname}
    return row | {"surname": surname, "given": patronymic, "patronymic": given}


def _swapped_date(maker: _Maker, row: Row, human: Human) -> Row:
    born = human.born
    if born.day > 12 or born.day == born.month:
        return row
    return row | {"birth_date": born.replace(day=born.month, month=born.day).isoformat()}


def _pin_mistyped(maker: _Maker, row: Row, human: Human) -> Row:
    pin = row["pin"]
    if not pin:
        return row
    place = maker.random.randrange(14)
    if maker.random.random() < 0.3 and place < 13:
        pin = pin[:place] + pin[place + 1] + pin[place] + pin[place + 2 :]
    else:
        pin = pin[:place] + str((int(pin[place]) + maker.random.randrange(1, 10)) % 10) + pin[place + 1 :]
    return row | {"pin": pin}


def _married(maker: _Maker, row: Row, human: Human) -> Row:
    return row | {"surname": _feminine(maker.random.choice(maker.society.families), "F")}


def _patronymic_form(maker: _Maker, row: Row, human: Human) -> Row:
    male = human.sex == "M"
    forms = [
        with_ending(human.father, "ович" if male else "овна"),
        f"{human.father} {'уулу' if male else 'кызы'}",
        "",
    ]
    return row | {"patronymic": maker.random.choice([form for form in forms if form != row["patronymic"]])}


def _parent_pin(maker: _Maker, row: Row, human: Human) -> Row:
    return row | {"pin": maker.society.humans[maker.random.choice(human.parents)].pin}


_DAMAGES: dict[str, Damage] = {
    "exact": lambda maker, row, human: row,
    "typo": _typo, "translit": _translit, "letters lost": _letters_lost, "swapped parts": _swapped_parts,
    "swapped date": _swapped_date, "no pin": lambda maker, row, human: row | {"pin": ""},
    "pin mistyped": _pin_mistyped, "married": _married, "patronymic form": _patronymic_form,
    "parent pin": _parent_pin,
}  # fmt: skip
