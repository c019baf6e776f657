"""A model as text: learned once from a population, then the same in bulk, on every engine and online."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gateway.matching.levels import Level
from gateway.matching.model import Labelled, Model
from gateway.matching.vocabulary import Vocabulary

FORM = 1


def written(model: Model) -> str:
    """Write weights, names and namesake rates as JSON; thresholds stay the operator's settings."""
    vocabulary = model.vocabulary
    content = {
        "form": FORM,
        "weights": {field: dict(levels) for field, levels in model.weights.items()},
        "labelled": [
            {"circumstances": list(levels), "same": seen.same, "others": seen.others}
            for levels, seen in sorted(model.labelled.items())
        ],
        "names": sorted(vocabulary.names),
        "fathers": sorted(vocabulary.fathers),
        "contested": sorted(vocabulary.contested),
        "surname_shares": dict(vocabulary.surname_shares),
        "given_shares": dict(vocabulary.given_shares),
    }
    return json.dumps(content, ensure_ascii=False)


def read(text: str, *, model: Model) -> Model:
    """Give a model with what was written of another; raises ValueError where the text is none."""
    content = json.loads(text)
    if not isinstance(content, dict) or content.get("form") != FORM:
        raise ValueError("this is no matching model of this version")
    try:
        return replace(
            model,
            weights={field: _levels(levels) for field, levels in content["weights"].items()},
            labelled=dict(_labelled(each) for each in content["labelled"]),
            vocabulary=Vocabulary(
                names=frozenset(content["names"]),
                fathers=frozenset(content["fathers"]),
                contested=frozenset(content["contested"]),
                surname_shares=content["surname_shares"],
                given_shares=content["given_shares"],
            ),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"this is no matching model: {type(error).__name__}") from None


def _levels(told: Mapping[str, float]) -> dict[Level, float]:
    return {Level(level): float(bits) for level, bits in told.items()}


def _labelled(told: Mapping[str, Any]) -> tuple[tuple[Level, ...], Labelled]:
    levels = tuple(Level(level) for level in told["circumstances"])
    return levels, Labelled(same=int(told["same"]), others=int(told["others"]))
