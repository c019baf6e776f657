"""The matcher on a planted population: what it links, what it leaves to a person, what it keeps apart."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from random import Random
from uuid import UUID, uuid5

import pytest

from gateway.matching.blocking import blocking_keys, lookup_keys
from gateway.matching.decision import Decision, Match, Review, decide
from gateway.matching.record import Candidate, Record
from tests.people import People, Person, in_latin, one_digit_off, typo, without_kyrgyz_letters

SPACE = UUID(int=1)


def record_of(person: Person, **changed: object) -> Record:
    """Give a person as a source would tell it."""
    made = Record(
        surname=person.surname,
        given_name=person.given_name,
        patronymic=person.patronymic,
        sex=person.sex,
        birth_date=person.birth_date,
        pin=person.pin,
        birth_certificate=person.birth_certificate,
        organisation=person.organisation,
    )
    return replace(made, **changed)


class Registry:
    """Entries in memory behind the real blocking keys."""

    def __init__(self, people: list[Person]) -> None:
        self.ids = {person.pin: uuid5(SPACE, person.pin) for person in people}
        self.entries = {
            self.ids[person.pin]: record_of(person, pin_verified=True, birth_certificate=None)
            for person in people
        }
        self.index: dict[str, set[UUID]] = defaultdict(set)
        for person_id, entry in self.entries.items():
            for key in blocking_keys(entry):
                self.index[key].add(person_id)

    def decide(self, record: Record, *, population: int = 1_000_000) -> Decision:
        found = {person_id for key in lookup_keys(record) for person_id in self.index[key]}
        candidates = [Candidate(person_id=each, record=self.entries[each]) for each in sorted(found)]
        return decide(record, candidates, population=population)


@dataclass(frozen=True)
class Tally:
    rows: int
    linked: int
    reviewed: int
    wrong: int


def _swapped_day(person: Person) -> date:
    born = person.birth_date
    return born.replace(day=born.month, month=born.day) if born.day <= 12 else born


DAMAGES: dict[str, Callable[[Person, Random], Record]] = {
    "exact": lambda person, random: record_of(person),
    "no pin": lambda person, random: record_of(person, pin=None),
    "no pin, elsewhere": lambda person, random: record_of(person, pin=None, organisation="ELSEWHERE"),
    "typo in the surname": lambda person, random: record_of(person, surname=typo(person.surname, random)),
    "typo in the given name": lambda person, random: record_of(
        person, given_name=typo(person.given_name, random), pin=None
    ),
    "russian keyboard": lambda person, random: record_of(
        person,
        surname=without_kyrgyz_letters(person.surname),
        given_name=without_kyrgyz_letters(person.given_name),
        patronymic=without_kyrgyz_letters(person.patronymic),
        pin=None,
    ),
    "latin letters": lambda person, random: record_of(
        person, surname=in_latin(person.surname), given_name=in_latin(person.given_name), pin=None
    ),
    "surname and name exchanged": lambda person, random: record_of(
        person, surname=person.given_name, given_name=person.surname, pin=None
    ),
    "day and month exchanged": lambda person, random: record_of(
        person, birth_date=_swapped_day(person), pin=None
    ),
    "pin mistyped": lambda person, random: record_of(person, pin=one_digit_off(person.pin, random)),
    "married": lambda person, random: record_of(person, surname="Бекмуратова"),
    "patronymic absent": lambda person, random: record_of(person, patronymic=None, pin=None),
    "no patronymic, уулу": lambda person, random: record_of(
        person,
        patronymic=person.patronymic.removesuffix("ович").removesuffix("овна") + " уулу",
        pin=None,
    ),
}


def _population(seed: int, size: int) -> tuple[People, list[Person]]:
    people = People(seed, schools=200)
    return people, [people.person() for _ in range(size)]


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_damaged_rows_of_registered_people_are_found_and_never_linked_to_another(seed: int) -> None:
    """Of rows that are in the registry none is linked to a stranger and nearly all are linked or reviewed."""
    people, registered = _population(seed, 3000)
    registry = Registry(registered)
    found = wrong = rows = 0
    for name, damage in DAMAGES.items():
        for person in people.random.sample(registered, 100):
            rows += 1
            decision = registry.decide(damage(person, people.random))
            true_id = registry.ids[person.pin]
            if isinstance(decision, Match):
                wrong += decision.person_id != true_id
                found += decision.person_id == true_id
            elif isinstance(decision, Review):
                found += any(opinion.person_id == true_id for opinion in decision.opinions)
            assert name
    assert wrong == 0
    assert found / rows >= 0.985


@pytest.mark.parametrize("with_pin", [True, False])
def test_a_twin_is_never_linked_to_the_other(with_pin: bool) -> None:  # noqa: FBT001
    """A new twin of a registered child stays another person, with a PIN and without one."""
    people, registered = _population(21, 1500)
    registry = Registry(registered)
    for person in people.random.sample(registered, 1000):
        twin = people.twin(person)
        decision = registry.decide(record_of(twin, pin=twin.pin if with_pin else None))
        assert not isinstance(decision, Match)


def test_siblings_and_namesakes_are_not_linked() -> None:
    """A brother, a sister and a stranger of the same name, even of the same day, are never linked."""
    people, registered = _population(31, 1500)
    registry = Registry(registered)
    for person in people.random.sample(registered, 300):
        for other in (
            people.sibling(person),
            people.namesake(person, same_day=False),
            people.namesake(person, same_day=True),
        ):
            assert not isinstance(registry.decide(record_of(other, pin_verified=True)), Match)
            assert not isinstance(registry.decide(record_of(other, pin=None)), Match)


def test_a_parents_pin_typed_for_the_child_never_leads_to_the_parent() -> None:
    """A child's row with a registered parent's PIN is the child's where all else agrees, or a person's question."""
    people, children = _population(41, 500)
    parents = [people.parent(child) for child in children]
    registry = Registry([*children, *parents])
    for child, parent in zip(children, parents, strict=True):
        linked = registry.decide(record_of(child, pin=parent.pin))
        assert isinstance(linked, Match)
        assert linked.person_id == registry.ids[child.pin]
        bare = replace(
            record_of(child, pin=parent.pin), organisation=None, place=None, birth_certificate=None
        )
        asked = registry.decide(bare)
        assert isinstance(asked, Review)
        assert asked.kind == "PIN_CONFLICT"


def test_exact_rows_with_pin_are_linked_without_a_person() -> None:
    """A row that repeats the entry with its PIN is linked at once, whatever namesakes there are."""
    people, registered = _population(51, 1000)
    registered += [people.namesake(person, same_day=True) for person in registered[:50]]
    registry = Registry(registered)
    for person in registered:
        decision = registry.decide(record_of(person))
        assert isinstance(decision, Match)
        assert decision.person_id == registry.ids[person.pin]
