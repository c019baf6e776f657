"""Two records side by side, the sum of weights, the pictures, and the words of the case commands."""

from dataclasses import fields
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import etree

from gateway.console.agencies.examination import examine
from gateway.console.charts import Line, curves, sparkline, stacked_bars
from gateway.console.exchange_links import exchanges_link
from gateway.matching.decision import judge
from gateway.matching.record import Candidate, Record
from gateway.matching.scale import Evidence
from gateway.matching.side_by_side import DOT, beware, pair_fields, waterfall
from tests.access.world import World
from tests.running import make_settings

PIN, OTHER_PIN = "10903201400021", "10903201400011"
ONE = Record(
    surname="Токтогулова",
    given_name="Айнур",
    patronymic="Бакытовна",
    sex="F",
    birth_date=date(2014, 3, 9),
    pin=PIN,
)
TWIN = Record(
    surname="ТОКТОГУЛОВА", given_name="Айгүл", patronymic="Бакытовна", sex="F", birth_date=date(2014, 3, 9),
    pin=OTHER_PIN,
)  # fmt: skip


def _weighed(one: Record, other: Record) -> tuple[float, tuple[Evidence, ...]]:
    opinion = judge(one, Candidate(person_id=None, record=other), population=1_000_000)
    return opinion.weight, opinion.evidence


def test_only_what_differs_is_marked_and_numbers_are_masked() -> None:
    """Letters that differ are marked on both sides, case is no difference, a PIN shows two digits and where it differs."""
    pairs = {pair.field: pair for pair in pair_fields(ONE, TWIN, ())}
    marked = "".join(piece.text for piece in pairs["given_name"].one if piece.differs)
    assert (marked, pairs["surname"].is_same) == ("нур", True)
    shown = "".join(piece.text for piece in pairs["pin"].one)
    assert shown == DOT * 12 + "21"
    assert [piece.text for piece in pairs["pin"].one if piece.differs] == ["2"]
    assert "passport" not in pairs
    said = str(pair_fields(ONE, Record(), ()))
    assert PIN not in said


def test_the_waterfall_ends_at_the_score() -> None:
    """The steps start at nothing, each begins where the one before ended, and the last ends at the weight."""
    score, evidence = _weighed(ONE, TWIN)
    steps = waterfall(evidence, score)
    assert steps[0].begin == 0
    assert steps[0].weight < 0
    assert all(one.end == other.begin for one, other in pairwise(steps))
    assert steps[-1].end == pytest.approx(score)
    assert len(steps) == len(evidence) + 1


def test_twins_and_namesakes_are_named() -> None:
    """One birth date, one family and two names warn of twins; one name and two birth dates of namesakes."""
    assert "TWINS" in beware(_weighed(ONE, TWIN)[1])
    namesake = Record(surname="Токтогулова", given_name="Айнур", sex="F", birth_date=date(2011, 7, 21))
    assert beware(_weighed(ONE, namesake)[1]) == ("NAMESAKES",)
    assert beware(_weighed(ONE, ONE)[1]) == ()


def test_a_chart_holds_nothing_a_strict_policy_forbids() -> None:
    """No style, no script, no address but our own links, which a keyboard passes by; what is said is there to hover."""
    labels = ["10:00", "10:01", "10:02"]
    line = Line(name="good", values=[3, None, 7], links=["/console/exchanges?q=a&b", "", "/console/x"])
    other = Line(name="<bad>", values=[0, 1, 2])
    for draw in (stacked_bars, curves):
        root = etree.fromstring(str(draw(labels, [line, other], shown=lambda value: f"{value:g} n")))
        nodes = [(etree.QName(node).localname, node) for node in root.iter()]
        assert not {name for name, _ in nodes} & {"style", "script", "image", "foreignObject", "defs"}
        assert not [node for _, node in nodes if node.get("style") or node.get("onclick")]
        assert {node.get("tabindex") for name, node in nodes if name == "a"} == {"-1"}
        assert "10:02: 7 n" in [node.text for name, node in nodes if name == "title"]
    assert "<rect" in sparkline([0, 1])
    assert sparkline([])


def test_a_link_asks_in_the_lists_words_or_not_at_all() -> None:
    """What the list knows no name for has no link; everything else is one query line."""
    assert exchanges_link(agency="other", service="x") == ""
    assert (
        exchanges_link(agency="1", slower_than=0.4731) == "/console/exchanges?q=agency%3A1+latency%3A%3E473ms"
    )
    assert exchanges_link() == "/console/exchanges"


async def test_the_doctor_answers_a_page(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Examining runs the real doctor over this configuration and gives its sentences, the worst first."""
    settings = make_settings(world.database.url, tmp_path)
    monkeypatch.setenv("DATABASE_URL", world.database.url)
    for section in ("signing", "journal"):
        for item in fields(getattr(settings, section)):
            if item.name.endswith("_file"):
                value = str(getattr(getattr(settings, section), item.name))
                monkeypatch.setenv(f"KOPURO_{section}__{item.name}".upper(), value)
    certificates = ",".join(settings.agreements["social_fund"].certificate_files)
    monkeypatch.setenv("KOPURO_AGREEMENTS__SOCIAL_FUND__CERTIFICATE_FILES", certificates)
    found = await examine("ky", by=world.accounts["operator"])
    marks = [finding.mark for finding in found.findings]
    assert marks == sorted(marks, key=["bad", "warning", "good"].index)
    assert {"database_good", "settings_good"} <= {finding.code for finding in found.findings}
    assert all(finding.cure for finding in found.findings if finding.mark == "bad")
