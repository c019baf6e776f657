"""Guardians, consents, the personal file, and special records in a schema of their own."""

PEOPLE = (
    """
    create table person_relationship (
        id uuid constraint pk_person_relationship primary key,
        child_id uuid not null constraint fk_person_relationship_child_id references person,
        adult_id uuid not null constraint fk_person_relationship_adult_id references person,
        kind text not null constraint ck_person_relationship_kind check (kind in
            ('MOTHER', 'FATHER', 'GUARDIAN', 'TRUSTEE', 'FOSTER', 'ORG_GUARDIAN')),
        legal_representative boolean not null,
        evidence text not null constraint ck_person_relationship_evidence check (evidence in
            ('BIRTH_ACT', 'COURT', 'GUARDIANSHIP_DECISION', 'DECLARED')),
        status text not null constraint ck_person_relationship_status check (status in
            ('UNVERIFIED', 'VERIFIED', 'REFUTED', 'ENDED')),
        source_code text not null, exchange_id uuid, act text not null default '',
        valid_from date, valid_until date, end_reason text not null default '',
        rights_limited_by text not null default '',
        recorded_at timestamptz not null, recorded_by text not null, verified_at timestamptz,
        constraint ck_person_relationship_people check (child_id <> adult_id),
        constraint ck_person_relationship_proof check
            (status <> 'VERIFIED' or evidence <> 'DECLARED' and (exchange_id is not null or act <> '')),
        constraint ck_person_relationship_period check (valid_until >= valid_from)
    )
    """,
    """
    create unique index uq_person_relationship_current on person_relationship (child_id, adult_id, kind)
        where status in ('UNVERIFIED', 'VERIFIED')
    """,
    "create index ix_person_relationship_adult_id on person_relationship (adult_id)",
    """
    create table consent (
        id uuid constraint pk_consent primary key,
        subject_id uuid not null constraint fk_consent_subject_id references person,
        giver_id uuid not null constraint fk_consent_giver_id references person,
        giver_relation text not null constraint ck_consent_giver_relation check (giver_relation in
            ('SELF', 'PARENT', 'GUARDIAN')),
        scope_code text not null, purpose_code text not null, recipient_code text not null default '',
        form text not null constraint ck_consent_form check (form in ('PAPER', 'ELECTRONIC')),
        given_on date not null, expires_on date,
        paper_location text not null default '', evidence_sha256 bytea,
        recorded_at timestamptz not null, recorded_by text not null,
        withdrawn_at timestamptz, withdraw_reason text not null default '',
        constraint ck_consent_self check ((giver_relation = 'SELF') = (subject_id = giver_id)),
        constraint ck_consent_evidence check (paper_location <> '' or evidence_sha256 is not null),
        constraint ck_consent_expires check (expires_on > given_on)
    )
    """,
    "create index ix_consent_subject_id on consent (subject_id, purpose_code)",
    """
    create table personal_file_entry (
        id uuid constraint pk_personal_file_entry primary key,
        person_id uuid not null constraint fk_personal_file_entry_person_id references person,
        number integer not null, kind text not null,
        subject_id uuid, happened_on date not null,
        paper_location text not null default '', scan_sha256 bytea,
        recorded_at timestamptz not null, recorded_by text not null,
        previous_hash bytea not null, hash bytea not null,
        constraint uq_personal_file_entry_person_id_number unique (person_id, number)
    )
    """,
    "create schema special",
    """
    create table special.record (
        id uuid constraint pk_record primary key,
        person_id uuid not null constraint fk_record_person_id references public.person,
        kind text not null constraint ck_record_kind check (kind in ('NEED', 'DISABILITY', 'SOCIAL')),
        source_code text not null, exchange_id uuid, valid_from date not null, valid_until date,
        key_id text not null, nonce bytea not null, ciphertext bytea not null,
        recorded_at timestamptz not null, recorded_by text not null,
        replaces_id uuid constraint fk_record_replaces_id references special.record
            constraint uq_record_replaces_id unique,
        constraint ck_record_period check (valid_until > valid_from),
        constraint ck_record_proof check (kind <> 'DISABILITY' or exchange_id is not null)
    )
    """,
    "create index ix_special_record_person_id on special.record (person_id)",
    "create index ix_record_valid_until on special.record (valid_until) where valid_until is not null",
    """
    create table special.reading (
        id uuid constraint pk_reading primary key,
        person_id uuid not null constraint fk_reading_person_id references public.person,
        reason text not null constraint ck_reading_reason check (reason <> ''),
        read_by text not null, read_at timestamptz not null
    )
    """,
    "create index ix_special_reading_person_id on special.reading (person_id)",
)
