"""What was disclosed to whom."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "disclosure",
        sa.Column("disclosure_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("agreement_no", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("fields", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("as_of_on", sa.Date(), nullable=False),
        sa.Column("registry_seq", sa.BigInteger(), nullable=False),
        sa.Column("answer_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("disclosed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("disclosure_id", name="pk_disclosure"),
    )
    op.create_index("ix_disclosure_person_id", "disclosure", ["person_id"])
    op.create_index("ix_disclosure_disclosed_at", "disclosure", ["disclosed_at"])
    op.execute(
        "create trigger disclosure_append_only before update or delete or truncate on disclosure "
        "for each statement execute function journal_append_only()"
    )
