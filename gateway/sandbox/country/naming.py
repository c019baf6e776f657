"""How people of the country are named: surnames and patronymics in all the forms that stand in papers."""

from dataclasses import dataclass
from random import Random

from gateway.sandbox.country import pools

_VOWELS = "аеёиоөуүыэюя"
_VOICELESS = "пфктшсхцчщ"
_HARMONY = {**dict.fromkeys("аыя", "ын"), **dict.fromkeys("эеиё", "ин"), **dict.fromkeys("оую", "ун")}
_SOFT_RUSSIAN = {"Илья": "Ильич", "Никита": "Никитич"}
_SHARES = (("KYRGYZ", 0.76), ("UZBEK", 0.91), ("RUSSIAN", 0.96), ("DUNGAN", 0.98), ("UIGHUR", 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The names of one people: `surnames` is empty where surnames grow from men's names."""

    code: str
    men: list[str]
    women: list[str]
    surnames: list[str]


PEOPLES = {
    "KYRGYZ": People(code="KYRGYZ", men=pools.KYRGYZ_MEN, women=pools.KYRGYZ_WOMEN, surnames=[]),
    "UZBEK": People(code="UZBEK", men=pools.UZBEK_MEN, women=pools.UZBEK_WOMEN, surnames=[]),
    "RUSSIAN": People(
        code="RUSSIAN", men=pools.RUSSIAN_MEN, women=pools.RUSSIAN_WOMEN, surnames=pools.RUSSIAN_SURNAMES
    ),
    "DUNGAN": People(
        code="DUNGAN", men=pools.DUNGAN_MEN, women=pools.DUNGAN_WOMEN, surnames=pools.DUNGAN_SURNAMES
    ),
    "UIGHUR": People(code="UIGHUR", men=pools.UIGHUR_MEN, women=pools.UIGHUR_WOMEN, surnames=[]),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What a family's children are called after: a surname as a man bears it, the father, the two styles.

    `surname_style` is INFLECTED (Асанов, Асанова), PLAIN (the same for all) or FATHER (Асан уулу, Асан кызы).
    """

    people: People
    surname: str
    father: str
    surname_style: str
    patronymic_style: str


def draw_house(chance: Random) -> House:
    """Draw a family: its people, surname, father and the form of its papers."""
    lot = chance.random()
    people = PEOPLES[next(code for code, until in _SHARES if lot < until)]
    style = _surname_style(people, chance.random())
    root = chance.choice(people.surnames or people.men)
    surname = root if people.surnames or style == "PLAIN" else stem(root)
    return House(
        people=people,
        surname=surname,
        father=chance.choice(people.men),
        surname_style=style,
        patronymic_style=_patronymic_style(people, style, chance.random()),
    )


def _surname_style(people: People, lot: float) -> str:
    if people.code == "KYRGYZ":
        return "FATHER" if lot < 0.17 else "PLAIN" if lot < 0.25 else "INFLECTED"
    return "INFLECTED"


def _patronymic_style(people: People, surname_style: str, lot: float) -> str:
    if surname_style == "FATHER":
        return "ABSENT"
    if people.code == "RUSSIAN":
        return "RUSSIAN"
    if lot < 0.08:
        return "ABSENT"
    return "UULU" if lot < 0.25 else "GENITIVE" if lot < 0.29 and people.code == "KYRGYZ" else "RUSSIAN"


def stem(name: str) -> str:
    """Make the -ов/-ев form of a man's name, from which surnames and patronymics grow."""
    if name.endswith(("й", "ь")):
        return name[:-1] + "ев"
    return name + ("ев" if name[-1] in _VOWELS else "ов")


def surname_of(house: House, sex: str) -> str:
    """Give the surname of a child of the family."""
    if house.surname_style == "FATHER":
        return f"{house.father} {_child_word(house, sex)}"
    return adult_surname(house, sex)


def adult_surname(house: House, sex: str) -> str:
    """Give the family's surname as a grown-up bears it."""
    inflected = house.surname_style != "PLAIN" and house.surname.endswith(("ов", "ев", "ёв", "ин", "ын"))
    return house.surname + "а" if inflected and sex == "F" else house.surname


def patronymic_of(house: House, father: str, sex: str) -> str | None:
    """Give the patronymic after a father in the family's form; None where papers have none."""
    if house.patronymic_style == "ABSENT":
        return None
    if house.patronymic_style == "UULU":
        return f"{father} {_child_word(house, sex)}"
    if house.patronymic_style == "GENITIVE":
        return genitive(father)
    if sex == "M" and father in _SOFT_RUSSIAN:
        return _SOFT_RUSSIAN[father]
    return stem(father) + ("на" if sex == "F" else "ич")


def genitive(name: str) -> str:
    """Make "of Асан" (Асандын), the form of the law of 2025; the vowels follow the name's last one."""
    last = next((letter for letter in reversed(name.lower()) if letter in _VOWELS), "а")
    ends = name[-1].lower()
    head = "н" if ends in _VOWELS else "т" if ends in _VOICELESS else "д"
    return name + head + _HARMONY.get(last, "үн")


def _child_word(house: House, sex: str) -> str:
    if house.people.code == "UZBEK":
        return "кизи" if sex == "F" else "угли"
    return "кызы" if sex == "F" else "уулу"
