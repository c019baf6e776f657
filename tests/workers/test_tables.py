"""The background's tables: what the code believes, what the columns are, what is refused."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

import gateway.disclosure.model
import gateway.registry.timeline.tables  # noqa: F401 - every table these refer to is mapped
from gateway.disclosure.correction_tables import CorrectionNotice
from gateway.exchange.agency_tables import (
    AgencyBreaker,
    AgencyLedger,
    DeadLetter,
    FeedCursor,
    FeedItem,
    FeedPage,
    ScheduleMark,
    SourceAnswer,
    WorkHold,
)
from gateway.foundation.database import Base, Database
from gateway.registry.protection_tables import ProtectedPerson

MINE = {
    table.__tablename__
    for table in (
        AgencyBreaker, AgencyLedger, CorrectionNotice, DeadLetter, FeedCursor, FeedItem, FeedPage, ProtectedPerson, ScheduleMark,
        SourceAnswer, WorkHold,
    )
}  # fmt: skip


async def test_the_models_are_the_migrated_tables(database: Database) -> None:
    """What the code believes about these tables is what the migration made, and every column has a class."""

    def differences(connection: Connection) -> list[object]:
        options = {"include_name": lambda name, kind, parents: kind != "table" or name in MINE}
        context = MigrationContext.configure(connection, opts={"compare_type": False, **options})
        found = compare_metadata(context, Base.metadata)
        flat = [each for one in found for each in (one if isinstance(one, list) else [one])]
        return [each for each in flat if each[0] != "modify_comment" and _table_of(each) in MINE]

    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
        bare = await connection.execute(
            text(
                "select c.relname || '.' || a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid"
                " where c.relname = any(:mine) and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped"
                " and coalesce(col_description(c.oid, a.attnum), '') !~ '^[A-Z]+: '"
            ),
            {"mine": list(MINE)},
        )
        assert bare.scalars().all() == []


def _table_of(difference: tuple) -> str:
    if difference[0].startswith("modify"):
        return difference[2]
    named = difference[1]
    return getattr(getattr(named, "table", named), "name", "")
