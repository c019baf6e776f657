"""What the JSON API reads behind the wall, the names people are found by, and the keys of repeated requests."""

from alembic import op

from gateway.migrations.commented import create_table
from gateway.migrations.walls import READERS, wall

revision = "0011"
down_revision = "0010"

_COUNTRY = "{role:MINISTRY,SPECIAL_ADMIN}"
_OF_ORGANISATION = (
    "organisation_name",
    "organisation_language",
    "licence",
    "site",
    "head_appointment",
    "responsible_appointment",
    "organisation_confirmation",
    "class_group",
)
_WITHOUT_ANYBODY = ("book_version", "book_value", "registry_commit", "field_policy")

# the roots of all names an entry was ever shown with stand in its matching keys already
FILL_NAME_KEYS = """
    insert into name_key (root, person_id)
    select distinct root, person_id from (
        select split_part(key, '|', 3) as root, person_id from match_key where key like 'born|%'
        union all
        select unnest(string_to_array(substr(key, 7), ' ')), person_id from match_key where key like 'names|%'
    ) found where root <> ''
"""


def upgrade() -> None:
    _create_name_keys()
    _create_idempotency()
    _build_walls()
    _let_employers_see()


def _create_name_keys() -> None:
    create_table(
        "name_key",
        ("root", "text not null check (root <> '')", "PERSONAL"),
        ("person_id", "uuid not null references person", "PERSONAL"),
        constraints=("constraint pk_name_key primary key (root, person_id)",),
    )
    op.execute("create index ix_name_key_person_id on name_key (person_id)")
    op.execute(FILL_NAME_KEYS)


def _create_idempotency() -> None:
    create_table(
        "idempotency_key",
        ("owner", "text not null", "PUBLIC"),
        ("key_digest", "bytea not null check (octet_length(key_digest) = 32)", "PUBLIC"),
        ("request_digest", "bytea not null check (octet_length(request_digest) = 32)", "PUBLIC"),
        ("status", "integer", "PUBLIC"),
        ("answer", "jsonb", "PERSONAL"),
        ("used_at", "timestamptz not null", "PUBLIC"),
        ("expires_at", "timestamptz not null", "PUBLIC"),
        constraints=("constraint pk_idempotency_key primary key (owner, key_digest)",),
    )
    op.execute("create index ix_idempotency_key_expires_at on idempotency_key (expires_at)")


def _build_walls() -> None:
    wall("name_key", "{people:person_id}")
    for table in _WITHOUT_ANYBODY:
        wall(table, "true")
    for table in _OF_ORGANISATION:
        wall(table, f"{_COUNTRY} or {{organisations:organisation_id}}")
    for table in ("building", "facility_year"):
        wall(table, "exists (select 1 from site s where s.id = site_id)")
    wall("room", "exists (select 1 from building b where b.id = building_id)")
    wall("employment", "{organisations:organisation_id}")
    wall("assignment", "exists (select 1 from employment e where e.id = employment_id)")
    wall("movement", "exists (select 1 from enrolment e where e.id = enrolment_id)")
    # a version is seen by whoever sees the row as it is now
    wall(
        "registry_version",
        "case table_name when 'organisation' then true when 'person' then {people:row_id} "
        "when 'person_identifier' then {people:parent_id} "
        "when 'enrolment' then exists (select 1 from enrolment e where e.id = row_id) "
        "when 'enrolment_status_period' then exists (select 1 from enrolment e where e.id = parent_id) "
        "when 'review_case' then exists (select 1 from review_case c where c.id = row_id) else false end",
    )


def _let_employers_see() -> None:
    """Let an employer read the entry of somebody who works there; it opens no learner's card."""
    op.execute("""
        create function access_employs(person_id uuid, organisations uuid[]) returns boolean
        language sql stable security definer set search_path = pg_catalog, public as $$
            select exists (
                select 1 from employment e
                where e.person_id = access_employs.person_id and e.organisation_id = any(organisations)
                    and (e.end_on is null or e.end_on > (now() at time zone 'UTC')::date)
            )
        $$
    """)
    op.execute(
        "create policy person_read_staff on person for select to kopuro_api "
        f"using (access_employs(id, (select access_organisations({READERS}))))"
    )
