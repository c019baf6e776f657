"""The synthetic population the simulators answer for."""

from collections import Counter

from gateway.sandbox.people import TODAY, population


def test_the_same_seed_makes_the_same_people():
    """A population is repeated by its seed and changed by another."""
    assert population(3, 300).people == population(3, 300).people
    assert population(3, 300).people != population(4, 300).people


def test_every_pin_carries_sex_and_birth_date_and_belongs_to_one():
    """PINs have the national form, agree with their person and are never given twice."""
    people = [person for person in population(5, 3000).people if person.pin]
    for person in people:
        assert person.pin[0] == {"F": "1", "M": "2"}[person.sex]
        assert person.pin[1:9] == f"{person.birth_date:%d%m%Y}"
        assert len(person.pin) == 14
        assert person.pin.isdigit()
    assert len({person.pin for person in people}) == len(people)


def test_families_hang_together():
    """Children point at parents of their own household, at least eighteen years older."""
    made = population(5, 2000)
    for child in made.people:
        for pin in filter(None, (child.mother_pin, child.father_pin)):
            parent = made.by_pin(pin)
            assert parent.household == child.household
            assert (child.birth_date - parent.birth_date).days > 18 * 365
            assert child.birth_date < TODAY


def test_documents_belong_to_one_person():
    """Passport and certificate numbers are unique; a passport is held by those over sixteen."""
    people = population(5, 2000).people
    numbers = Counter(person.passport.number for person in people if person.passport)
    numbers += Counter(person.birth_act.certificate_number for person in people if person.birth_act)
    assert set(numbers.values()) == {1}
    assert all(
        (person.passport.issued_on - person.birth_date).days >= 16 * 365
        for person in people
        if person.passport
    )


def test_look_ups_find_whom_they_should():
    """By PIN, by name in any case, by passport only with its own PIN."""
    made = population(5, 500)
    for person in made.people:
        assert person in made.by_name(person.surname.upper(), person.given_name.lower(), person.birth_date)
        if person.pin and person.passport:
            card = person.passport
            assert made.by_passport(person.pin, card.series, card.number) is person
            assert made.by_passport(person.pin, card.series, "0000000x") is None
    child = made.roles["child"]
    assert made.by_name(child.surname, child.given_name, child.birth_date, patronymic="Башка") == ()


def test_the_roles_are_who_they_say():
    """Twins, namesakes, the foreign child, the blocked PIN and the deceased are as they are named."""
    made = population(9, 200)
    roles = made.roles
    assert all(person in made.people for person in roles.values())
    assert roles["twin_1"].birth_date == roles["twin_2"].birth_date
    assert roles["twin_1"].mother_pin == roles["twin_2"].mother_pin
    first, second = roles["namesake_1"], roles["namesake_2"]
    assert (first.surname, first.given_name, first.birth_date) == (
        second.surname,
        second.given_name,
        second.birth_date,
    )
    assert first.pin != second.pin
    assert first.household != second.household
    assert roles["foreign_child"].pin is None
    assert roles["foreign_child"].citizenship == "UZB"
    assert roles["blocked"].pin_blocked
    assert roles["deceased"].death_date
    assert roles["adult"].passport
    assert roles["child"].birth_act
    assert made.by_pin(roles["child"].mother_pin) is roles["mother"]
    assert roles["uulu_child"].patronymic is None


def test_roles_have_no_chance_namesakes():
    """However large the population, only the planted namesakes share a role's name and birth date."""
    made = population(11, 20_000)
    for name, person in made.roles.items():
        found = made.by_name(person.surname, person.given_name, person.birth_date)
        assert len(found) == (2 if name.startswith("namesake") else 1)


def test_names_use_the_kyrgyz_letters_and_every_form():
    """Ң, Ө and Ү, уулу and кызы, -ович and -овна all occur."""
    people = population(5, 2000).people
    letters = set("".join(person.given_name + person.surname for person in people).lower())
    assert set("ңөү") <= letters
    endings = {(person.patronymic or "")[-4:] for person in people}
    assert {"ович", "овна"} <= endings
    surnames = {person.surname.split()[-1] for person in people}
    assert {"уулу", "кызы"} <= surnames
