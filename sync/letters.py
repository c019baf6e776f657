"""Try a dead letter anew that is no job: a record of a feed is taken in again, a notice leaves once more."""

from datetime import datetime
from uuid import UUID

from gateway.disclosure.notices import put_back, send_due
from gateway.exchange.dead_letters import Letter, read_letter
from gateway.foundation.errors import AgencyUnavailable
from gateway.foundation.logging import get_logger
from sync.dependencies import WorkerDependencies
from sync.feeds.again import take_again
from sync.following import open_feed

_log = get_logger(__name__)


async def retry_letter(dependencies: WorkerDependencies, letter_id: UUID, *, at: datetime) -> None:
    """Try it; what dies again opens its letter anew. Raises AgencyUnavailable while nobody answers."""
    async with dependencies.database.transaction() as session:
        letter = await read_letter(session, letter_id)
    if letter is None or letter.settlement != "RETRIED":
        return
    if letter.kind == "FEED_ITEM":
        await _take_in(dependencies, letter, at)
    elif letter.kind == "NOTICE":
        await _send(dependencies, UUID(letter.reference), at)


async def _take_in(dependencies: WorkerDependencies, letter: Letter, at: datetime) -> None:
    feed = open_feed(dependencies, letter.name)
    if feed is None:
        raise AgencyUnavailable("the feed's agency is not connected", code="not_connected")
    effect = await take_again(dependencies.database, feed, letter, at=at)
    _log.info("letter_retried", operation=letter.name, state=effect)


async def _send(dependencies: WorkerDependencies, notice_id: UUID, at: datetime) -> None:
    async with dependencies.database.transaction() as session:
        wanted = await put_back(session, notice_id, at=at)
    if wanted and dependencies.notices is not None:
        await send_due(dependencies.database, dependencies.notices, at=at)
