"""People whose data are withheld, and the decision an enrolment rests on where no document does."""

from alembic import op

from gateway.migrations.commented import create_table

revision = "0019"
down_revision = "0018"

_STATEMENTS = (
    # an entry sealed by adoption is found by nothing that looks for people
    """
    create function entry_is_sealed(asked uuid) returns boolean language sql stable as $$
        select exists (
            select from protected_person
            where person_id = asked and regime = 'ADOPTION_SECRECY' and lifted_at is null
        )
    $$
    """,
    """
    create function keep_sealed() returns trigger language plpgsql as $$
    begin
        return case when entry_is_sealed(new.person_id) then null else new end;
    end $$
    """,
    "create trigger keep_sealed before insert on match_key for each row execute function keep_sealed()",
    "create trigger keep_sealed before insert on name_key for each row execute function keep_sealed()",
    # whatever the program forgets: a protected entry is never read as one with another
    """
    create function part_protected() returns trigger language plpgsql as $$
    begin
        if new.kind = 'MERGE' and exists (
            select from protected_person
            where person_id in (new.survivor_id, new.absorbed_id) and lifted_at is null
        ) then
            raise exception 'a protected entry is never merged' using errcode = 'check_violation';
        end if;
        return new;
    end $$
    """,
    "create trigger part_protected before insert on person_link for each row execute function part_protected()",
    # the second wall: the API's role sees nothing of a sealed entry, whoever asks
    """
    create function access_sealed() returns uuid[] language sql stable security definer
        set search_path = pg_catalog, public as $$
        select coalesce(array_agg(person_id), '{}') from protected_person
        where regime = 'ADOPTION_SECRECY' and lifted_at is null
    $$
    """,
    """
    alter table movement add column basis text not null default ''
    """,
    "comment on column movement.basis is 'PERSONAL: tells about a person'",
)


_WITHHELD = {
    "person": "id",
    "person_identifier": "person_id",
    "field_provenance": "subject_id",
    "assertion": "subject_id",
    "enrolment": "person_id",
    "education_document": "person_id",
}


def upgrade() -> None:
    """Add the register of protected people, and the basis of an order."""
    create_table(
        "protected_person",
        ("id", "uuid primary key", "PUBLIC"),
        ("person_id", "uuid not null references person", "SPECIAL"),
        ("regime", "text not null check (regime in ('ADOPTION_SECRECY', 'SAFETY', 'COURT'))", "SPECIAL"),
        ("authority_ref", "text not null check (authority_ref <> '')", "SPECIAL"),
        ("from_on", "date not null", "SPECIAL"),
        ("recorded_at", "timestamptz not null", "PUBLIC"),
        ("proposed_by", "text not null check (proposed_by <> '')", "PERSONAL"),
        ("approved_by", "text not null", "PERSONAL"),
        ("lifted_at", "timestamptz", "PUBLIC"),
        ("lifted_by", "text", "PERSONAL"),
        ("lift_approved_by", "text", "PERSONAL"),
        constraints=(
            "constraint ck_protected_person_four_eyes check (approved_by <> proposed_by)",
            "constraint ck_protected_person_lift check (lifted_by <> lift_approved_by)",
            (
                "constraint ck_protected_person_lifted check "
                "((lifted_at is null) = (lifted_by is null) and (lifted_at is null) = (lift_approved_by is null))"
            ),
        ),
    )
    op.execute(
        "create unique index uq_protected_person_person_id on protected_person (person_id) where lifted_at is null"
    )
    for statement in _STATEMENTS:
        op.execute(statement)
    for table, column in _WITHHELD.items():
        op.execute(
            f"create policy {table}_sealed on {table} as restrictive for select to kopuro_api "
            f"using ({column} <> all ((select access_sealed())::uuid[]))"
        )
