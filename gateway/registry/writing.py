"""Write rows so that what the database refuses is one plain sentence without anybody's data."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Executable, Result
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import InputRefused, RegistryError

_SENTENCES = {
    "ex_organisation_name": "the organisation has another name in this language on these days",
    "ex_organisation_type": "the organisation has another type on these days",
    "ex_organisation_relation_pair": "these organisations are already tied so on these days",
    "ex_organisation_relation_one_parent": "the organisation is a branch of another one on these days",
    "ex_head_appointment_one_head": "the organisation has another head on these days",
    "ex_responsible_appointment": "this person already answers for the data on these days",
    "ex_employment": "this person already works there so on these days",
    "ex_assignment": "this position is already held within the employment on these days",
    "ex_category_attestation": "this person has another category on these days",
    "organisation_is_open": "the organisation is closed from this date: nothing new begins there",
    "organisation_lifecycle": "the organisation cannot go to this state from its present one",
    "reorganised_has_successor": "a reorganised organisation names its successor",
    "relation_has_no_circle": "an organisation cannot stand above itself",
    "assignment_within_employment": "an assignment lies within its employment",
    "employment_covers_assignments": "end the assignments before their employment",
    "uq_organisation_code": "there is an organisation with this code",
    "uq_organisation_inn": "there is an active organisation with this INN",
    "uq_organisation_okpo": "there is an organisation with this OKPO code",
    "uq_class_group_name": "there is a class of this name in that year and shift",
    "fk_class_group_shift_id": "the shift is not one of this organisation and year",
    "fk_class_group_teacher_employment_id": "the teacher does not work at this organisation",
    "ck_book_version_approved_by": "an imported book needs the name of who approved it",
    "uq_licence_kind_code": "there is a licence of this number by this issuer",
    "class_membership_fits": "a learner is in a class of the own place, while both last",
    "class_is_full": "the class is full",
    "ex_class_membership": "the learner is in another class on these days",
    "role_grant_names_class": "there is no such class at the organisation",
    "ex_staff_leave": "the employee is on another leave on these days",
    "staff_leave_within_employment": "a leave lies within its employment",
    "uq_exam_result_first": "this result is recorded already",
    "uq_qualification_document": "this qualification is already recorded",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order (приказ) something is done by."""

    number: str
    on: date


async def write(session: AsyncSession, statement: Executable) -> Result[Any]:
    """Execute a change; raises RegistryError with the rule the database refused it by, and nothing else."""
    try:
        return await session.execute(statement)
    except IntegrityError as error:
        rule = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or "unnamed rule"
    if rule.startswith("book_"):
        raise InputRefused(((rule.removeprefix("book_").upper(), "NOT_IN_BOOK"),))
    raise RegistryError(_SENTENCES.get(rule, f"the registry's rule {rule} refuses this"))


def require_order(order: Order) -> Order:
    """Give the order back; raises InputRefused where it has no number."""
    if not order.number.strip():
        raise InputRefused((("order", "NUMBER_MISSING"),))
    return order
