"""What counts as one exchange, in SQL: its direction, agency, service, outcome and latency bucket.

Only agencies and services the configuration names are told by name; whatever else a stranger wrote into a header
is counted as `other`, so that no figure grows with what strangers write, or repeats it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.foundation.settings import Settings

OTHER = "other"
BUCKETS_A_DECADE = 20

# a failed attempt that was followed by another one is no exchange of its own: it was retried
FACTS = """
    select e.request_in_ts as at,
        case e.kind when 'RECEIVED' then 'IN' else 'OUT' end as direction,
        case when e.agency = any(cast(:agencies as text[])) then e.agency else 'other' end as agency,
        case when e.code = any(cast(:services as text[])) then e.code else 'other' end as service,
        case when e.succeeded then 'OK'
            when exists (
                select from journal_entry later where later.exchange_id = e.exchange_id
                    and later.attempt > e.attempt and later.kind = 'SENT'
            ) then 'RETRIED'
            when e.kind = 'RECEIVED' and e.fault_code like 'Client.%' or e.outcome = 'AgencyRefused'
                then 'REFUSED'
            else 'FAILED' end as outcome,
        least(greatest(0, ceil(20 * log(greatest(1, e.took)))), 180)::smallint as bucket,
        e.took::bigint as took
    from (
        select *, split_part(case kind when 'RECEIVED' then client else service end, '/', 3) as agency,
            split_part(service, '/', 5) as code,
            greatest(0, extract(epoch from
                coalesce(response_out_ts, response_in_ts, request_in_ts) - request_in_ts)) * 1e6 as took
        from journal_entry
        where request_in_ts >= :since and request_in_ts < :until and kind <> 'SENT'
    ) e
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The agencies (member codes) and services (service codes) that figures call by name."""

    agencies: tuple[str, ...]
    services: tuple[str, ...]

    def values(self) -> dict[str, list[str]]:
        """Give the parameters of FACTS."""
        return {"agencies": list(self.agencies), "services": list(self.services)}


def known_of(settings: Settings) -> Known:
    """Find every agency and service the configuration names, those that are switched off included."""
    agencies = [agency.member_code for agency in settings.agencies.values()]
    agencies += [part for each in settings.agreements.values() for part in each.client.split("/")[2:3]]
    services = [
        service
        for agency in settings.agencies.values()
        for subsystem in agency.subsystems.values()
        for service in subsystem.services.values()
    ]
    services += [service for each in settings.agreements.values() for service in each.services]
    return Known(agencies=_once(agencies), services=_once(each.partition("/")[0] for each in services))


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


def bucket_edge(bucket: int) -> float:
    """Give the upper edge of a latency bucket in seconds: twenty buckets a decade, each 12 % wide."""
    return float(10 ** (bucket / BUCKETS_A_DECADE - 6))


def bucket_middle(bucket: int) -> float:
    """Give the latency in seconds that stands for a bucket: at most 6 % from any latency in it."""
    return bucket_edge(bucket) / 10 ** (0.5 / BUCKETS_A_DECADE)
