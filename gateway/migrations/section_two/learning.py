"""Marks on versioned scales, and attendance."""

LEARNING = (
    """
    create table grading_scale (
        code text not null, version integer not null,
        grades text[] not null, marks text[] not null,
        valid_from date not null, valid_until date,
        constraint pk_grading_scale primary key (code, version)
    )
    """,
    """
    insert into grading_scale values
        ('UNGRADED', 1, '{1}', '{}', '1991-09-01', '2025-09-01'),
        ('FIVE', 1, '{2,3,4,5,6,7,8,9,10,11}', '{2,3,4,5}', '1991-09-01', '2025-09-01'),
        ('UNGRADED', 2, '{1,2,3}', '{}', '2025-09-01', null),
        ('FIVE', 2, '{4,5,6,7,8,9,10,11,12}', '{2,3,4,5}', '2025-09-01', null)
    """,
    """
    create table result (
        id uuid constraint pk_result primary key,
        enrolment_id uuid not null constraint fk_result_enrolment_id references enrolment,
        subject_code text not null, period_code text not null,
        kind text not null constraint ck_result_kind check (kind in ('QUARTER', 'YEAR', 'EXAM', 'FINAL')),
        scale_code text not null, scale_version integer not null, mark text,
        corrects_id uuid constraint fk_result_corrects_id references result
            constraint uq_result_corrects_id unique,
        recorded_at timestamptz not null, recorded_by text not null,
        constraint fk_result_scale_code_scale_version
            foreign key (scale_code, scale_version) references grading_scale
    )
    """,
    """
    create unique index uq_result_first on result (enrolment_id, subject_code, period_code, kind)
        where corrects_id is null
    """,
    """
    create table attendance_fact (
        id uuid constraint pk_attendance_fact primary key,
        enrolment_id uuid not null constraint fk_attendance_fact_enrolment_id references enrolment,
        happened_on date not null, lesson_no integer not null default 0,
        type text not null constraint ck_attendance_fact_type check (type in ('ABSENT', 'LATE', 'PRESENT')),
        reason_code text not null default '', hours numeric(4, 2),
        corrects_id uuid constraint fk_attendance_fact_corrects_id references attendance_fact
            constraint uq_attendance_fact_corrects_id unique,
        recorded_at timestamptz not null, recorded_by text not null
    )
    """,
    """
    create unique index uq_attendance_fact_first on attendance_fact (enrolment_id, happened_on, lesson_no)
        where corrects_id is null
    """,
)
