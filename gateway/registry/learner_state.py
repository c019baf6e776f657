"""What a question about one learner needs, in one SELECT: the busiest read of the registry.

It gives what `reading` gives in four, of one state of the database; a test holds the two against each other.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Text,
    bindparam,
    column,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import aliased

from gateway.foundation.database import Database
from gateway.foundation.reader import PreparedSelect
from gateway.registry.entries import EnrolmentEntry, LearnerState
from gateway.registry.model import Enrolment, Person, PersonIdentifier, RegistryEvent, ReviewCase
from gateway.registry.protection import protected
from gateway.registry.reading import (
    OPEN_STATES,
    PERSON_COLUMNS,
    Question,
    choose_holder,
    enrolment_of,
    enrolments_with_periods,
    person_of,
    pin_holders,
    through_master,
)
from gateway.registry.values import IdentifierStatus

_ASKED = (
    func.unnest(bindparam("keys", type_=ARRAY(Text)))
    .table_valued(column("key", Text))
    .render_derived(name="asked")
)
_OPEN: list[ColumnElement[str]] = [literal_column(f"'{state}'") for state in OPEN_STATES]


def _state_of(holders: Question) -> PreparedSelect:
    """Ask for the registry's state and, as far as a key has any, its holders with their cases and enrolments."""
    holder, same = holders.lateral("holder"), aliased(Person, name="same")
    enrolled = (
        enrolments_with_periods()
        .join(same, same.id == Enrolment.person_id)
        .where(or_(same.id == holder.c.person_id, same.master_id == holder.c.person_id))
        .lateral("enrolled")
    )
    open_case = (
        select(ReviewCase.id)
        .where(ReviewCase.subject_ids.contains(array([holder.c.person_id])), ReviewCase.state.in_(_OPEN))
        .exists()
        .label("open_case")
    )
    withheld = protected(holder.c.person_id).label("withheld")
    seq = select(func.coalesce(func.max(RegistryEvent.seq), literal_column("0"))).scalar_subquery()
    return PreparedSelect(
        select(_ASKED.c.key, seq.label("registry_seq"), holder, open_case, withheld, enrolled)
        .select_from(_ASKED.outerjoin(holder, true()).outerjoin(enrolled, true()))
        .order_by(enrolled.c.start_on.desc(), enrolled.c.id, enrolled.c.from_on)
    )


_BY_PIN = _state_of(pin_holders(_ASKED.c.key).add_columns(PersonIdentifier.id.label("identifier_id")))
_BY_NUMBER = _state_of(
    through_master(select(*PERSON_COLUMNS, null().label("identifier_id")).select_from(Person)).where(
        Person.isuo_no == _ASKED.c.key
    )
)


async def learner_state_by_pin(database: Database, pin: str) -> LearnerState:
    """Read the state of the entry a PIN stands with (see `person_by_pin`)."""
    rows = await database.read_together(_BY_PIN, pin)
    row = choose_holder([row for row in rows if row.person_id])
    if row is None:
        return LearnerState(registry_seq=rows[0].registry_seq)
    if row.withheld:
        return LearnerState(registry_seq=row.registry_seq, withheld=True)
    known = {"pin": pin, "pin_status": IdentifierStatus(row.pin_status), "verified_at": row.verified_at}
    return _state(row, rows, known)


async def learner_state_by_number(database: Database, isuo_no: str) -> LearnerState:
    """Read the state of the entry of a permanent number (see `person_by_number`)."""
    rows = await database.read_together(_BY_NUMBER, isuo_no)
    first = rows[0]
    if first.person_id is None or first.withheld:
        return LearnerState(registry_seq=first.registry_seq, withheld=bool(first.withheld))
    return _state(first, rows, {})


def _state(row: Any, rows: list[Any], known: dict[str, Any]) -> LearnerState:
    """Make the state of the row's entry out of the rows that repeat it."""
    return LearnerState(
        registry_seq=row.registry_seq,
        person=person_of(row, **known),
        enrolments=_enrolments([each for each in rows if each.identifier_id == row.identifier_id]),
        open_case=row.open_case,
    )


def _enrolments(rows: list[Any]) -> tuple[EnrolmentEntry, ...]:
    grouped: dict[UUID, list[Any]] = {}
    for row in rows:
        if row.id:
            grouped.setdefault(row.id, []).append(row)
    return tuple(enrolment_of(found) for found in grouped.values())
