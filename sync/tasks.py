"""The tasks others defer by name. A job may be delivered twice, so every effect is unique by key."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from procrastinate import App

from gateway.exchange.breaker import CATCH_UP
from gateway.exchange.dead_letters import RETRY_LETTER, reopen_letter
from gateway.foundation.clock import utc_now
from gateway.foundation.logging import get_logger
from gateway.foundation.queue import QUEUE
from gateway.intake.family import TASK as LINK_FAMILY
from gateway.intake.foreigners import TASK as VERIFY_FOREIGNER
from gateway.intake.imports.batches import TASK as IMPORT_BATCH
from gateway.intake.staff_documents import TASK as CHECK_PASSPORT
from gateway.intake.staff_work import TASK as CHECK_WORK
from gateway.operations.replay_rules import VERIFY_PERSON
from sync.catch_up import catch_up
from sync.dependencies import WorkerDependencies
from sync.following import FOLLOW_FEED, follow_feed
from sync.imports import run_batch, stop_batch
from sync.letters import retry_letter
from sync.people import look_at_passport, look_at_work, tie_family, verify, verify_foreign
from sync.retries import Backoff

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

    @app.task(name=CHECK_WORK, queue=QUEUE, retry=backoff)
    async def _work(person_id: str) -> None:
        await look_at_work(dependencies, UUID(person_id))

    @app.task(name=IMPORT_BATCH, queue=QUEUE, retry=backoff)
    async def _import(batch_id: str) -> None:
        await run_batch(dependencies, UUID(batch_id))

    @app.task(name=FOLLOW_FEED, queue=QUEUE, retry=backoff)
    async def _follow(feed: str) -> None:
        await follow_feed(dependencies, feed, at=utc_now())

    @app.task(name=RETRY_LETTER, queue=QUEUE, retry=backoff)
    async def _retry_letter(letter_id: str) -> None:
        await retry_letter(dependencies, UUID(letter_id), at=utc_now())

    @app.task(name=CATCH_UP, queue=QUEUE, retry=backoff)
    async def _catch_up(agency: str, before: str = "") -> None:
        since = datetime.fromisoformat(before) if before else utc_now()
        await catch_up(dependencies, agency, before=since)


async def abandon(dependencies: WorkerDependencies, task: str, args: Mapping[str, Any]) -> None:
    """Leave the registry in a state that tells what became of a job nobody will run again."""
    if task == IMPORT_BATCH:
        _log.error("import stopped", batch=args["batch_id"])
        await stop_batch(dependencies, UUID(args["batch_id"]))
    if task == RETRY_LETTER:
        async with dependencies.database.transaction() as session:
            await reopen_letter(session, UUID(args["letter_id"]))
