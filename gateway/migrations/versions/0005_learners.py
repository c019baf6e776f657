"""Section II: orders, marks, attendance, guardians, consents, files; and what the registry knew at every moment."""

from alembic import op

revision = "0005"
down_revision = "0004"

_TIMELINE = (
    # one number for everything a transaction changed; unlike a transaction id it survives dump and restore
    "create sequence registry_tx_seq",
    """
    create function registry_tx() returns bigint language plpgsql as $$
    declare present text := current_setting('kopuro.tx', true);
    begin
        if coalesce(present, '') = '' then
            present := set_config('kopuro.tx', nextval('registry_tx_seq')::text, true);
        end if;
        return present::bigint;
    end $$
    """,
    "create table registry_commit (tx bigint constraint pk_registry_commit primary key, at timestamptz not null)",
    "insert into registry_commit values (0, '-infinity')",
    """
    create table registry_version (
        table_name text not null, row_id uuid not null, tx bigint not null,
        parent_id uuid, content jsonb,
        constraint pk_registry_version primary key (table_name, row_id, tx)
    )
    """,
    "create index ix_registry_version_parent on registry_version (parent_id, table_name)",
    """
    create index ix_registry_version_case on registry_version using gin ((content->'subject_ids'))
        where table_name = 'review_case'
    """,
    # stamped when the transaction commits, not when it wrote: what nobody could see was not known
    """
    create function registry_stamp() returns trigger language plpgsql as $$
    begin
        insert into registry_commit values (
            new.tx, coalesce(nullif(current_setting('kopuro.now', true), '')::timestamptz, clock_timestamp())
        ) on conflict do nothing;
        return null;
    end $$
    """,
    """
    create function registry_stamp_assertion() returns trigger language plpgsql as $$
    begin
        insert into registry_commit values (
            coalesce(new.retracted_tx, new.tx),
            coalesce(nullif(current_setting('kopuro.now', true), '')::timestamptz, clock_timestamp())
        ) on conflict do nothing;
        return null;
    end $$
    """,
    """
    create constraint trigger registry_version_stamp after insert on registry_version
        deferrable initially deferred for each row execute function registry_stamp()
    """,
    """
    create function registry_remember() returns trigger language plpgsql as $$
    declare present jsonb; kept jsonb;
    begin
        if tg_op = 'DELETE' then
            present := to_jsonb(old);
        else
            present := to_jsonb(new);
            kept := present;
        end if;
        insert into registry_version (table_name, row_id, tx, parent_id, content)
        values (tg_table_name, (present->>'id')::uuid, registry_tx(), (present->>tg_argv[0])::uuid, kept)
        on conflict (table_name, row_id, tx)
            do update set content = excluded.content, parent_id = excluded.parent_id;
        return null;
    end $$
    """,
    "alter table assertion add valid_from date",
    "alter table assertion add document_on date",
    "alter table assertion add document_until date",
    "alter table assertion add told_at timestamptz",
    "alter table assertion add tx bigint not null default 0",
    "alter table assertion alter tx set default registry_tx()",
    "alter table assertion add retracted_tx bigint",
    """
    create or replace function assertion_is_append_only() returns trigger language plpgsql as $$
    begin
        if tg_op = 'UPDATE' then
            if old.retracted_at is null and new.retracted_at is not null
                and to_jsonb(new) - '{retracted_at,retract_reason,retracted_tx}'::text[]
                  = to_jsonb(old) - '{retracted_at,retract_reason,retracted_tx}'::text[]
            then
                new.retracted_tx := registry_tx();
                return new;
            end if;
        end if;
        raise exception 'assertions are append-only: retract with a reason, record a new one'
            using errcode = 'restrict_violation';
    end $$
    """,
    """
    create constraint trigger assertion_stamp after insert or update on assertion
        deferrable initially deferred for each row execute function registry_stamp_assertion()
    """,
    """
    create table field_policy (
        digest text constraint pk_field_policy primary key,
        content jsonb not null, first_used_at timestamptz not null
    )
    """,
    "alter table person add policy_digest text constraint fk_person_policy_digest references field_policy",
    "alter table registry_event add xid bigint not null default 0",
    # transaction ids begin anew where a dump is restored: each cluster counts on from what it found
    """
    create table registry_cluster (
        system_identifier bigint constraint pk_registry_cluster primary key, xid_base bigint not null
    )
    """,
    """
    create function registry_xid_base() returns bigint language plpgsql as $$
    declare base bigint;
    begin
        select c.xid_base into base from registry_cluster c, pg_control_system() s
            where c.system_identifier = s.system_identifier;
        if base is null then
            insert into registry_cluster
                select s.system_identifier, (select coalesce(max(xid), 0) from registry_event)
                from pg_control_system() s on conflict do nothing;
            select c.xid_base into base from registry_cluster c, pg_control_system() s
                where c.system_identifier = s.system_identifier;
        end if;
        return base;
    end $$
    """,
    """
    alter table registry_event alter xid
        set default registry_xid_base() + pg_current_xact_id()::text::bigint
    """,
    "select registry_xid_base()",
    "alter table registry_event add effective_on date",
    "alter table registry_event add detail jsonb not null default '{}'",
    "create index ix_registry_event_xid on registry_event (xid, seq)",
)
# table → the column that leads from a row to the person or enrolment it is read by
_VERSIONED = {
    "person": "master_id",
    "person_identifier": "person_id",
    "organisation": "id",
    "enrolment": "person_id",
    "enrolment_status_period": "enrolment_id",
    "review_case": "person_id",
    "person_relationship": "child_id",
    "consent": "subject_id",
}
_ORDERS = (
    # the hot read joins periods by enrolment; the exclusion constraint's index cannot serve that
    "create index ix_enrolment_status_period_enrolment_id on enrolment_status_period (enrolment_id)",
    """
    create table movement (
        id uuid constraint pk_movement primary key,
        number bigint generated always as identity,
        enrolment_id uuid not null constraint fk_movement_enrolment_id references enrolment,
        kind text not null constraint ck_movement_kind check (kind in
            ('ENROL', 'TRANSFER_IN', 'REINSTATE', 'ATTEND', 'LEAVE', 'EXCHANGE', 'SUSPEND', 'RETURN', 'PROMOTE',
             'REPEAT', 'TRANSFER_OUT', 'GRADUATE', 'EXPEL', 'DIE', 'END', 'CANCEL')),
        order_no text not null default '', order_on date,
        effective_on date not null, until_on date, reason_code text not null default '',
        from_organisation_id uuid constraint fk_movement_from_organisation_id references organisation,
        to_organisation_id uuid constraint fk_movement_to_organisation_id references organisation,
        from_grade text, to_grade text,
        cancels_id uuid constraint fk_movement_cancels_id references movement
            constraint uq_movement_cancels_id unique,
        pair_id uuid,
        recorded_at timestamptz not null, recorded_by text not null default '',
        constraint ck_movement_cancels check ((kind = 'CANCEL') = (cancels_id is not null)),
        constraint ck_movement_until check (until_on > effective_on)
    )
    """,
    "create index ix_movement_enrolment_id on movement (enrolment_id, number)",
    "create index ix_movement_effective_on on movement (effective_on)",
    "create index ix_movement_pair_id on movement (pair_id) where pair_id is not null",
    """
    insert into movement (id, enrolment_id, kind, effective_on, to_organisation_id, to_grade, recorded_at)
        select gen_random_uuid(), id, 'ENROL', start_on, organisation_id, grade, recorded_at from enrolment
    """,
    """
    insert into movement (id, enrolment_id, kind, effective_on, from_organisation_id, recorded_at)
        select gen_random_uuid(), id, 'END', end_on, organisation_id, recorded_at from enrolment
        where end_on is not null
    """,
    """
    create function enrolment_periods_are_whole() returns trigger language plpgsql as $$
    declare
        wanted uuid; place enrolment; period record; due date; closed boolean := false;
    begin
        if tg_table_name = 'enrolment' then wanted := new.id;
        elsif tg_op = 'DELETE' then wanted := old.enrolment_id;
        else wanted := new.enrolment_id;
        end if;
        select * into place from enrolment where id = wanted;
        if not found then return null; end if;
        due := place.start_on;
        for period in
            select status, from_on, until_on from enrolment_status_period where enrolment_id = wanted
            order by from_on, until_on
        loop
            if closed or due is null or period.from_on <> due then
                raise exception 'status periods of an enrolment leave a gap or overlap'
                    using errcode = 'check_violation';
            end if;
            if period.status in ('EXPELLED', 'TRANSFERRED', 'GRADUATED', 'DECEASED', 'ANNULLED') then
                if period.until_on is not null or period.from_on is distinct from place.end_on then
                    raise exception 'a closing status stands from the last day of an enrolment for ever'
                        using errcode = 'check_violation';
                end if;
                closed := true;
            else
                due := period.until_on;
            end if;
        end loop;
        if due is distinct from place.end_on then
            raise exception 'status periods of an enrolment do not cover it' using errcode = 'check_violation';
        end if;
        return null;
    end $$
    """,
    """
    create constraint trigger enrolment_periods_are_whole
        after insert or update or delete on enrolment_status_period
        deferrable initially deferred for each row execute function enrolment_periods_are_whole()
    """,
    """
    create constraint trigger enrolment_has_whole_periods after insert or update of start_on, end_on on enrolment
        deferrable initially deferred for each row execute function enrolment_periods_are_whole()
    """,
    """
    create table transfer_request (
        id uuid constraint pk_transfer_request primary key,
        enrolment_id uuid not null constraint fk_transfer_request_enrolment_id references enrolment,
        to_organisation_id uuid not null
            constraint fk_transfer_request_to_organisation_id references organisation,
        grade text,
        state text not null constraint ck_transfer_request_state check (state in
            ('REQUESTED', 'HELD', 'RELEASED', 'COMPLETED', 'REFUSED', 'WITHDRAWN', 'LAPSED')),
        hold_until timestamptz,
        requested_by text not null, requested_at timestamptz not null, changed_at timestamptz not null
    )
    """,
    """
    create unique index uq_transfer_request_open on transfer_request (enrolment_id)
        where state in ('REQUESTED', 'HELD', 'RELEASED')
    """,
    """
    create index ix_transfer_request_held on transfer_request (to_organisation_id, grade)
        where state in ('HELD', 'RELEASED')
    """,
    """
    create table promotion_rule (
        from_year integer not null, from_grade text not null, to_grade text not null,
        constraint pk_promotion_rule primary key (from_year, from_grade)
    )
    """,
    # a set of rules stands until a later one replaces all of it: the jump of 2025 is made once
    "insert into promotion_rule select 1991, n::text, (n + 1)::text from generate_series(0, 10) n",
    """
    insert into promotion_rule
        select 2025, n::text, (n + case when n in (3, 6) then 2 else 1 end)::text from generate_series(0, 10) n
    """,
    "insert into promotion_rule select 2026, n::text, (n + 1)::text from generate_series(0, 11) n",
)
_LEARNING = (
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
_PEOPLE = (
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
_VIEWS = (
    """
    create view academic_leave as
    select l.id, l.enrolment_id, e.person_id, e.organisation_id, l.order_no, l.order_on, l.reason_code,
        l.effective_on as from_on, l.until_on,
        (select min(p.from_on) from enrolment_status_period p
          where p.enrolment_id = l.enrolment_id and p.from_on > l.effective_on) as returned_on
    from movement l join enrolment e on e.id = l.enrolment_id
    where l.kind = 'LEAVE' and not exists (select 1 from movement c where c.cancels_id = l.id)
    """,
    """
    create view graduate as
    select e.id as enrolment_id, coalesce(p.master_id, p.id) as person_id, e.organisation_id, e.level,
        e.end_on as graduated_on, d.id as document_id, d.type as document_type, d.series, d.number,
        d.registration_no, d.issued_on, d.honours, d.status as document_status
    from enrolment e
    join enrolment_status_period s on s.enrolment_id = e.id and s.status = 'GRADUATED'
    join person p on p.id = e.person_id
    left join education_document d on d.organisation_id = e.organisation_id and d.issued_on >= e.start_on
        and d.person_id in (select m.id from person m
                             where coalesce(m.master_id, m.id) = coalesce(p.master_id, p.id))
        and (d.level is null or d.level = e.level)
    """,
)
_GUARDS = (
    """
    create function registry_append_only() returns trigger language plpgsql as $$
    begin
        raise exception '% is append-only: record a new row that corrects the old one', tg_table_name
            using errcode = 'restrict_violation';
    end $$
    """,
    """
    create function person_merged_is_closed() returns trigger language plpgsql as $$
    begin
        if tg_op = 'DELETE' then
            raise exception 'entries are annulled, never deleted' using errcode = 'restrict_violation';
        end if;
        if new.status = 'MERGED_INTO' and to_jsonb(new) - '{status,master_id,version}'::text[]
            <> to_jsonb(old) - '{status,master_id,version}'::text[]
        then
            raise exception 'a merged entry is never edited: undo the merge first'
                using errcode = 'restrict_violation';
        end if;
        return new;
    end $$
    """,
    """
    create trigger person_merged_is_closed before update on person
        for each row when (old.status = 'MERGED_INTO') execute function person_merged_is_closed()
    """,
    """
    create trigger person_is_not_deleted before delete on person
        for each row execute function person_merged_is_closed()
    """,
)
_APPEND_ONLY = (
    "registry_event", "registry_commit", "field_policy", "movement", "promotion_rule", "grading_scale", "result",
    "attendance_fact", "personal_file_entry", "special.record", "special.reading",
)  # fmt: skip

_WHAT = {"PUBLIC": "technical", "PERSONAL": "about a learner or who wrote it", "SPECIAL": "health or family"}
_PUBLIC = {
    "assertion": "valid_from document_on document_until told_at tx retracted_tx",
    "person": "policy_digest",
    "registry_event": "xid effective_on detail",
    "registry_commit": "tx at",
    "registry_cluster": "system_identifier xid_base",
    "registry_version": "table_name row_id tx parent_id",
    "field_policy": "digest content first_used_at",
    "movement": "id number enrolment_id kind order_no order_on effective_on until_on reason_code "
    "from_organisation_id to_organisation_id from_grade to_grade cancels_id pair_id recorded_at",
    "transfer_request": "id enrolment_id to_organisation_id grade state hold_until requested_at changed_at",
    "promotion_rule": "from_year from_grade to_grade",
    "grading_scale": "code version grades marks valid_from valid_until",
    "result": "id enrolment_id subject_code period_code kind scale_code scale_version corrects_id recorded_at",
    "attendance_fact": "id enrolment_id lesson_no corrects_id recorded_at",
    "person_relationship": "id source_code exchange_id recorded_at verified_at",
    "consent": "id scope_code purpose_code recipient_code form recorded_at",
    "personal_file_entry": "id number kind recorded_at previous_hash hash",
    "special.record": "id source_code exchange_id key_id nonce recorded_at replaces_id",
    "special.reading": "id read_at",
}
_PERSONAL = {
    "registry_version": "content",
    "movement": "recorded_by",
    "transfer_request": "requested_by",
    "result": "mark recorded_by",
    "attendance_fact": "happened_on type reason_code hours recorded_by",
    "person_relationship": "child_id adult_id kind legal_representative evidence status act valid_from "
    "valid_until end_reason rights_limited_by recorded_by",
    "consent": "subject_id giver_id giver_relation given_on expires_on paper_location evidence_sha256 "
    "recorded_by withdrawn_at withdraw_reason",
    "personal_file_entry": "person_id subject_id happened_on paper_location scan_sha256 recorded_by",
    "special.record": "recorded_by",
    "special.reading": "reason read_by",
}
_SPECIAL = {
    "special.record": "person_id kind valid_from valid_until ciphertext",
    "special.reading": "person_id",
}


def upgrade() -> None:
    for statement in (*_TIMELINE, *_ORDERS, *_LEARNING, *_PEOPLE, *_VIEWS, *_GUARDS):
        op.execute(statement)
    for table in _APPEND_ONLY:
        _refuse_changes(table)
    for table, parent in _VERSIONED.items():
        _remember(table, parent)
    for sort, columns in (("PUBLIC", _PUBLIC), ("PERSONAL", _PERSONAL), ("SPECIAL", _SPECIAL)):
        for table, names in columns.items():
            for name in names.split():
                op.execute(f"comment on column {table}.{name} is '{sort}: {_WHAT[sort]}'")


def _refuse_changes(table: str) -> None:
    name = table.replace(".", "_")
    for event, level in (("update or delete", "row"), ("truncate", "statement")):
        op.execute(
            f"create trigger {name}_no_{event.split()[0]} before {event} on {table} "
            f"for each {level} execute function registry_append_only()"
        )


def _remember(table: str, parent: str) -> None:
    """Keep every version of a table's rows, beginning with those that stand there now."""
    op.execute(
        f"insert into registry_version select '{table}', id, 0, {parent}, to_jsonb(t) from {table} t"  # noqa: S608
    )
    op.execute(
        f"create trigger {table}_remember after insert or update or delete on {table} "
        f"for each row execute function registry_remember('{parent}')"
    )
