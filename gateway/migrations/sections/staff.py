"""The tables of Section III, and classes, which have a teacher."""

from gateway.migrations.sections.periods import BOOK_VERSIONS, alone, same, same_text


def _appointment(table: str, more: str, alone: str) -> str:
    """Write a table of appointments by order at an organisation."""
    return f"""
    create table {table} (
        id uuid constraint pk_{table} primary key,
        organisation_id uuid not null constraint fk_{table}_organisation_id references organisation,
        person_id uuid not null constraint fk_{table}_person_id references person,
        {more}
        order_no text not null constraint ck_{table}_order_no check (order_no <> ''),
        order_date date not null, from_on date not null, until_on date,
        recorded_at timestamptz not null, {BOOK_VERSIONS},
        constraint ck_{table}_period check (until_on >= from_on),
        {alone}
    )
    """


TABLES = (
    f"""
    create table employment (
        id uuid constraint pk_employment primary key,
        person_id uuid not null constraint fk_employment_person_id references person,
        organisation_id uuid not null constraint fk_employment_organisation_id references organisation,
        kind_code text not null, position_code text not null, category_code text not null,
        contract_no text, order_no text, start_on date not null, end_on date, end_reason_code text,
        social_fund_status text constraint ck_employment_social_fund_status check
            (social_fund_status in ('CONFIRMED', 'NOT_FOUND', 'ENDED', 'UNAVAILABLE')),
        social_fund_checked_at timestamptz,
        version integer not null default 1, recorded_at timestamptz not null, {BOOK_VERSIONS},
        constraint ck_employment_period check (end_on >= start_on),
        constraint ck_employment_end check ((end_on is null) = (end_reason_code is null)),
        constraint uq_employment_id unique (id, organisation_id),
        {
        alone(
            "ex_employment",
            key=f"{same('person_id')}, {same('organisation_id')}, {same_text('kind_code')}",
            days="start_on, end_on",
        )
    }
    )
    """,
    "create index ix_employment_person_id on employment (person_id)",
    "create index ix_employment_organisation_id on employment (organisation_id)",
    f"""
    create table class_group (
        id uuid constraint pk_class_group primary key,
        organisation_id uuid not null constraint fk_class_group_organisation_id references organisation,
        academic_year text not null, grade_code text, name text not null,
        shift_id uuid,
        language_code text not null, kind_code text not null,
        capacity integer constraint ck_class_group_capacity check (capacity > 0),
        teacher_employment_id uuid,
        opened_on date not null, closed_on date, version integer not null default 1,
        recorded_at timestamptz not null, {BOOK_VERSIONS},
        constraint ck_class_group_period check (closed_on >= opened_on),
        -- a class has a shift of its own organisation and year, and a teacher who works there
        constraint fk_class_group_shift_id foreign key (shift_id, organisation_id, academic_year)
            references shift (id, organisation_id, academic_year),
        constraint fk_class_group_teacher_employment_id
            foreign key (teacher_employment_id, organisation_id) references employment (id, organisation_id),
        constraint uq_class_group_name unique nulls not distinct (organisation_id, academic_year, name, shift_id)
    )
    """,
    f"""
    create table assignment (
        id uuid constraint pk_assignment primary key,
        employment_id uuid not null constraint fk_assignment_employment_id references employment,
        position_code text not null,
        fte numeric(3, 2) not null constraint ck_assignment_fte check (fte > 0 and fte <= 2),
        from_on date not null, until_on date, recorded_at timestamptz not null, {BOOK_VERSIONS},
        constraint ck_assignment_period check (until_on >= from_on),
        {
        alone(
            "ex_assignment",
            key=f"{same('employment_id')}, {same_text('position_code')}",
            days="from_on, until_on",
        )
    }
    )
    """,
    f"""
    create table teaching_load (
        id uuid constraint pk_teaching_load primary key,
        assignment_id uuid not null constraint fk_teaching_load_assignment_id references assignment,
        subject_code text not null,
        class_group_id uuid not null constraint fk_teaching_load_class_group_id references class_group,
        hours_per_week numeric(4, 1) not null
            constraint ck_teaching_load_hours check (hours_per_week > 0 and hours_per_week <= 60),
        {BOOK_VERSIONS},
        constraint uq_teaching_load_assignment_id unique (assignment_id, subject_code, class_group_id)
    )
    """,
    "create index ix_teaching_load_class_group_id on teaching_load (class_group_id)",
    _appointment(
        "head_appointment",
        "acting boolean not null, founder_code text,",
        alone("ex_head_appointment_one_head", key=same("organisation_id"), days="from_on, until_on"),
    ),
    _appointment(
        "responsible_appointment",
        "",
        alone(
            "ex_responsible_appointment",
            key=f"{same('organisation_id')}, {same('person_id')}",
            days="from_on, until_on",
        ),
    ),
    f"""
    create table qualification (
        id uuid constraint pk_qualification primary key,
        person_id uuid not null constraint fk_qualification_person_id references person,
        kind_code text not null, degree_code text, institution text not null, speciality text,
        document_series text not null default '', document_no text not null, issued_on date not null,
        education_document_id uuid
            constraint fk_qualification_education_document_id references education_document,
        verification text not null constraint ck_qualification_verification check (verification in
            ('UNVERIFIED', 'MATCHED_WITH_SOURCE', 'MISMATCH')),
        recorded_at timestamptz not null, {BOOK_VERSIONS},
        constraint ck_qualification_verified
            check ((verification = 'MATCHED_WITH_SOURCE') = (education_document_id is not null)),
        constraint uq_qualification_document
            unique (person_id, kind_code, institution, document_series, document_no)
    )
    """,
    f"""
    create table category_attestation (
        id uuid constraint pk_category_attestation primary key,
        person_id uuid not null constraint fk_category_attestation_person_id references person,
        category_code text not null, order_no text not null, order_date date not null,
        valid_from date not null, valid_until date, recorded_at timestamptz not null, {BOOK_VERSIONS},
        constraint ck_category_attestation_period check (valid_until >= valid_from),
        {alone("ex_category_attestation", key=same("person_id"), days="valid_from, valid_until")}
    )
    """,
)
