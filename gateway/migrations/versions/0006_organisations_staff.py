"""Reference books, organisations (Section I) and staff (Section III), with the laws the database itself keeps."""

from alembic import op

revision = "0006"
down_revision = "0004"


def _alone(name: str, *, key: str, days: str, where: str = "") -> str:
    """Write the constraint that rows with the same key (columns as ranges) never share a day."""
    return f"constraint {name} exclude using gist ({key}, daterange({days}, '[)') with &&) {where}"


def _same(column: str, *, kind: str = "uuidrange") -> str:
    return f"{kind}({column}, {column}, '[]') with ="


def _text(column: str) -> str:
    return _same(column, kind="textrange")


_BOOKS = "book_versions jsonb not null default '{}'"

_FUNCTIONS = (
    # what a table of values was when it was chosen from stays readable: the trigger notes the book's version
    """
    create function keep_to_books() returns trigger language plpgsql as $$
    declare
        written jsonb := to_jsonb(new);
        before jsonb := case when tg_op = 'UPDATE' then to_jsonb(old) else '{}' end;
        versions jsonb := coalesce(before -> 'book_versions', '{}');
        -- the first argument names the column of the day, then follow pairs of column and book
        day date := case when tg_argv[0] <> '' then (written ->> tg_argv[0])::date end;
        newest integer;
    begin
        for place in 1 .. tg_nargs - 1 by 2 loop
            if written ->> tg_argv[place] is null then
                versions := versions - tg_argv[place];
            elsif not (versions ? tg_argv[place]) or written ->> tg_argv[place] <> before ->> tg_argv[place] then
                select max(version) into newest from book_version where book_code = tg_argv[place + 1];
                if not exists (
                    select 1 from book_value where book_code = tg_argv[place + 1] and version = newest
                        and code = written ->> tg_argv[place] and selectable
                        and (day is null or daterange(valid_from, valid_until, '[)') @> day)
                ) then
                    raise exception '%.% is not a value of book % on that day',
                        tg_table_name, tg_argv[place], tg_argv[place + 1]
                        using errcode = 'check_violation', constraint = 'book_' || lower(tg_argv[place + 1]);
                end if;
                versions := versions || jsonb_build_object(tg_argv[place], newest);
            end if;
        end loop;
        new.book_versions := versions;
        return new;
    end $$
    """,
    """
    create function only_ends() returns trigger language plpgsql as $$
    begin
        if tg_op = 'UPDATE' and to_jsonb(new) - tg_argv[0] = to_jsonb(old) - tg_argv[0] then
            return new;
        end if;
        raise exception '% is history: end a row, record a new one', tg_table_name
            using errcode = 'restrict_violation';
    end $$
    """,
    """
    create function organisation_is_open() returns trigger language plpgsql as $$
    declare
        first_on date := (to_jsonb(new) ->> tg_argv[0])::date;
        ended date;
    begin
        if tg_op = 'UPDATE' and old.organisation_id = new.organisation_id
            and (to_jsonb(old) ->> tg_argv[0])::date = first_on
        then
            return new;
        end if;
        -- the lock lets nobody close the organisation until this is committed
        select closed_on into ended from organisation where id = new.organisation_id for share;
        if first_on >= ended then
            raise exception 'the organisation is closed from this date: nothing new begins there'
                using errcode = 'check_violation', constraint = 'organisation_is_open';
        end if;
        return new;
    end $$
    """,
    """
    create function organisation_lifecycle() returns trigger language plpgsql as $$
    begin
        if (old.status, new.status) not in (
            ('PLANNED', 'ACTIVE'), ('ACTIVE', 'SUSPENDED'), ('SUSPENDED', 'ACTIVE'), ('PLANNED', 'CLOSED'),
            ('ACTIVE', 'CLOSED'), ('SUSPENDED', 'CLOSED'), ('ACTIVE', 'REORGANISED'),
            ('SUSPENDED', 'REORGANISED')
        ) then
            raise exception 'an organisation cannot go from % to %', old.status, new.status
                using errcode = 'check_violation', constraint = 'organisation_lifecycle';
        end if;
        return new;
    end $$
    """,
    """
    create function reorganised_has_successor() returns trigger language plpgsql as $$
    begin
        if new.status = 'REORGANISED' and not exists (
            select 1 from organisation_relation where from_id = new.id and kind_code = 'SUCCESSOR'
        ) then
            raise exception 'a reorganised organisation names its successor'
                using errcode = 'check_violation', constraint = 'reorganised_has_successor';
        end if;
        return null;
    end $$
    """,
    """
    create function relation_has_no_circle() returns trigger language plpgsql as $$
    begin
        if new.kind_code <> 'SUCCESSOR' and exists (
            with recursive above (id) as (
                select new.to_id
                union
                select r.to_id from organisation_relation r join above on r.from_id = above.id
                where r.kind_code = new.kind_code and r.valid_until is null
            )
            select 1 from above where id = new.from_id
        ) then
            raise exception 'an organisation cannot stand above itself'
                using errcode = 'check_violation', constraint = 'relation_has_no_circle';
        end if;
        return new;
    end $$
    """,
    """
    create function employment_category() returns trigger language plpgsql as $$
    begin
        select attributes ->> 'category' into new.category_code from book_value
        where book_code = 'POSITION' and code = new.position_code
            and version = (new.book_versions ->> 'position_code')::integer limit 1;
        return new;
    end $$
    """,
    """
    create function assignment_within_employment() returns trigger language plpgsql as $$
    begin
        if exists (
            select 1 from employment e where e.id = new.employment_id and not
                daterange(e.start_on, e.end_on, '[)') @> daterange(new.from_on, new.until_on, '[)')
        ) then
            raise exception 'an assignment lies within its employment'
                using errcode = 'check_violation', constraint = 'assignment_within_employment';
        end if;
        return new;
    end $$
    """,
    """
    create function employment_covers_assignments() returns trigger language plpgsql as $$
    begin
        if exists (
            select 1 from assignment a where a.employment_id = new.id and not
                daterange(new.start_on, new.end_on, '[)') @> daterange(a.from_on, a.until_on, '[)')
        ) then
            raise exception 'end the assignments before their employment'
                using errcode = 'check_violation', constraint = 'employment_covers_assignments';
        end if;
        return new;
    end $$
    """,
)

_BOOK_TABLES = (
    'create type textrange as range (subtype = text, collation = "C")',
    """
    create table book_version (
        book_code text not null constraint ck_book_version_book_code check (book_code ~ '^[A-Z][A-Z0-9_]*$'),
        version integer not null constraint ck_book_version_version check (version >= 1),
        name_ky text not null, name_ru text not null, name_en text not null,
        owner text not null, source text not null, effective_on date not null,
        origin text not null constraint ck_book_version_origin check (origin in ('PACKAGE', 'IMPORT')),
        digest text not null, loaded_at timestamptz not null,
        constraint pk_book_version primary key (book_code, version)
    )
    """,
    f"""
    create table book_value (
        book_code text not null, version integer not null, position integer not null,
        code text not null, parent_code text,
        name_ky text not null, name_ru text not null, name_en text not null,
        valid_from date, valid_until date, national_code text, international_code text,
        selectable boolean not null, attributes jsonb not null,
        constraint pk_book_value primary key (book_code, version, position),
        constraint fk_book_value_book_code foreign key (book_code, version) references book_version,
        constraint ck_book_value_names check (name_ky <> '' and name_ru <> '' and name_en <> ''),
        {
        _alone(
            "ex_book_value_period",
            key="textrange(book_code || '/' || version::text || '/' || code, "
            "book_code || '/' || version::text || '/' || code, '[]') with =",
            days="valid_from, valid_until",
        )
    }
    )
    """,
    "create index ix_book_value_code on book_value (book_code, version, code)",
)

_ORGANISATION_TABLES = (
    f"""
    alter table organisation
        add type_code text, add ownership_code text, add provider_code text, add gked_code text,
        add locality_kind text, add okpo text, add registration_no text,
        add latitude numeric(8, 6) constraint ck_organisation_latitude check (latitude between -90 and 90),
        add longitude numeric(9, 6) constraint ck_organisation_longitude check (longitude between -180 and 180),
        add opened_on date, add closed_on date, add version integer not null default 1, add {_BOOKS},
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
        recorded_at timestamptz not null, {_BOOKS},
        constraint ck_organisation_name_period check (valid_until >= valid_from),
        {
        _alone(
            "ex_organisation_name",
            key=f"{_same('organisation_id')}, {_text('language_code')}",
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
        recorded_at timestamptz not null, {_BOOKS},
        constraint ck_organisation_type_period check (valid_until >= valid_from),
        {_alone("ex_organisation_type", key=_same("organisation_id"), days="valid_from, valid_until")}
    )
    """,
    f"""
    create table organisation_language (
        id uuid constraint pk_organisation_language primary key,
        organisation_id uuid not null
            constraint fk_organisation_language_organisation_id references organisation,
        language_code text not null, valid_from date not null, valid_until date, {_BOOKS},
        constraint ck_organisation_language_period check (valid_until >= valid_from),
        {
        _alone(
            "ex_organisation_language",
            key=f"{_same('organisation_id')}, {_text('language_code')}",
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
        recorded_at timestamptz not null, {_BOOKS},
        constraint ck_organisation_relation_self check (from_id <> to_id),
        constraint ck_organisation_relation_period check (valid_until >= valid_from),
        constraint ck_organisation_relation_reorganisation
            check ((kind_code = 'SUCCESSOR') = (reorganisation_code is not null)),
        {
        _alone(
            "ex_organisation_relation_pair",
            key=f"{_same('from_id')}, {_same('to_id')}, {_text('kind_code')}",
            days="valid_from, valid_until",
        )
    },
        {
        _alone(
            "ex_organisation_relation_one_parent",
            key=_same("from_id"),
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
        recorded_at timestamptz not null, {_BOOKS},
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
        valid_from date not null, valid_until date, {_BOOKS},
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
        capacity integer constraint ck_building_capacity check (capacity >= 0), {_BOOKS},
        constraint uq_building_site_id unique (site_id, name)
    )
    """,
    f"""
    create table room (
        id uuid constraint pk_room primary key,
        building_id uuid not null constraint fk_room_building_id references building,
        number text not null, kind_code text not null,
        area_m2 numeric(8, 2) constraint ck_room_area_m2 check (area_m2 > 0),
        seats integer constraint ck_room_seats check (seats >= 0), {_BOOKS},
        constraint uq_room_building_id unique (building_id, number)
    )
    """,
    f"""
    create table facility_year (
        site_id uuid not null constraint fk_facility_year_site_id references site,
        academic_year text not null, facility_code text not null,
        amount numeric(14, 2) not null constraint ck_facility_year_amount check (amount >= 0),
        recorded_at timestamptz not null, {_BOOKS},
        constraint pk_facility_year primary key (site_id, academic_year, facility_code)
    )
    """,
    f"""
    create table term (
        id uuid constraint pk_term primary key,
        organisation_id uuid not null constraint fk_term_organisation_id references organisation,
        academic_year text not null, number integer not null constraint ck_term_number check (number > 0),
        starts_on date not null, ends_on date not null, {_BOOKS},
        constraint uq_term_organisation_id unique (organisation_id, academic_year, number),
        constraint ck_term_period check (ends_on > starts_on),
        {_alone("ex_term", key=_same("organisation_id"), days="starts_on, ends_on")}
    )
    """,
    f"""
    create table shift (
        id uuid constraint pk_shift primary key,
        organisation_id uuid not null constraint fk_shift_organisation_id references organisation,
        academic_year text not null, number integer not null
            constraint ck_shift_number check (number between 1 and 3),
        starts_at time not null, ends_at time not null, {_BOOKS},
        constraint ck_shift_period check (ends_at > starts_at),
        constraint uq_shift_organisation_id unique (organisation_id, academic_year, number)
    )
    """,
    f"""
    create table programme_offering (
        id uuid constraint pk_programme_offering primary key,
        organisation_id uuid not null
            constraint fk_programme_offering_organisation_id references organisation,
        code text not null, name_ky text not null, name_ru text not null,
        level_code text not null, form_code text not null, language_code text not null,
        valid_from date not null, valid_until date, {_BOOKS},
        constraint ck_programme_offering_period check (valid_until >= valid_from),
        {
        _alone(
            "ex_programme_offering",
            key=", ".join(
                (
                    _same("organisation_id"),
                    *map(_text, ("code", "form_code", "language_code")),
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
        recorded_at timestamptz not null, {_BOOKS},
        constraint ck_{table}_period check (until_on >= from_on),
        {alone}
    )
    """


_STAFF_TABLES = (
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
        version integer not null default 1, recorded_at timestamptz not null, {_BOOKS},
        constraint ck_employment_period check (end_on >= start_on),
        constraint ck_employment_end check ((end_on is null) = (end_reason_code is null)),
        {
        _alone(
            "ex_employment",
            key=f"{_same('person_id')}, {_same('organisation_id')}, {_text('kind_code')}",
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
        shift_id uuid constraint fk_class_group_shift_id references shift,
        language_code text not null, kind_code text not null,
        capacity integer constraint ck_class_group_capacity check (capacity > 0),
        teacher_employment_id uuid constraint fk_class_group_teacher_employment_id references employment,
        opened_on date not null, closed_on date, version integer not null default 1,
        recorded_at timestamptz not null, {_BOOKS},
        constraint ck_class_group_period check (closed_on >= opened_on),
        constraint uq_class_group_name unique nulls not distinct (organisation_id, academic_year, name, shift_id)
    )
    """,
    f"""
    create table assignment (
        id uuid constraint pk_assignment primary key,
        employment_id uuid not null constraint fk_assignment_employment_id references employment,
        position_code text not null,
        fte numeric(3, 2) not null constraint ck_assignment_fte check (fte > 0 and fte <= 2),
        from_on date not null, until_on date, recorded_at timestamptz not null, {_BOOKS},
        constraint ck_assignment_period check (until_on >= from_on),
        {
        _alone(
            "ex_assignment",
            key=f"{_same('employment_id')}, {_text('position_code')}",
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
        {_BOOKS},
        constraint uq_teaching_load_assignment_id unique (assignment_id, subject_code, class_group_id)
    )
    """,
    "create index ix_teaching_load_class_group_id on teaching_load (class_group_id)",
    _appointment(
        "head_appointment",
        "acting boolean not null, founder_code text,",
        _alone("ex_head_appointment_one_head", key=_same("organisation_id"), days="from_on, until_on"),
    ),
    _appointment(
        "responsible_appointment",
        "",
        _alone(
            "ex_responsible_appointment",
            key=f"{_same('organisation_id')}, {_same('person_id')}",
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
        recorded_at timestamptz not null, {_BOOKS},
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
        valid_from date not null, valid_until date, recorded_at timestamptz not null, {_BOOKS},
        constraint ck_category_attestation_period check (valid_until >= valid_from),
        {_alone("ex_category_attestation", key=_same("person_id"), days="valid_from, valid_until")}
    )
    """,
)

# table: the column of the day its values must hold on, and column=BOOK for each of them
_KEEPS_TO_BOOKS = {
    "organisation": " soate=SOATE type_code=ORG_TYPE ownership_code=OWNERSHIP provider_code=PROVIDER "
    "gked_code=GKED locality_kind=LOCALITY_KIND",
    "organisation_name": "valid_from language_code=LANGUAGE_OF_NAME",
    "organisation_type": "valid_from type_code=ORG_TYPE",
    "organisation_language": "valid_from language_code=LANGUAGE_OF_INSTRUCTION",
    "organisation_relation": "valid_from kind_code=ORG_RELATION reorganisation_code=REORGANISATION",
    "licence": "issued_on kind_code=LICENCE_KIND",
    "site": "valid_from soate=SOATE",
    "building": " condition_code=BUILDING_CONDITION",
    "room": " kind_code=ROOM_KIND",
    "facility_year": " academic_year=ACADEMIC_YEAR facility_code=FACILITY",
    "term": "starts_on academic_year=ACADEMIC_YEAR",
    "shift": " academic_year=ACADEMIC_YEAR",
    "programme_offering": "valid_from level_code=LEVEL form_code=STUDY_FORM "
    "language_code=LANGUAGE_OF_INSTRUCTION",
    "class_group": "opened_on academic_year=ACADEMIC_YEAR grade_code=GRADE kind_code=CLASS_KIND "
    "language_code=LANGUAGE_OF_INSTRUCTION",
    "employment": "start_on kind_code=EMPLOYMENT_KIND position_code=POSITION end_reason_code=EMPLOYMENT_END",
    "assignment": "from_on position_code=POSITION",
    "teaching_load": " subject_code=SUBJECT",
    "head_appointment": "from_on founder_code=PROVIDER",
    "qualification": "issued_on kind_code=QUALIFICATION_KIND degree_code=DEGREE",
    "category_attestation": "valid_from category_code=QUAL_CATEGORY",
}
_HISTORY = {
    "organisation_name": "valid_until",
    "organisation_type": "valid_until",
    "organisation_relation": "valid_until",
    "head_appointment": "until_on",
    "responsible_appointment": "until_on",
    "category_attestation": "valid_until",
    "assignment": "until_on",
}
_BEGINS_ON = {
    "enrolment": "start_on",
    "employment": "start_on",
    "class_group": "opened_on",
    "head_appointment": "from_on",
    "responsible_appointment": "from_on",
}
_APPEND_ONLY = ("book_version", "book_value", "organisation_confirmation")

_LAWS = (
    """
    create trigger organisation_lifecycle before update of status on organisation
        for each row when (old.status is distinct from new.status) execute function organisation_lifecycle()
    """,
    """
    create constraint trigger reorganised_has_successor after insert or update of status on organisation
        deferrable initially deferred for each row execute function reorganised_has_successor()
    """,
    """
    create trigger relation_has_no_circle before insert on organisation_relation
        for each row execute function relation_has_no_circle()
    """,
    # runs after employment_books: triggers of one moment fire in the order of their names
    """
    create trigger employment_category before insert or update of position_code on employment
        for each row execute function employment_category()
    """,
    """
    create trigger assignment_within_employment before insert or update on assignment
        for each row execute function assignment_within_employment()
    """,
    """
    create trigger employment_covers_assignments before update of start_on, end_on on employment
        for each row execute function employment_covers_assignments()
    """,
)


def upgrade() -> None:
    for statement in (*_BOOK_TABLES, *_ORGANISATION_TABLES, *_STAFF_TABLES, *_FUNCTIONS, *_LAWS):
        op.execute(statement)
    for table, what in _KEEPS_TO_BOOKS.items():
        day, *pairs = what.split(" ")
        _guard(table, "books", "insert or update", _call("keep_to_books", day, *"=".join(pairs).split("=")))
    for table, end in _HISTORY.items():
        _guard(table, "history", "update or delete", _call("only_ends", end))
    for table, first in _BEGINS_ON.items():
        event = f"insert or update of organisation_id, {first}"
        _guard(table, "is_open", event, _call("organisation_is_open", first))
    for table in _APPEND_ONLY:
        _guard(table, "append_only", "update or delete", _call("journal_append_only"))
    for table in (*_APPEND_ONLY, *_HISTORY):
        _guard(table, "truncate", "truncate", _call("journal_append_only"), each="statement")


def _call(function: str, *arguments: str) -> str:
    return f"{function}({', '.join(repr(argument) for argument in arguments)})"


def _guard(table: str, name: str, event: str, call: str, *, each: str = "row") -> None:
    op.execute(
        f"create trigger {table}_{name} before {event} on {table} for each {each} execute function {call}"
    )
