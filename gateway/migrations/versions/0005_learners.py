"""Section II: orders, marks, attendance, guardians, consents, files; and what the registry knew at every moment."""

from alembic import op

from gateway.migrations.section_two.classes import PERSONAL, PUBLIC, SPECIAL, WHAT
from gateway.migrations.section_two.guards import APPEND_ONLY, GUARDS, VIEWS
from gateway.migrations.section_two.learning import LEARNING
from gateway.migrations.section_two.orders import ORDERS
from gateway.migrations.section_two.people import PEOPLE
from gateway.migrations.section_two.timeline import TIMELINE, VERSIONED

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for statement in (*TIMELINE, *ORDERS, *LEARNING, *PEOPLE, *VIEWS, *GUARDS):
        op.execute(statement)
    for table in APPEND_ONLY:
        _refuse_changes(table)
    for table, parent in VERSIONED.items():
        _remember(table, parent)
    for sort, columns in (("PUBLIC", PUBLIC), ("PERSONAL", PERSONAL), ("SPECIAL", SPECIAL)):
        for table, names in columns.items():
            for name in names.split():
                op.execute(f"comment on column {table}.{name} is '{sort}: {WHAT[sort]}'")


def _refuse_changes(table: str) -> None:
    name = table.replace(".", "_")
    for event, level in (("update or delete", "row"), ("truncate", "statement")):
        op.execute(
            f"create trigger {name}_no_{event.split()[0]} before {event} on {table} "
            f"for each {level} execute function registry_append_only()"
        )


def _remember(table: str, parent: str) -> None:
    """Keep every version of a table's rows, beginning with those that stand there now."""
    op.execute(f"insert into registry_version select '{table}', id, 0, {parent}, to_jsonb(t) from {table} t")
    op.execute(
        f"create trigger {table}_remember after insert or update or delete on {table} "
        f"for each row execute function registry_remember('{parent}')"
    )
