"""How Инфоком speaks, once: its namespace, the frame of its answers, and its failures in words.

Answers are read by local name: prefixes, order, qualification, and nil against empty vary by service.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from adapters.infocom.values import clean
from gateway.foundation.errors import ContractError
from gateway.foundation.xml import element_children, local_name, text_of
from gateway.intake.ports import Outcome

PRODUCER = "http://tunduk-seccurity-infocom.x-road.fi/producer"  # "seccurity" is the owner's spelling

_TRUE = frozenset({"true", "1"})

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


class Fields:
    """The children of one element by local name; remembers which were read, so nothing is lost unseen."""

    def __init__(self, element: etree._Element) -> None:
        self._children: dict[str, list[etree._Element]] = {}
        self._seen: set[str] = set()
        for child in element_children(element):
            self._children.setdefault(local_name(child), []).append(child)

    def text(self, name: str) -> str | None:
        """Give a field that must stand there (nil and empty are None); raises ContractError otherwise."""
        if name not in self._children:
            raise malformed(f"{name} is missing", where=name)
        return self.optional(name)

    def optional(self, name: str) -> str | None:
        """Give a field that may be absent; raises ContractError when it came twice with different values."""
        values = set(self.texts(name))
        if len(values) > 1:
            raise malformed(f"{name} came with {len(values)} different values", where=name)
        return values.pop() if values else None

    def texts(self, name: str) -> tuple[str, ...]:
        """Give every value of a repeated field, without nil and empty ones."""
        told = (clean(text_of(child)) for child in self._take(name) if not is_nil(child))
        return tuple(text for text in told if text)

    def group(self, name: str) -> "Fields | None":
        """Give a field that holds fields, or None when it is absent or nil."""
        found = [child for child in self._take(name) if not is_nil(child)]
        if len(found) > 1:
            raise malformed(f"{name} came {len(found)} times", where=name)
        return Fields(found[0]) if found else None

    def unread(self, *, dropped: frozenset[str] = frozenset()) -> tuple[str, ...]:
        """Name the fields nobody read, apart from those dropped on purpose."""
        return tuple(sorted(self._children.keys() - self._seen - dropped))

    def _take(self, name: str) -> list[etree._Element]:
        self._seen.add(name)
        return self._children.get(name, [])


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer taken out of its frame; `response` is None where the provider sent nil."""

    echo: Fields | None
    response: Fields | None
    fault: ContentFault | None


def read_answer(root: etree._Element, operation: str) -> Answer:
    """Take an answer out of its frame; raises ContractError when it is not the answer of this operation."""
    if local_name(root) != f"{operation}Response":
        raise malformed(f"the body is not {operation}Response", where="Body")
    responses = [child for child in element_children(root) if local_name(child) == "response"]
    fault = _find_fault(root)
    if len(responses) > 1 or not (responses or fault):
        raise malformed(f"the answer holds {len(responses)} responses", where="response")
    response = responses[0] if responses and not is_nil(responses[0]) else None
    return Answer(
        echo=Fields(root).group("request"),
        response=None if response is None else Fields(response),
        fault=fault,
    )


def _find_fault(root: etree._Element) -> ContentFault | None:
    told = {"faultcode": "", "faultstring": ""}
    for element in _outside_the_echo(root):
        name = local_name(element).casefold()
        if name in told and not told[name]:
            told[name] = clean(text_of(element))
    if told["faultcode"] in {"", "0"} and not told["faultstring"]:
        return None
    return ContentFault(code=told["faultcode"], text=told["faultstring"])


def _outside_the_echo(root: etree._Element) -> Iterator[etree._Element]:
    for child in element_children(root):
        if local_name(child) != "request":
            yield from (element for element in child.iter() if isinstance(element.tag, str))


def is_nil(element: etree._Element) -> bool:
    """Tell whether an element carries nil, under any namespace."""
    return any(
        etree.QName(name).localname == "nil" and value.strip() in _TRUE
        for name, value in element.attrib.items()
    )


def malformed(message: str, *, where: str, code: str = "malformed_answer") -> ContractError:
    """Make the error of an answer whose shape or subject is not what was asked; it never quotes a value."""
    return ContractError(
        message, code=code, where=where, hint="compare the answer with the contract in wsdl/"
    )
