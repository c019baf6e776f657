"""Fold a name, however it was typed, into plain forms that its usual spellings share.

Kyrgyz and Russian letters and the practices of transliteration meet in a small Latin skeleton: Ң/Н/NG → n,
Ө/О → o, Ү/У → u, Ж/ДЖ/ZH/J → j, doubled letters → one. It is a key to compare by, never to show.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product

from gateway.matching.script import MOST_READINGS, readings

MARKERS = frozenset({"ulu", "uli", "ul", "kizi", "kiz", "tegi"})
_SURNAME_ENDINGS = ("skaia", "skoi", "ski", "ova", "eva", "ina", "aia", "ov", "ev", "of", "in", "oi")
_FATHER_ENDINGS = ("ovic", "evic", "ovna", "evna", "inicna", "icna", "ic", "ivna")
_MARKER_ENDINGS = ("tegi", "kizi", "kiz", "ulu", "uli")
_ENDINGS = tuple(sorted((*_FATHER_ENDINGS, *_SURNAME_ENDINGS, *_MARKER_ENDINGS), key=len, reverse=True))
_FATHER_ENDINGS_BY_LAW_OF_2025 = re.compile("[dt](in|un|an|en|on)$")
_SHORTEST_ROOT = 3
_LOOKALIKES = str.maketrans("ABCEHIKMOPTXY", "АВСЕНІКМОРТХУ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a name: as typed, its likeliest skeleton, all its readings, and those without endings.

    `roots` are what a surname, a patronymic and the father's given name share: Асанова, Асанович, Асан уулу.
    `is_patronymic` tells that it has the form of one; `stems` are the roots and `initials` the first letters of
    the readings, in order.
    """

    plain: str
    fold: str
    readings: frozenset[str]
    root: str
    roots: frozenset[str]
    fathers: frozenset[str]
    names_father: bool
    is_patronymic: bool
    stems: tuple[str, ...]
    initials: str


@lru_cache(maxsize=1 << 18)
def words(text: str) -> tuple[tuple[str, ...], ...]:
    """Split into words, each with its readings, the words уулу, кызы and теги included."""
    found = (readings(word) for word in text.replace("-", " ").split())
    return tuple(word for word in found if word)


def fold(text: str) -> str:
    """Fold a name to its skeleton: spaces, hyphens, уулу and кызы gone; an empty text stays empty."""
    found = part(text)
    return found.fold if found else ""


@lru_cache(maxsize=1 << 18)
def part(text: str | None) -> Part | None:
    """Prepare one part of a name for comparison; None where there is nothing to compare."""
    if not text:
        return None
    found = words(text)
    if not found:
        return None
    kept = [word for word in found if word[0] not in MARKERS] or list(found)
    joined = ["".join(choice) for choice in islice(product(*kept), MOST_READINGS)]
    folds = list(dict.fromkeys(_DOUBLED.sub(r"\1", each) for each in joined))
    marked = len(kept) < len(found)
    typed = _NOT_A_LETTER.sub("", unicodedata.normalize("NFC", text).casefold())
    roots = {_root(each) for each in folds}
    every = roots | _double_surname(kept)
    return Part(
        plain=typed,
        fold=folds[0],
        readings=frozenset(folds),
        root=_root(folds[0]),
        roots=frozenset(every),
        fathers=frozenset(roots | {_law_of_2025(each) for each in folds}),
        names_father=marked,
        is_patronymic=marked or folds[0].endswith(_FATHER_ENDINGS[:-2]),
        stems=tuple(sorted(every)),
        initials="".join(sorted({each[0] for each in folds})),
    )


_DOUBLED = re.compile(r"(.)\1+")
_NOT_A_LETTER = re.compile(r"[^\w]|[\d_]")


def document(text: str) -> str:
    """Reduce a document number to letters and digits, its letters to one alphabet."""
    upper = text if text.isascii() else unicodedata.normalize("NFC", text)
    upper = upper.upper().replace("KR", "КР").replace("№", "")
    return _NOT_IN_A_NUMBER.sub("", upper.translate(_LOOKALIKES))


_NOT_IN_A_NUMBER = re.compile(r"[\W_]")


def fold_all(texts: Iterable[str]) -> frozenset[str]:
    """Fold a list of names."""
    return frozenset(fold(text) for text in texts)


def root_of(folded: str) -> str:
    """Give the root of a folded name: no ending of a surname or patronymic, no vowel at the end."""
    return _root(folded)


def _root(folded: str) -> str:
    bare = _without(folded, _ENDINGS)
    shorter = bare.rstrip("aeiou")
    return shorter if len(shorter) >= 2 else bare


def _law_of_2025(folded: str) -> str:
    """Give the root of "Бактыбектин"; a name that would become too short keeps its letters."""
    shorter = _FATHER_ENDINGS_BY_LAW_OF_2025.sub("", folded)
    return _root(shorter) if len(shorter) > _SHORTEST_ROOT else _root(folded)


def _double_surname(kept: list[tuple[str, ...]]) -> set[str]:
    """Give the roots of the halves of Иванова-Петрова; halves without an ending are no surnames."""
    if len(kept) < 2:
        return set()
    halves = [(word[0], _root(word[0])) for word in kept]
    return {root for word, root in halves if len(word) - len(root) >= 2 and len(root) > _SHORTEST_ROOT}


def _without(folded: str, endings: tuple[str, ...]) -> str:
    if not folded.endswith(endings):
        return folded
    for ending in endings:
        least = 2 if ending in _FATHER_ENDINGS else _SHORTEST_ROOT  # Ильич
        if folded.endswith(ending) and len(folded) - len(ending) >= least:
            return folded.removesuffix(ending)
    return folded
