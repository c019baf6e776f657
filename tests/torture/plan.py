"""How much work is done under how many kills; everything that chance decides comes from the seed."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Records of four kinds, and how often workers, gateways, PostgreSQL and agencies are taken away meanwhile."""

    seed: int = 2026
    lines: int = 0
    asks: int = 0
    numbers: int = 0
    worker_kills: int = 0
    gateway_kills: int = 0
    postgres_kills: int = 0
    outages: int = 0
    workers: int = 2
    broken: str = ""
    patience_seconds: float = 60.0
    rest_seconds: float = 90.0
    concurrency: int = 4

    @property
    def records(self) -> int:
        """Count what must come through: lines of files, their checks at the agency, questions to us, feed records."""
        return 2 * self.lines + self.asks + self.numbers

    @property
    def kills(self) -> int:
        """Count what is killed with SIGKILL."""
        return self.worker_kills + self.gateway_kills + self.postgres_kills

    def scaled(self, scale: float) -> "Plan":
        """Give the same plan with so many times the records, kills and outages."""
        counts = ("lines", "asks", "numbers", "worker_kills", "gateway_kills", "postgres_kills", "outages")
        return replace(self, **{name: round(getattr(self, name) * scale) for name in counts})

    def blows(self) -> list[str]:
        """Give the names of what is struck, in no order."""
        return (
            ["worker"] * self.worker_kills
            + ["gateway"] * self.gateway_kills
            + ["postgres"] * self.postgres_kills
            + ["outage"] * self.outages
        )


WHOLE = Plan(
    lines=1400, asks=3600, numbers=3700, worker_kills=70, gateway_kills=30, postgres_kills=110, outages=30
)
SMALL = Plan(
    lines=16, asks=20, numbers=120, worker_kills=1, gateway_kills=1, postgres_kills=1, outages=1, workers=1
)
FEED_ONLY = Plan(numbers=240, worker_kills=2, workers=1, concurrency=1)
