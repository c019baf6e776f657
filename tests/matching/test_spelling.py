"""Every practice of writing a Kyrgyz or Russian name leads to the same person."""

import pytest

from gateway.matching.comparison import compare
from gateway.matching.full_name import full_name
from gateway.matching.levels import LIKE_NAME, SAME_NAME, Level
from gateway.matching.normalise import part
from gateway.matching.record import Record
from gateway.matching.vocabulary import NameCounts, learned_vocabulary
from tests.matching.latin import SCHEMES, UNSEEN_SCHEMES, to_latin
from tests.matching.names import MEN, OTHER_MEN, OTHER_WOMEN, WOMEN, surnames

NAMES = [*MEN, *WOMEN, *surnames(MEN)]
OTHERS = [*OTHER_MEN, *OTHER_WOMEN, *surnames(OTHER_MEN)]


@pytest.mark.parametrize(
    ("scheme", "names", "least"),
    [
        *((scheme, NAMES, 0.99) for scheme in SCHEMES.values()),
        *((scheme, OTHERS, 0.97) for scheme in UNSEEN_SCHEMES.values()),
    ],
)
def test_a_transliterated_name_shares_a_reading(
    scheme: dict[str, str], names: list[str], least: float
) -> None:
    """Passport, GOST, BGN, Turkish-like and casual Latin are read back, and so are practices never met before."""
    shared = sum(not part(name).readings.isdisjoint(part(to_latin(name, scheme)).readings) for name in names)
    assert shared / len(names) >= least


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Асанов", "Асанова"),
        ("Асан уулу", "Асан кызы"),
        ("Асан уулу", "Асанов"),
        ("Токтогул кызы", "ТОКТОГУЛКЫЗЫ"),
        ("Абдылдаев", "Абдылда уулу"),
        ("Достоевский", "Достоевская"),
        ("Иванова-Петрова", "Петрова"),
        ("Аcанов", "Асанов"),
        ("Acaнoв", "Асанов"),
        ("Гюльнарова", "Гүлнаров"),
    ],
)
def test_a_surname_keeps_its_root(one: str, other: str) -> None:
    """Gender, уулу and кызы, joined words, halves of a double surname and look-alike letters are forms of one."""
    level = compare(Record(surname=one), Record(surname=other)).surname
    assert level in SAME_NAME


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Бакытович", "Бакыт уулу"),
        ("Асанбаевич", "Асанбай уулу"),
        ("Абдылдаевна", "Абдылда кызы"),
        ("Ильич", "Илья"),
        ("Сергеевна", "Сергей кызы"),
        ("Bakytovich", "Бакытович"),
    ],
)
def test_a_fathers_name_keeps_its_root(one: str, other: str) -> None:
    """A patronymic in another form is the same father."""
    assert compare(Record(patronymic=one), Record(patronymic=other)).patronymic in SAME_NAME


@pytest.mark.parametrize(
    "typed",
    [
        ("Нурлан", "Асанов", "Бакытович"),
        ("Нурлан", "Бакытович", "Асанов"),
        ("Асанов", "Бакытович", "Нурлан"),
        ("Асанов", "Нурлан Бакытович", ""),
        ("Асанов Нурлан Бакытович", "", ""),
        ("Асанов", "Нур-лан", "Бакыт уулу"),
    ],
)
def test_parts_in_any_order_and_field_are_the_same_name(typed: tuple[str, str, str]) -> None:
    """Swapped, rotated, joined or split parts agree with the entry."""
    surname, given, patronymic = (text or None for text in typed)
    record = Record(surname=surname, given_name=given, patronymic=patronymic)
    seen = compare(record, Record(surname="Асанов", given_name="Нурлан", patronymic="Бакытович"))
    assert (seen.surname in LIKE_NAME, seen.given_name, seen.patronymic in SAME_NAME) == (
        True,
        Level.EQUAL,
        True,
    )


def test_two_spellings_that_are_both_frequent_names_are_not_simply_equal() -> None:
    """Where a registry bears both Элнура and Эльнура, they agree only as forms; elsewhere they are one name."""
    counts = NameCounts()
    for name in ("Элнура", "Эльнура", "Айпери"):
        found = full_name(Record(given_name=name)).given_name
        assert found is not None
        counts.given[found.fold] += 10
        counts.spellings[found.fold, found.plain] += 10
    one, other = Record(given_name="Элнура"), Record(given_name="Эльнура")
    assert compare(one, other).given_name is Level.EQUAL
    assert compare(one, other, vocabulary=learned_vocabulary(counts)).given_name is Level.FORM


def test_a_name_frequent_in_the_registry_becomes_known() -> None:
    """Two names the shipped list lacks are two names once the registry bears both often."""
    one, other = Record(given_name="Элбарс"), Record(given_name="Элмарс")
    counts = NameCounts()
    counts.given.update({"elbars": 40, "elmars": 40})
    assert compare(one, other).given_name is Level.SIMILAR
    assert compare(one, other, vocabulary=learned_vocabulary(counts)).given_name is Level.TWO_NAMES


def test_a_slip_between_two_known_names_is_torn() -> None:
    """A mistyped name as near to another known name as to the entry's says so."""
    torn = compare(Record(given_name="Алмина"), Record(given_name="Алина"))
    sure = compare(Record(given_name="Нурлпн"), Record(given_name="Нурлан"))
    assert (torn.given_name, torn.torn) == (Level.SIMILAR, True)
    assert (sure.given_name, sure.torn) == (Level.SIMILAR, False)
