"""What jobs do about one person: check the identity, tie the family, look at a foreigner's or an employee's papers."""

from uuid import UUID

from gateway.exchange.breaker import NOT_ASKED
from gateway.foundation.clock import utc_now
from gateway.foundation.errors import AgencyUnavailable
from gateway.foundation.logging import get_logger
from gateway.intake.family import TASK as LINK_FAMILY
from gateway.intake.family import defer_family, link_family
from gateway.intake.foreigners import TASK as VERIFY_FOREIGNER
from gateway.intake.foreigners import verify_foreigner
from gateway.intake.ports import AskContext
from gateway.intake.staff_documents import TASK as CHECK_PASSPORT
from gateway.intake.staff_documents import check_passport
from gateway.intake.staff_work import TASK as CHECK_WORK
from gateway.intake.staff_work import check_work
from gateway.intake.verification import verify_person
from gateway.operations.exchange_work import issue_of
from gateway.operations.replay_rules import VERIFY_PERSON
from sync.dependencies import WorkerDependencies

_log = get_logger(__name__)


async def verify(dependencies: WorkerDependencies, person_id: UUID) -> None:
    """Check an entry against the sources; raises AgencyUnavailable while one of them is down.

    Where a source is left alone the entry says so, and catching up asks again when the source answers.
    """
    try:
        verification = await verify_person(
            dependencies.database,
            dependencies.agencies,
            person_id,
            policies=dependencies.policies,
            context=_context(VERIFY_PERSON, person_id),
        )
    except AgencyUnavailable as silent:
        if silent.code not in NOT_ASKED:
            raise
        _log.info("left for the catch-up", code=silent.code)
        return
    if verification and not verification.contradicted:
        async with dependencies.database.transaction() as session:
            await defer_family(session, person_id, utc_now())


async def tie_family(dependencies: WorkerDependencies, child_id: UUID) -> None:
    """Tie a child to the parents its birth act names; raises AgencyUnavailable while the civil registry is down."""
    await link_family(
        dependencies.database,
        dependencies.agencies,
        child_id,
        policies=dependencies.policies,
        context=_context(LINK_FAMILY, child_id),
    )


async def verify_foreign(dependencies: WorkerDependencies, person_id: UUID) -> None:
    """Check a foreigner by the document; raises AgencyUnavailable while the register is down."""
    await verify_foreigner(
        dependencies.database,
        dependencies.agencies,
        person_id,
        policies=dependencies.policies,
        context=_context(VERIFY_FOREIGNER, person_id),
    )


async def look_at_passport(dependencies: WorkerDependencies, person_id: UUID) -> None:
    """Ask whether an employee's passport is valid; raises AgencyUnavailable while the register is down."""
    await check_passport(
        dependencies.database,
        dependencies.agencies,
        person_id,
        context=_context(CHECK_PASSPORT, person_id),
        policies=dependencies.policies,
    )


async def look_at_work(dependencies: WorkerDependencies, person_id: UUID) -> None:
    """Ask the Social Fund about somebody's work; raises AgencyUnavailable while it is down.

    Where the fund is left alone nothing is noted, and the next round asks again.
    """
    try:
        await check_work(
            dependencies.database,
            dependencies.agencies,
            person_id,
            context=_context(CHECK_WORK, person_id),
        )
    except AgencyUnavailable as silent:
        if silent.code not in NOT_ASKED:
            raise
        _log.info("left for the next round", code=silent.code)


def _context(task: str, person_id: UUID) -> AskContext:
    return AskContext(user_id="kopuro-worker", issue=issue_of(task, person_id))
