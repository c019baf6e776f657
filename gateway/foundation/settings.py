"""What is chosen, not programmed: config/*.toml under environment variables, as frozen dataclasses.

`KOPURO_SECTION__KEY=value` in the environment wins over the file. A key nobody knows stops the start with
a sentence, so a typing mistake never becomes a silent default.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

from gateway.foundation.background_settings import Background
from gateway.foundation.errors import SettingsError
from gateway.foundation.observability_settings import Observability
from gateway.foundation.operations_settings import Operations
from gateway.foundation.policy_settings import Agreement, FieldPolicy, LegalBasis, Profile, Purpose

PREFIX = "KOPURO_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who we are on X-Road: the subsystem under which we ask and answer."""

    xroad_instance: str
    member_class: str
    member_code: str
    subsystem_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where we listen, and the bounds of what we take in."""

    host: str = "127.0.0.1"
    port: int = 8090
    public_url: str = ""
    api_token: str = ""
    body_limit_bytes: int = 10 * 1024 * 1024
    body_deadline_seconds: float = 20.0
    header_deadline_seconds: float = 10.0
    idle_seconds: float = 15.0
    max_connections: int = 200
    max_connections_per_peer: int = 150
    tls_certificate_file: Path = Path()
    tls_key_file: Path = Path()
    client_certificate_file: Path = Path()
    local_port: int = 8091
    allow_plain_http: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """The PostgreSQL to use; without a url a private one runs under the data directory."""

    url: str = ""
    data_directory: Path = Path("var")
    pool_size: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """Our key and the algorithms we sign with and accept."""

    key_file: Path = Path("var/keys/gateway.key")
    certificate_file: Path = Path("var/keys/gateway.crt")
    signature_algorithm: str = "rsa-sha256"
    digest_algorithm: str = "sha256"
    accepted_signature_algorithms: tuple[str, ...] = ("rsa-sha256", "rsa-sha384", "rsa-sha512")
    accepted_digest_algorithms: tuple[str, ...] = ("sha256", "sha384", "sha512")
    maximum_age_seconds: int = 300
    clock_skew_seconds: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """The record of exchanges: its keys, its sealing, and where seals are exported to."""

    body_key_file: Path = Path("var/keys/journal-body.key")
    mac_key_file: Path = Path("var/keys/journal-mac.key")
    subject_key_file: Path = Path("var/keys/journal-subject.key")
    anchor_file: Path = Path("var/anchors/journal.seals")
    group_window_ms: float = 2.0
    seal_interval_seconds: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityServer:
    """The security server through which we ask."""

    url: str = "http://127.0.0.1:8080/"
    connect_timeout_seconds: float = 5.0
    exchange_deadline_seconds: float = 15.0
    attempts: int = 3
    first_backoff_seconds: float = 0.2
    answer_limit_bytes: int = 10 * 1024 * 1024
    loggable_limit_bytes: int = 10 * 1024 * 1024
    certificate_file: Path = Path()
    client_certificate_file: Path = Path()
    client_key_file: Path = Path()


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The background: how many jobs at once, how stale is stale."""

    concurrency: int = 4
    stalled_after_seconds: float = 30.0
    heartbeat_seconds: float = 10.0
    polling_seconds: float = 2.0
    retry_first_seconds: int = 5
    retry_longest_seconds: int = 900
    retry_attempts: int = 20
    reverify_after_days: int = 365
    reverify_batch: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """What a decision about a record needs: bits of evidence after the chance of a stranger, and two choices."""

    match: float = 8.0
    likely: float = 8.0
    review: float = 0.0
    benefit: float = 6.0
    margin: float = 6.0
    support: float = 1.5
    namesakes: float = 0.0
    warning: float = 0.0075
    link_over_relatives_pin: bool = True
    model_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """How we speak to the operator's log collector."""

    level: str = "INFO"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How people sign in: keys, limits of sessions and attempts, the cost of passwords, the identity provider."""

    key_file: Path = Path()
    session_idle_minutes: float = 30.0
    session_hours: float = 10.0
    recovery_hours: float = 24.0
    password_least_length: int = 12
    argon2_memory_kib: int = 65536
    argon2_rounds: int = 3
    argon2_lanes: int = 2
    attempts_free: int = 5
    attempts_per_peer: int = 60
    attempt_window_minutes: float = 15.0
    longest_delay_seconds: float = 900.0
    undertaking_months: int = 12
    forwarded_for: bool = False
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret_file: Path = Path()
    oidc_scopes: tuple[str, ...] = ("openid", "profile")
    oidc_pin_claim: str = "pin"
    oidc_algorithms: tuple[str, ...] = ("RS256", "PS256", "ES256")
    oidc_clock_skew_seconds: int = 30
    oidc_deadline_seconds: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatures:
    """Whose personal certificates count under a passport: PEM files of authorities, revoked serials in hexadecimal."""

    authority_files: tuple[str, ...] = ()
    revoked_serials: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyServices:
    """One agency's subsystem and the services we ask of it: our name → (service code, version); soap or rest."""

    subsystem_code: str
    services: Mapping[str, str]
    binding: str = "soap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """An X-Road member we ask, the adapter that speaks its dialect, and whether we sign towards it."""

    adapter: str
    enabled: bool = True
    member_class: str
    member_code: str
    source_code: str
    sign_requests: bool = False
    verify_answers: bool = False
    certificate_file: Path = Path()
    subsystems: Mapping[str, AgencyServices]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of it. Sections without a default must stand in the files."""

    home: Path
    identity: Identity
    server: Server = field(default_factory=Server)
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    signing: Signing = field(default_factory=Signing)
    journal: Journal = field(default_factory=Journal)
    security_server: SecurityServer = field(default_factory=SecurityServer)
    work: Work = field(default_factory=Work)
    matching: Matching = field(default_factory=Matching)
    logs: Logs = field(default_factory=Logs)
    access: Access = field(default_factory=Access)
    signatures: Signatures = field(default_factory=Signatures)
    operations: Operations = field(default_factory=Operations)
    background: Background = field(default_factory=Background)
    observability: Observability = field(default_factory=Observability)
    agencies: Mapping[str, Agency] = field(default_factory=dict)
    agreements: Mapping[str, Agreement] = field(default_factory=dict)
    legal_bases: Mapping[str, LegalBasis] = field(default_factory=dict)
    purposes: Mapping[str, Purpose] = field(default_factory=dict)
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    fields: Mapping[str, FieldPolicy] = field(default_factory=dict)

    def path(self, path: Path | str) -> Path:
        """Resolve a configured path: relative ones start at the home directory."""
        return self.home / path

    @property
    def contracts(self) -> Path:
        """Give the directory of published and consumed WSDL files."""
        return self.home / "wsdl"

    @property
    def schemas(self) -> Path:
        """Give the directory of XSD files."""
        return self.home / "schemas"


def load(*, home: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Read config/*.toml under `home` and the environment; raises SettingsError naming the key."""
    variables = os.environ if environment is None else environment
    home = home or Path(variables.get("KOPURO_HOME") or Path(__file__).resolve().parents[2])
    tree: dict[str, Any] = {}
    directory = Path(variables.get("KOPURO_CONFIG") or home / "config")
    files = sorted(directory.glob("*.toml"))
    if not files:
        raise SettingsError(
            f"no *.toml in {directory}: set KOPURO_CONFIG to the directory of the configuration"
        )
    for file in files:
        _merge(tree, _read(file), file.name)
    _overlay(tree, variables)
    if "DATABASE_URL" in variables:
        tree.setdefault("database", {})["url"] = variables["DATABASE_URL"]
    return _build(Settings, {"home": home, **tree}, "")  # type: ignore[no-any-return]


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file.name} is not valid TOML: {error}") from None


def _merge(tree: dict[str, Any], more: dict[str, Any], file: str) -> None:
    for key, value in more.items():
        if key in tree:
            raise SettingsError(f"[{key}] stands twice; the second is in {file}: keep one")
        tree[key] = value


def _overlay(tree: dict[str, Any], variables: Mapping[str, str]) -> None:
    """Lay KOPURO_SECTION__KEY over the files; names of other programs and plain switches pass by."""
    for name, value in variables.items():
        if not name.startswith(PREFIX) or "__" not in name:
            continue
        *sections, key = name.removeprefix(PREFIX).lower().split("__")
        place = tree
        for section in sections:
            place = place.setdefault(section, {})
        place[key] = value


def _build(kind: Any, values: Mapping[str, Any], where: str) -> Any:
    """Make a dataclass of a table, refusing unknown and missing keys by name."""
    if not isinstance(values, Mapping):
        raise SettingsError(f"{where or 'the configuration'} must be a table")
    known = {item.name: item for item in fields(kind)}
    for key in values:
        if key not in known:
            raise SettingsError(f"unknown key {_dotted(where, key)}; known here: {', '.join(sorted(known))}")
    hints = get_type_hints(kind)
    made: dict[str, Any] = {}
    for name, item in known.items():
        if name in values:
            made[name] = _convert(hints[name], values[name], _dotted(where, name))
        elif item.default is MISSING and item.default_factory is MISSING:
            raise SettingsError(f"{_dotted(where, name)} is missing: set it in config/*.toml")
    return kind(**made)


def _dotted(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _convert(kind: Any, value: Any, where: str) -> Any:
    if hasattr(kind, "__dataclass_fields__"):
        return _build(kind, value, where)
    origin = getattr(kind, "__origin__", None)
    if origin is tuple:
        items = value.split(",") if isinstance(value, str) else value
        return tuple(_convert(str, item, where) for item in items)
    if origin is Mapping:
        if not isinstance(value, Mapping):
            raise SettingsError(f"{where} must be a table")
        return {key: _convert(kind.__args__[1], item, f"{where}.{key}") for key, item in value.items()}
    return _scalar(kind, value, where)


def _scalar(kind: Any, value: Any, where: str) -> Any:
    if kind is bool and isinstance(value, str):
        if value.lower() not in {"true", "false", "1", "0"}:
            raise SettingsError(f"{where} must be true or false")
        return value.lower() in {"true", "1"}
    if kind in {int, float} and isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            return kind(value)
        except ValueError:
            raise SettingsError(f"{where} must be a number") from None
    if kind in {str, Path} and isinstance(value, str | Path):
        return kind(value)
    if kind is bool and isinstance(value, bool):
        return value
    raise SettingsError(f"{where} must be a {getattr(kind, '__name__', kind)}")
