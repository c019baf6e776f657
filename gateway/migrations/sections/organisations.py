"""The tables of Section I."""

from gateway.migrations.sections.periods import BOOK_VERSIONS, alone, same, same_text

TABLES = (
    f"""
    alter table organisation
        add type_code text, add ownership_code text, add provider_code text, add gked_code text,
        add locality_kind text, add okpo text, add registration_no text,
        add latitude numeric(8, 6) constraint ck_organisation_latitude check (latitude between -90 and 90),
        add longitude numeric(9, 6) constraint ck_organisation_longitude check (longitude between -180 and 180),
        add opened_on date, add closed_on date, add version integer not null default 1, add {BOOK_VERSIONS},
        add constraint ck_organisation_period check (closed_on >= opened_on),
        add constraint ck_organisation_closed
            check ((status in ('CLOSED', 'REORGANISED')) = (closed_on is not null))
    """,
    "create unique index uq_organisation_okpo on organisation (okpo) where closed_on is null",
    f"""
    create table organisation_name (
        id uuid constraint pk_organisation_name primary key,
        organisation_id uuid not null constraint fk_organisation_name_organisation_id references organisation,
        language_code text not null,
        full_name text not null constraint ck_organisation_name_full_name check (full_name <> ''),
        short_name text, order_no text,
        valid_from date not null, valid_until date,
        recorded_at timestamptz not null, {BOOK_VERSIONS},
        constraint ck_organisation_name_period check (valid_until >= valid_from),
        {
        alone(
            "ex_organisation_name",
            key=f"{same('organisation_id')}, {same_text('language_code')}",
            days="valid_from, valid_until",
        )
    }
    )
    """,
    f"""
    create table organisation_type (
        id uuid constraint pk_organisation_type primary key,
        organisation_id uuid not null constraint fk_organisation_type_organisation_id references organisation,
        type_code text not null, special_profile text, order_no text,
        valid_from date not null, valid_until date,
        recorded_at timestamptz not null, {BOOK_VERSIONS},
        constraint ck_organisation_type_period check (valid_until >= valid_from),
        {alone("ex_organisation_type", key=same("organisation_id"), days="valid_from, valid_until")}
    )
    """,
    f"""
    create table organisation_language (
        id uuid constraint pk_organisation_language primary key,
        organisation_id uuid not null
            constraint fk_organisation_language_organisation_id references organisation,
        language_code text not null, valid_from date not null, valid_until date, {BOOK_VERSIONS},
        constraint ck_organisation_language_period check (valid_until >= valid_from),
        {
        alone(
            "ex_organisation_language",
            key=f"{same('organisation_id')}, {same_text('language_code')}",
            days="valid_from, valid_until",
        )
    }
    )
    """,
    f"""
    create table organisation_relation (
        id uuid constraint pk_organisation_relation primary key,
        from_id uuid not null constraint fk_organisation_relation_from_id references organisation,
        to_id uuid not null constraint fk_organisation_relation_to_id references organisation,
        kind_code text not null, reorganisation_code text,
        order_no text not null, order_date date not null,
        valid_from date not null, valid_until date,
        recorded_at timestamptz not null, {BOOK_VERSIONS},
        constraint ck_organisation_relation_self check (from_id <> to_id),
        constraint ck_organisation_relation_period check (valid_until >= valid_from),
        constraint ck_organisation_relation_reorganisation
            check ((kind_code = 'SUCCESSOR') = (reorganisation_code is not null)),
        {
        alone(
            "ex_organisation_relation_pair",
            key=f"{same('from_id')}, {same('to_id')}, {same_text('kind_code')}",
            days="valid_from, valid_until",
        )
    },
        {
        alone(
            "ex_organisation_relation_one_parent",
            key=same("from_id"),
            days="valid_from, valid_until",
            where="where (kind_code = 'BRANCH_OF')",
        )
    }
    )
    """,
    "create index ix_organisation_relation_from_id on organisation_relation (from_id)",
    "create index ix_organisation_relation_to_id on organisation_relation (to_id)",
    f"""
    create table licence (
        id uuid constraint pk_licence primary key,
        organisation_id uuid not null constraint fk_licence_organisation_id references organisation,
        kind_code text not null, number text not null, issuer text not null, programme text not null default '',
        issued_on date not null, valid_from date not null, valid_until date, revoked_on date,
        recorded_at timestamptz not null, {BOOK_VERSIONS},
        constraint ck_licence_period check (valid_until >= valid_from),
        constraint uq_licence_kind_code unique (kind_code, issuer, number)
    )
    """,
    "create index ix_licence_organisation_id on licence (organisation_id)",
    f"""
    create table site (
        id uuid constraint pk_site primary key,
        organisation_id uuid not null constraint fk_site_organisation_id references organisation,
        name text not null, soate text not null, address text not null, cadastre_no text,
        valid_from date not null, valid_until date, {BOOK_VERSIONS},
        constraint ck_site_period check (valid_until >= valid_from)
    )
    """,
    "create index ix_site_organisation_id on site (organisation_id)",
    f"""
    create table building (
        id uuid constraint pk_building primary key,
        site_id uuid not null constraint fk_building_site_id references site,
        name text not null, condition_code text, built_in integer,
        area_m2 numeric(10, 2) constraint ck_building_area_m2 check (area_m2 > 0),
        capacity integer constraint ck_building_capacity check (capacity >= 0), {BOOK_VERSIONS},
        constraint uq_building_site_id unique (site_id, name)
    )
    """,
    f"""
    create table room (
        id uuid constraint pk_room primary key,
        building_id uuid not null constraint fk_room_building_id references building,
        number text not null, kind_code text not null,
        area_m2 numeric(8, 2) constraint ck_room_area_m2 check (area_m2 > 0),
        seats integer constraint ck_room_seats check (seats >= 0), {BOOK_VERSIONS},
        constraint uq_room_building_id unique (building_id, number)
    )
    """,
    f"""
    create table facility_year (
        site_id uuid not null constraint fk_facility_year_site_id references site,
        academic_year text not null, facility_code text not null,
        amount numeric(14, 2) not null constraint ck_facility_year_amount check (amount >= 0),
        recorded_at timestamptz not null, {BOOK_VERSIONS},
        constraint pk_facility_year primary key (site_id, academic_year, facility_code)
    )
    """,
    f"""
    create table term (
        id uuid constraint pk_term primary key,
        organisation_id uuid not null constraint fk_term_organisation_id references organisation,
        academic_year text not null, number integer not null constraint ck_term_number check (number > 0),
        starts_on date not null, ends_on date not null, {BOOK_VERSIONS},
        constraint uq_term_organisation_id unique (organisation_id, academic_year, number),
        constraint ck_term_period check (ends_on > starts_on),
        {alone("ex_term", key=same("organisation_id"), days="starts_on, ends_on")}
    )
    """,
    f"""
    create table shift (
        id uuid constraint pk_shift primary key,
        organisation_id uuid not null constraint fk_shift_organisation_id references organisation,
        academic_year text not null, number integer not null
            constraint ck_shift_number check (number between 1 and 3),
        starts_at time not null, ends_at time not null, {BOOK_VERSIONS},
        constraint ck_shift_period check (ends_at > starts_at),
        constraint uq_shift_organisation_id unique (organisation_id, academic_year, number),
        constraint uq_shift_id unique (id, organisation_id, academic_year)
    )
    """,
    f"""
    create table programme_offering (
        id uuid constraint pk_programme_offering primary key,
        organisation_id uuid not null
            constraint fk_programme_offering_organisation_id references organisation,
        code text not null, name_ky text not null, name_ru text not null,
        level_code text not null, form_code text not null, language_code text not null,
        valid_from date not null, valid_until date, {BOOK_VERSIONS},
        constraint ck_programme_offering_period check (valid_until >= valid_from),
        {
        alone(
            "ex_programme_offering",
            key=", ".join(
                (
                    same("organisation_id"),
                    *map(same_text, ("code", "form_code", "language_code")),
                )
            ),
            days="valid_from, valid_until",
        )
    }
    )
    """,
    """
    create table organisation_confirmation (
        id uuid constraint pk_organisation_confirmation primary key,
        organisation_id uuid not null
            constraint fk_organisation_confirmation_organisation_id references organisation,
        registry_seq bigint not null, digest bytea not null,
        completeness integer not null
            constraint ck_organisation_confirmation_completeness check (completeness between 0 and 100),
        confirmed_by text not null constraint ck_organisation_confirmation_by check (confirmed_by <> ''),
        signature_id uuid, confirmed_at timestamptz not null
    )
    """,
    """
    create index ix_organisation_confirmation_organisation_id
        on organisation_confirmation (organisation_id, confirmed_at)
    """,
)
