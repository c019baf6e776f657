"""What is chosen about operators' work: when trouble is over, how fast it is done again, how alerts travel."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """Incidents, replays and alerts. Without an SMTP host no e-mail leaves."""

    quiet_minutes: float = 60.0
    settle_seconds: float = 120.0
    changing_services: tuple[str, ...] = ()
    replay_per_minute: int = 60
    replay_stop_after: int = 10
    smtp_host: str = ""
    smtp_port: int = 25
    smtp_tls: str = "starttls"
    smtp_user: str = ""
    smtp_password_file: Path = Path()
    smtp_sender: str = "kopuro@localhost"
    smtp_ca_file: Path = Path()
    webhook_key_file: Path = Path()
    webhook_plain_http: bool = False
    delivery_seconds: float = 15.0
    console_url: str = ""
