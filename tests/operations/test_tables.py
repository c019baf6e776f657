"""The tables of operators' work: what the code believes, what the columns are, and what the database refuses."""

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from gateway.foundation.database import Base, Database
from gateway.operations import alert_tables, incident_tables, replay_tables

MODULES = {module.__name__ for module in (alert_tables, incident_tables, replay_tables)}
MINE = {mapper.local_table.name for mapper in Base.registry.mappers if mapper.class_.__module__ in MODULES}
WALLED = sorted(MINE - {"operations_cursor"})


async def test_the_models_are_the_migrated_tables(database: Database) -> None:
    """No column, key or index of ours stands in one and not in the other."""

    def differences(connection: Connection) -> list[str]:
        context = MigrationContext.configure(connection)
        found = [str(each) for each in compare_metadata(context, Base.metadata)]
        return [each for each in found if any(f"'{name}'" in each for name in MINE)]

    async with database.engine.connect() as connection:
        found = await connection.run_sync(differences)
    assert len(MINE) == 11
    assert [each for each in found if "modify_comment" not in each] == []


async def test_every_column_has_a_class(database: Database) -> None:
    """Each column says whether it is personal."""
    statement = text(
        "select c.relname || '.' || a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid"
        " where c.relname = any(:mine) and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped"
        " and coalesce(col_description(c.oid, a.attnum), '') !~"
        " '^(CREDENTIAL|PERSONAL|CONTACT|SPECIAL|PUBLIC): '"
    )
    async with database.transaction() as session:
        assert (await session.execute(statement, {"mine": sorted(MINE)})).scalars().all() == []


RUN = """
    insert into replay_run (id, mode, effect, state, selection, reason, per_minute, stop_after, needs_approval,
        asked_by, asked_at, approved_by)
    values (gen_random_uuid(), 'ASK', 'WRITE', {state}, '{{}}', 'x', 60, 1, true, 'one', now(), {approved})
"""


@pytest.mark.parametrize(
    "statement",
    [
        RUN.format(state="'RUNNING'", approved="null"),
        RUN.format(state="'RUNNING'", approved="'one'"),
        (
            "insert into alert_rule (id, name, kind, parameters, urgent, quiet_from, enabled, changed_by, changed_at) "
            "values (gen_random_uuid(), 'x', 'CHAIN_BROKEN', '{}', false, '22:00', true, 'one', now())"
        ),
    ],
)
async def test_what_two_people_must_decide_the_table_refuses_from_one(
    database: Database, statement: Any
) -> None:
    """No run that needs a second person works without one, nor with the first one twice."""
    with pytest.raises(IntegrityError):
        async with database.transaction() as session:
            await session.execute(text(statement))
