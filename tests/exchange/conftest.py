"""A journal over a fresh database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.exchange.keys import JournalKeys
from gateway.exchange.seal import Sealer
from gateway.exchange.writer import JournalWriter
from gateway.foundation.database import Database
from tests.exchange.journal import Journal, make_keys
from tests.pki import signer


@pytest.fixture
def keys() -> JournalKeys:
    """Random keys."""
    return make_keys()


@pytest_asyncio.fixture
async def journal(database: Database, keys: JournalKeys, tmp_path: Path) -> AsyncIterator[Journal]:
    """Open a journal."""
    anchor_file = tmp_path / "anchors" / "journal.seals"
    writer = JournalWriter(database, keys)
    sealer = Sealer(database, signer("journal"), anchor_file)
    await writer.start()
    yield Journal(database=database, keys=keys, writer=writer, sealer=sealer, anchor_file=anchor_file)
    await sealer.close()
    await writer.close()
