"""What each kind of rule finds just now: one short question to the database, or to a certificate's file."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.crypto.certificates import read_certificate
from gateway.exchange.anchor import last_line
from gateway.foundation.errors import SettingsError
from gateway.foundation.queue import QUEUE
from gateway.foundation.settings import Settings
from gateway.operations.alert_kinds import Finding, RuleKind

_UNSET = Path()
_TAIL = 2000  # of each chain; the whole of it is what `kopuro journal verify` is for


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """Where a rule looks, with which numbers, at which instant."""

    session: AsyncSession
    settings: Settings
    parameters: Mapping[str, Any]
    at: datetime

    async def ask(self, statement: TextClause, **values: Any) -> list[Finding]:
        """Ask for (subject, value) pairs."""
        found = await self.session.execute(statement, values)
        return [Finding(subject=row[0], value=float(row[1])) for row in found]

    def ago(self, minutes: float) -> datetime:
        """Give an instant so many minutes earlier."""
        return self.at - timedelta(minutes=minutes)


_WINDOW = """
    with seen as (
        select case when kind = 'RECEIVED' then client else service end as subject,
               count(*) as total, count(*) filter (where succeeded is false) as failed
        from journal_entry
        where kind <> 'SENT' and request_in_ts >= :since
          and (cast(:service as text) is null or service = :service)
          and (cast(:agency as text) is null or client = :agency or starts_with(service, :agency || '/'))
        group by 1
    )
"""
_SHARE = text(
    _WINDOW  # noqa: S608 – our own text
    + "select subject, 100.0 * failed / total from seen "
    "where total >= :least and 100.0 * failed / total >= :percent and failed > 0"
)
_COUNT = text(_WINDOW + "select subject, failed from seen where failed >= :count")  # noqa: S608
_DOWN = text("""
    select i.service, count(*) from incident i join incident_exchange x on x.incident_id = i.id
    where i.closed_at is null and i.direction = 'OUT' and i.closes_on_success and i.side <> 'our_gateway'
      and x.state <> 'RECOVERED' and (cast(:agency as text) is null or i.agency = :agency)
    group by i.service having count(*) >= :count
""")
_GAPS = text("""
    select feed || ': ' || gap, extract(epoch from cast(:at as timestamptz) - gap_since) / 60 from feed_cursor
    where gap <> 'NONE' and gap_since <= :since
""")
_BREAKERS = text("""
    select agency || '/' || service, extract(epoch from cast(:at as timestamptz) - opened_at) / 60
    from agency_breaker where state <> 'CLOSED' and opened_at <= :since
""")
_LETTERS = text("""
    select kind || ': ' || name, count(*) from dead_letter where settled_at is null
    group by kind, name having count(*) >= :count
""")
_QUEUE = text("""
    select task_name, max(extract(epoch from cast(:at as timestamptz) - due)) / 60 from (
        select j.task_name, coalesce(j.scheduled_at, min(e.at)) as due
        from procrastinate_jobs j join procrastinate_events e on e.job_id = j.id
        where j.status = 'todo' and j.queue_name = :queue
          and not exists (select 1 from work_hold h where h.kind = 'TASK' and h.name = j.task_name
                          and h.released_at is null)
        group by j.id
    ) waiting where due <= :since group by task_name
""")
_ACTS = text("""
    select 'access', min(seq) from (
        select a.seq, a.hash, access_act_hash(a) as made, a.previous_hash, lag(a.hash) over w as before,
               lag(a.seq) over w as last
        from (select * from access_act order by seq desc limit :tail) a window w as (order by a.seq)
    ) chained where hash <> made or (last is not null and (previous_hash <> before or seq <> last + 1))
    having min(seq) is not null
""")
_SEALS = text("""
    select 'journal', min(number) from (
        select number, previous_hash, lag(seal_hash) over w as before, lag(number) over w as last
        from (select * from journal_seal order by number desc limit :tail) s window w as (order by number)
    ) chained where last is not null and (previous_hash <> before or number <> last + 1)
    having min(number) is not null
""")
_UNSEALED = text("""
    select 'journal', extract(epoch from cast(:at as timestamptz) - min(waiting.at)) / 60 from (
        select coalesce(j.response_out_ts, j.request_in_ts) as at from journal_entry j
        where (j.xid, j.seq) > (
            coalesce((select upto_xid from journal_seal order by number desc limit 1), 0),
            coalesce((select upto_seq from journal_seal order by number desc limit 1), 0))
        order by j.xid, j.seq limit 1000
    ) waiting having min(waiting.at) <= :since
""")
_SEAL_HASH = text("select seal_hash from journal_seal where number = :number")


async def _failure_share(look: Looking) -> list[Finding]:
    numbers = look.parameters
    return await look.ask(
        _SHARE,
        since=look.ago(numbers["window_minutes"]),
        least=numbers["least_exchanges"],
        percent=numbers["percent"],
        **_where(numbers),
    )


async def _failure_count(look: Looking) -> list[Finding]:
    numbers = look.parameters
    since = look.ago(numbers["window_minutes"])
    return await look.ask(_COUNT, since=since, count=numbers["count"], **_where(numbers))


def _where(numbers: Mapping[str, Any]) -> dict[str, Any]:
    return {"agency": numbers.get("agency"), "service": numbers.get("service")}


async def _receiver_down(look: Looking) -> list[Finding]:
    return await look.ask(_DOWN, count=look.parameters["count"], agency=look.parameters.get("agency"))


async def _feed_gap(look: Looking) -> list[Finding]:
    return await look.ask(_GAPS, at=look.at, since=look.ago(look.parameters["minutes"]))


async def _breaker_open(look: Looking) -> list[Finding]:
    return await look.ask(_BREAKERS, at=look.at, since=look.ago(look.parameters["minutes"]))


async def _dead_letters(look: Looking) -> list[Finding]:
    return await look.ask(_LETTERS, count=look.parameters["count"])


async def _queue_age(look: Looking) -> list[Finding]:
    since = look.ago(look.parameters["minutes"])
    return await look.ask(_QUEUE, at=look.at, since=since, queue=QUEUE)


async def _certificates(look: Looking) -> list[Finding]:
    days = {name: _days_left(path, look.at) for name, path in certificate_files(look.settings)}
    return [
        Finding(subject=name, value=left) for name, left in days.items() if left <= look.parameters["days"]
    ]


def certificate_files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Name every certificate we live by: ours, the security server's, those of agencies and agreements."""
    chosen = {
        "signing": settings.signing.certificate_file,
        "server": settings.server.tls_certificate_file,
        "security server": settings.security_server.certificate_file,
        "security server client": settings.security_server.client_certificate_file,
    }
    yield from ((name, settings.path(path)) for name, path in chosen.items() if path != _UNSET)
    for name, agency in settings.agencies.items():
        if agency.enabled and agency.certificate_file != _UNSET:
            yield f"agency {name}", settings.path(agency.certificate_file)
    for name, agreement in settings.agreements.items():
        for path in agreement.certificate_files:
            yield f"agreement {name}", settings.path(path)


def _days_left(path: Path, at: datetime) -> float:
    """Count the whole days a certificate is still good for; one that cannot be read is good for none."""
    try:
        return float((read_certificate(path).not_valid_after_utc - at).days)
    except SettingsError:
        return 0.0


async def _unsealed(look: Looking) -> list[Finding]:
    return await look.ask(_UNSEALED, at=look.at, since=look.ago(look.parameters["minutes"]))


async def _chain_broken(look: Looking) -> list[Finding]:
    found = [*await look.ask(_ACTS, tail=_TAIL), *await look.ask(_SEALS, tail=_TAIL)]
    anchored = last_line(look.settings.path(look.settings.journal.anchor_file))
    if anchored is not None:
        known = await look.session.execute(_SEAL_HASH, {"number": anchored.number})
        if known.scalar_one_or_none() != anchored.hash:
            found.append(Finding(subject="anchor", value=float(anchored.number)))
    return found


SIGNALS: Mapping[RuleKind, Callable[[Looking], Awaitable[list[Finding]]]] = {
    RuleKind.FAILURE_SHARE: _failure_share,
    RuleKind.FAILURE_COUNT: _failure_count,
    RuleKind.RECEIVER_DOWN: _receiver_down,
    RuleKind.FEED_GAP: _feed_gap,
    RuleKind.BREAKER_OPEN: _breaker_open,
    RuleKind.DEAD_LETTERS: _dead_letters,
    RuleKind.QUEUE_AGE: _queue_age,
    RuleKind.CERTIFICATE_DAYS: _certificates,
    RuleKind.CHAIN_BROKEN: _chain_broken,
    RuleKind.JOURNAL_UNSEALED: _unsealed,
}
