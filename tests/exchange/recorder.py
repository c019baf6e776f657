"""A process that records without end, seals, and prints each acknowledged id; made to be killed."""

import asyncio
import os
import sys
from itertools import count
from pathlib import Path

from gateway.crypto.digest import signature_algorithm
from gateway.crypto.keys import FileSigner
from gateway.exchange.keys import JournalKeys
from gateway.exchange.seal import Sealer
from gateway.exchange.writer import JournalWriter
from gateway.foundation.database import Database
from tests.exchange.journal import make_entry


async def main(url: str, secret: bytes, folder: Path) -> None:
    """Record with sixteen hands."""
    database = Database(url)
    writer = JournalWriter(database, JournalKeys(body=secret, mac=secret, subject=secret))
    await writer.start()
    sealer = Sealer(
        database,
        FileSigner(folder / "seal.key", folder / "seal.crt", signature_algorithm("rsa-sha256")),
        folder / "seals",
        interval_seconds=0.02,
    )
    sealing = asyncio.create_task(sealer.run())

    async def record() -> None:
        for number in count():
            entry = make_entry()
            await writer.record(entry, request=b"ask %d" % number, response=b"told" * 100)
            os.write(1, f"{entry.entry_id}\n".encode())

    await asyncio.gather(sealing, *(record() for _ in range(16)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], bytes.fromhex(sys.argv[2]), Path(sys.argv[3])))
