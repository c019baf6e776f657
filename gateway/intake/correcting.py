"""Correct a value by hand: what a state source vouches for is not typed over, it is asked about (R-067)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import InputRefused
from gateway.intake.applications import parse_typed
from gateway.intake.case_opening import CaseQuestion, open_case
from gateway.intake.policies import Policies
from gateway.registry.model import FieldProvenance
from gateway.registry.policy import OFFICIAL
from gateway.registry.projection import project_person
from gateway.registry.repository import Provenance, add_assertions
from gateway.registry.values import SCHOOL

FIELDS = ("surname", "given_name", "patronymic", "birth_date", "sex")


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What became of a typed value: it is shown now, or a case asks whose word is right."""

    changed: bool
    case_id: UUID | None = None


async def correct_value(  # noqa: PLR0913 - whose value, which, by whom, when and by which policy
    session: AsyncSession,
    person_id: UUID,
    field: str,
    value: str,
    *,
    policies: Policies,
    by: str,
    at: datetime,
) -> Correction:
    """Take a typed value; raises InputRefused for a value that cannot be one of the field.

    The word is kept with its author either way; where a state source vouches for the field its value goes on
    showing, and a case is opened for two people to settle.
    """
    told = _read(field, value)
    vouched = await session.execute(
        select(FieldProvenance.source_code).where(
            FieldProvenance.subject_id == person_id,
            FieldProvenance.field == field,
            FieldProvenance.source_code.in_(sorted(OFFICIAL)),
        )
    )
    owner = vouched.scalar_one_or_none()
    provenance = Provenance(source=SCHOOL, recorded_at=at, entered_by=by)
    await add_assertions(session, person_id, {field: told}, provenance=provenance)
    await project_person(session, person_id, policies, at=at)
    if owner is None:
        return Correction(changed=True)
    question = CaseQuestion(
        kind="SOURCE_CONFLICT",
        person_id=person_id,
        field=field,
        explanation=f"the school asks for another value than the one {owner} vouches for",
    )
    return Correction(changed=False, case_id=await open_case(session, question, at=at))


def _read(field: str, value: str) -> str:
    read = getattr(parse_typed({field: value}), field)
    if not read:
        raise InputRefused(((field, "REQUIRED"),))
    return str(read)
