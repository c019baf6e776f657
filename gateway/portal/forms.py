"""Forms: what was typed, read whole with every problem at once, and shown again with a sentence beside each field."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from uuid import UUID

from gateway.access.sentences import FIELDS as ACCESS_FIELDS
from gateway.foundation.errors import InputRefused
from gateway.intake.order_sentences import order_reason
from gateway.intake.reasons import LANGUAGES, sentence
from gateway.intake.signature_sentences import SIGNATURE_REASONS
from gateway.pages.visit import Visit
from gateway.registry.values import parse_date

_LONGEST = 200
_NOT_KEPT = frozenset(
    {"csrf", "once", "version", "act", "password", "old_password", "repeated", "code", "file"}
)
_WHOLE = frozenset({"", "order", "body"})  # what is wrong with the form as a whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form as it is shown; `once` is the key under which it is carried out one time, `notice` a text key."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    errors: Mapping[str, str] = field(default_factory=dict)
    notice: str = ""
    once: str = ""

    def value(self, name: str, default: str = "") -> str:
        """Give what stands in a field."""
        return self.values.get(name, default)

    def error(self, name: str) -> str:
        """Give the sentence beside a field; empty where nothing is wrong."""
        return self.errors.get(name, "")


def new_form(**values: str | None) -> Form:
    """Make a form that nobody has sent yet."""
    return Form(values={name: value or "" for name, value in values.items()}, once=secrets.token_urlsafe(18))


def form_again(visit: Visit, refused: InputRefused | None = None, *, notice: str = "") -> Form:
    """Give the form back as it was sent, with a sentence beside each field that is wrong; secrets are not kept."""
    values = {name: visit.field(name) for name in visit.form if name not in _NOT_KEPT}
    errors: dict[str, str] = {}
    for name, code in refused.problems if refused else ():
        errors.setdefault("" if name in _WHOLE else name, say_problem(code, visit))
    once = visit.field("once") or secrets.token_urlsafe(18)
    return Form(values=values, errors=errors, notice=notice, once=once)


def say_problem(code: str, visit: Visit) -> str:
    """Say what is wrong with a field, in the reader's language."""
    if visit.speech.knows(f"words.problem.{code}"):
        return visit.say(f"words.problem.{code}")
    language = visit.language
    spoken = ACCESS_FIELDS.get(code) or order_reason(code) or SIGNATURE_REASONS.get(code)
    return spoken[LANGUAGES.index(language)] if spoken else sentence(code, language)


class Reading:
    """Reads a form field by field and keeps every problem; `done` raises them all."""

    def __init__(self, visit: Visit) -> None:
        """Take the visit whose form is read."""
        self._visit = visit
        self.problems: list[tuple[str, str]] = []

    def text(self, name: str, *, longest: int = _LONGEST) -> str | None:
        """Read a text; None where there is none."""
        value = self._visit.field(name)
        if len(value) > longest:
            self._wrong(name, "TOO_LONG")
            return None
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in value):
            self._wrong(name, "TEXT")
            return None
        return value or None

    def needed(self, name: str, *, longest: int = _LONGEST) -> str:
        """Read a text that must be there."""
        before = len(self.problems)
        value = self.text(name, longest=longest)
        if value is None and len(self.problems) == before:
            self._wrong(name, "REQUIRED")
        return value or ""

    def chosen(self, name: str, among: Collection[str], default: str = "") -> str:
        """Read one of several codes."""
        value = self._visit.field(name) or default
        if value not in among:
            self._wrong(name, "NOT_IN_BOOK" if value else "REQUIRED")
        return value

    def day(self, name: str) -> date | None:
        """Read a day, ISO or DD.MM.YYYY."""
        value = self._visit.field(name)
        day = parse_date(value) if value else None
        if value and day is None:
            self._wrong(name, "DATE")
        return day

    def needed_day(self, name: str) -> date:
        """Read a day that must be there."""
        day = self.day(name)
        if day is None and not self._visit.field(name):
            self._wrong(name, "REQUIRED")
        return day or date.min

    def number(self, name: str, low: int, high: int, *, default: int | None = None) -> int:
        """Read a whole number between bounds."""
        value = self._visit.field(name)
        if not value:
            if default is None:
                self._wrong(name, "REQUIRED")
            return low if default is None else default
        if not (value.isascii() and value.isdigit() and len(value) < 10 and low <= int(value) <= high):
            self._wrong(name, "RANGE")
            return low
        return int(value)

    def amount(self, name: str, high: Decimal) -> Decimal:
        """Read a positive decimal number up to a bound, with at most two digits after the point."""
        try:
            value = Decimal(self._visit.field(name).replace(",", "."))
        except InvalidOperation:
            value = Decimal(0)
        if not value.is_finite() or not 0 < value <= high or value != round(value, 2):
            self._wrong(name, "RANGE" if self._visit.field(name) else "REQUIRED")
            return Decimal(1)
        return value

    def id(self, name: str) -> UUID | None:
        """Read an id that a page of ours wrote; another text is no id."""
        value = self._visit.field(name)
        try:
            return UUID(value) if value else None
        except ValueError:
            self._wrong(name, "TEXT")
            return None

    def done(self) -> None:
        """Raise InputRefused with every problem there is."""
        if self.problems:
            raise InputRefused(tuple(self.problems))

    def _wrong(self, name: str, code: str) -> None:
        self.problems.append((name, code))
