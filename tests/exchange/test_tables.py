"""The journal's tables: append-only, as the models say, and nothing of a body readable."""

import secrets

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from gateway.crypto.keys import make_secret
from gateway.exchange.errors import JournalDamaged
from gateway.exchange.keys import JournalKeys, read_journal_keys
from gateway.exchange.search import show
from gateway.foundation.database import Base, Database
from gateway.foundation.errors import SettingsError
from tests.exchange.journal import PIN, Journal, make_entry, make_keys

TABLES = ("journal_entry", "journal_body", "journal_claim", "journal_seal")


def _differences(connection: Connection) -> list[str]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    found = []
    for difference in compare_metadata(context, Base.metadata):
        steps = difference if isinstance(difference, list) else [difference]
        found += [repr(step) for step in steps if "journal_" in repr(step) and step[0] != "modify_comment"]
    return found


async def test_the_models_agree_with_the_migration(database: Database) -> None:
    """Alembic finds nothing to change between the journal's models and its tables."""
    async with database.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("statement", ["update {0} set {1} = {1}", "delete from {0}", "truncate {0}"])
async def test_the_tables_are_append_only(journal: Journal, table: str, statement: str) -> None:
    """UPDATE, DELETE and TRUNCATE are refused; of bodies, which retention may purge, only DELETE is not."""
    for number in range(3):
        await journal.exchange(number)
    await journal.sealer.seal_once()
    async with journal.database.transaction() as session:
        await session.execute(
            text("insert into journal_claim values ('c', 's', 'm', 'x', gen_random_uuid())")
        )
    column = "number" if table == "journal_seal" else "entry_id"

    async def change() -> None:
        async with journal.database.transaction() as session:
            await session.execute(text(statement.format(table, column)))

    if (table, statement) == ("journal_body", "delete from {0}"):
        await change()
    else:
        with pytest.raises(ProgrammingError, match="is append-only"):
            await change()


async def test_no_personal_data_is_readable_in_the_tables(journal: Journal) -> None:
    """Neither the PIN nor a word of a body stands in any column of the journal's tables."""
    await journal.exchange(1)
    await journal.exchange(3)
    await journal.sealer.seal_once()
    async with journal.database.transaction() as session:
        await session.execute(text("set local bytea_output = 'escape'"))
        for table in TABLES:
            for (row,) in (await session.execute(text(f"select t::text from {table} t"))).all():
                assert PIN not in row
                assert "<ask>" not in row
                assert PIN.encode().hex() not in row


def test_a_body_opens_only_where_it_was_put() -> None:
    """A body is bound to its entry and its part, and every changed bit is noticed."""
    keys, entry, other = make_keys(), make_entry().entry_id, make_entry().entry_id
    key_id, nonce, ciphertext = keys.hide(PIN.encode(), entry, "request")
    assert keys.reveal((key_id, nonce, ciphertext), entry, "request") == PIN.encode()
    wrong = [
        ((key_id, nonce, ciphertext), other, "request"),
        ((key_id, nonce, ciphertext), entry, "response"),
        ((key_id, nonce, ciphertext[:-1] + bytes([ciphertext[-1] ^ 1])), entry, "request"),
        ((key_id, nonce[:-1] + bytes([nonce[-1] ^ 1]), ciphertext), entry, "request"),
        ((key_id, b"", ciphertext), entry, "request"),
        ((key_id, nonce, b""), entry, "request"),
        (("00000000", nonce, ciphertext), entry, "request"),
    ]
    for hidden, entry_id, part in wrong:
        with pytest.raises(JournalDamaged):
            keys.reveal(hidden, entry_id, part)


def test_bodies_under_an_older_key_stay_readable() -> None:
    """After the body key is changed, what was written before still opens, and new bodies use the new key."""
    old, new, entry = secrets.token_bytes(32), secrets.token_bytes(32), make_entry().entry_id
    rest = {"mac": secrets.token_bytes(32), "subject": secrets.token_bytes(32)}
    hidden = JournalKeys(body=old, **rest).hide(b"told", entry, "response")
    changed = JournalKeys(body=new, older=(old,), **rest)
    assert changed.reveal(hidden, entry, "response") == b"told"
    assert changed.hide(b"told", entry, "response")[0] == changed.body_key_id != hidden[0]


def test_the_pseudonym_needs_the_key() -> None:
    """The same PIN has one pseudonym under one key, and another under another."""
    keys = make_keys()
    assert keys.subject_of(PIN) == keys.subject_of(PIN)
    assert keys.subject_of(PIN) != make_keys().subject_of(PIN)
    assert len(keys.subject_of(PIN)) == 32


def test_keys_are_read_from_private_files(tmp_path) -> None:
    """The three keys come from files of 32 bytes that nobody else may read."""
    files = [tmp_path / name for name in ("body", "mac", "subject")]
    for file in files:
        make_secret(file)
    keys = read_journal_keys(*files)
    assert keys.mac_of(b"x") == read_journal_keys(*files).mac_of(b"x")
    files[1].chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        read_journal_keys(*files)


async def test_swapped_ciphertexts_are_noticed_when_shown(journal: Journal) -> None:
    """Two bodies exchanged in the table do not open: nobody is shown another person's answer."""
    entries = [make_entry(), make_entry()]
    for entry in entries:
        await journal.writer.record(entry, request=b"ask", response=b"told")
    async with journal.database.transaction() as session:
        await session.execute(text("set local session_replication_role = replica"))
        await session.execute(
            text("""
                update journal_body one set nonce = other.nonce, ciphertext = other.ciphertext
                from journal_body other where one.part = other.part and one.entry_id <> other.entry_id
            """)
        )
    with pytest.raises(JournalDamaged):
        await show(journal.database, journal.keys, entries[0].entry_id, bodies=True)
