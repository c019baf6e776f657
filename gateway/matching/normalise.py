"""Fold a name, however it was typed, into one plain form that its usual spellings share.

Kyrgyz and Russian letters and the common Latin transliterations meet in a small Latin skeleton: Ң/Н/NG → n,
Ө/О → o, Ү/У → u, Ж/ДЖ/ZH/J → j, doubled letters → one. It is a key to compare by, never to show.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

_LOOKALIKES = str.maketrans("ABCEHIKMOPTXYabcehikmoptxy", "АВСЕНІКМОРТХУавсенікмортху")
_CYRILLIC = str.maketrans(
    {
        **dict(zip("абвгдежзийклмнңоөпрстуүфхцчыіэ", "abvgdejziiklmnnooprstuufkscіie", strict=True)),
        "і": "i", "ы": "i", "ё": "e", "ш": "w", "щ": "w", "ю": "iu", "я": "ia", "ъ": "", "ь": "",
    }
)  # fmt: skip
_LATIN = (
    ("w", "v"), ("shch", "w"), ("sch", "w"), ("dzh", "j"), ("zh", "j"), ("kh", "k"), ("ch", "c"), ("sh", "w"),
    ("ts", "s"), ("yo", "e"), ("ye", "e"), ("x", "ks"), ("q", "k"), ("h", "k"), ("y", "i"),
)  # fmt: skip
_NOT_A_LETTER = re.compile(r"[^\w]|[\d_]")
_IS_CYRILLIC = re.compile("[а-яёңөүі]")
_DOUBLED = re.compile(r"(.)\1+")
MARKERS = frozenset({"ulu", "uli", "ul", "kizi", "kiz", "tegi"})
_SURNAME_ENDINGS = (
    "skaia", "tegi", "kizi", "ova", "eva", "ina", "ulu", "uli", "ski", "ov", "ev", "in",
)  # fmt: skip
_FATHER_ENDINGS = (
    "ovic", "evic", "ovna", "evna", "inicna", "icna", "tegi", "kizi", "ulu", "uli", "ic",
)  # fmt: skip
_FATHER_ENDINGS_BY_LAW_OF_2025 = re.compile("[dt](in|un|an|en|on)$")
_SHORTEST_STEM = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a name: as typed, folded, without a surname's ending, and the fathers it may name."""

    plain: str
    fold: str
    stem: str
    fathers: frozenset[str]
    names_father: bool


@lru_cache(maxsize=65536)
def words(text: str) -> tuple[str, ...]:
    """Split into folded words, the words уулу, кызы and теги included."""
    plain = unicodedata.normalize("NFC", text).casefold().replace("-", " ")
    folded = (_fold_word(_NOT_A_LETTER.sub("", word)) for word in plain.split())
    return tuple(word for word in folded if word)


def fold(text: str) -> str:
    """Fold a name to its skeleton: spaces, hyphens, уулу and кызы gone; an empty text stays empty."""
    found = words(text)
    kept = [word for word in found if word not in MARKERS]
    return _DOUBLED.sub(r"\1", "".join(kept or found))


@lru_cache(maxsize=65536)
def part(text: str | None) -> Part | None:
    """Prepare one part of a name for comparison; None where there is nothing to compare."""
    folded = fold(text or "")
    if not folded:
        return None
    marked = not MARKERS.isdisjoint(words(text or ""))
    root = _without(folded, _FATHER_ENDINGS)
    shorter = _FATHER_ENDINGS_BY_LAW_OF_2025.sub("", root)
    fathers = {root, shorter} if len(shorter) >= 4 else {root}
    return Part(
        plain=_NOT_A_LETTER.sub("", (text or "").casefold()),
        fold=folded,
        stem=_without(folded, _SURNAME_ENDINGS),
        fathers=frozenset(fathers),
        names_father=marked,
    )


def document(text: str) -> str:
    """Reduce a document number to letters and digits, its letters to one alphabet."""
    upper = unicodedata.normalize("NFC", text).upper().replace("KR", "КР")
    return re.sub(r"[\W_]", "", upper.translate(_LOOKALIKES))


def fold_all(texts: Iterable[str]) -> frozenset[str]:
    """Fold a list of names."""
    return frozenset(fold(text) for text in texts)


def _fold_word(word: str) -> str:
    skeleton = _fold_cyrillic(word) if _IS_CYRILLIC.search(word) else _fold_latin(word)
    return _DOUBLED.sub(r"\1", skeleton.replace("dj", "j").replace("ng", "n"))


def _fold_cyrillic(word: str) -> str:
    return word.translate(_LOOKALIKES).translate(_CYRILLIC)


def _fold_latin(word: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))
    for spelled, folded in _LATIN:
        plain = plain.replace(spelled, folded)
    return plain


def _without(folded: str, endings: tuple[str, ...]) -> str:
    for ending in endings:
        if folded.endswith(ending) and len(folded) - len(ending) >= _SHORTEST_STEM:
            return folded.removesuffix(ending)
    return folded
