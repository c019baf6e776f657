"""Leave a service alone that does not answer: one breaker per agency and service, shared through the database.

CLOSED: everybody asks. After some questions in a row that nobody answered it is OPEN: nobody asks, which costs
nothing. When its pause is over one asker, and no other, sends a probe (HALF_OPEN): an answer, even a refusal,
closes it; silence opens it for longer.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import psycopg
from sqlalchemy import bindparam, exists, or_, select, text
from sqlalchemy.exc import SQLAlchemyError

from gateway.exchange.agency_tables import AgencyBreaker, WorkHold
from gateway.exchange.errors import JournalUnavailable
from gateway.foundation.background_settings import BreakerSettings
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import AgencyError, AgencyUnavailable, ContractError, SignatureError
from gateway.foundation.logging import get_logger
from gateway.foundation.queue import defer
from gateway.foundation.reader import PreparedSelect

BREAKER_OPEN, HELD = "breaker_open", "held"
NOT_ASKED = frozenset({BREAKER_OPEN, HELD})
CATCH_UP = "catch_up"
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A service of an agency by its names in our configuration: `zags-service/zagsDataByPin/v1` of `infocom`."""

    agency: str
    service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Admission:
    line: Line
    failures: int
    probe_id: UUID | None = None


def _seen() -> PreparedSelect:
    mine = (
        AgencyBreaker.agency == bindparam("agency"),
        AgencyBreaker.service == bindparam("service"),
    )
    held = exists().where(
        WorkHold.kind == "AGENCY",
        or_(WorkHold.name == bindparam("agency"), WorkHold.name == bindparam("line")),
        WorkHold.released_at.is_(None),
    )
    return PreparedSelect(
        select(
            select(AgencyBreaker.state).where(*mine).scalar_subquery().label("state"),
            select(AgencyBreaker.failures).where(*mine).scalar_subquery().label("failures"),
            select(AgencyBreaker.probe_at).where(*mine).scalar_subquery().label("probe_at"),
            held.label("held"),
        )
    )


_SEEN = _seen()
_TAKE_PROBE = text("""
    update agency_breaker set state = 'HALF_OPEN', probe_id = :probe_id, probe_at = :until, changed_at = :now
    where agency = :agency and service = :service and state <> 'CLOSED' and probe_at <= :now
    returning agency
""")
_FAIL = text("""
    insert into agency_breaker as b (agency, service, state, failures, openings, opened_at, probe_at, last_code,
        failed_at, changed_at)
    values (:agency, :service, case when :most <= 1 then 'OPEN' else 'CLOSED' end, 1,
        case when :most <= 1 then 1 else 0 end, case when :most <= 1 then cast(:now as timestamptz) end,
        case when :most <= 1 then cast(:probe_at as timestamptz) end, :code, :now, :now)
    on conflict (agency, service) do update set failures = b.failures + 1, last_code = :code, failed_at = :now,
        state = case when b.state = 'CLOSED' and b.failures + 1 >= :most then 'OPEN' else b.state end,
        openings = case when b.state = 'CLOSED' and b.failures + 1 >= :most then 1 else b.openings end,
        opened_at = case when b.state = 'CLOSED' and b.failures + 1 >= :most then :now else b.opened_at end,
        probe_at = case when b.state = 'CLOSED' and b.failures + 1 >= :most then :probe_at else b.probe_at end,
        changed_at = case when b.state = 'CLOSED' and b.failures + 1 >= :most then :now else b.changed_at end
    returning state, openings, changed_at = :now as changed
""")
_PROBE_FAILED = text("""
    update agency_breaker set state = 'OPEN', probe_id = null, failures = failures + 1, openings = openings + 1,
        last_code = :code, failed_at = :now, changed_at = :now,
        probe_at = :now + make_interval(secs => least(:longest, :pause * power(2, least(openings, 30))))
    where agency = :agency and service = :service and probe_id = :probe_id
    returning agency
""")
_GIVE_BACK = text("""
    update agency_breaker set state = 'OPEN', probe_id = null, probe_at = :now, changed_at = :now
    where agency = :agency and service = :service and probe_id = :probe_id
    returning agency
""")
_CLOSE = text("""
    update agency_breaker set state = 'CLOSED', failures = 0, openings = 0, opened_at = null, probe_at = null,
        probe_id = null, changed_at = :now
    where agency = :agency and service = :service and probe_id = :probe_id
    returning agency
""")
_FORGET = text("""
    update agency_breaker set failures = 0
    where agency = :agency and service = :service and state = 'CLOSED' and failures > 0
    returning agency
""")


class Breakers:
    """The breakers of all services; as many processes as there are see the same ones."""

    def __init__(
        self, database: Database, choice: BreakerSettings, *, clock: Callable[[], datetime] = utc_now
    ) -> None:
        """Take where they are kept and when they open."""
        self._database, self._choice, self._clock = database, choice, clock

    @asynccontextmanager
    async def asking(self, line: Line) -> AsyncIterator[None]:
        """Put a question to a service inside; how it ends is what the breaker learns.

        Raises AgencyUnavailable with the code `breaker_open` or `held` before anything is sent, and
        JournalUnavailable while the database is away.
        """
        admission = await self._admit(line)
        began = time.monotonic()
        learn: Callable[[_Admission], Awaitable[None]] = self._give_back  # our own failures teach nothing
        try:
            yield
            learn = self._answered
        except AgencyUnavailable as error:
            learn = partial(self._failed, code=error.code)
            raise
        except (AgencyError, ContractError, SignatureError):
            learn = self._answered  # it answers, if only to refuse
            raise
        except asyncio.CancelledError:
            learn = partial(self._left, seconds=time.monotonic() - began)
            raise
        finally:
            await learn(admission)

    async def _admit(self, line: Line) -> _Admission:
        try:
            seen = await self._look(line)
        except (psycopg.Error, SQLAlchemyError, OSError):
            raise JournalUnavailable("the database does not say whether the agency may be asked") from None
        if seen.held:
            raise AgencyUnavailable("a person lets this agency rest", code=HELD)
        if seen.state in {None, "CLOSED"}:
            return _Admission(line=line, failures=seen.failures or 0)
        probe_id = uuid4()
        if seen.probe_at <= self._clock() and await self._take_probe(line, probe_id):
            return _Admission(line=line, failures=seen.failures, probe_id=probe_id)
        raise AgencyUnavailable("the agency did not answer and is left alone for now", code=BREAKER_OPEN)

    async def _look(self, line: Line) -> Any:
        names = {"agency": line.agency, "service": line.service, "line": f"{line.agency}/{line.service}"}
        return (await self._database.read(_SEEN, **names))[0]

    async def _take_probe(self, line: Line, probe_id: UUID) -> bool:
        now = self._clock()
        until = now + timedelta(seconds=self._choice.probe_seconds)
        return await self._write(_TAKE_PROBE, line, probe_id=probe_id, until=until, now=now)

    async def _answered(self, admission: _Admission) -> None:
        if admission.probe_id is None:
            if admission.failures:
                await self._write(_FORGET, admission.line)
            return
        line = admission.line
        async with self._database.transaction() as session:
            values = {"agency": line.agency, "service": line.service, "probe_id": admission.probe_id}
            closed = await session.execute(_CLOSE, {**values, "now": self._clock()})
            if closed.first():
                await defer(session, CATCH_UP, priority=1, agency=line.agency)
        _log.info("breaker_closed", agency=line.agency, service=line.service)

    async def _failed(self, admission: _Admission, code: str) -> None:
        now, choice, line = self._clock(), self._choice, admission.line
        if admission.probe_id:
            pause = {"longest": choice.longest_seconds, "pause": choice.open_seconds}
            probe = {"probe_id": admission.probe_id, "code": code, "now": now}
            await self._write(_PROBE_FAILED, line, **probe, **pause)
            return
        probe_at = now + timedelta(seconds=choice.open_seconds)
        known = {"most": choice.failures, "code": code, "now": now, "probe_at": probe_at}
        async with self._database.transaction() as session:
            row = (
                await session.execute(_FAIL, {"agency": line.agency, "service": line.service, **known})
            ).one()
        if row.state == "OPEN" and row.changed:
            _log.warning("breaker_opened", agency=line.agency, service=line.service, code=code)

    async def _left(self, admission: _Admission, seconds: float) -> None:
        """Count an asker who left as unanswered when he had waited long enough, whatever else is cancelled."""
        if seconds >= self._choice.slow_seconds:
            await asyncio.shield(self._failed(admission, "cancelled"))
        else:
            await asyncio.shield(self._give_back(admission))

    async def _give_back(self, admission: _Admission) -> None:
        if admission.probe_id:
            now = self._clock()
            await self._write(_GIVE_BACK, admission.line, probe_id=admission.probe_id, now=now)

    async def _write(self, statement: Any, line: Line, **values: Any) -> bool:
        """Write in a transaction of its own; True where it changed a row."""
        async with self._database.transaction() as session:
            done = await session.execute(
                statement, {"agency": line.agency, "service": line.service, **values}
            )
            return done.first() is not None
