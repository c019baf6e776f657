"""How far grants reach, as SQL over any column: whose organisation, whose person, whose account."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, true, union_all
from sqlalchemy.orm import aliased

from gateway.access.model import Account, RoleGrant
from gateway.access.values import Grant, ScopeType
from gateway.registry.books.model import BookValue, BookVersion
from gateway.registry.model import Enrolment, Organisation, Person
from gateway.registry.organisations.model import ClassGroup

Clause = ColumnElement[bool]


def _any(clauses: Iterable[Clause]) -> Clause:
    found = list(clauses)
    return or_(*found) if found else false()


def organisations(grants: Iterable[Grant]) -> Select[UUID] | None:
    """Ask for the organisations that grants of a territory or an organisation reach; None where none does."""
    clauses: list[Clause] = []
    for grant in grants:
        if grant.scope_type is ScopeType.TERRITORY and grant.territory:
            clauses.append(Organisation.soate.startswith(grant.territory, autoescape=True))
        elif grant.scope_type is ScopeType.ORGANISATION:
            clauses.append(Organisation.id == grant.organisation_id)
    return select(Organisation.id).where(or_(*clauses)) if clauses else None


def by_organisation(grants: tuple[Grant, ...], column: Any) -> Clause:
    """Say which rows belong to an organisation within reach."""
    if whole_republic(grants):
        return true()
    within = organisations(grants)
    bodies = {grant.supervisory_body for grant in grants if grant.supervisory_body}
    clauses: list[Clause] = [column.in_(within)] if within is not None else []
    clauses += [column.in_(_supervised(body)) for body in sorted(bodies)]
    return _any(clauses)


def _supervised(body: str) -> Select[UUID]:
    """Ask for the organisations whose type is of a level that a body of the book SUPERVISORY_BODY answers for."""
    answers, kind = aliased(BookValue), aliased(BookValue)
    return (
        select(Organisation.id)
        .join(kind, and_(kind.book_code == "ORG_TYPE", kind.code == Organisation.type_code, _newest(kind)))
        .join(answers, and_(answers.book_code == "SUPERVISORY_BODY", answers.code == body, _newest(answers)))
        .where(answers.attributes["levels"].contains(kind.attributes["level"]))
    )


def _newest(value: Any) -> Clause:
    newest = select(func.max(BookVersion.version)).where(BookVersion.book_code == value.book_code)
    found: Clause = value.version == newest.correlate(value).scalar_subquery()
    return found


def by_class(grants: tuple[Grant, ...], column: Any) -> Clause:
    """Say which rows belong to a class within reach: of an organisation, or one of the teacher's own."""
    if whole_republic(grants):
        return true()
    within = organisations(grants)
    own = sorted({each for grant in grants for each in grant.classes})
    clauses: list[Clause] = [column.in_(own)] if own else []
    if within is not None:
        clauses.append(column.in_(select(ClassGroup.id).where(ClassGroup.organisation_id.in_(within))))
    return _any(clauses)


def by_person(grants: tuple[Grant, ...], column: Any, *, own: UUID | None, on: date) -> Clause:
    """Say which rows are about somebody who learns within reach on a day, about oneself, or about a child.

    A held enrolment is a claim nobody has decided: it opens nothing.
    """
    if whole_republic(grants):
        return true()
    people = [own for grant in grants if grant.scope_type is ScopeType.SELF and own]
    people += [grant.child_id for grant in grants if grant.scope_type is ScopeType.CHILD and grant.child_id]
    clauses = [_same_as_one_of(column, people)] if people else []
    within = organisations(grants)
    if within is not None:
        clauses.append(_learns(column, within, on))
    return _any(clauses)


def by_account(grants: tuple[Grant, ...], column: Any, *, own: UUID | None) -> Clause:
    """Say which accounts have an appointment within reach, ended ones included, or wait for their first one.

    An account without any appointment is in reach of whoever made it.
    """
    if whole_republic(grants):
        return true()
    within = organisations(grants)
    if within is None:
        return false()
    appointed = select(RoleGrant.account_id).where(RoleGrant.organisation_id.in_(within))
    waiting = select(Account.id).where(
        Account.created_by == own, Account.id.not_in(select(RoleGrant.account_id))
    )
    return or_(column.in_(appointed), column.in_(waiting))


def _learns(column: Any, within: Select[UUID], on: date) -> Clause:
    """Say who is enrolled within reach: a set made once, because a correlated question is asked row by row."""
    enrolled, absorbed = aliased(Person), aliased(Person)
    roots = (
        select(func.coalesce(enrolled.master_id, enrolled.id).label("id"))
        .join(Enrolment, Enrolment.person_id == enrolled.id)
        .where(
            Enrolment.organisation_id.in_(within),
            ~Enrolment.held,
            or_(Enrolment.end_on.is_(None), Enrolment.end_on > on),
        )
    )
    masters = roots.subquery()
    merged = select(absorbed.id).join(masters, absorbed.master_id == masters.c.id)
    found: Clause = column.in_(union_all(roots, merged))
    return found


def _same_as_one_of(column: Any, people: list[UUID]) -> Clause:
    entry, own, absorbed = aliased(Person), aliased(Person), aliased(Person)
    root = func.coalesce(entry.master_id, entry.id)
    masters = select(root).where(entry.id.in_(people))
    merged = (
        select(absorbed.id)
        .join(own, absorbed.master_id == func.coalesce(own.master_id, own.id))
        .where(own.id.in_(people))
    )
    found: Clause = column.in_(union_all(masters, merged))
    return found


def whole_republic(grants: tuple[Grant, ...]) -> bool:
    """Tell whether a grant reaches everything."""
    return any(grant.scope_type is ScopeType.REPUBLIC and not grant.supervisory_body for grant in grants)
