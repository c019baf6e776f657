"""Hold the head an organisation appointed against the one another register names (§2.7: else a case)."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from gateway.foundation.clock import day_of
from gateway.matching.normalise import words
from gateway.registry.model import Person
from gateway.registry.repository import Provenance, add_assertions
from gateway.registry.staff.appointing import head_on
from gateway.registry.staff.cases import StaffQuestion, open_staff_case

HEAD_CASE = "HEAD_MISMATCH"


class HeadFinding(StrEnum):
    """What the other register's word on the head comes to."""

    SAME = "SAME"
    ANOTHER = "ANOTHER"
    NO_HEAD_HERE = "NO_HEAD_HERE"


async def compare_head(
    session: AsyncSession, organisation_id: UUID, told_name: str, *, provenance: Provenance
) -> HeadFinding:
    """Record whom a source names as head, in one line as registers write it, and compare with our appointment.

    Another head is a case for a person: nothing is appointed or ended by what another register says.
    """
    told: dict[str, object] = {"head_name": told_name}
    await add_assertions(session, organisation_id, told, provenance=provenance, subject_type="ORGANISATION")
    head = await head_on(session, organisation_id, on=day_of(provenance.recorded_at))
    if head is None:
        return HeadFinding.NO_HEAD_HERE
    if await _is_named(session, head.person_id, told_name):
        return HeadFinding.SAME
    question = StaffQuestion(
        kind=HEAD_CASE,
        person_id=head.person_id,
        explanation="another register names another head of this organisation",
    )
    await open_staff_case(session, question, at=provenance.recorded_at)
    return HeadFinding.ANOTHER


async def _is_named(session: AsyncSession, person_id: UUID, told_name: str) -> bool:
    """Tell whether surname and given name both stand in the line, in any order and usual spelling."""
    root = aliased(Person)
    found = await session.execute(
        select(root.surname, root.given_name)
        .join(Person, root.id == func.coalesce(Person.master_id, Person.id))
        .where(Person.id == person_id)
    )
    surname, given_name = found.one()
    if not surname or not given_name:
        return False
    return set(words(surname)) | set(words(given_name)) <= set(words(told_name))
