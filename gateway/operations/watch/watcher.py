"""The watcher: settles figures and looks at the gateway's state every few seconds, and remembers what it saw."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from gateway.exchange.chain_state import ChainWatch
from gateway.exchange.figures_rows import known_of
from gateway.exchange.settling import settle_all
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.logging import get_logger
from gateway.foundation.settings import Settings
from gateway.operations.watch.clock import Skew, skew_of_security_server
from gateway.operations.watch.sight import Sight, look

FRESH = timedelta(seconds=5)
_SKEW_EVERY = timedelta(minutes=1)
_FIRST_SECONDS = 1.0
_TROUBLE = (SQLAlchemyError, psycopg.Error, OSError)
_log = get_logger(__name__)


class Watcher:
    """Sees the gateway's state; one per process. Looks cost the same whoever asks, and however often."""

    def __init__(
        self, database: Database, settings: Settings, *, clock: Callable[[], datetime] = utc_now
    ) -> None:
        """Prepare; nothing is looked at yet."""
        self.settings = settings
        self.known = known_of(settings)
        self.seen: Sight | None = None
        self._database = database
        self._clock = clock
        self._chain = ChainWatch(database, settings.path(settings.journal.anchor_file))
        self._skew: Skew | None = None
        self._skew_tried_at: datetime | None = None
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Watch for ever; ends by being cancelled. What just starts has other things to do first."""
        await asyncio.sleep(_FIRST_SECONDS)
        while True:
            await self._round()
            await asyncio.sleep(self.settings.observability.interval_seconds)

    async def look(self) -> Sight | None:
        """Give what was seen in the last seconds, or look now; None where the database does not answer."""
        async with self._turn:
            if self.seen is None or self._clock() - self.seen.seen_at > FRESH:
                await self._see()
            return self.seen

    async def _round(self) -> None:
        async with self._turn:
            try:
                await settle_all(self._database, self.known)
            except _TROUBLE as error:
                _log.warning("figures_not_settled", error=type(error).__name__)
            await self._compare_clocks()
            await self._see()

    async def _see(self) -> None:
        """Look, and forget what was seen before where nothing can be seen now."""
        skews = (self._skew,) if self._skew else ()
        try:
            self.seen = await look(self._database, self.settings, self.known, chain=self._chain, skews=skews)
        except _TROUBLE as error:
            self.seen = None
            _log.warning("state_not_seen", error=type(error).__name__)

    async def _compare_clocks(self) -> None:
        now = self._clock()
        if self._skew_tried_at is None or now - self._skew_tried_at >= _SKEW_EVERY:
            self._skew_tried_at = now
            self._skew = await skew_of_security_server(self.settings)
