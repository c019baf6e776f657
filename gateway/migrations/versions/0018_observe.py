"""Figures of exchanges by minute and hour, the last good and bad one of each service, and exchanges' traces."""

from alembic import op

from gateway.migrations.commented import create_table

revision = "0018"
down_revision = ("0013", "0014")

_KEY = ("grain", "at", "direction", "agency", "service", "outcome", "bucket")


def upgrade() -> None:
    _create_figures()
    _create_last()
    _create_state()
    _create_traces()


def _create_figures() -> None:
    create_table(
        "exchange_figure",
        ("grain", "text not null check (grain in ('MINUTE', 'HOUR', 'TOTAL'))", "PUBLIC"),
        ("at", "timestamptz not null", "PUBLIC"),
        ("direction", "text not null check (direction in ('IN', 'OUT'))", "PUBLIC"),
        ("agency", "text not null", "PUBLIC"),
        ("service", "text not null", "PUBLIC"),
        ("outcome", "text not null check (outcome in ('OK', 'REFUSED', 'FAILED', 'RETRIED'))", "PUBLIC"),
        ("bucket", "smallint not null", "PUBLIC"),
        ("count", "bigint not null", "PUBLIC"),
        ("total_us", "bigint not null", "PUBLIC"),
        constraints=(f"constraint pk_exchange_figure primary key ({', '.join(_KEY)})",),
    )


def _create_last() -> None:
    create_table(
        "exchange_last",
        ("direction", "text not null", "PUBLIC"),
        ("agency", "text not null", "PUBLIC"),
        ("service", "text not null", "PUBLIC"),
        ("good_at", "timestamptz", "PUBLIC"),
        ("bad_at", "timestamptz", "PUBLIC"),
        constraints=("constraint pk_exchange_last primary key (direction, agency, service)",),
    )


def _create_state() -> None:
    create_table(
        "exchange_figure_state",
        ("the_one", "boolean primary key default true check (the_one)", "PUBLIC"),
        ("settled_until", "timestamptz not null", "PUBLIC"),
    )
    # what stands in the journal already is settled by the first rounds, an hour of it at a time
    op.execute("""
        insert into exchange_figure_state (settled_until)
        select date_trunc('minute', coalesce((select min(request_in_ts) from journal_entry), now()))
    """)


def _create_traces() -> None:
    create_table(
        "exchange_trace",
        ("exchange_id", "uuid not null", "PUBLIC"),
        ("trace_id", "bytea not null check (octet_length(trace_id) = 16)", "PUBLIC"),
        ("span_id", "bytea not null check (octet_length(span_id) = 8)", "PUBLIC"),
        ("begun_at", "timestamptz not null", "PUBLIC"),
    )
    # no key: what is told beside an exchange must never keep the exchange out of the journal
    op.execute("create index ix_exchange_trace_exchange_id on exchange_trace (exchange_id)")
    op.execute("create index ix_exchange_trace_trace_id on exchange_trace (trace_id)")
