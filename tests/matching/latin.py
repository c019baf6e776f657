"""Transliteration schemes of the synthetic sources; the last two are kept unseen while tuning."""

_ICAO = dict(
    zip(
        "абвгдеёжзийклмнңоөпрстуүфхцчшщъыьэюя",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "e",
            "zh",
            "z",
            "i",
            "i",
            "k",
            "l",
            "m",
            "n",
            "n",
            "o",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "u",
            "f",
            "kh",
            "ts",
            "ch",
            "sh",
            "shch",
            "_",
            "y",
            "_",
            "e",
            "iu",
            "ia",
        ],
        strict=True,
    )
)
_GOST = _ICAO | {"ё": "yo", "й": "j", "х": "kh", "ц": "c", "щ": "shh", "ю": "yu", "я": "ya", "ң": "n"}
_BGN = _ICAO | {"ж": "j", "ё": "yo", "й": "y", "ң": "ng", "ө": "ö", "ү": "ü", "ю": "yu", "я": "ya"}
_TURKISH = _BGN | {"ң": "ñ", "х": "h", "ч": "ç", "ш": "ş", "ы": "ı", "ц": "ts", "щ": "şç"}
_CASUAL = _ICAO | {"ж": "j", "й": "y", "х": "h", "ц": "c", "ы": "i", "ю": "u", "я": "ya", "ё": "e"}
_ISO9 = _GOST | {
    "ж": "ž",
    "х": "h",
    "ч": "č",
    "ш": "š",
    "щ": "ŝ",
    "ө": "ô",
    "ү": "ù",
    "ю": "û",
    "я": "â",
    "э": "è",
    "ё": "ë",
}
_OLD_TURKIC = _TURKISH | {"ж": "c", "в": "w", "к": "q", "х": "x", "й": "j", "ы": "y", "ю": "ju", "я": "ja"}

SCHEMES = {"icao": _ICAO, "gost": _GOST, "bgn": _BGN, "turkish": _TURKISH, "casual": _CASUAL}
UNSEEN_SCHEMES = {"iso9": _ISO9, "old turkic": _OLD_TURKIC}


def to_latin(text: str, scheme: dict[str, str]) -> str:
    """Write a name in Latin letters by a scheme."""
    return "".join(scheme.get(letter, letter).replace("_", "") for letter in text.lower()).title()
