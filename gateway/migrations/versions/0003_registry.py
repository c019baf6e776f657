"""The registry's three sections over one person layer, review cases and imports."""

from alembic import op

revision = "0003"
down_revision = "0002"

_STATEMENTS = (
    # without btree_gist a key as a range of one element stands in for equality in overlap constraints
    "create type uuidrange as range (subtype = uuid)",
    "create sequence isuo_no_seq",
    """
    create table person (
        id uuid constraint pk_person primary key,
        isuo_no text not null constraint uq_person_isuo_no unique
            constraint ck_person_isuo_no check (isuo_no ~ '^[0-9]{11}[0-9X]$'),
        status text not null default 'ACTIVE'
            constraint ck_person_status check (status in ('ACTIVE', 'MERGED_INTO', 'DECEASED', 'ANNULLED')),
        master_id uuid constraint fk_person_master_id references person,
        surname text, given_name text, patronymic text,
        birth_date date, sex text constraint ck_person_sex check (sex in ('F', 'M')),
        citizenship text, death_date date,
        version integer not null default 1,
        created_at timestamptz not null, projected_at timestamptz not null,
        constraint ck_person_master check ((status = 'MERGED_INTO') = (master_id is not null)),
        constraint ck_person_own_master check (master_id <> id)
    )
    """,
    "create index ix_person_master_id on person (master_id) where master_id is not null",
    """
    create function person_master_is_root() returns trigger language plpgsql as $$
    begin
        if new.master_id is not null and (
            exists (select 1 from person where id = new.master_id and master_id is not null)
            or exists (select 1 from person where master_id = new.id)
        ) then
            raise exception 'a master is never itself merged' using errcode = 'check_violation';
        end if;
        return new;
    end $$
    """,
    """
    create trigger person_master_is_root before insert or update of master_id on person
        for each row execute function person_master_is_root()
    """,
    """
    create table person_identifier (
        id uuid constraint pk_person_identifier primary key,
        person_id uuid not null constraint fk_person_identifier_person_id references person,
        scheme text not null constraint ck_person_identifier_scheme check (scheme in
            ('PIN', 'BIRTH_CERT', 'BIRTH_ACT', 'PASSPORT', 'FOREIGN_DOC', 'SIS_ID')),
        value text not null,
        valid_from date, valid_until date,
        status text not null constraint ck_person_identifier_status check (status in
            ('CLAIMED', 'VERIFIED', 'BLOCKED', 'REPLACED', 'DISPUTED')),
        recorded_at timestamptz not null
    )
    """,
    """
    create unique index uq_person_identifier_verified on person_identifier (scheme, value)
        where status = 'VERIFIED' and valid_until is null
    """,
    "create index ix_person_identifier_scheme_value on person_identifier (scheme, value)",
    """
    create unique index uq_person_identifier_person_id on person_identifier (person_id, scheme, value)
        where valid_until is null
    """,
    """
    create table assertion (
        id uuid constraint pk_assertion primary key,
        seq bigint generated always as identity,
        subject_type text not null, subject_id uuid not null,
        field text not null, value jsonb not null,
        source_code text not null, source_record_key text not null default '',
        exchange_id uuid, message_id text not null default '',
        entered_by text not null default '',
        recorded_at timestamptz not null, verified_at timestamptz,
        retracted_at timestamptz, retract_reason text
    )
    """,
    "create index ix_assertion_subject_id on assertion (subject_id, seq)",
    """
    create unique index uq_assertion_exchange on assertion (subject_id, field, source_code, exchange_id)
        where exchange_id is not null
    """,
    """
    create function assertion_is_append_only() returns trigger language plpgsql as $$
    begin
        if tg_op = 'UPDATE' then
            if old.retracted_at is null and new.retracted_at is not null
                and to_jsonb(new) - 'retracted_at' - 'retract_reason'
                  = to_jsonb(old) - 'retracted_at' - 'retract_reason'
            then
                return new;
            end if;
        end if;
        raise exception 'assertions are append-only: retract with a reason, record a new one'
            using errcode = 'restrict_violation';
    end $$
    """,
    """
    create trigger assertion_is_append_only before update or delete on assertion
        for each row execute function assertion_is_append_only()
    """,
    """
    create trigger assertion_is_not_truncated before truncate on assertion
        for each statement execute function assertion_is_append_only()
    """,
    """
    create table field_provenance (
        subject_id uuid not null, field text not null,
        assertion_id uuid not null constraint fk_field_provenance_assertion_id references assertion,
        source_code text not null, verified_at timestamptz,
        status text not null constraint ck_field_provenance_status check (status in
            ('UNVERIFIED', 'FORMAT_OK', 'FILLED_BY_SOURCE', 'MATCHED_WITH_SOURCE', 'MISMATCH',
             'NOT_FOUND_AT_SOURCE', 'SOURCE_UNAVAILABLE', 'STALE', 'CONFIRMED_BY_HEAD', 'DISPUTED')),
        stale_after timestamptz, projected_at timestamptz not null,
        constraint pk_field_provenance primary key (subject_id, field)
    )
    """,
    # oldest checks first: what the background asks the sources about again
    """
    create index ix_field_provenance_reverify on field_provenance (verified_at nulls first)
        where field = 'pin'
    """,
    """
    create table match_key (
        key text not null,
        person_id uuid not null constraint fk_match_key_person_id references person,
        constraint pk_match_key primary key (key, person_id)
    )
    """,
    """
    create table person_link (
        id uuid constraint pk_person_link primary key,
        survivor_id uuid not null constraint fk_person_link_survivor_id references person,
        absorbed_id uuid not null constraint fk_person_link_absorbed_id references person,
        kind text not null constraint ck_person_link_kind check (kind in ('MERGE', 'NOT_SAME')),
        decided_by text not null, case_id uuid,
        linked_at timestamptz not null, unlinked_at timestamptz, unlink_reason text
    )
    """,
    """
    create unique index uq_person_link_pair on person_link (survivor_id, absorbed_id, kind)
        where unlinked_at is null
    """,
    """
    create table organisation (
        id uuid constraint pk_organisation primary key,
        code text not null constraint uq_organisation_code unique,
        inn text, soate text,
        name_ky text not null, name_ru text not null,
        status text not null default 'ACTIVE' constraint ck_organisation_status check (status in
            ('PLANNED', 'ACTIVE', 'SUSPENDED', 'REORGANISED', 'CLOSED')),
        special_profile text,
        mask_in_disclosure boolean not null generated always as (special_profile is not null) stored
    )
    """,
    "create unique index uq_organisation_inn on organisation (inn) where status = 'ACTIVE'",
    """
    create table enrolment (
        id uuid constraint pk_enrolment primary key,
        person_id uuid not null constraint fk_enrolment_person_id references person,
        organisation_id uuid not null constraint fk_enrolment_organisation_id references organisation,
        level text not null,
        form text not null constraint ck_enrolment_form check (form in
            ('FULL_TIME', 'EVENING', 'EXTRAMURAL', 'FAMILY', 'EXTERN', 'HOME')),
        grade text,
        start_on date not null, expected_end_on date, end_on date,
        held boolean not null default false,
        version integer not null default 1, recorded_at timestamptz not null,
        constraint ck_enrolment_period check (end_on >= start_on),
        -- end_on is the first day that no longer counts; a held enrolment waits and does not count
        constraint ex_enrolment_one_full_time exclude using gist (
            uuidrange(person_id, person_id, '[]') with =, daterange(start_on, end_on, '[)') with &&
        ) where (form = 'FULL_TIME' and not held)
    )
    """,
    "create index ix_enrolment_person_id on enrolment (person_id)",
    "create index ix_enrolment_organisation_id on enrolment (organisation_id)",
    """
    create table enrolment_status_period (
        id uuid constraint pk_enrolment_status_period primary key,
        enrolment_id uuid not null
            constraint fk_enrolment_status_period_enrolment_id references enrolment,
        status text not null constraint ck_enrolment_status_period_status check (status in
            ('ENROLLED', 'PRESENT', 'ACADEMIC_LEAVE', 'EXCHANGE_OUT', 'SUSPENDED', 'EXPELLED', 'TRANSFERRED',
             'GRADUATED', 'DECEASED', 'ANNULLED')),
        from_on date not null, until_on date, order_no text,
        constraint ex_enrolment_status_period_overlap exclude using gist (
            uuidrange(enrolment_id, enrolment_id, '[]') with =, daterange(from_on, until_on, '[)') with &&
        )
    )
    """,
    """
    create table education_document (
        id uuid constraint pk_education_document primary key,
        type text not null, series text not null default '', number text not null,
        registration_no text, issued_on date not null,
        person_id uuid not null constraint fk_education_document_person_id references person,
        organisation_id uuid not null
            constraint fk_education_document_organisation_id references organisation,
        qualification text, level text, honours boolean not null default false,
        status text not null default 'VALID' constraint ck_education_document_status check (status in
            ('VALID', 'REPLACED', 'ANNULLED')),
        constraint uq_education_document_type_series_number unique (type, series, number)
    )
    """,
    "create index ix_education_document_person_id on education_document (person_id)",
    """
    create table source_record (
        source_code text not null, organisation_code text not null, record_key text not null,
        person_id uuid not null constraint fk_source_record_person_id references person,
        enrolment_id uuid constraint fk_source_record_enrolment_id references enrolment,
        digest text not null, recorded_at timestamptz not null,
        constraint pk_source_record primary key (source_code, organisation_code, record_key)
    )
    """,
    """
    create table review_case (
        id uuid constraint pk_review_case primary key,
        kind text not null, state text not null default 'TRIAGE'
            constraint ck_review_case_state check (state in
            ('NEW', 'AUTO_RESOLVED', 'WAITING_SOURCE', 'TRIAGE', 'ASSIGNED', 'IN_REVIEW', 'INFO_REQUESTED',
             'PROPOSED', 'APPROVED', 'ESCALATED', 'CLOSED_APPLIED', 'CLOSED_NO_ACTION', 'CLOSED_SUPERSEDED',
             'REVERTED')),
        person_id uuid not null constraint fk_review_case_person_id references person,
        subject_ids uuid[] not null,
        field text not null default '',
        evidence jsonb not null, explanation text not null,
        created_at timestamptz not null,
        decision text constraint ck_review_case_decision check (decision in ('confirm', 'reject')),
        decided_by text, decided_at timestamptz
    )
    """,
    """
    create unique index uq_review_case_open on review_case (person_id, kind, field)
        where decision is null and state not like 'CLOSED%' and state <> 'AUTO_RESOLVED'
    """,
    "create index ix_review_case_subject_ids on review_case using gin (subject_ids)",
    "create index ix_review_case_created_at on review_case (created_at)",
    """
    create table review_candidate (
        case_id uuid not null constraint fk_review_candidate_case_id references review_case,
        person_id uuid not null constraint fk_review_candidate_person_id references person,
        rank integer not null, score double precision not null,
        rule text not null, evidence jsonb not null,
        constraint pk_review_candidate primary key (case_id, person_id)
    )
    """,
    """
    create table registry_event (
        seq bigint generated always as identity constraint pk_registry_event primary key,
        type text not null, subject_type text not null, subject_id uuid not null,
        at timestamptz not null
    )
    """,
    "create index ix_registry_event_subject_id on registry_event (subject_id)",
    """
    create table import_batch (
        id uuid constraint pk_import_batch primary key,
        organisation_code text, file_sha256 text not null constraint uq_import_batch_file_sha256 unique,
        file_name text not null default '', template_version text not null default '',
        state text not null default 'RECEIVED', row_count integer,
        sealed_content bytea, -- the uploaded file, encrypted, until it is imported
        received_by text not null, received_at timestamptz not null, finished_at timestamptz
    )
    """,
    """
    create table import_row (
        batch_id uuid not null constraint fk_import_row_batch_id references import_batch,
        line integer not null, outcome text not null,
        reasons jsonb not null default '[]',
        case_id uuid constraint fk_import_row_case_id references review_case,
        person_id uuid constraint fk_import_row_person_id references person,
        constraint pk_import_row primary key (batch_id, line)
    )
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
