"""Texts in three languages: catalogues in TOML, one per topic, read once and checked word by word."""

import string
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from babel import Locale

from gateway.foundation.errors import KopuroError
from gateway.intake.reasons import LANGUAGES

LOCALES = {name: Locale.parse(name) for name in LANGUAGES}
PLURALS = {"ky": ("one", "other"), "ru": ("one", "few", "many"), "en": ("one", "other")}


class TextError(KopuroError):
    """A catalogue is not whole, or a text was asked for that is nowhere."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text: in each language a sentence, or a sentence for each plural form."""

    forms: Mapping[str, str | Mapping[str, str]]

    def say(self, language: str, values: Mapping[str, Any]) -> str:
        """Say it; `n` among the values chooses the plural form."""
        form = self.forms[language]
        if not isinstance(form, str):
            category = LOCALES[language].plural_form(values["n"])
            form = form.get(category) or form.get("many") or form["other"]
        return form.format_map(values) if values else form

    def names(self, language: str) -> set[str]:
        """Give the places that are filled in."""
        form = self.forms[language]
        sentences = [form] if isinstance(form, str) else list(form.values())
        return {name for each in sentences for _, name, _, _ in string.Formatter().parse(each) if name}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Texts by key; the key begins with the name of the file it stands in."""

    texts: Mapping[str, Text]

    def __getitem__(self, key: str) -> Text:
        """Give a text; raises TextError."""
        try:
            return self.texts[key]
        except KeyError:
            raise TextError(f"there is no text {key!r}") from None

    def __contains__(self, key: str) -> bool:
        """Tell whether there is such a text."""
        return key in self.texts

    def joined(self, other: "Catalogue") -> "Catalogue":
        """Give both; raises TextError where they meet."""
        if twice := self.texts.keys() & other.texts.keys():
            raise TextError(f"these texts stand twice: {', '.join(sorted(twice))}")
        return Catalogue({**self.texts, **other.texts})


def read_catalogue(package: str) -> Catalogue:
    """Read texts/*.toml of a package; raises TextError naming the key that is not whole."""
    texts: dict[str, Text] = {}
    folder = files(package).joinpath("texts")
    if not folder.is_dir():
        return Catalogue({})
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".toml"):
            topic = file.name.removesuffix(".toml")
            texts |= dict(_leaves(tomllib.loads(file.read_text(encoding="utf-8")), topic))
    return Catalogue(texts)


def _leaves(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Text]]:
    """Walk to the tables that hold languages."""
    for name, value in table.items():
        key = f"{prefix}.{name}"
        if not isinstance(value, dict):
            raise TextError(f"{key}: a text is a table of ky, ru and en")
        if value.keys() & set(LANGUAGES):
            yield key, _text(key, value)
        else:
            yield from _leaves(value, key)


def _text(key: str, value: Mapping[str, Any]) -> Text:
    if set(value) != set(LANGUAGES):
        raise TextError(f"{key}: ky, ru and en, all three and nothing else")
    for language, form in value.items():
        sentences = form.values() if isinstance(form, dict) else [form]
        if isinstance(form, dict) and not set(PLURALS[language]) <= set(form):
            raise TextError(f"{key}.{language}: plural forms {', '.join(PLURALS[language])}")
        if not all(isinstance(each, str) and each.strip() for each in sentences):
            raise TextError(f"{key}.{language}: an empty sentence")
    text = Text(dict(value))
    if len({frozenset(text.names(language)) for language in LANGUAGES}) != 1:
        raise TextError(f"{key}: the languages fill in different places")
    return text
