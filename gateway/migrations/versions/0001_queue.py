"""The queue's own tables and functions (Procrastinate)."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0001"
down_revision = None


def upgrade() -> None:
    # many statements in one text: the driver's own cursor takes them without parameters
    with op.get_bind().connection.cursor() as cursor:
        cursor.execute(SchemaManager.get_schema())
