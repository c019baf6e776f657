"""The one function that decides: who may do what to which kind of object, and to which rows of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, true

from gateway.access import reach
from gateway.access.matrix import MATRIX, Matrix
from gateway.access.model import Account, AppointmentNotice
from gateway.access.values import CHANGES, Action, Caller, Grant, Kind
from gateway.foundation.clock import today
from gateway.registry.enquiries import Enquiry
from gateway.registry.model import Organisation, Person, ReviewCase
from gateway.registry.organisations.model import ClassGroup
from gateway.registry.staff.model import Employment

ALLOWED, FORBIDDEN, UNDERTAKING_REQUIRED = "ALLOWED", "FORBIDDEN", "UNDERTAKING_REQUIRED"
_PERSONAL = frozenset({Kind.PERSON, Kind.CLASSWORK, Kind.STAFF})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A yes or no with its reason, and the rows a yes is about.

    `filter` is over the kind's own table; the `by_…` give the same reach over any column of another table.
    A refusal reaches no row, whatever it is applied to.
    """

    allowed: bool
    reason: str
    action: Action
    kind: Kind
    grants: tuple[Grant, ...] = ()
    account_id: UUID | None = None
    person_id: UUID | None = field(default=None, repr=False)
    on: date

    def by_person(self, column: Any) -> ColumnElement[bool]:
        """Narrow rows about people, by the column of the person's id."""
        return reach.by_person(self.grants, column, own=self.person_id, on=self.on)

    def by_organisation(self, column: Any) -> ColumnElement[bool]:
        """Narrow rows about organisations, by the column of the organisation's id."""
        return reach.by_organisation(self.grants, column)

    def by_class(self, column: Any) -> ColumnElement[bool]:
        """Narrow rows about classes to those of the place or the teacher's own, by the column of the class's id."""
        return reach.by_class(self.grants, column)

    def by_account(self, column: Any) -> ColumnElement[bool]:
        """Narrow rows about accounts, by the column of the account's id."""
        return reach.by_account(self.grants, column, own=self.account_id)

    @property
    def filter(self) -> ColumnElement[bool]:
        """Narrow the kind's own table."""
        if not self.allowed:
            return false()
        if self.kind in _HOMES:
            way, column = _HOMES[self.kind]
            return way(self, column)
        return true() if reach.whole_republic(self.grants) else false()


_HOMES: Mapping[Kind, tuple[Callable[[Decision, Any], ColumnElement[bool]], Any]] = {
    Kind.PERSON: (Decision.by_person, Person.id),
    Kind.USAGE: (Decision.by_person, Person.id),
    Kind.DISPUTE: (Decision.by_person, Person.id),
    Kind.CONSENT: (Decision.by_person, Person.id),
    Kind.CASE: (Decision.by_person, ReviewCase.person_id),
    Kind.AGGREGATE: (Decision.by_organisation, Organisation.id),
    Kind.ORGANISATION: (Decision.by_organisation, Organisation.id),
    Kind.CONFIRMATION: (Decision.by_organisation, Organisation.id),
    Kind.ENQUIRY: (Decision.by_organisation, Enquiry.organisation_id),
    Kind.CLASSWORK: (Decision.by_class, ClassGroup.id),
    Kind.STAFF: (Decision.by_organisation, Employment.organisation_id),
    Kind.ACCOUNT: (Decision.by_account, Account.id),
    Kind.NOTICE: (Decision.by_organisation, AppointmentNotice.organisation_id),
}


def decide(
    caller: Caller, action: Action, kind: Kind, *, on: date | None = None, matrix: Matrix = MATRIX
) -> Decision:
    """Decide by the matrix, and deny what it does not name.

    Only grants whose role has the right count towards the reach, so a teacher who is also a parent reads the
    card of the own child and of no pupil. Changing personal data takes a valid undertaking where the role asks
    for one.
    """
    grants = tuple(grant for grant in caller.grants if matrix.roles[grant.role].allows(kind, action))
    sworn = tuple(grant for grant in grants if caller.undertaken or not _needs(action, kind, grant, matrix))
    reason = ALLOWED if sworn else UNDERTAKING_REQUIRED if grants else FORBIDDEN
    return Decision(
        allowed=bool(sworn),
        reason=reason,
        action=action,
        kind=kind,
        grants=sworn,
        account_id=caller.account_id,
        person_id=caller.person_id,
        on=on or today(),
    )


def decide_first(caller: Caller, actions: tuple[Action, ...], kind: Kind) -> Decision:
    """Decide for the first of several actions that is allowed; the first refusal where none is."""
    decisions = [decide(caller, action, kind) for action in actions]
    return next((made for made in decisions if made.allowed), decisions[0])


def _needs(action: Action, kind: Kind, grant: Grant, matrix: Matrix) -> bool:
    return action in CHANGES and kind in _PERSONAL and matrix.roles[grant.role].undertaking
