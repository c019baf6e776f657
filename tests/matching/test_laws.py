"""The matcher's single laws: folding, levels, rules."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.matching.blocking import blocking_keys, lookup_keys
from gateway.matching.comparison import compare
from gateway.matching.decision import Decision, Match, NoMatch, Review, decide
from gateway.matching.given_names import COMMON_GIVEN_NAMES
from gateway.matching.levels import Level, pin_level
from gateway.matching.normalise import document, fold, part
from gateway.matching.record import Candidate, Record

BORN = date(2018, 5, 4)
ID = UUID(int=7)
CHILD = Record(
    surname="Асанов",
    given_name="Нурлан",
    patronymic="Бакытович",
    sex="M",
    birth_date=BORN,
    pin="20405201812345",
    organisation="A",
)


def child(**changed: object) -> Record:
    return Record(**{**{name: getattr(CHILD, name) for name in CHILD.__dataclass_fields__}, **changed})


def decided(record: Record, entry: Record = CHILD, population: int = 1_000_000) -> Decision:
    return decide(record, [Candidate(person_id=ID, record=entry)], population=population)


@pytest.mark.parametrize(
    "spellings",
    [
        ("Өмүрбек", "ОМУРБЕК", "омурбек ", "Omurbek", "Ömürbek"),
        ("Жаңыл", "Джаныл", "Zhangyl", "ЖАҢЫЛ", "Janyl"),
        ("Чыңгыз", "Чингиз", "Chyngyz"),
        ("Асанов", "Aсанов", "АСАНОВ", "Asanov"),
        ("Таалайбек", "Талайбек", "Таалай-бек", "Таалай бек", "Taalaibek"),
        ("Токтогул уулу", "ТОКТОГУЛ УУЛУ", "Токтогул уул", "Toktogul uulu", "токтогул"),
        ("Фёдор", "Федор"),
    ],
)
def test_usual_spellings_of_one_name_fold_together(spellings: tuple[str, ...]) -> None:
    """Keyboards without Ң Ө Ү, transliteration, homoglyphs, joined and split words give one form."""
    assert len({fold(spelling) for spelling in spellings}) == 1


def test_names_that_are_two_names_stay_two() -> None:
    """Асан and Үсөн, Фатима and Зухра never fold together, and most of the list stays apart."""
    for one, other in (("Асан", "Үсөн"), ("Фатима", "Зухра"), ("Айнура", "Айгүл"), ("Нурлан", "Нурдин")):
        assert fold(one) != fold(other)
    assert len(COMMON_GIVEN_NAMES) > 500


def test_a_fathers_name_is_seen_in_every_form() -> None:
    """-ович, -овна, уулу, кызы, -тин of the 2025 law and the bare name are the same father."""
    forms = ("Бактыбекович", "Бактыбековна", "Бактыбек уулу", "Бактыбек кызы", "Бактыбектин", "Бактыбек")
    roots = [part(form).fathers for form in forms]
    assert frozenset.intersection(*roots) == {"baktibek"}


@given(text=st.text(max_size=40))
def test_folding_is_total_and_idempotent(text: str) -> None:
    """Whatever is typed folds without an error; a folded name of plain letters folds to itself."""
    folded = fold(text)
    assert fold(text) == folded
    assert " " not in folded


def test_documents_fold_their_look_alikes() -> None:
    """КР-Х in Cyrillic, KP-X in Latin and KR-X transliterated are one series."""
    assert len({document(text) for text in ("КР-Х1234567", "KP-X 1234567", "KR-X1234567")}) == 1


def test_swapped_parts_and_dates_still_meet() -> None:
    """A record with surname and name exchanged, or day and month, shares a key with its entry."""
    stored = set(blocking_keys(CHILD))
    exchanged = Record(surname="Нурлан", given_name="Асанов", birth_date=BORN)
    mixed = Record(surname="Асанов", given_name="Нурлан", birth_date=date(2018, 4, 5))
    assert stored & set(lookup_keys(exchanged))
    assert stored & set(lookup_keys(mixed))


def test_missing_values_make_no_keys() -> None:
    """A row without PIN and date does not block together with all other such rows."""
    assert blocking_keys(Record()) == ()
    assert not any(key.startswith("pin") for key in blocking_keys(Record(surname="А", given_name="Б")))


def test_a_pins_serial_is_compared_apart_from_its_date() -> None:
    """Same-day strangers share nine digits and are not near; one slip or two exchanged digits is near."""
    assert pin_level("20405201812345", "20405201867890") is Level.DIFFERENT
    assert pin_level("20405201812345", "20405201812346") is Level.NEAR
    assert pin_level("20405201812345", "20405201813245") is Level.NEAR
    assert pin_level("20405201812345", "20405201712345") is Level.NEAR
    assert pin_level("20405201812345", None) is Level.MISSING


def test_pin_date_and_names_match() -> None:
    """The same PIN, birth date and names are the same person, with the reasons."""
    decision = decided(child(surname="АСАНОВ", patronymic=None))
    assert isinstance(decision, Match)
    assert {"pin", "surname", "birth_date"} <= {item.field for item in decision.explanation}


@pytest.mark.parametrize(
    "changed",
    [
        {"given_name": "Темирлан"},
        {"birth_date": date(1985, 1, 9)},
        {"surname": "Чокморов", "patronymic": "Касымович"},
        {"sex": "F"},
    ],
)
def test_the_same_pin_with_a_contradiction_goes_to_a_person(changed: dict[str, object]) -> None:
    """An equal PIN never links over another name, birth date or sex."""
    decision = decided(child(**changed))
    assert isinstance(decision, Review)
    assert decision.kind == "PIN_CONFLICT"


def test_names_and_date_alone_go_to_a_person_and_with_the_school_link() -> None:
    """Without an identifier a link needs one more independent agreement."""
    assert isinstance(decided(child(pin=None, organisation="B")), Review)
    assert isinstance(decided(child(pin=None)), Match)


def test_names_alone_never() -> None:
    """Equal names with another birth date, as father and son have them, are two people."""
    son = child(pin=None, birth_date=date(1988, 2, 20))
    for population in (10, 1_000_000):
        assert isinstance(decided(son, population=population), NoMatch)


def test_a_certificate_links_a_child_without_pin_but_not_a_twin() -> None:
    """The birth certificate with names and date is enough; with another given name it is a question."""
    entry = child(birth_certificate="КР-Х1234567")
    same = child(pin=None, birth_certificate="KP-X 1234567", organisation="B")
    assert isinstance(decided(same, entry), Match)
    twin = child(pin=None, birth_certificate="КР-Х1234567", given_name="Темирлан")
    assert isinstance(decided(twin, entry), Review)


def test_a_mistyped_pin_links_only_under_equal_names_and_date_and_is_said_so() -> None:
    """A PIN one digit off under equal names and date is a slip; with an unsure given name it is a question."""
    decision = decided(child(pin="20405201812346"))
    assert isinstance(decision, Match)
    assert "mistyped" in decision.opinion.rule
    unsure = decided(child(pin="20405201812346", given_name="Нурлн", organisation="B"))
    assert isinstance(unsure, Review)
    assert unsure.kind == "PIN_CONFLICT"


def test_two_verified_pins_are_two_people() -> None:
    """A namesake of the same day with another verified PIN is not asked about."""
    record = child(pin="20405201899999", pin_verified=True)
    assert isinstance(decided(record, child(pin_verified=True)), NoMatch)


def test_two_possible_entries_are_a_persons_choice() -> None:
    """Where two entries could be meant nothing is linked."""
    candidates = [Candidate(person_id=UUID(int=number), record=child(pin=None)) for number in (1, 2)]
    decision = decide(child(pin=None), candidates, population=1_000_000)
    assert isinstance(decision, Review)
    assert len(decision.opinions) == 2


def test_a_larger_registry_asks_for_more_evidence() -> None:
    """The weight of the same agreement falls by the doublings of the population."""
    weights = [
        decided(child(pin=None, organisation="B"), population=size).opinions[0].weight
        for size in (100_000, 1_600_000)
    ]
    assert weights[0] - weights[1] == pytest.approx(4.0, abs=0.02)


def test_known_names_are_not_typing_mistakes() -> None:
    """Two known names one letter apart are two names; an unknown spelling one letter away is a slip."""
    two = compare(Record(given_name="Амина"), Record(given_name="Алина"))
    slip = compare(Record(given_name="Аминна"), Record(given_name="Амина"))
    typed = compare(Record(given_name="Нурлпн"), Record(given_name="Нурлан"))
    assert (two.given_name, slip.given_name, typed.given_name) == (
        Level.TWO_NAMES,
        Level.EQUAL,
        Level.SIMILAR,
    )
