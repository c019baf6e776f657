"""The tables of access as PostgreSQL has them: like their models, classed, and bound by their constraints."""

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from gateway.access import model
from gateway.foundation.database import Base, Database, sqlalchemy_url
from gateway.migrations.commented import CLASSES
from tests.access.world import World

OURS = {
    mapper.local_table.name for mapper in Base.registry.mappers if mapper.class_.__module__ == model.__name__
}


def test_models_and_migration_agree(database_url: str) -> None:
    """No column, key or index of access stands in one and not in the other."""
    engine = create_engine(sqlalchemy_url(database_url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        found = [str(each) for each in compare_metadata(context, Base.metadata)]
    engine.dispose()
    assert len(OURS) == 12
    ours = [each for each in found if any(f"'{name}'" in each for name in OURS)]
    assert [
        each for each in ours if "modify_comment" not in each
    ] == []  # classes stand in the database alone


async def test_every_column_says_what_kind_of_data_it_holds(database: Database) -> None:
    """R-003: each column of access carries one of the five classes."""
    question = text("""
        select c.relname || '.' || a.attname as name, col_description(c.oid, a.attnum) as said
        from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relname = any(:tables) and a.attnum > 0 and not a.attisdropped
    """)
    async with database.transaction() as session:
        rows = (await session.execute(question, {"tables": sorted(OURS)})).all()
    assert len(rows) > 90
    assert [row.name for row in rows if str(row.said).partition(": ")[0] not in CLASSES] == []


@pytest.mark.parametrize(
    "change",
    [
        "update account set state = 'ACTIVE', identified_at = null",
        "update account set state = 'BLOCKED'",
        "update account set login = 'Somebody Else'",
        "update account set person_id = (select person_id from account limit 1)",
        "update role_grant set order_no = null",
        "update role_grant set order_no = ''",
        "update role_grant set scope_type = 'REPUBLIC'",
        "update role_grant set territory = '%'",
        "update role_grant set role = 'OWN_PROGRAM'",
        "update role_grant set evidence = null",
        "update role_grant set organisation_id = null",
        "update undertaking set paper_location = ''",
        "update undertaking set briefing_id = gen_random_uuid()",
    ],
)
@pytest.mark.requirement("R-008")
async def test_what_the_regulation_forbids_the_table_refuses(world: World, change: str) -> None:
    """No account in use without identification, no role by order without one, no role beyond its kind of reach."""
    with pytest.raises(IntegrityError):
        await _execute(world, change)


async def _execute(world: World, statement: str, **values: Any) -> None:
    async with world.database.transaction() as session:
        await session.execute(text(statement), values)
