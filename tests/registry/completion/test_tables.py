"""The tables of revision 0012 as the models know them, and record time for less."""

from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

import gateway.access.model
import gateway.registry.enquiries
import gateway.registry.learners.class_tables
import gateway.registry.organisations.model
import gateway.registry.papers.model
import gateway.registry.registers.model
import gateway.registry.staff.leave_model  # noqa: F401 - every table of the revision is mapped
from gateway.foundation.database import Base, Database
from gateway.registry.repository import create_person

MINE = {
    "class_membership", "exam_result", "staff_leave", "signed_content", "register_definition", "register_entry",
    "enquiry", "enquiry_message", "role_grant", "organisation_confirmation",
}  # fmt: skip


async def test_the_models_are_the_migrated_tables(database: Database) -> None:
    """What the code believes about these tables is what the migration made, nullability and indexes included."""

    def differences(connection: Connection) -> list[object]:
        options = {"include_name": lambda name, kind, parents: kind != "table" or name in MINE}
        found = compare_metadata(
            MigrationContext.configure(connection, opts={"compare_type": False, **options}), Base.metadata
        )
        flat = [each for one in found for each in (one if isinstance(one, list) else [one])]
        return [each for each in flat if each[0] != "modify_comment" and _table_of(each) in MINE]

    async with database.engine.connect() as connection:
        assert set(Base.metadata.tables) >= MINE
        assert await connection.run_sync(differences) == []


def _fail() -> None:
    raise LookupError


def _table_of(difference: tuple) -> str:
    if difference[0].startswith("modify"):
        return difference[2]
    return getattr(getattr(difference[1], "table", difference[1]), "name", "")


async def test_a_transaction_is_stamped_once_when_it_commits(database: Database) -> None:
    """However many rows it writes, one stamp: at the commit, none for a rollback or a savepoint undone, nothing pending."""
    began = datetime.now(UTC)
    async with database.transaction() as session:
        for _ in range(3):
            await create_person(session, at=began)
        undone = await session.begin_nested()
        await create_person(session, at=began)
        await undone.rollback()
    with pytest.raises(LookupError):
        async with database.transaction() as session:
            await create_person(session, at=began)
            _fail()
    async with database.transaction() as session:
        stamped = await session.execute(
            text("select count(*), min(at) from registry_commit where at >= :began"), {"began": began}
        )
        assert stamped.one()[0] == 1
        versions = await session.execute(
            text("select count(*), count(distinct v.tx), count(c.tx) from registry_version v "
                 "left join registry_commit c on c.tx = v.tx where table_name = 'person'")
        )  # fmt: skip
        assert tuple(versions.one()) == (3, 1, 3)
        pending = await session.execute(text("select count(*) from registry_pending"))
        assert pending.scalar_one() == 0
