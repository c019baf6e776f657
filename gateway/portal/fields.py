"""Small forms as data: which fields, of what kind, and how they are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.pages.visit import Visit
from gateway.portal.books import Option, options
from gateway.portal.forms import Reading

_LARGEST = Decimal(1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a form: `kind` is text, day, choice, number or amount; a choice comes from a book or is given."""

    name: str
    kind: str = "text"
    required: bool = True
    book: str = ""
    given: tuple[Option, ...] = ()
    hint: str = ""
    longest: int = 200
    low: int = 0
    high: int = 1_000_000


async def with_options(session: AsyncSession, fields: Sequence[Field], language: str) -> tuple[Field, ...]:
    """Give the fields with the values of their books."""
    return tuple(
        [
            replace(each, given=await options(session, each.book, language)) if each.book else each
            for each in fields
        ]
    )


def read_fields(visit: Visit, fields: Sequence[Field]) -> dict[str, Any]:
    """Read every field; raises InputRefused with every problem. What was left empty is None."""
    reading = Reading(visit)
    values = {each.name: _read(visit, reading, each) for each in fields}
    reading.done()
    return values


def _read(visit: Visit, reading: Reading, field: Field) -> Any:
    if not field.required and not visit.field(field.name):
        return None
    if field.kind == "day":
        return reading.needed_day(field.name)
    if field.kind == "number":
        return reading.number(field.name, field.low, field.high)
    if field.kind == "amount":
        return reading.amount(field.name, _LARGEST)
    if field.kind == "choice":
        return reading.chosen(field.name, _codes(field))
    return reading.needed(field.name, longest=field.longest)


def _codes(field: Field) -> Mapping[str, str]:
    return {each.code: each.name for each in field.given}
