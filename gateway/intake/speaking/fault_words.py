"""What the words of a failure mean, in the languages agencies write them in.

Codes are not public and differ by agency, so the text decides where it is understood.
"""

import re
from dataclasses import dataclass

from gateway.intake.answers import Outcome

# Words of a fault (regular expressions) and what they mean. The owner's codes are not public, so the text
# decides where it is understood, the code only where it is not. Order is law: trouble is never "not found".
_TECHNICAL = (
    r"(?:сервис|служб|сервер|метод|операци|таблиц|ресурс|пользовател|клиент|абонент|организаци|сертификат"
    r"|service|method|server|table|resource|user|client)\w*\s+(?:\S+\s+){0,2}"
)
_ABSENT = (
    r"(?:не\s?найд|не\s?обнаруж|не\s?существ|не\s?значит|не\s?зарегистр|отсутств|not\s?found|does not exist)"
)
FAULT_WORDS = {
    Outcome.PROVIDER_ERROR: (
        r"внутренн", r"internal", r"exception", r"object reference", r"time[- ]?out",
        r"тайм-?аут", r"недоступ", r"unavailable", r"не отвечает", r"не работает", r"соединени",
        r"connection", r"технич", r"позже",
        r"ошибк\w* (?:в )?(?:баз|бд|серв|систем|запрос\w* к)", _TECHNICAL + _ABSENT,
    ),
    Outcome.DENIED: (
        r"отказано в доступе", r"доступ\w*.*(?:закрыт|ограничен)", r"запрещ", r"нет (?:прав|доступа)",
        r"не\s?разреш", r"не\s?авториз", r"access\s?denied", r"forbidden", r"unauthori[sz]ed", r"permission",
    ),
    Outcome.REJECTED: (
        r"неверн", r"некоррект", r"неправильн", r"недопустим", r"не соответств", r"формат", r"обязательн",
        r"параметр", r"не (?:указан|заполнен|задан)", r"долж(?:ен|на|но|ны) ", r"invalid", r"incorrect",
        r"bad request", r"validation",
    ),
    Outcome.NOT_FOUND: (
        _ABSENT, r"нет (?:данных|запис|сведени|информаци)", r"no (?:data|record)", r"табылган жок",
        r"табылбады",
    ),
}  # fmt: skip
_FAULT_PATTERNS = {outcome: re.compile("|".join(words)) for outcome, words in FAULT_WORDS.items()}
FAULT_CODES = {
    "400": Outcome.REJECTED,
    "401": Outcome.DENIED,
    "403": Outcome.DENIED,
    "404": Outcome.NOT_FOUND,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentFault:
    """A failure told inside a normal answer."""

    code: str
    text: str

    @property
    def outcome(self) -> Outcome:
        """Say what it means; whatever is not understood is PROVIDER_ERROR."""
        told = f"{self.code} {self.text}".replace("_", " ").casefold()
        for outcome, pattern in _FAULT_PATTERNS.items():
            if pattern.search(told):
                return outcome
        return FAULT_CODES.get(self.code, Outcome.PROVIDER_ERROR)
