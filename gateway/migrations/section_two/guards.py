"""Registers as views, and what nobody may change."""

VIEWS = (
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

GUARDS = (
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

APPEND_ONLY = (
    "registry_event", "registry_commit", "field_policy", "movement", "promotion_rule", "grading_scale", "result",
    "attendance_fact", "personal_file_entry", "special.record", "special.reading",
)  # fmt: skip
