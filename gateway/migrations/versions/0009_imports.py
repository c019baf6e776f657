"""Imports: files kept in pieces until nobody needs them, progress as it goes; exports: who took what, and why."""

from alembic import op

from gateway.migrations.commented import CLASSES

revision = "0009"
down_revision = "0008"

_STATEMENTS = (
    # a file kept whole cannot be read in pieces: what waits is given up, and goes on when it is sent again
    "update import_batch set state = 'STOPPED' where state in ('RECEIVED', 'RUNNING')",
    "alter table import_batch drop column sealed_content",
    """
    alter table import_batch
        add column rows_read integer not null default 0,
        add column rows_stored integer not null default 0,
        add column rows_refused integer not null default 0,
        add column progressed_at timestamptz,
        add column kept_until timestamptz
    """,
    """
    create table import_piece (
        batch_id uuid not null constraint fk_import_piece_batch_id references import_batch,
        number integer not null, sealed bytea not null,
        constraint pk_import_piece primary key (batch_id, number)
    )
    """,
    # what is encrypted does not compress: do not try
    "alter table import_piece alter column sealed set storage external",
    """
    create table export_record (
        export_id uuid constraint pk_export_record primary key,
        kind text not null,
        organisation_code text not null,
        fields text[] not null,
        row_count integer not null,
        reason text not null constraint ck_export_record_reason check (btrim(reason) <> ''),
        exported_by text not null constraint ck_export_record_exported_by check (btrim(exported_by) <> ''),
        file_sha256 text not null,
        exported_at timestamptz not null
    )
    """,
    "create index ix_export_record_organisation_code on export_record (organisation_code, exported_at)",
    """
    create trigger export_record_append_only before update or delete or truncate on export_record
        for each statement execute function journal_append_only()
    """,
)

_CLASSES: dict[str, dict[str, tuple[str, ...]]] = {
    "import_batch": {
        "PUBLIC": ("rows_read", "rows_stored", "rows_refused", "progressed_at", "kept_until"),
    },
    "import_piece": {"PUBLIC": ("batch_id", "number"), "PERSONAL": ("sealed",)},
    "export_record": {
        "PUBLIC": (
            "export_id", "kind", "organisation_code", "fields", "row_count", "file_sha256", "exported_at",
        ),
        "PERSONAL": ("reason", "exported_by"),
    },
}  # fmt: skip


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    for table, classes in _CLASSES.items():
        for sort, columns in classes.items():
            for column in columns:
                op.execute(f"comment on column {table}.{column} is '{sort}: {CLASSES[sort]}'")
