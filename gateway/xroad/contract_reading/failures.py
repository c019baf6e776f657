"""How an answer tells "not there" and "went wrong": the styles known on Tunduk, recognised from the schema.

Every style is read into one outcome model; a value whose meaning the contract does not give stays a question.
"""

import re
from collections.abc import Iterator

from gateway.xroad.contract_reading.frame import echo, response
from gateway.xroad.contract_reading.model import Failure, Operation
from gateway.xroad.scalars import Kind
from gateway.xroad.tolerant import ANYTHING, Choice, Content, Field, members, walk

STYLES = (
    "fault_in_response", "error_flag", "status_code", "cause_list", "empty_list", "choice_response_fault",
    "nil_response", "absent_response", "told_in_text", "text_answer", "soap_fault_declared", "xroad_fault",
    "untold",
)  # fmt: skip

_FAULT = re.compile(r"fault_?(code|string)", re.IGNORECASE)
_FAULT_GROUP = re.compile(r"fault|error|exception", re.IGNORECASE)
_FRAME = re.compile(r"(fault|error|result|status|answer)(info|data)?s?", re.IGNORECASE)
_FLAG = re.compile(
    r"(is|has)?_?(error|err|fail|failed|failure|success|successful|ok|found|exists?|result)", re.IGNORECASE
)
_GOOD = re.compile(r"success|ok|found|exist|result", re.IGNORECASE)
_CODE = re.compile(r"(result|status|error|return|response|answer)?_?(code|status)(id)?", re.IGNORECASE)
_CAUSE = re.compile(r"cause|error|result|status|state|outcome|code", re.IGNORECASE)
_SAID = re.compile(
    r"(error|result|status|fault)?_?(message|text|description|msg|comment)|address", re.IGNORECASE
)
_FREE = re.compile(r"state|status|result|message|(error|result|status)_?(message|text)", re.IGNORECASE)

_SUBJECT = r"(?:^|pin|inn|tin|person|citizen|record|data|subject|user|object)[_ ]*"
_WORDS = {
    "PROVIDER_ERROR": r"internal|exception|time_?out|unavailable|внутренн|сбой|недоступ",
    "AMBIGUOUS": r"more than one|multiple|ambiguous|несколько|более одн|больше одн",
    "NOT_FOUND": _SUBJECT
    + r"not[_ ]?found|no_data|не найден|отсутству|нет данных|табыл[а-яөүң]* жок|табылбады",
    "REJECTED": r"bad_?request|incorrect|invalid|" + _SUBJECT + r"wrong|неверн|некоррект|неправильн",
    "DENIED": r"denied|forbidden|not[_ ]?allowed|unauthori[sz]ed|запрещ|нет (?:прав|доступа)|отказано",
    "FOUND": r"^(?:ok|success|found)\b|успешн|^найден",
}
_MEANINGS = {outcome: re.compile(pattern, re.IGNORECASE) for outcome, pattern in _WORDS.items()}
_NUMBERS = {"200": "FOUND", "400": "REJECTED", "401": "DENIED", "403": "DENIED", "404": "NOT_FOUND"}
_LISTED = re.compile(r"\b(\d{1,4})\s*(?:[-–—:=]\s*)([^,;.\d][^,;.]*)")


def failures(operation: Operation) -> tuple[Failure, ...]:
    """Recognise the styles an answer uses; X-Road's own fault is always among them."""
    found = [*_in_content(operation), *_by_absence(operation)]
    if operation.faults:
        names = ", ".join(one.name for one in operation.faults)
        found.append(Failure(style="soap_fault_declared", where=names))
    told = [*found, Failure(style="xroad_fault")]
    return tuple(told if found or operation.answer is None else [*told, Failure(style="untold")])


def meaning(value: str, words: str = "") -> str:
    """Give the outcome a listed value stands for, or "" where only the provider can say.

    An absence counts only when the subject itself is absent: a missing coefficient is not a missing person.
    Words that fit two outcomes fit none.
    """
    said = words or ("" if value.isdigit() else value)
    found = [outcome for outcome, pattern in _MEANINGS.items() if pattern.search(said)]
    if len(found) == 1:
        return found[0]
    return "" if said else _NUMBERS.get(value, "")


def _in_content(operation: Operation) -> Iterator[Failure]:
    places = list(_frame_fields(operation))
    alternatives = _fault_alternative(operation)
    if alternatives:
        yield Failure(style="choice_response_fault", where=alternatives)
    faults = [path for path, one in places if _FAULT.fullmatch(one.name)]
    if faults and not alternatives:
        yield Failure(style="fault_in_response", where=" + ".join(faults))
    told: set[str] = set()
    for path, one in places:
        failure = _of_field(path, one, places)
        if failure is not None:
            told.update(failure.where.split(" + "))
            yield failure
    for path, one in places:
        if path not in told and _is_free_text(one):
            yield Failure(style="told_in_text", where=path)


def _of_field(path: str, one: Field, places: list[tuple[str, Field]]) -> Failure | None:
    if one.kind == Kind.BOOLEAN and _FLAG.fullmatch(one.name):
        good = "true" if _GOOD.search(one.name) else "false"
        flags = ((good, "FOUND"), ("false" if good == "true" else "true", ""))
        return Failure(style="error_flag", where=_with_words(path, places), values=flags)
    values = _listed_values(one)
    if _CODE.fullmatch(one.name) and _is_code(path, one, places):
        return Failure(style="status_code", where=_with_words(path, places), values=values)
    if one.kind == Kind.TEXT and one.allowed and _CAUSE.search(one.name) and any(out for _, out in values):
        return Failure(style="cause_list", where=path, values=values)
    return None


def _is_code(path: str, one: Field, places: list[tuple[str, Field]]) -> bool:
    """Tell a code: a number, a list of numbers, or free text with words beside it."""
    if one.kind == Kind.INTEGER or (one.allowed and all(each.value.isdigit() for each in one.allowed)):
        return True
    return one.kind == Kind.TEXT and not one.allowed and _with_words(path, places) != path


def _with_words(path: str, places: list[tuple[str, Field]]) -> str:
    """Add the texts that stand beside a code or flag and say why."""
    return path + "".join(f" + {other}" for other, field in places if _says_why(other, path, field))


def _listed_values(one: Field) -> tuple[tuple[str, str], ...]:
    """Give listed values with their outcomes: from an enumeration, else from a list of codes in the words."""
    if one.allowed:
        return tuple((each.value, meaning(each.value, each.meaning)) for each in one.allowed)
    said = {code: words.strip() for _, text in one.titles for code, words in _LISTED.findall(text)}
    return tuple((code, meaning(code, words)) for code, words in said.items())


def _says_why(other: str, path: str, field: Field) -> bool:
    same_place = other.rpartition("/")[0] == path.rpartition("/")[0]
    return same_place and other != path and field.kind == Kind.TEXT and bool(_SAID.fullmatch(field.name))


def _is_free_text(one: Field) -> bool:
    return one.kind == Kind.TEXT and not one.allowed and _FREE.fullmatch(one.name) is not None


def _frame_fields(operation: Operation) -> Iterator[tuple[str, Field]]:
    """Walk where failures are told: beside the response, in it, and in groups named after a result."""
    if operation.answer is None:
        return
    repeated, found = echo(operation), response(operation)
    top = members(operation.answer.shape.content)
    for name, one in top.items():
        if repeated is None or name != repeated.name:
            yield name, one
            inside = found is not None and found[0] == name
            yield from _inside(name, one, deeper=inside)


def _inside(path: str, one: Field, *, deeper: bool) -> Iterator[tuple[str, Field]]:
    if not deeper and not _FRAME.fullmatch(one.name):
        return
    for name, inner in members(one.content).items():
        yield f"{path}/{name}", inner
        yield from _inside(f"{path}/{name}", inner, deeper=False)


def _fault_alternative(operation: Operation) -> str:
    """Name the alternatives of a choice that are a fault with fields of its own, beside data."""
    found = response(operation)
    if operation.answer is None or found is None:
        return ""
    faults = [
        f"{path}/{one.name}".lstrip("/")
        for path, content in (("", operation.answer.shape.content), (found[0], found[1].content))
        for choice in _choices(content)
        if len(choice.branches) > 1
        for branch in choice.branches
        for one in _fault_groups(branch)
    ]
    return " + ".join(dict.fromkeys(faults))


def _choices(content: Content) -> Iterator[Choice]:
    yield from (part for part in content if isinstance(part, Choice))


def _fault_groups(branch: Content) -> Iterator[Field]:
    for one in members(branch).values():
        if one.kind == Kind.GROUP and len(members(branch)) == 1:
            inner = members(one.content)
            if _FAULT_GROUP.search(one.name) or any(_FAULT.fullmatch(name) for name in inner):
                yield one


def _by_absence(operation: Operation) -> Iterator[Failure]:
    found = response(operation)
    if found is None:
        return
    path, one = found
    if one.nillable:
        yield Failure(style="nil_response", where=path or one.name)
    if path and not one.required:
        yield Failure(style="absent_response", where=path)
    lists = _optional_lists(operation, path, one)
    if lists:
        yield Failure(style="empty_list", where=" + ".join(lists))
    text = _only_text(operation)
    if text:
        yield Failure(style="text_answer", where=text)


def _optional_lists(operation: Operation, path: str, one: Field) -> list[str]:
    """Name the lists an answer consists of, when all its data are lists that may be empty."""
    repeated = echo(operation)
    inner = [field for field in members(one.content).values() if field is not repeated]
    data = [field for field in inner if not _tells(field)]
    if not all(_is_list(field) and field.name != ANYTHING for field in data):
        return []
    return [f"{path}/{field.name}".lstrip("/") for field in data]


def _is_list(field: Field) -> bool:
    if field.many:
        return not field.required
    inner = list(members(field.content).values())
    return len(inner) == 1 and inner[0].many and not inner[0].required


def _tells(field: Field) -> bool:
    """Tell a field of the frame (status, message, fault) from data."""
    return any(pattern.fullmatch(field.name) for pattern in (_FAULT, _FLAG, _CODE, _SAID, _FREE, _FRAME)) or (
        bool(field.allowed) and _CAUSE.search(field.name) is not None
    )


def _only_text(operation: Operation) -> str:
    """Name the one text that is the whole answer: JSON, XML or a sentence inside a string."""
    repeated, root = echo(operation), operation.answer.shape if operation.answer else None
    if root is None:
        return ""
    if root.kind == Kind.TEXT:
        return root.name
    leaves = [
        ("/".join(path), one)
        for path, one in walk(root.content)
        if one.kind != Kind.GROUP and (repeated is None or path[0] != repeated.name)
    ]
    alone = len(leaves) == 1 and leaves[0][1].kind == Kind.TEXT
    return leaves[0][0] if alone and not (leaves[0][1].allowed or leaves[0][1].many) else ""
