"""Operators' work: incidents fed from the journal, replays item by item, alert rules and what became of alerts."""

from alembic import op

from gateway.migrations.commented import create_table
from gateway.migrations.walls import wall

revision = "0015"
down_revision = "0014"

_READERS = "{role:GATEWAY_OPERATOR,SECURITY_AUDITOR}"
_WALLED = (
    "incident",
    "incident_exchange",
    "incident_note",
    "replay_run",
    "replay_item",
    "alert_rule",
    "alert",
    "alert_delivery",
    "job_decision",
)


def upgrade() -> None:
    _create_incidents()
    _create_replays()
    _create_alerts()
    _create_jobs()
    for table in _WALLED:
        wall(table, _READERS)
    wall("alert_channel", _READERS)


def _create_incidents() -> None:
    create_table(
        "operations_cursor",
        ("name", "text primary key", "PUBLIC"),
        ("cluster", "bigint not null default 0", "PUBLIC"),
        ("xid", "bigint not null default 0", "PUBLIC"),
        ("seq", "bigint not null default 0", "PUBLIC"),
        ("top_seq", "bigint not null default 0", "PUBLIC"),
        ("moved_at", "timestamptz", "PUBLIC"),
    )
    op.execute("insert into operations_cursor (name) values ('incidents')")
    create_table(
        "incident",
        ("id", "uuid primary key", "PUBLIC"),
        ("cause_key", "text not null", "PUBLIC"),
        ("direction", "text not null check (direction in ('IN', 'OUT'))", "PUBLIC"),
        ("agency", "text not null", "PUBLIC"),
        ("service", "text not null", "PUBLIC"),
        ("fault_code", "text not null", "PUBLIC"),
        ("fault_kind", "text not null", "PUBLIC"),
        ("side", "text not null", "PUBLIC"),
        ("closes_on_success", "boolean not null", "PUBLIC"),
        ("opened_at", "timestamptz not null", "PUBLIC"),
        ("first_at", "timestamptz not null", "PUBLIC"),
        ("last_at", "timestamptz not null", "PUBLIC"),
        ("last_success_at", "timestamptz", "PUBLIC"),
        ("failure_count", "bigint not null check (failure_count >= 0)", "PUBLIC"),
        ("acknowledged_at", "timestamptz", "PUBLIC"),
        ("acknowledged_by", "text", "PUBLIC"),
        ("closed_at", "timestamptz", "PUBLIC"),
        ("closed_by", "text", "PUBLIC"),
        ("close_reason", "text check (close_reason in ('SUCCESS', 'QUIET', 'PERSON'))", "PUBLIC"),
        constraints=(
            "constraint ck_incident_closed check ((closed_at is null) = (close_reason is null))",
            "constraint ck_incident_person check (close_reason <> 'PERSON' or closed_by is not null)",
        ),
    )
    op.execute("create unique index uq_incident_open on incident (cause_key) where closed_at is null")
    op.execute("create index ix_incident_cause_key on incident (cause_key)")
    op.execute("create index ix_incident_opened_at on incident (opened_at)")
    create_table(
        "incident_exchange",
        ("exchange_id", "uuid primary key", "PUBLIC"),
        ("incident_id", "uuid not null references incident", "PUBLIC"),
        ("entry_id", "uuid not null", "PUBLIC"),
        ("seq", "bigint not null", "PUBLIC"),
        ("failed_at", "timestamptz not null", "PUBLIC"),
        ("state", "text not null check (state in ('FAILED', 'RECOVERED', 'REPLAYED'))", "PUBLIC"),
    )
    op.execute("create index ix_incident_exchange_incident_id on incident_exchange (incident_id)")
    create_table(
        "incident_note",
        ("id", "uuid primary key", "PUBLIC"),
        ("incident_id", "uuid not null references incident", "PUBLIC"),
        ("at", "timestamptz not null", "PUBLIC"),
        ("by", "text not null check (by <> '')", "PUBLIC"),
        ("act", "text not null check (act in ('ACKNOWLEDGED', 'NOTE', 'CLOSED'))", "PUBLIC"),
        ("text", "text not null", "PERSONAL"),
    )
    op.execute("create index ix_incident_note_incident_id on incident_note (incident_id)")


def _create_replays() -> None:
    create_table(
        "replay_run",
        ("id", "uuid primary key", "PUBLIC"),
        ("mode", "text not null check (mode in ('ASK', 'WORK'))", "PUBLIC"),
        ("effect", "text not null check (effect in ('READ', 'WRITE'))", "PUBLIC"),
        (
            "state",
            "text not null check (state in ('WAITING', 'RUNNING', 'PAUSED', 'STOPPED', 'CANCELLED', 'DONE'))",
            "PUBLIC",
        ),
        ("incident_id", "uuid references incident", "PUBLIC"),
        ("selection", "jsonb not null", "PUBLIC"),
        ("reason", "text not null check (reason <> '')", "PERSONAL"),
        ("per_minute", "integer not null check (per_minute between 1 and 6000)", "PUBLIC"),
        ("stop_after", "integer not null check (stop_after > 0)", "PUBLIC"),
        ("needs_approval", "boolean not null", "PUBLIC"),
        ("asked_by", "text not null check (asked_by <> '')", "PUBLIC"),
        ("asked_at", "timestamptz not null", "PUBLIC"),
        ("approved_by", "text", "PUBLIC"),
        ("approved_at", "timestamptz", "PUBLIC"),
        ("resumed_at", "timestamptz", "PUBLIC"),
        ("forgiven", "integer not null default 0", "PUBLIC"),
        ("ended_at", "timestamptz", "PUBLIC"),
        constraints=(
            "constraint ck_replay_run_four_eyes check (approved_by <> asked_by)",
            (
                "constraint ck_replay_run_approval check"
                " (not needs_approval or approved_by is not null or state in ('WAITING', 'CANCELLED'))"
            ),
        ),
    )
    op.execute("create index ix_replay_run_asked_at on replay_run (asked_at)")
    create_table(
        "replay_item",
        ("run_id", "uuid not null references replay_run", "PUBLIC"),
        ("position", "integer not null", "PUBLIC"),
        ("exchange_id", "uuid not null", "PUBLIC"),
        ("message_id", "text not null", "PUBLIC"),
        ("service", "text not null", "PUBLIC"),
        ("effect", "text not null check (effect in ('READ', 'WRITE'))", "PUBLIC"),
        (
            "state",
            (
                "text not null check (state in"
                " ('WAITING', 'SENDING', 'DEFERRED', 'SUCCEEDED', 'FAILED', 'REFUSED', 'UNKNOWN', 'DROPPED'))"
            ),
            "PUBLIC",
        ),
        ("reason", "text not null default ''", "PUBLIC"),
        ("new_exchange_id", "uuid unique", "PUBLIC"),
        ("new_message_id", "text", "PUBLIC"),
        ("work_task", "text", "PUBLIC"),
        ("work_subject", "uuid", "PERSONAL"),
        ("job_id", "bigint", "PUBLIC"),
        ("started_at", "timestamptz", "PUBLIC"),
        ("ended_at", "timestamptz", "PUBLIC"),
        ("fault_code", "text not null default ''", "PUBLIC"),
        constraints=("constraint pk_replay_item primary key (run_id, position)",),
    )
    op.execute("create index ix_replay_item_exchange_id on replay_item (exchange_id)")
    # an exchange is asked again by one run at a time
    op.execute(
        "create unique index uq_replay_item_at_work on replay_item (exchange_id)"
        " where state in ('WAITING', 'SENDING', 'DEFERRED')"
    )


def _create_alerts() -> None:
    create_table(
        "alert_channel",
        ("id", "uuid primary key", "PUBLIC"),
        ("kind", "text not null check (kind in ('EMAIL', 'WEBHOOK'))", "PUBLIC"),
        ("name", "text not null unique", "PUBLIC"),
        ("address", "text not null check (address <> '')", "CONTACT"),
        ("language", "text not null check (language in ('ky', 'ru', 'en'))", "PUBLIC"),
        ("enabled", "boolean not null", "PUBLIC"),
        ("changed_by", "text not null", "PUBLIC"),
        ("changed_at", "timestamptz not null", "PUBLIC"),
    )
    create_table(
        "alert_rule",
        ("id", "uuid primary key", "PUBLIC"),
        ("name", "text not null unique", "PUBLIC"),
        ("kind", "text not null", "PUBLIC"),
        ("parameters", "jsonb not null", "PUBLIC"),
        ("urgent", "boolean not null", "PUBLIC"),
        ("quiet_from", "time", "PUBLIC"),
        ("quiet_until", "time", "PUBLIC"),
        ("enabled", "boolean not null", "PUBLIC"),
        ("channels", "uuid[] not null default '{}'", "PUBLIC"),
        ("changed_by", "text not null", "PUBLIC"),
        ("changed_at", "timestamptz not null", "PUBLIC"),
        constraints=("constraint ck_alert_rule_quiet check ((quiet_from is null) = (quiet_until is null))",),
    )
    create_table(
        "alert",
        ("id", "uuid primary key", "PUBLIC"),
        ("rule_id", "uuid not null references alert_rule", "PUBLIC"),
        ("subject", "text not null", "PUBLIC"),
        ("opened_at", "timestamptz not null", "PUBLIC"),
        ("value", "double precision not null", "PUBLIC"),
        ("worst", "double precision not null", "PUBLIC"),
        ("seen_at", "timestamptz not null", "PUBLIC"),
        ("closed_at", "timestamptz", "PUBLIC"),
    )
    op.execute("create unique index uq_alert_open on alert (rule_id, subject) where closed_at is null")
    op.execute("create index ix_alert_opened_at on alert (opened_at)")
    create_table(
        "alert_delivery",
        ("id", "uuid primary key", "PUBLIC"),
        ("alert_id", "uuid references alert", "PUBLIC"),
        ("rule_id", "uuid not null references alert_rule", "PUBLIC"),
        ("channel_id", "uuid not null references alert_channel", "PUBLIC"),
        ("event", "text not null check (event in ('OPENED', 'CLOSED', 'TEST'))", "PUBLIC"),
        (
            "state",
            "text not null check (state in ('WAITING', 'SENT', 'FAILED', 'SUPPRESSED'))",
            "PUBLIC",
        ),
        ("attempts", "integer not null default 0", "PUBLIC"),
        ("due_at", "timestamptz not null", "PUBLIC"),
        ("ended_at", "timestamptz", "PUBLIC"),
        ("error", "text not null default ''", "PUBLIC"),
        constraints=(
            "constraint uq_alert_delivery_alert_id unique (alert_id, channel_id, event)",
            "constraint ck_alert_delivery_about check ((event = 'TEST') = (alert_id is null))",
        ),
    )
    op.execute("create index ix_alert_delivery_due_at on alert_delivery (due_at)")


def _create_jobs() -> None:
    create_table(
        "job_decision",
        ("job_id", "bigint primary key", "PUBLIC"),
        ("decision", "text not null check (decision in ('HELD', 'DROPPED'))", "PUBLIC"),
        ("due_at", "timestamptz", "PUBLIC"),
        ("by", "text not null check (by <> '')", "PUBLIC"),
        ("at", "timestamptz not null", "PUBLIC"),
        ("reason", "text not null", "PERSONAL"),
    )
