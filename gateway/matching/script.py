"""Read a word in any alphabet people really type: Cyrillic, the practices of Latin, and look-alikes between them.

Every word becomes a small Latin skeleton. A Latin word may be read in more than one way (J is Ж for one clerk
and Й for another, C is Ц or Turkish Дж), so it has several readings; two words are one if a reading is shared.
"""

import re
import unicodedata
from itertools import product

MOST_READINGS = 12
_LOOKALIKES = str.maketrans("ABCEHIKMOPTXYabcehikmoptxyü", "АВСЕНІКМОРТХУавсенікмортхуү")
_TO_LATIN_LOOK = str.maketrans("авсенікмортхуү", "abcehikmoptxyü")
_DIGITS = str.maketrans({"0": "о", "3": "з", "4": "ч"})
_CYRILLIC = str.maketrans(
    {
        **dict(zip("абвгдеёжзийклмнңоөпрстуүфхцчыэ", "abvgdeejziiklmnnooprstuufkscie", strict=True)),
        "і": "i", "ї": "i", "є": "e", "ғ": "g", "қ": "k", "ҳ": "k", "ў": "u", "ә": "a", "ұ": "u", "һ": "k",
        "җ": "j", "ш": "w", "щ": "w", "ю": "iu", "я": "ia", "ъ": "", "ь": "",
    }
)  # fmt: skip
_SPECIAL = str.maketrans(
    {
        "ž": "zh", "ẑ": "zh", "č": "ch", "ç": "ch", "š": "sh", "ş": "sh", "ș": "sh", "ŝ": "sh", "ı": "i",
        "û": "yu", "â": "ya", "ë": "yo", "ě": "ye", "ñ": "n", "ň": "n", "ŋ": "n", "ğ": "g", "ġ": "g",
        "ĭ": "y", "ј": "j", "ə": "a", "æ": "a", "ø": "o", "ß": "s", "ł": "l",
    }
)  # fmt: skip
_LATIN = (
    ("w", "v"), ("shch", "w"), ("shh", "w"), ("tsch", "c"), ("sch", "w"), ("tch", "c"), ("dzh", "j"),
    ("dj", "j"), ("zh", "j"), ("kh", "k"), ("gh", "g"), ("ch", "c"), ("sh", "w"), ("yo", "e"), ("ye", "e"),
    ("x", "ks"), ("q", "k"), ("h", "k"), ("y", "i"),
)  # fmt: skip
_COMMON = (("dj", "j"), ("ngg", "n"), ("ng", "n"), ("ts", "s"), ("ie", "e"))
_AMBIGUOUS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (re.compile(r"(?<!d)j"), ("zh", "y")),
    (re.compile(r"c(?!h)"), ("ts", "zh", "ch", "k")),
    (re.compile("x"), ("ks", "h")),
    (re.compile("io"), ("io", "yo")),
    (re.compile("ou"), ("ou", "u")),
    (re.compile("oe"), ("oe", "o")),
    (re.compile("ue"), ("ue", "u")),
    (re.compile("w"), ("v", "sh")),
    (re.compile(r"(?<![aeiouy])y(?=[^aeiou]|$)"), ("y", "u")),
)
_NOT_A_LETTER = re.compile(r"[^\w]|[\d_]")
_ONLY_CYRILLIC = re.compile("[бгґдёжзийлңөпфцчшщъыьэюяғқҳўәұһҗ]")
_CYRILLIC_LETTER = re.compile("[а-яёңөүієїғқҳўәұһҗ]")
_ONLY_LATIN = re.compile("[dfgijlnqrsuvwz]")
_DOUBLED = re.compile(r"(.)\1+")


def readings(word: str) -> tuple[str, ...]:
    """Give the skeletons a word may stand for, the likeliest first; empty where it has no letters."""
    plain = unicodedata.normalize("NFC", word).casefold().replace("i̇", "i")
    if _CYRILLIC_LETTER.search(plain) and not plain.isdigit():
        plain = plain.translate(_DIGITS)
    plain = _NOT_A_LETTER.sub("", plain)
    if not plain:
        return ()
    return _cyrillic(plain) if _is_cyrillic(plain) else _latin(plain)


def _is_cyrillic(plain: str) -> bool:
    """Tell the alphabet by the letters that look like no letter of the other one; in doubt it is Cyrillic."""
    ours, theirs = len(_ONLY_CYRILLIC.findall(plain)), len(_ONLY_LATIN.findall(plain))
    return ours >= theirs and bool(_CYRILLIC_LETTER.search(plain))


def _cyrillic(plain: str) -> tuple[str, ...]:
    letters = plain.translate(_LOOKALIKES)
    found = [_single(letters.translate(_CYRILLIC))]
    if "ю" in letters:
        found.append(_single(letters.replace("ю", "у").translate(_CYRILLIC)))
    return tuple(dict.fromkeys(found))


def _latin(plain: str) -> tuple[str, ...]:
    letters = plain.translate(_TO_LATIN_LOOK).translate(_SPECIAL)
    stripped = "".join(c for c in unicodedata.normalize("NFD", letters) if not unicodedata.combining(c))
    present = [(pattern, options) for pattern, options in _AMBIGUOUS if pattern.search(stripped)]
    found = []
    for choice in product(*(options for _, options in present)):
        spelled = stripped
        for (pattern, _), option in zip(present, choice, strict=True):
            spelled = pattern.sub(option, spelled)
        found.append(_spelled(spelled))
        if len(found) >= MOST_READINGS:
            break
    return tuple(dict.fromkeys(each for each in found if each))


def _spelled(plain: str) -> str:
    for spelling, letter in _LATIN:
        plain = plain.replace(spelling, letter)
    return _single(plain)


def _single(skeleton: str) -> str:
    for spelled, folded in _COMMON:
        skeleton = skeleton.replace(spelled, folded)
    return _DOUBLED.sub(r"\1", skeleton)
