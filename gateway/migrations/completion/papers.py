"""Signed content kept as evidence, registers that are configuration, and enquiries."""

from alembic import op

from gateway.migrations.commented import create_table

_APPEND_ONLY = ("signed_content", "register_definition", "register_entry", "enquiry_message")


def create_signed_content() -> None:
    """Create the store of what somebody signed: the very bytes, the signature and the certificate."""
    create_table(
        "signed_content",
        ("id", "uuid primary key", "PUBLIC"),
        ("kind", "text not null check (kind in ('PASSPORT', 'PERSONAL_FILE'))", "PUBLIC"),
        ("subject_id", "uuid not null", "PERSONAL"),
        ("content", "bytea not null", "PERSONAL"),
        ("digest", "bytea not null", "PUBLIC"),
        ("algorithm", "text not null", "PUBLIC"),
        ("signature", "bytea not null", "PUBLIC"),
        ("certificate", "bytea not null", "PERSONAL"),
        ("signer_id", "uuid references person", "PERSONAL"),
        ("signed_at", "timestamptz not null", "PUBLIC"),
        # a digest that is not the content's own would bind nothing
        constraints=("constraint ck_signed_content_bound check (digest = sha256(content))",),
    )
    op.execute("create index ix_signed_content_subject_id on signed_content (subject_id)")
    op.execute(
        "alter table organisation_confirmation add constraint fk_organisation_confirmation_signature_id "
        "foreign key (signature_id) references signed_content"
    )


def create_registers() -> None:
    """Create the registers that a file of configuration adds (R-040)."""
    create_table(
        "register_definition",
        ("code", "text not null check (code ~ '^[A-Z][A-Z0-9_]{1,39}$')", "PUBLIC"),
        ("version", "integer not null check (version > 0)", "PUBLIC"),
        ("definition", "jsonb not null", "PUBLIC"),
        ("readers", "text[] not null", "PUBLIC"),
        ("defined_by", "text not null check (defined_by <> '')", "PERSONAL"),
        ("defined_at", "timestamptz not null", "PUBLIC"),
        constraints=("constraint pk_register_definition primary key (code, version)",),
    )
    create_table(
        "register_entry",
        ("id", "uuid primary key", "PUBLIC"),
        ("register_code", "text not null", "PERSONAL"),
        ("version", "integer not null", "PUBLIC"),
        ("person_id", "uuid not null references person", "PERSONAL"),
        ("happened_on", "date not null", "PERSONAL"),
        ("content", "jsonb", "PERSONAL"),
        ("source_code", "text not null", "PUBLIC"),
        ("corrects_id", "uuid unique references register_entry", "PUBLIC"),
        ("recorded_at", "timestamptz not null", "PUBLIC"),
        ("recorded_by", "text not null", "PERSONAL"),
        constraints=(
            (
                "constraint fk_register_entry_register_code foreign key (register_code, version) "
                "references register_definition (code, version)"
            ),
            "constraint ck_register_entry_withdrawn check (content is not null or corrects_id is not null)",
        ),
    )
    op.execute("create index ix_register_entry_person_id on register_entry (person_id, register_code)")


def create_enquiries() -> None:
    """Create threads of questions to the special administrator, each about a case or an organisation (R-066)."""
    create_table(
        "enquiry",
        ("id", "uuid primary key", "PUBLIC"),
        ("organisation_id", "uuid not null references organisation", "PUBLIC"),
        ("case_id", "uuid references review_case", "PUBLIC"),
        ("opened_by", "text not null", "PERSONAL"),
        ("opened_at", "timestamptz not null", "PUBLIC"),
        ("closed_at", "timestamptz", "PUBLIC"),
    )
    op.execute("create index ix_enquiry_organisation_id on enquiry (organisation_id)")
    op.execute("create index ix_enquiry_case_id on enquiry (case_id)")
    create_table(
        "enquiry_message",
        ("enquiry_id", "uuid not null references enquiry", "PUBLIC"),
        ("number", "integer not null check (number > 0)", "PUBLIC"),
        ("author", "text not null", "PERSONAL"),
        ("text", "text not null check (btrim(text) <> '')", "PERSONAL"),
        ("at", "timestamptz not null", "PUBLIC"),
        constraints=("constraint pk_enquiry_message primary key (enquiry_id, number)",),
    )


def make_append_only() -> None:
    """Let nothing of it be changed."""
    for table in _APPEND_ONLY:
        op.execute(
            f"create trigger {table}_append_only before update or delete or truncate on {table} "
            "for each statement execute function journal_append_only()"
        )
