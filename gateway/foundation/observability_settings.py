"""What is chosen about watching the gateway: who may read the metrics, what counts as good, where traces go."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Observability:
    """Metrics, targets and traces; without `traces_url` no trace is made and none of it costs anything."""

    metrics_token: str = ""
    interval_seconds: float = 15.0
    target_error_share: float = 0.01
    target_p95_seconds: float = 2.0
    certificate_warning_days: int = 30
    traces_url: str = ""
    traces_share: float = 1.0
    traces_deadline_seconds: float = 5.0
