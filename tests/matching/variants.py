"""Worlds the matcher was not tuned on: other rates, other names, transliterations it never met, missing columns."""

from dataclasses import replace

from tests.matching.generator import World
from tests.matching.latin import UNSEEN_SCHEMES
from tests.matching.names import OTHER_MEN, OTHER_WOMEN

_WORLD = World()
_USUAL = dict(_WORLD.damages)
WORLDS = {
    "as tuned": _WORLD,
    "other names, unseen transliterations": replace(
        _WORLD, men=OTHER_MEN, women=OTHER_WOMEN, schemes=UNSEEN_SCHEMES
    ),
    "twice the damage": replace(
        _WORLD,
        damages=_USUAL
        | {"exact": 15, "typo": 20, "translit": 14, "several": 9, "no pin": 12, "pin mistyped": 6},
    ),
    "few and common names": replace(_WORLD, men=OTHER_MEN, women=OTHER_WOMEN, zipf=1.3),
    "a registry with many gaps": replace(
        _WORLD, registry_lacks={"pin": 0.2, "birth_cert": 0.4, "passport": 0.3, "patronymic": 0.15}
    ),
    "nobody moves": replace(_WORLD, moved=0.0),
    "half the rows are new": replace(_WORLD, in_registry=0.5),
    "only schools tell where": replace(
        _WORLD,
        silent={
            "passport": ("school_id", "birth_cert", "territory"),
            "birth_act": ("school_id", "passport", "territory"),
            "school": ("passport",),
        },
    ),
}
