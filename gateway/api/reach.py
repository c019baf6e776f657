"""What the registry's routes ask of a permit: is this school, this person, this case within reach."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.errors import not_found, refused
from gateway.access.values import Action, Kind
from gateway.api.bodies import CaseAnswer
from gateway.api.guard import Permit
from gateway.intake.cases import list_cases
from gateway.intake.reasons import sentence
from gateway.registry.model import ReviewCandidate, ReviewCase
from gateway.registry.reading import OPEN_STATES


async def check_case(permit: Permit, case_id: UUID, *, confirms: bool) -> None:
    """Let a decision pass about a case within reach, all its candidates included; raises AccessError."""
    async with permit.reading() as session:
        cases = await list_cases(session, case_id=case_id, within=permit.right.filter)
    if not cases:
        raise not_found()
    if confirms and permit.right.action is not Action.APPROVE:
        raise refused("FORBIDDEN")
    async with permit.database.transaction() as session:
        whole = await session.execute(
            select(func.count()).select_from(ReviewCandidate).where(ReviewCandidate.case_id == case_id)
        )
    if whole.scalar_one() != len(cases[0].candidates):
        raise refused("CASE_BEYOND_REACH")


async def masked_cases(
    session: AsyncSession, permit: Permit, *, limit: int, language: str
) -> list[CaseAnswer]:
    """List undecided cases without the people they are about."""
    assert permit.right.kind is Kind.CASE
    found = await session.execute(
        select(ReviewCase)
        .where(ReviewCase.state.in_(OPEN_STATES), permit.right.filter)
        .order_by(ReviewCase.created_at, ReviewCase.id)
        .limit(limit)
    )
    return [
        CaseAnswer(
            case_id=case.id,
            kind=case.kind,
            state=case.state,
            isuo_no="",
            field=case.field,
            explanation="",
            message=sentence(case.kind, language),
            created_at=case.created_at,
            candidates=[],
        )
        for case in found.scalars()
    ]
