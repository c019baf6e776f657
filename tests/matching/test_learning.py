"""What is learned from two files without any truth, and what is chosen by the operator."""

from collections import Counter
from dataclasses import replace
from datetime import date
from itertools import product
from uuid import UUID

import pytest

from gateway.intake.person_rows import record_of
from gateway.matching.bulk import decide_all, gather
from gateway.matching.decision import Decision, Match, NoMatch, Review, decide
from gateway.matching.learning import learn
from gateway.matching.levels import Level
from gateway.matching.mixture import Lesson, Mixture, learn_mixture, posterior
from gateway.matching.model import MODEL, THRESHOLDS, Labelled, Model
from gateway.matching.record import Candidate, Record
from tests.matching.generator import generate

CHILD = Record(
    surname="Асанов",
    given_name="Нурлан",
    patronymic="Бакытович",
    sex="M",
    birth_date=date(2018, 5, 4),
    pin="20405201812345",
    organisation="A",
    place="417001",
)


def test_em_finds_the_rates_it_was_shown() -> None:
    """From unlabelled patterns of a known mixture EM recovers how often one person's records agree."""
    agree = {"a": 0.9, "b": 0.7, "c": 0.8}
    chance = {"a": 0.01, "b": 0.02, "c": 0.005}
    total, share = 1_000_000, 0.002
    patterns: Counter[tuple[Level, ...]] = Counter()
    for pattern in product((Level.EQUAL, Level.DIFFERENT), repeat=3):
        both = [share, 1 - share]
        for (name, rate), level in zip(agree.items(), pattern, strict=True):
            both[0] *= rate if level is Level.EQUAL else 1 - rate
            both[1] *= chance[name] if level is Level.EQUAL else 1 - chance[name]
        patterns[pattern] = round(total * sum(both))
    start = {name: {Level.EQUAL: 0.6, Level.DIFFERENT: 0.4} for name in agree}
    mixture = Mixture(
        fields=tuple(agree),
        matches=start,
        strangers={name: {Level.EQUAL: rate, Level.DIFFERENT: 1 - rate} for name, rate in chance.items()},
        share=0.01,
    )
    lesson = Lesson(patterns=patterns, product=total, belief=start, prior=1.0, rounds=200)
    learned = learn_mixture(mixture, lesson)
    for name, rate in agree.items():
        assert learned.matches[name][Level.EQUAL] == pytest.approx(rate, abs=0.03)
    assert learned.share == pytest.approx(share, rel=0.1)


def test_a_posterior_is_a_probability_of_the_odds() -> None:
    """No evidence leaves the share as it is; ten bits turn one in 1,025 into one half."""
    assert posterior(0.0, 0.25) == pytest.approx(0.25)
    assert posterior(10.0, 1 / 1025) == pytest.approx(0.5)


def test_bulk_and_a_single_record_are_decided_alike() -> None:
    """With the same model a file's rows and the same records one by one get the same decision."""
    files = generate(31, registry=800, incoming=150)
    entries = [(row["person_id"], record_of(row)) for row in files.registry]
    records = [record_of(row) for row in files.incoming]
    gathered = gather(entries, records)
    model = replace(learn(gathered, MODEL), thresholds=replace(THRESHOLDS, frequent_name=10**6))
    ids = {entry_id: UUID(int=number) for number, (entry_id, _) in enumerate(entries)}
    by_id = dict(entries)
    for record, found, bulk in zip(records, gathered.candidates, decide_all(gathered, model), strict=True):
        names = [gathered.entry_ids[place] for place in found]
        candidates = [Candidate(person_id=ids[name], record=by_id[name]) for name in names]
        single = decide(record, candidates, population=len(entries), model=model)
        assert type(single) is type(bulk)
        if isinstance(single, Match) and isinstance(bulk, Match):
            assert single.person_id == ids[bulk.person_id]


def test_the_schools_and_places_of_the_files_set_their_weight() -> None:
    """An equal place among many weighs more than one that half of the people share."""
    files = generate(32, registry=1_500, incoming=300)
    many = learn(_gathered(files.registry, files.incoming), MODEL)
    halves = {row["territory"]: str(number % 2) for number, row in enumerate(files.registry)}
    for row in (*files.registry, *files.incoming):
        row["territory"] = halves.get(row["territory"], "0")
    few = learn(_gathered(files.registry, files.incoming), MODEL)
    assert many.weights["place"][Level.EQUAL] > few.weights["place"][Level.EQUAL] + 2


def _gathered(registry, incoming):
    return gather(
        ((row["person_id"], record_of(row)) for row in registry), [record_of(row) for row in incoming]
    )


def test_namesakes_met_among_pins_forbid_what_looks_like_them() -> None:
    """Where pairs with PINs show many namesakes of one school and place, an equal school no longer links."""
    circumstances = (Level.EQUAL, Level.EQUAL, Level.EQUAL)
    record = replace(CHILD, pin=None)
    candidate = [Candidate(person_id=UUID(int=1), record=CHILD)]
    warned = replace(MODEL, labelled={circumstances: Labelled(same=90, others=10)})
    assert isinstance(decide(record, candidate, population=100_000), Match)
    assert isinstance(decide(record, candidate, population=100_000, model=warned), Review)


def _with_a_parents_pin(model: Model) -> Decision[UUID]:
    parent = replace(
        CHILD, given_name="Бакыт", patronymic="Касымович", birth_date=date(1985, 1, 9), pin="20901198500001"
    )
    record = replace(CHILD, pin=parent.pin)
    entries = [
        Candidate(person_id=UUID(int=1), record=CHILD),
        Candidate(person_id=UUID(int=2), record=parent),
    ]
    return decide(record, entries, population=100_000, model=model)


def test_a_relatives_pin_links_the_child_and_never_the_relative() -> None:
    """Where all else agrees a parent's PIN is the child's record; by choice a person is asked first, of the child first."""
    linked = _with_a_parents_pin(MODEL)
    assert isinstance(linked, Match)
    assert linked.person_id == UUID(int=1)
    asked = _with_a_parents_pin(Model(thresholds=replace(THRESHOLDS, link_over_relatives_pin=False)))
    assert isinstance(asked, Review)
    assert asked.opinions[0].person_id == UUID(int=1)


def test_a_relatives_pin_is_doubted_even_where_the_entry_has_none() -> None:
    """A PIN that repeats another birth date never counts for an entry: without school or place a person is asked."""
    entry = Candidate(person_id=UUID(int=1), record=replace(CHILD, pin=None, organisation=None, place=None))
    record = replace(CHILD, pin="10901198500001", organisation=None, place=None)
    assert isinstance(decide(record, [entry], population=100_000), Review)


def test_a_new_twin_with_the_neighbouring_pin_and_certificate_is_new() -> None:
    """Everything a twin shares outweighs nothing: another known given name is another child."""
    entry = Candidate(person_id=UUID(int=1), record=replace(CHILD, birth_certificate="KR-X 0000001"))
    twin = replace(CHILD, given_name="Темирлан", pin="20405201812346", birth_certificate="KR-X 0000002")
    assert isinstance(decide(twin, [entry], population=100_000), NoMatch)


def test_three_equal_names_and_the_day_suffice_only_by_choice_and_where_the_data_allow_it() -> None:
    """Without school or place a link on names needs the operator's choice and pairs that show no namesakes."""
    record = replace(CHILD, pin=None, organisation=None, place=None)
    candidate = [Candidate(person_id=UUID(int=1), record=CHILD)]
    circumstances = (Level.EQUAL, Level.MISSING, Level.MISSING)
    chosen = replace(THRESHOLDS, namesakes=0.0075)
    for thresholds, labelled, linked in (
        (THRESHOLDS, Labelled(same=1000, others=0), False),
        (chosen, Labelled(same=1000, others=0), True),
        (chosen, Labelled(same=1000, others=20), False),
        (chosen, Labelled(same=10, others=0), False),
    ):
        model = Model(thresholds=thresholds, labelled={circumstances: labelled})
        found = decide(record, candidate, population=100_000, model=model)
        assert isinstance(found, Match) is linked
