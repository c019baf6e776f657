"""The background's memory: breakers, holds, feeds and their inbox, the ledger, answers, notices, protection."""

from alembic import op

from gateway.migrations.commented import create_table

revision = "0013"
down_revision = "0011"

_HELD_ONCE = "create unique index uq_work_hold_open on work_hold (kind, name) where released_at is null"
_LETTERS = "create index ix_dead_letter_open on dead_letter (died_at) where settled_at is null"
_INBOX = "create index ix_feed_inbox_effect on feed_inbox (feed, effect, received_at)"
_PROTECTED = "create index ix_protected_person_person_id on protected_person (person_id)"


def upgrade() -> None:
    _create_breakers()
    _create_feeds()
    _create_ledger()
    _create_memory()
    _create_notices()
    _create_protection()


def _create_breakers() -> None:
    create_table(
        "agency_breaker",
        ("agency", "text not null", "PUBLIC"),
        ("service", "text not null", "PUBLIC"),
        ("state", "text not null check (state in ('CLOSED', 'OPEN', 'HALF_OPEN'))", "PUBLIC"),
        ("failures", "integer not null default 0", "PUBLIC"),
        ("openings", "integer not null default 0", "PUBLIC"),
        ("opened_at", "timestamptz", "PUBLIC"),
        ("probe_at", "timestamptz", "PUBLIC"),
        ("probe_id", "uuid", "PUBLIC"),
        ("last_code", "text not null default ''", "PUBLIC"),
        ("failed_at", "timestamptz", "PUBLIC"),
        ("changed_at", "timestamptz not null", "PUBLIC"),
        constraints=(
            "constraint pk_agency_breaker primary key (agency, service)",
            "constraint ck_agency_breaker_probe_at check (state = 'CLOSED' or probe_at is not null)",
        ),
    )
    create_table(
        "work_hold",
        ("id", "uuid primary key", "PUBLIC"),
        ("kind", "text not null check (kind in ('AGENCY', 'FEED', 'TASK'))", "PUBLIC"),
        ("name", "text not null check (name <> '')", "PUBLIC"),
        ("reason", "text not null check (reason <> '')", "PUBLIC"),
        ("held_by", "text not null check (held_by <> '')", "PUBLIC"),
        ("held_at", "timestamptz not null", "PUBLIC"),
        ("released_by", "text", "PUBLIC"),
        ("released_at", "timestamptz", "PUBLIC"),
        constraints=(
            "constraint ck_work_hold_release check ((released_by is null) = (released_at is null))",
        ),
    )
    op.execute(_HELD_ONCE)


def _create_feeds() -> None:
    create_table(
        "feed_cursor",
        ("feed", "text primary key", "PUBLIC"),
        ("cursor", "text not null", "PUBLIC"),
        ("seen_at", "timestamptz", "PUBLIC"),
        ("asked_at", "timestamptz", "PUBLIC"),
        ("answered_at", "timestamptz", "PUBLIC"),
        ("failures", "integer not null default 0", "PUBLIC"),
        ("last_code", "text not null default ''", "PUBLIC"),
        (
            "gap",
            "text not null default 'NONE' check (gap in ('NONE', 'SILENT', 'BEHIND', 'MISSING'))",
            "PUBLIC",
        ),
        ("gap_since", "timestamptz", "PUBLIC"),
        ("changed_at", "timestamptz not null", "PUBLIC"),
        constraints=("constraint ck_feed_cursor_gap_since check ((gap = 'NONE') = (gap_since is null))",),
    )
    create_table(
        "feed_inbox",
        ("feed", "text not null references feed_cursor", "PUBLIC"),
        ("item_key", "text not null", "PUBLIC"),
        ("version", "text not null", "PUBLIC"),
        ("page", "text not null", "PUBLIC"),
        ("digest", "bytea not null check (octet_length(digest) = 32)", "PUBLIC"),
        ("effect", "text not null", "PUBLIC"),
        ("subject_id", "uuid", "PERSONAL"),
        ("case_id", "uuid", "PUBLIC"),
        ("received_at", "timestamptz not null", "PUBLIC"),
        constraints=("constraint pk_feed_inbox primary key (feed, item_key, version)",),
    )
    op.execute(_INBOX)
    create_table(
        "feed_page",
        ("feed", "text not null references feed_cursor", "PUBLIC"),
        ("page", "text not null", "PUBLIC"),
        ("items", "integer not null", "PUBLIC"),
        ("exchange_id", "uuid", "PUBLIC"),
        ("taken_at", "timestamptz not null", "PUBLIC"),
        constraints=("constraint pk_feed_page primary key (feed, page)",),
    )
    create_table(
        "schedule_mark",
        ("name", "text primary key", "PUBLIC"),
        ("done_on", "date not null", "PUBLIC"),
        ("marked_at", "timestamptz not null", "PUBLIC"),
    )


def _create_ledger() -> None:
    create_table(
        "agency_ledger",
        ("agency", "text not null", "PUBLIC"),
        ("service", "text not null", "PUBLIC"),
        ("day", "date not null", "PUBLIC"),
        ("planned", "integer not null default 0 check (planned >= 0)", "PUBLIC"),
        ("planned_tyiyn", "bigint not null default 0", "PUBLIC"),
        ("calls", "integer not null default 0 check (calls >= 0)", "PUBLIC"),
        ("cost_tyiyn", "bigint not null default 0", "PUBLIC"),
        constraints=("constraint pk_agency_ledger primary key (agency, service, day)",),
    )
    create_table(
        "dead_letter",
        ("id", "uuid primary key", "PUBLIC"),
        ("kind", "text not null check (kind in ('JOB', 'FEED_ITEM', 'NOTICE'))", "PUBLIC"),
        ("name", "text not null", "PUBLIC"),
        ("reference", "text not null", "PUBLIC"),
        ("cause", "text not null check (cause <> '')", "PUBLIC"),
        ("error", "text not null default ''", "PUBLIC"),
        ("attempts", "integer not null default 1", "PUBLIC"),
        ("died_at", "timestamptz not null", "PUBLIC"),
        ("settlement", "text check (settlement in ('RETRIED', 'DROPPED'))", "PUBLIC"),
        ("settled_by", "text", "PUBLIC"),
        ("settled_at", "timestamptz", "PUBLIC"),
        constraints=(
            "constraint uq_dead_letter_kind unique (kind, name, reference)",
            "constraint ck_dead_letter_settled check ((settlement is null) = (settled_at is null))",
        ),
    )
    op.execute(_LETTERS)


def _create_memory() -> None:
    create_table(
        "source_answer",
        ("id", "uuid primary key", "PUBLIC"),
        ("source", "text not null", "PUBLIC"),
        ("question", "text not null", "PUBLIC"),
        ("subject", "bytea not null check (octet_length(subject) = 32)", "PERSONAL"),
        ("key_id", "text not null", "PUBLIC"),
        ("nonce", "bytea not null", "PUBLIC"),
        ("ciphertext", "bytea not null", "PERSONAL"),
        ("exchange_id", "uuid", "PUBLIC"),
        ("message_id", "text not null default ''", "PUBLIC"),
        ("answered_at", "timestamptz not null", "PUBLIC"),
        ("fresh_until", "timestamptz not null", "PUBLIC"),
        constraints=("constraint uq_source_answer_source unique (source, question, subject)",),
    )
    op.execute("create index ix_source_answer_fresh_until on source_answer (fresh_until)")


def _create_notices() -> None:
    create_table(
        "correction_notice",
        ("correction_id", "uuid primary key references disclosure_correction", "PUBLIC"),
        ("route", "text not null check (route in ('SERVICE', 'PERSON'))", "PUBLIC"),
        ("client", "text not null", "PUBLIC"),
        ("service", "text not null default ''", "PUBLIC"),
        ("message_id", "text not null", "PUBLIC"),
        ("attempts", "integer not null default 0", "PUBLIC"),
        ("exchange_id", "uuid", "PUBLIC"),
        ("last_code", "text not null default ''", "PUBLIC"),
        ("due_at", "timestamptz not null", "PUBLIC"),
        ("delivered_at", "timestamptz", "PUBLIC"),
    )


def _create_protection() -> None:
    create_table(
        "protected_person",
        ("id", "uuid primary key", "PUBLIC"),
        ("person_id", "uuid not null references person", "SPECIAL"),
        ("regime", "text not null check (regime in ('ADOPTION_SECRECY', 'SAFETY', 'COURT'))", "SPECIAL"),
        ("valid_from", "date not null", "SPECIAL"),
        ("valid_until", "date check (valid_until > valid_from)", "SPECIAL"),
        ("authority_ref", "text not null check (authority_ref <> '')", "SPECIAL"),
        ("proposed_by", "text not null", "PUBLIC"),
        ("proposed_at", "timestamptz not null", "PUBLIC"),
        ("approved_by", "text check (approved_by <> proposed_by)", "PUBLIC"),
        ("approved_at", "timestamptz", "PUBLIC"),
        ("lift_proposed_by", "text", "PUBLIC"),
        ("lift_proposed_at", "timestamptz", "PUBLIC"),
        ("lifted_by", "text", "PUBLIC"),
        ("lifted_at", "timestamptz", "PUBLIC"),
        constraints=("constraint ck_protected_person_lift_four_eyes check (lifted_by <> lift_proposed_by)",),
    )
    op.execute(_PROTECTED)
