"""The console: indexes by which lists of exchanges stay quick, saved views, and reveals with their reasons."""

from alembic import op

from gateway.migrations.commented import create_table

revision = "0014"
down_revision = "0013"

_NEWEST = "request_in_ts desc, seq desc"
_AGENCY = "journal_agency(kind, client, service)"
_LATENCY = "(coalesce(response_in_ts, response_out_ts) - coalesce(request_out_ts, request_in_ts))"


def upgrade() -> None:
    _index_the_journal()
    _create_views()
    _create_reveals()


def _index_the_journal() -> None:
    """Every list is read in the order of its index and stops at the page's end, however long the journal is."""
    op.execute("""
        create function journal_agency(kind text, client text, service text) returns text
        language sql immutable parallel safe as $$
            select split_part(case when kind = 'RECEIVED' then client else service end, '/', 3)
        $$
    """)
    op.execute("drop index ix_journal_entry_request_in_ts")
    op.execute(f"create index ix_journal_entry_newest on journal_entry ({_NEWEST})")
    op.execute(f"create index ix_journal_entry_failed on journal_entry ({_NEWEST}) where succeeded is false")
    op.execute(
        f"create index ix_journal_entry_slow on journal_entry ({_NEWEST}) where {_LATENCY} > interval '1 second'"
    )
    op.execute(f"create index ix_journal_entry_agency on journal_entry ({_AGENCY}, {_NEWEST})")
    op.execute(
        f"create index ix_journal_entry_service_code on journal_entry (split_part(service, '/', 5), {_NEWEST})"
    )
    op.execute(
        f"create index ix_journal_entry_failed_agency on journal_entry ({_AGENCY}, {_NEWEST}) where succeeded is false"
    )
    op.execute(
        "create index ix_assertion_exchange_id on assertion (exchange_id) where exchange_id is not null"
    )
    op.execute("drop index ix_journal_entry_subject")
    op.execute(
        f"create index ix_journal_entry_subject on journal_entry (subject, {_NEWEST}) where subject is not null"
    )


def _create_views() -> None:
    create_table(
        "exchange_view",
        ("id", "uuid primary key", "PUBLIC"),
        ("account_id", "uuid not null references account", "PUBLIC"),
        ("name", "text not null check (btrim(name) <> '' and length(name) <= 80)", "PUBLIC"),
        ("query", "text not null check (length(query) <= 1000)", "PUBLIC"),
        ("columns", "text[] not null", "PUBLIC"),
        ("shared", "boolean not null", "PUBLIC"),
        ("made_at", "timestamptz not null", "PUBLIC"),
    )
    op.execute("create index ix_exchange_view_account_id on exchange_view (account_id)")


def _create_reveals() -> None:
    create_table(
        "exchange_reveal",
        ("id", "uuid primary key", "PUBLIC"),
        ("exchange_id", "uuid not null", "PUBLIC"),
        ("account_id", "uuid not null references account", "PUBLIC"),
        ("session_digest", "bytea not null", "CREDENTIAL"),
        ("reason", "text not null check (length(btrim(reason)) >= 10)", "PERSONAL"),
        ("revealed_at", "timestamptz not null", "PUBLIC"),
        ("until_at", "timestamptz not null", "PUBLIC"),
    )
    op.execute("create index ix_exchange_reveal_exchange_id on exchange_reveal (exchange_id, revealed_at)")
    op.execute(
        "create trigger exchange_reveal_append_only before update or delete or truncate on exchange_reveal "
        "for each statement execute function journal_append_only()"
    )
