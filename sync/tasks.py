"""The tasks others defer by name. A job may be delivered twice, so every effect is unique by key."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from procrastinate import App

from gateway.foundation.logging import get_logger
from gateway.foundation.queue import QUEUE
from gateway.intake.imports.batches import TASK as IMPORT_BATCH
from gateway.intake.ports import AskContext
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

    @app.task(name=IMPORT_BATCH, queue=QUEUE, retry=backoff)
    async def _import(batch_id: str) -> None:
        await run_batch(dependencies, UUID(batch_id))


async def verify(dependencies: WorkerDependencies, person_id: UUID) -> None:
    """Check an entry against the sources; raises AgencyUnavailable while one of them is down."""
    context = AskContext(user_id="kopuro-worker", issue=f"verify-{person_id}")
    await verify_person(
        dependencies.database,
        dependencies.agencies,
        person_id,
        policies=dependencies.policies,
        context=context,
    )


async def abandon(dependencies: WorkerDependencies, task: str, args: Mapping[str, Any]) -> None:
    """Leave the registry in a state that tells what became of a job nobody will run again."""
    if task == IMPORT_BATCH:
        _log.error("import stopped", batch=args["batch_id"])
        await stop_batch(dependencies, UUID(args["batch_id"]))
