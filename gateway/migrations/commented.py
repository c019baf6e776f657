"""Tables whose every column says what kind of data it holds."""

import re

from alembic import op

CLASSES = {
    "CREDENTIAL": "opens something",
    "PERSONAL": "tells about a person",
    "CONTACT": "reaches somebody",
    "SPECIAL": "health, family or other specially protected facts",
    "PUBLIC": "says nothing about a person",
}


def create_table(table: str, *columns: tuple[str, str, str], constraints: tuple[str, ...] = ()) -> None:
    """Create a table of (column, type, class) and comment every column with its class of data.

    Keys and references written in a column's type get the names of our convention.
    """
    lines = [f"{name} {_named(table, name, kind)}" for name, kind, _ in columns]
    op.execute(f"create table {table} ({', '.join((*lines, *constraints))})")
    for name, _, data_class in columns:
        if data_class not in CLASSES:
            raise ValueError(f"{table}.{name}: {data_class} is no class of data")
        op.execute(f"comment on column {table}.{name} is '{data_class}: {CLASSES[data_class]}'")


def _named(table: str, column: str, kind: str) -> str:
    kind = kind.replace("primary key", f"constraint pk_{table} primary key")
    kind = re.sub(r"\bunique\b", f"constraint uq_{table}_{column} unique", kind)
    kind = re.sub(r"\bcheck\b", f"constraint ck_{table}_{column} check", kind, count=1)
    return re.sub(r"\breferences\b", f"constraint fk_{table}_{column} references", kind)
