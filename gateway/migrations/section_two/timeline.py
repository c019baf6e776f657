"""Record time: versions of rows stamped at commit, policies in use, events behind a horizon."""

TIMELINE = (
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
VERSIONED = {
    "person": "master_id",
    "person_identifier": "person_id",
    "organisation": "id",
    "enrolment": "person_id",
    "enrolment_status_period": "enrolment_id",
    "review_case": "person_id",
    "person_relationship": "child_id",
    "consent": "subject_id",
}
