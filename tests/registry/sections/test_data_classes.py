"""Every column of the database has a class, and what the log lets through is none of the protected ones."""

import pytest
from sqlalchemy import text

from gateway.foundation import logging
from gateway.foundation.data_classes import DataClass, data_classes
from gateway.foundation.database import Database


@pytest.mark.requirement("R-003")
async def test_every_column_has_a_class(database: Database) -> None:
    """A column that nobody gave a class fails here, whichever table or view it is of."""
    async with database.transaction() as session:
        found = await data_classes(session)
    assert len(found) > 400
    assert [f"{each.table}.{each.column}" for each in found if each.data_class is None] == []


async def test_a_new_column_without_a_class_is_noticed(database: Database) -> None:
    """A column, a table or a view added without a comment shows as one without a class; so does a made-up class."""
    async with database.transaction() as session:
        await session.execute(text("alter table site add telephone text"))
        await session.execute(text("create view everybody as select surname from person"))
        await session.execute(text("comment on column person.surname is 'SECRET: no such class'"))
        bare = {(each.table, each.column) for each in await data_classes(session) if each.data_class is None}
    assert bare == {("site", "telephone"), ("everybody", "surname"), ("person", "surname")}


async def test_a_column_has_the_class_of_what_it_holds(database: Database) -> None:
    """Names, numbers and bodies are personal, addresses contacts; organisations and books are public."""
    async with database.transaction() as session:
        found = {f"{each.table}.{each.column}": each.data_class for each in await data_classes(session)}
    for column in (
        "person.surname", "person_identifier.value", "assertion.value", "import_piece.sealed",
        "journal_body.ciphertext", "employment.person_id", "qualification.document_no", "procrastinate_jobs.args",
    ):  # fmt: skip
        assert found[column] is DataClass.PERSONAL, column
    assert found["journal_entry.peer_address"] is DataClass.CONTACT
    assert found["organisation.name_ru"] is found["book_value.name_ky"] is DataClass.PUBLIC


async def test_the_log_lets_no_protected_column_through(database: Database) -> None:
    """No field the log allows is named like a protected column, but the entry's id."""
    async with database.transaction() as session:
        found = await data_classes(session)
    protected = {each.column for each in found if each.data_class is not DataClass.PUBLIC}
    public = {each.column for each in found if each.data_class is DataClass.PUBLIC}
    assert protected & logging._ALLOWED - public == {"person_id"}
