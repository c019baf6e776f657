"""What is spared on the way to a decision changes none."""

from dataclasses import replace
from datetime import date
from random import Random

import pytest

from gateway.intake.person_rows import outcome_of, record_of
from gateway.matching.bulk import Gathered, gather
from gateway.matching.decision import Match, Review, decide_prepared, together, weigh
from gateway.matching.learning import learn
from gateway.matching.model import MODEL, Model
from gateway.matching.prepared import prepare
from gateway.matching.record import Record
from gateway.matching.scale import Scale
from tests.matching.generator import generate
from tests.matching.variants import WORLDS

DAY = date(2018, 5, 14)
PIN = "21405201812345"


@pytest.fixture(
    scope="module", params=["twice the damage", "few and common names", "a registry with many gaps"]
)
def gathered(request: pytest.FixtureRequest) -> Gathered:
    """Records of a world with the entries worth comparing."""
    files = generate(131, registry=6000, incoming=1500, world=WORLDS[request.param])
    entries = ((row["person_id"], record_of(row)) for row in files.registry)
    return gather(entries, [record_of(row) for row in files.incoming])


def _model(gathered: Gathered) -> Model:
    return learn(gathered, MODEL)


def test_a_link_by_identifier_is_the_same_whether_namesakes_are_weighed_or_not(gathered: Gathered) -> None:
    """All candidates weighed together, in any order, lead to the decision that weighs no more than it must."""
    scale, random = Scale.of(_model(gathered), gathered.census.size), Random(1)
    for record, found in zip(gathered.incoming, gathered.candidates, strict=True):
        # two entries of one person, as merged ones are online
        entries = [(gathered.entry_ids[place // 2 * 2], gathered.entries[place]) for place in found]
        spared = outcome_of(decide_prepared(record, entries, scale))
        random.shuffle(entries)
        assert outcome_of(together([weigh(record, *each, scale) for each in entries])) == spared


def test_the_likest_of_a_persons_entries_speaks_for_it() -> None:
    """Of entries merged into one person the one without the PIN is weighed, too: here it is likest, and in doubt."""
    child = Record(
        surname="Асанов", given_name="Нурлан", patronymic="Бакытович", sex="M", birth_date=DAY, pin=PIN
    )
    holder = replace(child, surname="Токтогулов", given_name="Нурлпн")
    member = replace(child, pin=None)
    scale = Scale.of(MODEL, 10_000)
    alone = decide_prepared(prepare(child), [("a", prepare(holder))], scale)
    both = decide_prepared(prepare(child), [("a", prepare(holder)), ("a", prepare(member))], scale)
    assert isinstance(alone, Match)
    assert isinstance(both, Review)


def test_entries_of_one_weight_are_told_in_the_order_of_their_ids() -> None:
    """However the registry gives them, a reviewer sees the same first."""
    child = Record(surname="Асанов", given_name="Нурлан", patronymic="Бакытович", birth_date=DAY)
    for ids in (["a", "b"], ["b", "a"]):
        found = decide_prepared(
            prepare(child), [(each, prepare(child)) for each in ids], Scale.of(MODEL, 10_000)
        )
        assert isinstance(found, Review)
        assert [opinion.person_id for opinion in found.opinions] == ["a", "b"]


def test_a_scale_says_the_same_the_second_time(gathered: Gathered) -> None:
    """What is remembered of one pair is what another pair that looks so would be told by a scale of its own."""
    model = _model(gathered)
    scale = Scale.of(model, gathered.census.size)
    for one, other in list(gathered.pairs())[:3000]:
        remembered = weigh(one, "entry", other, scale)
        anew = weigh(one, "entry", other, Scale.of(model, gathered.census.size))
        assert (remembered.weight, remembered.judged, remembered.evidence) == (
            anew.weight,
            anew.judged,
            anew.evidence,
        )
