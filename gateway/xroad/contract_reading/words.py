"""Every sentence of a report in Kyrgyz, Russian and English."""

from gateway.xroad.contract_reading import words_en, words_ky, words_ru
from gateway.xroad.contract_reading.model import Caution

WORDS = {"ky": words_ky.WORDS, "ru": words_ru.WORDS, "en": words_en.WORDS}


def say(key: str, language: str, **parts: str) -> str:
    """Give a sentence in a language, with its parts filled in."""
    return WORDS[language][key].format(**parts)


def caution_sentence(caution: Caution, language: str) -> str:
    """Give a caution as a sentence."""
    where = say(caution.where, language) if caution.where else ""
    return say(f"caution.{caution.code}", language, about=caution.about, where=where)
