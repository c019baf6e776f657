"""The tasks others defer by name. A job may be delivered twice, so every effect is unique by key."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from procrastinate import App

from gateway.foundation.clock import utc_now
from gateway.foundation.logging import get_logger
from gateway.foundation.queue import QUEUE
from gateway.intake.family import TASK as LINK_FAMILY
from gateway.intake.family import defer_family, link_family
from gateway.intake.foreigners import TASK as VERIFY_FOREIGNER
from gateway.intake.foreigners import verify_foreigner
from gateway.intake.imports.batches import TASK as IMPORT_BATCH
from gateway.intake.ports import AskContext
from gateway.intake.staff_documents import TASK as CHECK_PASSPORT
from gateway.intake.staff_documents import check_passport
from gateway.intake.verification import verify_person
from sync.dependencies import WorkerDependencies
from sync.imports import run_batch, stop_batch
from sync.retries import Backoff

VERIFY_PERSON = "verify_person"
_log = get_logger(__name__)


def register_tasks(app: App, dependencies: WorkerDependencies) -> None:
    """Add the tasks to the app; arguments are ids, for Procrastinate keeps them in the clear."""
    backoff = Backoff(dependencies.settings.work)

    @app.task(name=VERIFY_PERSON, queue=QUEUE, retry=backoff)
    async def _verify(person_id: str) -> None:
        await verify(dependencies, UUID(person_id))

    @app.task(name=LINK_FAMILY, queue=QUEUE, retry=backoff)
    async def _family(person_id: str) -> None:
        await tie_family(dependencies, UUID(person_id))

    @app.task(name=VERIFY_FOREIGNER, queue=QUEUE, retry=backoff)
    async def _foreigner(person_id: str) -> None:
        await verify_foreign(dependencies, UUID(person_id))

    @app.task(name=CHECK_PASSPORT, queue=QUEUE, retry=backoff)
    async def _passport(person_id: str) -> None:
        await look_at_passport(dependencies, UUID(person_id))

    @app.task(name=IMPORT_BATCH, queue=QUEUE, retry=backoff)
    async def _import(batch_id: str) -> None:
        await run_batch(dependencies, UUID(batch_id))


async def verify(dependencies: WorkerDependencies, person_id: UUID) -> None:
    """Check an entry against the sources; raises AgencyUnavailable while one of them is down."""
    verification = await verify_person(
        dependencies.database,
        dependencies.agencies,
        person_id,
        policies=dependencies.policies,
        context=_context("verify", person_id),
    )
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
        context=_context("family", child_id),
    )


async def verify_foreign(dependencies: WorkerDependencies, person_id: UUID) -> None:
    """Check a foreigner by the document; raises AgencyUnavailable while the register is down."""
    await verify_foreigner(
        dependencies.database,
        dependencies.agencies,
        person_id,
        policies=dependencies.policies,
        context=_context("foreigner", person_id),
    )


async def look_at_passport(dependencies: WorkerDependencies, person_id: UUID) -> None:
    """Ask whether an employee's passport is valid; raises AgencyUnavailable while the register is down."""
    await check_passport(
        dependencies.database,
        dependencies.agencies,
        person_id,
        context=_context("passport", person_id),
    )


def _context(why: str, person_id: UUID) -> AskContext:
    return AskContext(user_id="kopuro-worker", issue=f"{why}-{person_id}")


async def abandon(dependencies: WorkerDependencies, task: str, args: Mapping[str, Any]) -> None:
    """Leave the registry in a state that tells what became of a job nobody will run again."""
    if task == IMPORT_BATCH:
        _log.error("import stopped", batch=args["batch_id"])
        await stop_batch(dependencies, UUID(args["batch_id"]))
