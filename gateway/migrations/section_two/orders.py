"""Orders and the periods they make; transfers; which grade follows which."""

ORDERS = (
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
