"""What becomes of one row: refused with every problem, or admitted in the caller's transaction."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.intake.admission import admit
from gateway.intake.imports.damage import Problem
from gateway.intake.imports.preparing import Prepared, examine
from gateway.intake.policies import Policies
from gateway.matching.model import MODEL, Model

REJECTED = "REJECTED"
_FIELD_OF = {"ORGANISATION_UNKNOWN": "organisation_code"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowOutcome:
    """CREATED, UPDATED, MATCHED, CASE or REJECTED, the problems, and the entry or case it came to."""

    result: str
    problems: tuple[Problem, ...] = ()
    case_id: UUID | None = None
    person_id: UUID | None = None


NOT_STORED = RowOutcome(result=REJECTED, problems=(Problem(field="", reason="NOT_STORED"),))


async def admit_row(
    session: AsyncSession, row: Prepared, *, policies: Policies, recorded_by: str, model: Model = MODEL
) -> RowOutcome:
    """Admit a row as an application, or give every problem it has; `recorded_by` names the import."""
    application, problems = examine(row)
    if application is None:
        return RowOutcome(result=REJECTED, problems=problems)
    admission = await admit(session, application, policies=policies, recorded_by=recorded_by, model=model)
    return RowOutcome(
        result=admission.result,
        problems=tuple(Problem(field=_FIELD_OF.get(code, ""), reason=code) for code in admission.reasons),
        case_id=admission.case_id,
        person_id=admission.person_id,
    )
