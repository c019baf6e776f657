"""Accounts, roles with scopes, sign-in, undertakings, the record of acts, and the wall of row-level security.

The wall states the rights a second time, in SQL and by the names of roles, so that a filter forgotten in a
program shows nothing. It stands before the role kopuro_api only; the tables' owner passes it.
"""

from alembic import op

from gateway.migrations.commented import create_table
from gateway.migrations.scopes import create_scope_functions
from gateway.migrations.walls import create_role, wall

revision = "0008"
down_revision = "0007"

_TRIGGERS = (
    "registry_tx",
    "registry_stamp",
    "registry_stamp_assertion",
    "registry_remember",
    "registry_xid_base",
    "enrolment_periods_are_whole",
    "keep_to_books",
    "organisation_is_open",
    "organisation_lifecycle",
    "reorganised_has_successor",
    "relation_has_no_circle",
    "employment_category",
    "assignment_within_employment",
    "employment_covers_assignments",
    "person_master_is_root",
)

_ROLES = (
    "'MINISTRY', 'SPECIAL_ADMIN', 'DISTRICT', 'HEAD', 'RESPONSIBLE', 'TEACHER', 'LEARNER', 'PARENT', "
    "'GATEWAY_OPERATOR', 'SECURITY_AUDITOR'"
)
_BY_ORDER = (
    "'MINISTRY', 'SPECIAL_ADMIN', 'DISTRICT', 'HEAD', 'RESPONSIBLE', 'GATEWAY_OPERATOR', 'SECURITY_AUDITOR'"
)
_ACCOUNT = "uuid not null references account"


def upgrade() -> None:
    _create_accounts()
    _create_appointments()
    _create_undertakings()
    _create_sign_in()
    _create_acts()
    create_role()
    create_scope_functions()
    _build_walls()
    _let_triggers_see()


def _let_triggers_see() -> None:
    """Let what the registry checks and remembers by itself see all of it, whoever writes."""
    for function in _TRIGGERS:
        op.execute(f"alter function {function}() security definer set search_path from current")


def _create_accounts() -> None:
    create_table(
        "account",
        ("id", "uuid primary key", "PUBLIC"),
        ("person_id", "uuid not null unique references person", "PERSONAL"),
        ("login", "text not null unique check (login ~ '^[a-z][a-z0-9._-]{2,63}$')", "CREDENTIAL"),
        ("pin_digest", "bytea unique", "PERSONAL"),
        (
            "state",
            "text not null check (state in ('PENDING_IDENTIFICATION', 'ACTIVE', 'BLOCKED'))",
            "PUBLIC",
        ),
        ("created_by", "uuid references account", "PUBLIC"),
        ("created_at", "timestamptz not null", "PUBLIC"),
        (
            "identified_kind",
            "text check (identified_kind in ('PASSPORT_MESSAGE', 'IN_PERSON_ACT'))",
            "PUBLIC",
        ),
        ("identified_ref", "text", "PERSONAL"),
        ("identified_place", "text not null default ''", "PUBLIC"),
        ("identified_by", "uuid references account", "PUBLIC"),
        ("identified_at", "timestamptz", "PUBLIC"),
        ("blocked_by", "uuid references account", "PUBLIC"),
        ("blocked_at", "timestamptz", "PUBLIC"),
        ("blocked_reason", "text not null default ''", "PERSONAL"),
        constraints=(
            (
                "constraint ck_account_identified check (state <> 'ACTIVE' or (identified_at is not null "
                "and identified_kind is not null and identified_ref is not null))"
            ),
            "constraint ck_account_blocked check ((state = 'BLOCKED') = (blocked_at is not null))",
        ),
    )


def _create_appointments() -> None:
    create_table(
        "organisation_level",
        ("organisation_id", "uuid primary key references organisation", "PUBLIC"),
        (
            "level",
            (
                "text not null check (level in "
                "('DOO', 'OO', 'VNESHKOLNOE', 'SPECIAL', 'DOP', 'NPO', 'SPO', 'VPO', 'POSTVUZ', 'DPO'))"
            ),
            "PUBLIC",
        ),
        ("set_by", "uuid references account", "PUBLIC"),
        ("set_at", "timestamptz not null", "PUBLIC"),
    )
    create_table(
        "role_grant",
        ("id", "uuid primary key", "PUBLIC"),
        ("account_id", _ACCOUNT, "PUBLIC"),
        ("role", f"text not null check (role in ({_ROLES}))", "PUBLIC"),
        (
            "scope_type",
            (
                "text not null check (scope_type in "
                "('REPUBLIC', 'TERRITORY', 'ORGANISATION', 'CLASS', 'SELF', 'CHILD'))"
            ),
            "PUBLIC",
        ),
        ("territory", "text check (territory ~ '^[0-9]{2,14}$')", "PUBLIC"),
        ("organisation_id", "uuid references organisation", "PUBLIC"),
        ("class_id", "uuid", "PUBLIC"),
        ("child_id", "uuid references person", "PERSONAL"),
        ("order_no", "text check (order_no <> '')", "PUBLIC"),
        ("order_on", "date", "PUBLIC"),
        ("evidence", "text check (evidence in ('BIRTH_ACT', 'COURT', 'GUARDIANSHIP_DECISION'))", "PERSONAL"),
        ("evidence_ref", "text not null default ''", "PERSONAL"),
        ("valid_from", "date not null", "PUBLIC"),
        ("valid_until", "date", "PUBLIC"),
        ("granted_by", "uuid references account", "PUBLIC"),
        ("granted_at", "timestamptz not null", "PUBLIC"),
        ("ended_at", "timestamptz", "PUBLIC"),
        ("ended_by", "uuid references account", "PUBLIC"),
        ("end_reason", "text not null default ''", "PERSONAL"),
        constraints=(
            (
                "constraint ck_role_grant_has_scope check (scope_type = case role when 'DISTRICT' then 'TERRITORY' "
                "when 'HEAD' then 'ORGANISATION' when 'RESPONSIBLE' then 'ORGANISATION' "
                "when 'TEACHER' then 'CLASS' when 'LEARNER' then 'SELF' when 'PARENT' then 'CHILD' "
                "else 'REPUBLIC' end)"
            ),
            "constraint ck_role_grant_has_territory check ((scope_type = 'TERRITORY') = (territory is not null))",
            (
                "constraint ck_role_grant_has_organisation check "
                "(organisation_id is not null or scope_type not in ('ORGANISATION', 'CLASS'))"
            ),
            "constraint ck_role_grant_has_class check ((scope_type = 'CLASS') = (class_id is not null))",
            "constraint ck_role_grant_has_child check ((scope_type = 'CHILD') = (child_id is not null))",
            "constraint ck_role_grant_has_evidence check ((role = 'PARENT') = (evidence is not null))",
            (
                f"constraint ck_role_grant_has_order check (role not in ({_BY_ORDER}) "
                "or (order_no is not null and order_on is not null))"
            ),
            "constraint ck_role_grant_has_period check (valid_until >= valid_from)",
        ),
    )
    op.execute("create index ix_role_grant_account_id on role_grant (account_id)")
    op.execute("create index ix_role_grant_organisation_id on role_grant (organisation_id)")
    create_table(
        "appointment_notice",
        ("id", "uuid primary key", "PUBLIC"),
        ("grant_id", "uuid not null references role_grant", "PUBLIC"),
        ("kind", "text not null check (kind in ('APPOINTED', 'ENDED'))", "PUBLIC"),
        ("organisation_id", "uuid not null references organisation", "PUBLIC"),
        ("sent_at", "timestamptz not null", "PUBLIC"),
        ("received_at", "timestamptz", "PUBLIC"),
        ("received_by", "uuid references account", "PUBLIC"),
        constraints=("constraint uq_appointment_notice_grant_id unique (grant_id, kind)",),
    )


def _create_undertakings() -> None:
    create_table(
        "briefing",
        ("id", "uuid primary key", "PUBLIC"),
        ("account_id", _ACCOUNT, "PUBLIC"),
        ("held_on", "date not null", "PUBLIC"),
        ("instructor_id", _ACCOUNT, "PUBLIC"),
        ("topic", "text not null check (topic <> '')", "PUBLIC"),
        ("recorded_at", "timestamptz not null", "PUBLIC"),
    )
    create_table(
        "undertaking",
        ("id", "uuid primary key", "PUBLIC"),
        ("account_id", _ACCOUNT, "PUBLIC"),
        ("briefing_id", "uuid not null references briefing", "PUBLIC"),
        ("form_version", "text not null", "PUBLIC"),
        ("signed_on", "date not null", "PUBLIC"),
        ("paper_location", "text not null check (paper_location <> '')", "PUBLIC"),
        ("scan_sha256", "bytea check (octet_length(scan_sha256) = 32)", "PUBLIC"),
        ("valid_until", "date", "PUBLIC"),
        ("registered_by", _ACCOUNT, "PUBLIC"),
        ("registered_at", "timestamptz not null", "PUBLIC"),
        ("withdrawn_at", "timestamptz", "PUBLIC"),
    )
    op.execute("create index ix_undertaking_account_id on undertaking (account_id)")
    op.execute("create index ix_briefing_account_id on briefing (account_id)")


def _create_sign_in() -> None:
    create_table(
        "credential",
        ("account_id", "uuid primary key references account", "PUBLIC"),
        ("password_hash", "text", "CREDENTIAL"),
        ("password_set_at", "timestamptz", "PUBLIC"),
        ("totp_secret", "bytea", "CREDENTIAL"),
        ("totp_confirmed_at", "timestamptz", "PUBLIC"),
        ("totp_last_step", "bigint not null default 0", "CREDENTIAL"),
    )
    create_table(
        "recovery_code",
        ("code_digest", "bytea primary key", "CREDENTIAL"),
        ("account_id", _ACCOUNT, "PUBLIC"),
        ("issued_by", "uuid references account", "PUBLIC"),
        ("issued_at", "timestamptz not null", "PUBLIC"),
        ("expires_at", "timestamptz not null", "PUBLIC"),
        ("used_at", "timestamptz", "PUBLIC"),
    )
    create_table(
        "access_session",
        ("token_digest", "bytea primary key", "CREDENTIAL"),
        ("account_id", _ACCOUNT, "PUBLIC"),
        (
            "stage",
            "text not null check (stage in ('SECOND_FACTOR', 'ENROL_SECOND_FACTOR', 'OPEN'))",
            "PUBLIC",
        ),
        ("method", "text not null check (method in ('PASSWORD', 'OIDC'))", "PUBLIC"),
        ("peer", "text not null", "PERSONAL"),
        ("started_at", "timestamptz not null", "PUBLIC"),
        ("seen_at", "timestamptz not null", "PUBLIC"),
        ("expires_at", "timestamptz not null", "PUBLIC"),
        ("ended_at", "timestamptz", "PUBLIC"),
        ("end_reason", "text not null default ''", "PUBLIC"),
    )
    op.execute("create index ix_access_session_account_id on access_session (account_id)")
    create_table(
        "sign_in_attempt",
        ("id", "bigint generated always as identity primary key", "PUBLIC"),
        ("login_digest", "bytea not null", "CREDENTIAL"),
        ("peer", "text not null", "PERSONAL"),
        ("at", "timestamptz not null", "PUBLIC"),
        ("succeeded", "boolean not null default false", "PUBLIC"),
    )
    op.execute("create index ix_sign_in_attempt_login_digest on sign_in_attempt (login_digest, at)")
    op.execute("create index ix_sign_in_attempt_peer on sign_in_attempt (peer, at)")
    create_table(
        "oidc_flow",
        ("state_digest", "bytea primary key", "CREDENTIAL"),
        ("nonce", "text not null", "CREDENTIAL"),
        ("verifier", "text not null", "CREDENTIAL"),
        ("started_at", "timestamptz not null", "PUBLIC"),
        ("used_at", "timestamptz", "PUBLIC"),
    )


def _create_acts() -> None:
    create_table(
        "access_act",
        ("seq", "bigint primary key", "PUBLIC"),
        ("at", "timestamptz not null", "PUBLIC"),
        ("account_id", "uuid", "PUBLIC"),
        ("caller", "text not null check (caller in ('ACCOUNT', 'PROGRAM', 'NOBODY'))", "PUBLIC"),
        ("act", "text not null", "PUBLIC"),
        ("object", "text not null", "PUBLIC"),
        ("object_id", "text not null", "PERSONAL"),
        ("allowed", "boolean not null", "PUBLIC"),
        ("reason", "text not null", "PUBLIC"),
        ("peer", "text not null", "PERSONAL"),
        ("detail", "jsonb not null default '{}'", "PERSONAL"),
        ("previous_hash", "bytea not null", "PUBLIC"),
        ("hash", "bytea not null", "PUBLIC"),
    )
    op.execute("create index ix_access_act_account_id on access_act (account_id, at)")
    op.execute("create index ix_access_act_object_id on access_act (object_id)")
    op.execute("""
        create function access_act_hash(act access_act) returns bytea language sql stable as $$
            select sha256(act.previous_hash || convert_to(jsonb_build_array(
                act.seq, extract(epoch from act.at), act.account_id, act.caller, act.act, act.object,
                act.object_id, act.allowed, act.reason, act.peer, act.detail)::text, 'UTF8'))
        $$
    """)
    # seq is given under the lock: no gap, no fork, whoever writes at the same time
    op.execute("""
        create function access_act_chain() returns trigger language plpgsql as $$
        begin
            perform pg_advisory_xact_lock(7108);
            select coalesce(max(seq), 0) + 1 into new.seq from access_act;
            new.previous_hash := coalesce((select hash from access_act where seq = new.seq - 1), '');
            new.hash := access_act_hash(new);
            return new;
        end $$
    """)
    op.execute(
        "create trigger access_act_chain before insert on access_act "
        "for each row execute function access_act_chain()"
    )
    op.execute(
        "create trigger access_act_append_only before update or delete or truncate on access_act "
        "for each statement execute function journal_append_only()"
    )


def _build_walls() -> None:
    op.execute("grant select on organisation, organisation_level to kopuro_api")
    for table, column in (
        ("person", "id"),
        ("person_identifier", "person_id"),
        ("field_provenance", "subject_id"),
        ("person_link", "survivor_id"),
    ):
        wall(table, f"{{people:{column}}}")
    wall("assertion", "subject_type = 'PERSON' and {people:subject_id}")
    wall("enrolment", "{own:person_id} or {organisations:organisation_id}", write="{writes:organisation_id}")
    wall(
        "enrolment_status_period",
        "exists (select 1 from enrolment e where e.id = enrolment_id)",
        write="exists (select 1 from enrolment e where e.id = enrolment_id and {writes:e.organisation_id})",
    )
    wall(
        "education_document",
        "{own:person_id} or {organisations:organisation_id}",
        write="{writes:organisation_id}",
    )
    wall("disclosure", "{own:person_id}")
    wall("review_case", "{learners:person_id} or {role:SPECIAL_ADMIN,SECURITY_AUDITOR}")
    wall(
        "review_candidate", "exists (select 1 from review_case c where c.id = case_id) and {people:person_id}"
    )
    wall(
        "journal_entry",
        "{role:GATEWAY_OPERATOR,SECURITY_AUDITOR} or (user_id like 'isuo.%' and {accounts:HEAD,RESPONSIBLE})",
        columns="seq, entry_id, exchange_id, kind, client, service, message_id, user_id, request_in_ts, "
        "request_out_ts, response_in_ts, response_out_ts, succeeded, outcome, fault_code, signature, purpose",
    )
    for table, column in (
        ("account", "id"),
        ("role_grant", "account_id"),
        ("briefing", "account_id"),
        ("undertaking", "account_id"),
    ):
        wall(table, f"{column} = any ((select access_accounts())::uuid[])")
    wall("appointment_notice", "{role:SPECIAL_ADMIN} or {organisations:organisation_id}")
