"""Synthetic people by seed: siblings, twins and namesakes, and the ways their rows get damaged.

Every PIN is made from a seeded generator and belongs to nobody.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

BOYS = [
    "Нурлан",
    "Азамат",
    "Бакыт",
    "Эркин",
    "Үсөн",
    "Асан",
    "Чыңгыз",
    "Өмүрбек",
    "Темирлан",
    "Улан",
    "Жоомарт",
    "Кубанычбек",
    "Таалайбек",
    "Мирлан",
    "Данияр",
    "Эмир",
    "Алихан",
    "Байэл",
    "Нурислам",
    "Нурсултан",
    "Бекзат",
    "Элдияр",
    "Санжар",
    "Актан",
    "Ырыскелди",
    "Төлөгөн",
    "Жеңишбек",
    "Сыймык",
    "Айбек",
    "Руслан",
]
GIRLS = [
    "Айнура",
    "Айгүл",
    "Гүлзат",
    "Фатима",
    "Зухра",
    "Жаңыл",
    "Чолпон",
    "Бермет",
    "Назгүл",
    "Үмүтай",
    "Айпери",
    "Нурай",
    "Бегимай",
    "Сезим",
    "Каныкей",
    "Мээрим",
    "Айжан",
    "Алтынай",
    "Жылдыз",
    "Рахат",
    "Адинай",
    "Амина",
    "Медина",
    "Сайкал",
    "Толгонай",
    "Гүлнара",
    "Динара",
    "Элнура",
    "Перизат",
    "Касиет",
]
FATHERS = [
    "Асан",
    "Бакыт",
    "Токтогул",
    "Нурлан",
    "Жумабек",
    "Өмүрбек",
    "Касым",
    "Эсен",
    "Мамат",
    "Турат",
    "Кадыр",
    "Болот",
    "Талант",
    "Жаныбек",
    "Үсөн",
    "Сапар",
    "Искендер",
    "Орозбек",
    "Дөөлөт",
    "Кеңеш",
    "Рустам",
    "Марат",
    "Шаршен",
    "Абдылда",
]
SURNAMES = [
    "Асанов",
    "Токтогулов",
    "Жумабеков",
    "Өмүрбеков",
    "Касымов",
    "Эсенов",
    "Маматов",
    "Туратов",
    "Кадыров",
    "Болотов",
    "Талантов",
    "Жаныбеков",
    "Үсөнов",
    "Сапаров",
    "Искендеров",
    "Орозбеков",
    "Дөөлөтов",
    "Кеңешов",
    "Рустамов",
    "Маратов",
    "Шаршенов",
    "Абдылдаев",
    "Сыдыков",
    "Исаков",
    "Алиев",
    "Бейшеналиев",
    "Молдоисаев",
    "Чокморов",
    "Айтматов",
    "Бөкөнбаев",
    "Көкөев",
    "Түлөбердиев",
    "Саадаев",
    "Мырзаев",
    "Иманалиев",
    "Осмонов",
    "Карыпов",
    "Жээнбеков",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One synthetic person."""

    surname: str
    given_name: str
    patronymic: str
    sex: str
    birth_date: date
    pin: str
    birth_certificate: str
    passport: str
    organisation: str
    household: int


class People:
    """A source of people, the same for the same seed."""

    def __init__(self, seed: int = 1, *, schools: int = 40) -> None:
        self.random = Random(seed)
        self.schools = [f"SCHOOL-{number:03}" for number in range(schools)]
        self._used: set[str] = set()
        self._household = 0

    def pin(self, sex: str, born: date) -> str:
        """Make an unused PIN: sex digit, birth date, five digits."""
        while True:
            made = f"{'1' if sex == 'F' else '2'}{born:%d%m%Y}{self.random.randrange(100_000):05}"
            if made not in self._used:
                self._used.add(made)
                return made

    def person(self, **given: object) -> Person:
        """Make one person; what is given stays."""
        sex = str(given.get("sex") or self.random.choice("FM"))
        born = given.get("birth_date") or date(2006, 1, 1) + timedelta(days=self.random.randrange(4800))
        assert isinstance(born, date)
        self._household += 1
        father = self.random.choice(FATHERS)
        made = {
            "surname": self._surname(sex, father),
            "given_name": self.random.choice(GIRLS if sex == "F" else BOYS),
            "patronymic": self._patronymic(father, sex),
            "sex": sex,
            "birth_date": born,
            "pin": self.pin(sex, born),
            "birth_certificate": f"КР-Х{self.random.randrange(10**7):07}",
            "passport": f"ID{self.random.randrange(10**7):07}",
            "organisation": self.random.choice(self.schools),
            "household": self._household,
        }
        return Person(**{**made, **given})  # type: ignore[arg-type]

    def twin(self, of: Person) -> Person:
        """Make the twin: same family, day and school, another name, a neighbouring PIN half of the time."""
        names = [name for name in (GIRLS if of.sex == "F" else BOYS) if name != of.given_name]
        pin = self.pin(of.sex, of.birth_date)
        near = of.pin[:13] + str((int(of.pin[13]) + 1) % 10)
        if self.random.random() < 0.5 and near not in self._used:
            self._used.add(near)
            pin = near
        return replace(
            of,
            given_name=self.random.choice(names),
            pin=pin,
            birth_certificate=f"КР-Х{self.random.randrange(10**7):07}",
            passport=f"ID{self.random.randrange(10**7):07}",
        )

    def namesake(self, of: Person, *, same_day: bool) -> Person:
        """Make a stranger with the same names, at another school."""
        born = of.birth_date if same_day else of.birth_date + timedelta(days=self.random.randrange(40, 900))
        return self.person(
            surname=of.surname,
            given_name=of.given_name,
            patronymic=of.patronymic,
            sex=of.sex,
            birth_date=born,
            organisation=self.random.choice([code for code in self.schools if code != of.organisation]),
        )

    def sibling(self, of: Person) -> Person:
        """Make a brother or sister: the family's names, another given name, another year."""
        names = [name for name in (GIRLS if of.sex == "F" else BOYS) if name != of.given_name]
        return self.person(
            surname=of.surname,
            given_name=self.random.choice(names),
            patronymic=of.patronymic,
            sex=of.sex,
            birth_date=of.birth_date + timedelta(days=self.random.randrange(400, 2500)),
            organisation=of.organisation,
        )

    def parent(self, of: Person) -> Person:
        """Make a parent whose PIN is typed for the child by mistake."""
        born = of.birth_date - timedelta(days=self.random.randrange(7500, 13000))
        return self.person(surname=of.surname, sex=of.sex, birth_date=born)

    def _surname(self, sex: str, father: str) -> str:
        base = self.random.choice(SURNAMES)
        if self.random.random() < 0.2:
            return f"{father} {'кызы' if sex == 'F' else 'уулу'}"
        return f"{base}а" if sex == "F" else base

    @staticmethod
    def _patronymic(father: str, sex: str) -> str:
        return f"{father}{'овна' if sex == 'F' else 'ович'}"


def typo(word: str, random: Random) -> str:
    """Drop, double or exchange one inner letter."""
    place = random.randrange(1, len(word) - 1)
    kind = random.randrange(3)
    if kind == 0:
        return word[:place] + word[place + 1 :]
    if kind == 1:
        return word[:place] + "о" + word[place + 1 :]
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def without_kyrgyz_letters(text: str) -> str:
    """Type Ң Ө Ү on a Russian keyboard."""
    return text.translate(str.maketrans("ҢңӨөҮү", "НнОоУу"))


_LATIN = dict(
    zip(
        "абвгдеёжзийклмнңоөпрстуүфхцчшщъыьэюя",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "yo",
            "zh",
            "z",
            "i",
            "y",
            "k",
            "l",
            "m",
            "n",
            "n",
            "o",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "u",
            "f",
            "kh",
            "ts",
            "ch",
            "sh",
            "shch",
            "_",
            "y",
            "_",
            "e",
            "yu",
            "ya",
        ],
        strict=True,
    )
)


def in_latin(text: str) -> str:
    """Transliterate as passports do."""
    return "".join(_LATIN.get(letter, letter).replace("_", "") for letter in text.lower()).title()


def one_digit_off(pin: str, random: Random) -> str:
    """Mistype one of the PIN's last five digits."""
    place = random.randrange(9, 14)
    return pin[:place] + str((int(pin[place]) + random.randrange(1, 9)) % 10) + pin[place + 1 :]
