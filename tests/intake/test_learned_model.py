"""A learned model is read where the operator names one, and refused where it is none."""

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Matching, Settings, load
from gateway.intake.learned_model import chosen_model
from gateway.matching.bulk import gather
from gateway.matching.learning import learn
from gateway.matching.model import MODEL
from gateway.matching.record import Record
from gateway.matching.stored import written


def _settings(file: Path) -> Settings:
    return replace(load(), matching=Matching(model_file=str(file), match=9.5))


def test_a_model_is_the_same_after_writing_and_reading(tmp_path: Path) -> None:
    """Weights, names and namesake rates come back as they were learned; thresholds are the operator's."""
    people = [
        Record(surname="Асанов", given_name=name, pin=f"2010120101234{i}")
        for i, name in enumerate(["Үсөн", "Кубат"])
    ]
    learned = learn(gather(((str(i), one) for i, one in enumerate(people)), people), MODEL)
    file = tmp_path / "model.json"
    file.write_text(written(learned), encoding="utf-8")
    found = chosen_model(_settings(file))
    assert (found.weights, found.vocabulary, found.labelled) == (
        learned.weights,
        learned.vocabulary,
        learned.labelled,
    )
    assert found.thresholds.match == 9.5


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '{"form": 1}', '{"form": 1, "weights": {"x": {"NO LEVEL": 1}}}']
)
def test_what_is_no_model_stops_the_start(text: str, tmp_path: Path) -> None:
    """A file that holds no model is named, and never half used."""
    file = tmp_path / "model.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"model\.json cannot be read"):
        chosen_model(_settings(file))
