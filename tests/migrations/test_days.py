"""The database counts days as the program does, by the clock in Bishkek."""

import psycopg
from alembic import command

from gateway.foundation.database import psycopg_conninfo
from gateway.migrations.upgrade import configuration, is_current, upgrade

_LAWS = """
    select p.oid::regprocedure::text as name, p.prosrc as law from pg_proc p
        join pg_namespace n on n.oid = p.pronamespace where n.nspname in ('public', 'special')
    union all
    select c.oid::regclass::text, pg_get_viewdef(c.oid) from pg_class c
        join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'v' and n.nspname in ('public', 'special')
    union all
    select tablename || '.' || policyname, concat(qual, with_check) from pg_policies
"""
_BY_UTC = f"select name from ({_LAWS}) laws where law ~* 'time ?zone[^)]*''utc''[^)]*\\)+::date|current_date'"
_BY_BISHKEK = f"select name from ({_LAWS}) laws where law like '%Asia/Bishkek%' order by name"
_RIGHTS = """
    select p.oid::regprocedure::text as name, p.proowner::regrole::text as owner, p.proacl::text as acl,
        concat(p.prosecdef, p.provolatile, p.proconfig) as options
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname in ('public', 'special')
    union all
    select c.oid::regclass::text, c.relowner::regrole::text, c.relacl::text,
        concat(c.reloptions, (select array_agg(col_description(c.oid, a.attnum) order by a.attnum)
            from pg_attribute a where a.attrelid = c.oid and a.attnum > 0))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'v' and n.nspname in ('public', 'special')
    order by 1
"""
_COUNTING = [
    "access_classes(text[])",
    "access_employs(uuid,uuid[])",
    "access_grants(text[])",
    "access_learns(uuid,uuid[])",
    "access_undertaken()",
    "class_learner",
    "employee_within_reach",
    "learner_within_reach",
]


def _read(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(psycopg_conninfo(url)) as connection:
        return connection.execute(query).fetchall()  # type: ignore[call-overload,no-any-return]


def test_no_law_of_the_database_takes_the_day_of_utc(database_url: str) -> None:
    """Every function, view and policy that asks for the day asks for Kyrgyzstan's."""
    assert _read(database_url, _BY_UTC) == []
    assert [name for (name,) in _read(database_url, _BY_BISHKEK)] == _COUNTING


def test_rights_owner_and_options_stay(database_url: str) -> None:
    """Neither way changes who owns a function or view, who may use it, and with whose rights it runs."""
    after = _read(database_url, _RIGHTS)
    command.downgrade(configuration(database_url), "0019")
    assert sorted(str(name) for (name,) in _read(database_url, _BY_UTC)) == _COUNTING
    assert _read(database_url, _BY_BISHKEK) == []
    assert _read(database_url, _RIGHTS) == after
    upgrade(database_url)
    assert is_current(database_url)
    assert _read(database_url, _RIGHTS) == after
    assert _read(database_url, _BY_UTC) == []
