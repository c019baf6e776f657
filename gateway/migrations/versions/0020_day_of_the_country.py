"""The day in Kyrgyzstan instead of UTC's: at night the walls and the program counted by two different days."""

from alembic import op

revision = "0020"
down_revision = "0019"

_UTC, _COUNTRY = "UTC", "Asia/Bishkek"


def _count_by(old: str, new: str) -> None:
    """Put one zone for the other wherever a function or view takes the day; rights, owner and options stay."""
    op.execute(f"""
        do $do$
        declare
            found record;
        begin
            for found in
                select pg_get_functiondef(p.oid) as law
                from pg_proc p join pg_namespace n on n.oid = p.pronamespace
                where n.nspname !~ '^pg_' and strpos(p.prosrc, $$now() at time zone '{old}')::date$$) > 0
            loop
                execute replace(
                    found.law, $$now() at time zone '{old}')::date$$, $$now() at time zone '{new}')::date$$
                );
            end loop;
            -- the server writes a view's text anew, and differently by its version: the zone alone is the same
            for found in
                select c.oid::regclass as name, pg_get_viewdef(c.oid) as law,
                    coalesce('with (' || array_to_string(c.reloptions, ', ') || ')', '') as options
                from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where c.relkind = 'v' and n.nspname !~ '^(pg_|information_schema$)'
                    and strpos(pg_get_viewdef(c.oid), $$'{old}'::text$$) > 0
            loop
                execute format(
                    'create or replace view %s %s as %s', found.name, found.options,
                    replace(found.law, $$'{old}'::text$$, $$'{new}'::text$$)
                );
            end loop;
        end $do$
    """)


def upgrade() -> None:
    """Count what is in force by the day in Kyrgyzstan."""
    _count_by(_UTC, _COUNTRY)


def downgrade() -> None:
    """Count by UTC's day again."""
    _count_by(_COUNTRY, _UTC)
