"""The class of every column, read from the database itself: what is masked, withheld or free to show."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


class DataClass(StrEnum):
    """What a column holds; everything but PUBLIC is masked, and withheld from the open part."""

    CREDENTIAL = "CREDENTIAL"
    PERSONAL = "PERSONAL"
    CONTACT = "CONTACT"
    SPECIAL = "SPECIAL"
    PUBLIC = "PUBLIC"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassedColumn:
    """A column of a table with its class; None where nobody gave it one, which a test refuses."""

    table: str
    column: str
    data_class: DataClass | None


_COLUMNS = text(r"""
    select c.relname, a.attname, substring(col_description(c.oid, a.attnum) from '^([A-Z]+): ') as class
    from pg_class c join pg_attribute a on a.attrelid = c.oid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relkind in ('r', 'p', 'v', 'm', 'f')
        and a.attnum > 0 and not a.attisdropped
    order by c.relname, a.attnum
""")


async def data_classes(session: AsyncSession) -> tuple[ClassedColumn, ...]:
    """Read the class of every column of every table and view, in the order they stand in."""
    known = {each.value: each for each in DataClass}
    return tuple(
        ClassedColumn(table=row.relname, column=row.attname, data_class=known.get(row[2] or ""))
        for row in await session.execute(_COLUMNS)
    )
