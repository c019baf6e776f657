"""Record time for less: one stamp a transaction instead of one a row, versions of new rows a statement at a time."""

from alembic import op

from gateway.migrations.section_two.timeline import VERSIONED

_DEFINER = "security definer set search_path = pg_catalog, public"
_STATEMENTS = (
    "create table registry_pending (tx bigint constraint pk_registry_pending primary key)",
    "comment on column registry_pending.tx is 'PUBLIC: says nothing about a person'",
    # whoever takes the transaction's number leaves one row, whose deferred trigger stamps it when it commits
    f"""
    create or replace function registry_tx() returns bigint language plpgsql {_DEFINER} as $$
    declare present text := current_setting('kopuro.tx', true);
    begin
        if coalesce(present, '') = '' then
            present := set_config('kopuro.tx', nextval('registry_tx_seq')::text, true);
            insert into registry_pending values (present::bigint);
        end if;
        return present::bigint;
    end $$
    """,
    f"""
    create or replace function registry_stamp() returns trigger language plpgsql {_DEFINER} as $$
    begin
        insert into registry_commit values (
            new.tx, coalesce(nullif(current_setting('kopuro.now', true), '')::timestamptz, clock_timestamp())
        ) on conflict do nothing;
        delete from registry_pending where tx = new.tx;
        return null;
    end $$
    """,
    "drop trigger registry_version_stamp on registry_version",
    "drop trigger assertion_stamp on assertion",
    "drop function registry_stamp_assertion()",
    """
    create constraint trigger registry_pending_stamp after insert on registry_pending
        deferrable initially deferred for each row execute function registry_stamp()
    """,
    f"""
    create function registry_remember_new() returns trigger language plpgsql {_DEFINER} as $$
    declare taken bigint;
    begin
        if not exists (select 1 from fresh) then return null; end if;
        taken := registry_tx();
        insert into registry_version (table_name, row_id, tx, parent_id, content)
            select tg_table_name, (content->>'id')::uuid, taken, (content->>tg_argv[0])::uuid, content
            from (select to_jsonb(f) as content from fresh f) seen
        on conflict (table_name, row_id, tx)
            do update set content = excluded.content, parent_id = excluded.parent_id;
        return null;
    end $$
    """,
)


def stamp_once() -> None:
    """Stamp transactions once, and remember new rows by the statement."""
    for statement in _STATEMENTS:
        op.execute(statement)
    for table, parent in VERSIONED.items():
        op.execute(f"drop trigger {table}_remember on {table}")
        op.execute(
            f"create trigger {table}_remember after update or delete on {table} "
            f"for each row execute function registry_remember('{parent}')"
        )
        op.execute(
            f"create trigger {table}_remember_new after insert on {table} referencing new table as fresh "
            f"for each statement execute function registry_remember_new('{parent}')"
        )
