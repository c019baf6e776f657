"""Families of one batch: parents with their documents, brothers and sisters, twins, and teachers."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise
from random import Random

from gateway.sandbox.country import naming
from gateway.sandbox.country.naming import House
from gateway.sandbox.country.organisations import District, district
from gateway.sandbox.country.plan import TODAY, TWIN_BIRTHS, Numbers, Plan
from gateway.sandbox.country.schooling import Schooling
from gateway.sandbox.country.values import Human, Identifier, Post, Tie, Truth

LEARNERS_A_TEACHER, FEWEST_STAFF = 20, 12
_YOUNGEST, _OLDEST = 4 * 365 + 30, 21 * 365
_FAMILIES = (("MF", 0.86), ("M", 0.97), ("F", 1.0))  # mother and father, mother alone, father alone


@dataclass(slots=True, kw_only=True)
class Family:
    """A family while it is made."""

    house: House
    parents: list[Human]
    children: list[Human]


@dataclass(slots=True)
class Maker:
    """A batch while it is made: who was born so far, by id, and the batch's chance and numbers."""

    plan: Plan
    batch: int
    chance: Random = field(init=False)
    numbers: Numbers = field(init=False)
    district: District = field(init=False)
    schooling: Schooling = field(init=False)
    people: dict[str, Human] = field(init=False, default_factory=dict)
    learners: list[str] = field(init=False, default_factory=list)
    houses: dict[str, House] = field(init=False, default_factory=dict)
    twins: set[str] = field(init=False, default_factory=set)
    ties: list[Tie] = field(init=False, default_factory=list)
    posts: list[Post] = field(init=False, default_factory=list)
    truths: list[Truth] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        """Begin with the batch's own chance, numbers and district."""
        self.chance = self.plan.chance(self.batch)
        self.numbers = Numbers(self.plan, self.batch)
        self.district = district(self.plan, self.batch)
        self.schooling = Schooling(self.plan, self.batch, self.district, self.chance)

    def settle(self) -> None:
        """Make families until the batch has its learners, then the teachers of its schools."""
        wanted = self.plan.learners_of(self.batch)
        while len(self.learners) < wanted:
            self._family(wanted - len(self.learners))
        for index in range(max(FEWEST_STAFF, -(-wanted // LEARNERS_A_TEACHER))):
            self._teacher(index)

    def adult(self, house: House, given_name: str, sex: str, born: date) -> Human:
        """Make a grown-up with a PIN and a passport."""
        grandfather = self.chance.choice(house.people.men)
        return Human(
            id=self.numbers.person_id(),
            role="PARENT",
            surname=naming.adult_surname(house, sex),
            given_name=given_name,
            patronymic=naming.patronymic_of(house, grandfather, sex),
            sex=sex,
            birth_date=born,
            source="PASSPORT",
            identifiers=(
                Identifier("PIN", self.numbers.pin(sex, born)),
                Identifier("PASSPORT", f"ID{self.numbers.document()}"),
            ),
        )

    def add(self, person: Human) -> Human:
        """Let somebody belong to the batch, or stand for who had the id before."""
        self.people[person.id] = person
        return person

    def _family(self, room: int) -> None:
        house = naming.draw_house(self.chance)
        births = self._births()[:room]
        eldest = min(born for _, born in births)
        parents = self._parents(house, eldest)
        school = self.chance.choice(self.district.schools)
        taken: set[str] = set()
        children = []
        for sex, born in births:
            name = self._name(house, sex, taken)
            child = self.child(house, name, sex, born)
            child = replace(child, places=self.schooling.places(child, school))
            children.append(self.add(child))
            self.learners.append(child.id)
            self.houses[child.id] = house
            self._tie(child, parents)
        self._note_twins(children)

    def child(self, house: House, given_name: str, sex: str, born: date) -> Human:
        """Make a child with a PIN and a birth certificate."""
        return Human(
            id=self.numbers.person_id(),
            role="LEARNER",
            surname=naming.surname_of(house, sex),
            given_name=given_name,
            patronymic=naming.patronymic_of(house, house.father, sex),
            sex=sex,
            birth_date=born,
            source="ZAGS",
            identifiers=(
                Identifier("PIN", self.numbers.pin(sex, born)),
                Identifier("BIRTH_CERT", f"КР-Х{self.numbers.document()}"),
            ),
        )

    def _births(self) -> list[tuple[str, date]]:
        """Draw sexes and birth dates, the youngest first; twins stand side by side."""
        chance, age = self.chance, self.chance.randrange(_YOUNGEST, 15 * 365)
        found: list[tuple[str, date]] = []
        for _ in range(chance.choices((1, 2, 3, 4, 5), (22, 34, 25, 13, 6))[0]):
            if age > _OLDEST:
                break
            born = TODAY - timedelta(days=age)
            at_once = 2 if chance.random() < TWIN_BIRTHS else 1
            found += [("FM"[chance.random() < 0.512], born) for _ in range(at_once)]
            age += chance.randrange(400, 1700)
        return found

    def _parents(self, house: House, eldest: date) -> list[Human]:
        lot = self.chance.random()
        found = []
        for kind in next(kinds for kinds, until in _FAMILIES if lot < until):
            sex = "F" if kind == "M" else "M"
            name = house.father if sex == "M" else self.chance.choice(house.people.women)
            born = eldest - timedelta(days=self.chance.randrange(20 * 365, 35 * 365))
            found.append(self.add(self.adult(house, name, sex, born)))
        return found

    def _name(self, house: House, sex: str, taken: set[str]) -> str:
        pool = house.people.women if sex == "F" else house.people.men
        name = self.chance.choice(pool)
        while name in taken:
            name = self.chance.choice(pool)
        taken.add(name)
        return name

    def _tie(self, child: Human, parents: list[Human]) -> None:
        certificate = child.current("BIRTH_CERT")
        act = certificate.value if certificate else ""
        for parent in parents:
            kind = "MOTHER" if parent.sex == "F" else "FATHER"
            self.ties.append(Tie(child.id, parent.id, kind, "BIRTH_ACT", act))

    def _note_twins(self, children: list[Human]) -> None:
        for one, other in pairwise(children):
            if one.birth_date == other.birth_date:
                self.twins.update((one.id, other.id))
                detail = "SAME_SEX" if one.sex == other.sex else "BROTHER_AND_SISTER"
                self.truths.append(Truth("TWINS", detail, one.id, other.id))

    def _teacher(self, index: int) -> None:
        house, chance = naming.draw_house(self.chance), self.chance
        sex = "F" if chance.random() < 0.8 else "M"
        name = chance.choice(house.people.women if sex == "F" else house.people.men)
        born = TODAY - timedelta(days=chance.randrange(23 * 365, 64 * 365))
        person = self.add(replace(self.adult(house, name, sex, born), role="STAFF"))
        places = self.district.own
        position = "HEAD" if index < len(places) else "TEACHER"
        since = date(2026 - chance.randrange(1, 20), 9, 1)
        since = max(since, date(born.year + 22, 9, 1))
        self.posts.append(Post(person.id, places[index % len(places)], position, since))
