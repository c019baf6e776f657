"""Reference books, organisations (Section I) and staff (Section III), with the laws the database itself keeps."""

from alembic import op

from gateway.migrations.sections import books, organisations, staff
from gateway.migrations.sections.functions import FUNCTIONS
from gateway.migrations.sections.laws import APPEND_ONLY, BEGINS_ON, HISTORY, KEEPS_TO_BOOKS, TRIGGERS

revision = "0006"
down_revision = "0005"

_STATEMENTS = (*books.TABLES, *organisations.TABLES, *staff.TABLES, *FUNCTIONS, *TRIGGERS)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    for table, what in KEEPS_TO_BOOKS.items():
        day, *pairs = what.split(" ")
        _guard(table, "books", "insert or update", _call("keep_to_books", day, *"=".join(pairs).split("=")))
    for table, end in HISTORY.items():
        _guard(table, "history", "update or delete", _call("only_ends", end))
    for table, first in BEGINS_ON.items():
        event = f"insert or update of organisation_id, {first}"
        _guard(table, "is_open", event, _call("organisation_is_open", first))
    for table in APPEND_ONLY:
        _guard(table, "append_only", "update or delete", _call("journal_append_only"))
    for table in (*APPEND_ONLY, *HISTORY):
        _guard(table, "truncate", "truncate", _call("journal_append_only"), each="statement")


def _call(function: str, *arguments: str) -> str:
    return f"{function}({', '.join(repr(argument) for argument in arguments)})"


def _guard(table: str, name: str, event: str, call: str, *, each: str = "row") -> None:
    op.execute(
        f"create trigger {table}_{name} before {event} on {table} for each {each} execute function {call}"
    )
