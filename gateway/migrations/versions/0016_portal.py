"""What a clerk has begun and not finished: forms being filled, files being tried; sealed, and gone in a day."""

from alembic import op

from gateway.migrations.commented import create_table

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    create_table(
        "portal_draft",
        ("id", "uuid primary key", "PUBLIC"),
        ("account_id", "uuid not null references account", "PUBLIC"),
        ("kind", "text not null check (kind in ('LEARNER', 'IMPORT'))", "PUBLIC"),
        ("sealed", "bytea not null", "PERSONAL"),
        ("sealed_file", "bytea", "PERSONAL"),
        ("running", "boolean not null", "PUBLIC"),
        ("done", "integer not null default 0", "PUBLIC"),
        ("total", "integer not null default 0", "PUBLIC"),
        ("begun_at", "timestamptz not null", "PUBLIC"),
        ("expires_at", "timestamptz not null", "PUBLIC"),
    )
    op.execute("create index ix_portal_draft_account_id on portal_draft (account_id)")
    op.execute("create index ix_portal_draft_expires_at on portal_draft (expires_at)")
    # what is encrypted does not compress: do not try
    op.execute("alter table portal_draft alter column sealed_file set storage external")
