"""Where a profile rests on consent, nothing leaves without one that stands at this instant (R-080)."""

from uuid import UUID

from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.registry.learners.consents import Agreed, ConsentState, consent_state, consents
from gateway.services.question import Question

CONSENT_REQUIRED = "CONSENT_REQUIRED"


async def consent_stands(question: Question, person_id: UUID, database: Database) -> bool:
    """Tell whether the grant's profile asks for no consent, or the person's stands now."""
    if not question.grant.consent:
        return True
    scope, _, purpose = question.grant.consent.partition("/")
    async with database.transaction() as session:
        given = await consents(session, person_id)
    wanted = Agreed(scope_code=scope, purpose_code=purpose)
    return consent_state(given, wanted, at=utc_now()) is ConsentState.GIVEN
