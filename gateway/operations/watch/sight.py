"""One look at everything: figures, queue, cases, certificates, clocks, the chain of the journal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.exchange.breaker_state import breaker_states
from gateway.exchange.chain_state import ChainState, ChainWatch
from gateway.exchange.figures import Last, Service, Tally, lasts, tallies, totals, window_of
from gateway.exchange.figures_rows import Known
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.settings import Settings
from gateway.operations.watch.certificates import Certificate, see_certificates
from gateway.operations.watch.clock import Skew, skew_of_database
from gateway.operations.watch.reach import Breaker, see_breakers
from gateway.operations.watch.work import Cases, Work, see_cases, see_work

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What was seen at an instant; nothing in it is about a person."""

    seen_at: datetime
    totals: Mapping[Service, Tally]
    hour: Mapping[Service, Tally]
    lasts: Mapping[Service, Last]
    work: Work
    cases: Mapping[str, Cases]
    breakers: Mapping[str, Breaker]
    certificates: tuple[Certificate, ...]
    chain: ChainState
    skews: tuple[Skew, ...] = field(default=())


async def look(
    database: Database, settings: Settings, known: Known, *, chain: ChainWatch, skews: tuple[Skew, ...]
) -> Sight:
    """Look at everything once; raises what the driver raises where the database does not answer."""
    now = utc_now()
    async with database.transaction() as session:
        ours = await skew_of_database(session)
        return Sight(
            seen_at=now,
            totals=await totals(session, known, now=now),
            hour=await tallies(session, window_of(HOUR, now=now), known),
            lasts=await lasts(session, known, now=now),
            work=await see_work(session),
            cases=await see_cases(session),
            breakers=see_breakers(await breaker_states(session), settings),
            certificates=see_certificates(settings),
            chain=await chain.look(at=now),
            skews=(ours, *skews),
        )
