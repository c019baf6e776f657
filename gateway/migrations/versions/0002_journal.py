"""The journal of exchanges, its bodies, its claims of message ids and its seals.

Nothing refers to an entry by a foreign key and seq comes from a plain sequence, so that journal_entry and
journal_body can be partitioned by request_in_ts: only the unique keys will have to take that column in.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE, UUID

revision = "0002"
down_revision = "0001"

APPEND_ONLY = ("journal_entry", "journal_claim", "journal_seal")


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.dialects.postgresql.TIMESTAMP(timezone=True, precision=6), nullable=nullable)


def _bytes(name: str, *, nullable: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=nullable)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _number(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column[int]:
    server_default = sa.text(default) if default else None
    return sa.Column(name, sa.BigInteger(), nullable=nullable, server_default=server_default)


def _uuid(name: str) -> sa.Column[object]:
    return sa.Column(name, UUID(), nullable=False)


def upgrade() -> None:
    op.execute("create sequence journal_seq")
    _create_entry()
    _create_body()
    _create_claim()
    _create_seal()
    _refuse_changes()


def _create_entry() -> None:
    op.create_table(
        "journal_entry",
        _number("seq", default="nextval('journal_seq')"),
        _number("xid", default="pg_current_xact_id()::text::bigint"),
        *(_uuid(name) for name in ("entry_id", "exchange_id")),
        *(_text(name) for name in ("kind", "client", "service", "message_id", "user_id", "issue")),
        *(_text(name) for name in ("protocol_version", "x_request_id")),
        _instant("request_in_ts"),
        *(_instant(name, nullable=True) for name in ("request_out_ts", "response_in_ts", "response_out_ts")),
        *(_number(name, nullable=True) for name in ("request_size", "response_size")),
        *(_bytes(name, nullable=True) for name in ("request_sha256", "response_sha256")),
        sa.Column("succeeded", sa.Boolean()),
        *(_text(name) for name in ("outcome", "fault_code", "fault_string", "signer", "signature")),
        _bytes("subject", nullable=True),
        *(_text(name) for name in ("purpose", "agreement")),
        _number("attempt"),
        _text("peer_address"),
        _bytes("mac"),
        sa.PrimaryKeyConstraint("seq", name="pk_journal_entry"),
        sa.UniqueConstraint("entry_id", name="uq_journal_entry_entry_id"),
        sa.CheckConstraint("kind in ('RECEIVED', 'SENT', 'ANSWERED')", name="kind"),
        sa.CheckConstraint("signature in ('signed', 'unsigned', 'refused')", name="signature"),
    )
    op.execute("alter sequence journal_seq owned by journal_entry.seq")
    for columns in (
        ("exchange_id",),
        ("message_id",),
        ("request_in_ts",),
        ("client", "service"),
        ("xid", "seq"),
    ):
        op.create_index(f"ix_journal_entry_{'_journal_entry_'.join(columns)}", "journal_entry", list(columns))
    op.create_index(
        "ix_journal_entry_subject",
        "journal_entry",
        ["subject"],
        postgresql_where=sa.text("subject is not null"),
    )


def _create_body() -> None:
    op.create_table(
        "journal_body",
        _uuid("entry_id"),
        _text("part"),
        _instant("request_in_ts"),
        _text("key_id"),
        _bytes("nonce"),
        _bytes("ciphertext"),
        sa.PrimaryKeyConstraint("entry_id", "part", name="pk_journal_body"),
        sa.CheckConstraint("part in ('request', 'response')", name="part"),
    )
    # ciphertext does not compress: do not try
    op.execute("alter table journal_body alter column ciphertext set storage external")


def _create_claim() -> None:
    op.create_table(
        "journal_claim",
        *(_text(name) for name in ("client", "service", "message_id")),
        _bytes("request_sha256"),
        _uuid("entry_id"),
        sa.PrimaryKeyConstraint("client", "service", "message_id", name="pk_journal_claim"),
    )


def _create_seal() -> None:
    op.create_table(
        "journal_seal",
        _number("number"),
        _bytes("previous_hash"),
        sa.Column("seqs", INT8MULTIRANGE(), nullable=False),
        _number("entry_count"),
        *(_bytes(name) for name in ("leaves", "root")),
        _instant("sealed_at"),
        *(_number(name) for name in ("cluster", "floor_seq", "upto_xid", "upto_seq")),
        *(_text(name) for name in ("algorithm", "certificate")),
        *(_bytes(name) for name in ("signature", "seal_hash")),
        sa.PrimaryKeyConstraint("number", name="pk_journal_seal"),
    )
    op.create_index("ix_journal_seal_seqs", "journal_seal", ["seqs"], postgresql_using="gist")
    op.execute("alter table journal_seal alter column leaves set storage external")


def _refuse_changes() -> None:
    op.execute("""
        create function journal_append_only() returns trigger language plpgsql as $$
        begin
            raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
        end $$
    """)
    for table in APPEND_ONLY:
        # row triggers, because partitions inherit those and not the ones of statements
        _refuse(table, "change", "update or delete", "row")
    _refuse("journal_body", "change", "update", "row")
    for table in (*APPEND_ONLY, "journal_body"):
        _refuse(table, "truncate", "truncate", "statement")


def _refuse(table: str, name: str, event: str, level: str) -> None:
    op.execute(
        f"create trigger {table}_{name} before {event} on {table} "
        f"for each {level} execute function journal_append_only()"
    )
