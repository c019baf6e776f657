"""The trigger functions."""

FUNCTIONS = (
    # what a table of values was when it was chosen from stays readable: the trigger notes the book's version
    """
    create function keep_to_books() returns trigger language plpgsql as $$
    declare
        written jsonb := to_jsonb(new);
        before jsonb := case when tg_op = 'UPDATE' then to_jsonb(old) else '{}' end;
        versions jsonb := coalesce(before -> 'book_versions', '{}');
        -- the first argument names the column of the day, then follow pairs of column and book
        day date := case when tg_argv[0] <> '' then (written ->> tg_argv[0])::date end;
        moved boolean := tg_argv[0] <> '' and written -> tg_argv[0] is distinct from before -> tg_argv[0];
        newest integer;
    begin
        for place in 1 .. tg_nargs - 1 by 2 loop
            if written ->> tg_argv[place] is null then
                versions := versions - tg_argv[place];
            -- what was saved before there were books may stay until it is changed itself
            elsif moved or written -> tg_argv[place] is distinct from before -> tg_argv[place] then
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
        if not exists (
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
