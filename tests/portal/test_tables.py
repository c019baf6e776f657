"""The table of drafts as PostgreSQL has it."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from gateway.foundation.database import Base, sqlalchemy_url
from gateway.portal.drafts import DraftRow


def test_the_model_is_the_migrated_table(database_url: str) -> None:
    """What the code believes about drafts is what the migration made."""
    engine = create_engine(sqlalchemy_url(database_url))
    with engine.connect() as connection:
        found = [
            str(each) for each in compare_metadata(MigrationContext.configure(connection), Base.metadata)
        ]
    engine.dispose()
    name = DraftRow.__tablename__
    assert [each for each in found if f"'{name}'" in each and "modify_comment" not in each] == []
