"""Addresses of the exchanges list, filtered to what a number counts: the one place that writes its query."""

from datetime import UTC, datetime
from urllib.parse import urlencode

from gateway.exchange.figures_rows import OTHER

LIST = "/console/exchanges"
GOOD, BAD, DEAD = "ok", "failed", "dead"
OUR_REFUSALS = "Client.*"  # the codes by which we refuse what is asked of us wrongly


def exchanges_link(  # noqa: PLR0913 – the words of the query
    *,
    direction: str = "",
    agency: str = "",
    service: str = "",
    status: str = "",
    code: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    slower_than: float | None = None,
) -> str:
    """Write the address of the exchanges behind a number; "" where the list cannot ask for them by name."""
    if OTHER in {agency, service}:
        return ""
    words = {
        "status": status,
        "code": code,
        "direction": direction.lower(),
        "agency": agency,
        "service": service,
        "since": _instant(since),
        "until": _instant(until),
        "latency": "" if slower_than is None else f">{round(slower_than * 1000)}ms",
    }
    query = " ".join(f"{name}:{value}" for name, value in words.items() if value)
    return f"{LIST}?{urlencode({'q': query})}" if query else LIST


def _instant(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at else ""
