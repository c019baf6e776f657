"""Nothing that was acknowledged is lost, however often the process is killed."""

import asyncio
import secrets
import shutil
import sys
from pathlib import Path

from sqlalchemy import text

from gateway.crypto.digest import signature_algorithm
from gateway.crypto.keys import FileSigner
from gateway.exchange.keys import JournalKeys
from gateway.exchange.seal import Sealer
from gateway.exchange.verify import verify_journal
from gateway.foundation.database import Database
from tests.pki import key_pair

ROOT = Path(__file__).resolve().parents[2]
_KILLS = 5


async def _record_and_kill(url: str, secret: bytes, folder: Path) -> set[str]:
    """Let the recorder acknowledge some hundred entries, kill it, and give the ids it printed whole."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.exchange.recorder", url, secret.hex(), str(folder),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    acknowledged = [await process.stdout.readline() for _ in range(200 + secrets.randbelow(100))]
    process.kill()
    rest = await process.stdout.read()
    assert await process.wait() == -9
    acknowledged += [line for line in rest.splitlines(keepends=True) if line.endswith(b"\n")]
    return {line.decode().strip() for line in acknowledged}


async def test_no_acknowledged_entry_is_missing_after_kills(database: Database, tmp_path: Path) -> None:
    """After several SIGKILLs in mid-flight every acknowledged entry is there, and the journal verifies."""
    secret = secrets.token_bytes(32)
    for source, name in zip(key_pair("seal"), ("seal.key", "seal.crt"), strict=True):
        shutil.copy(source, tmp_path / name)
    acknowledged: set[str] = set()
    for _ in range(_KILLS):
        acknowledged |= await _record_and_kill(database.url, secret, tmp_path)
    async with database.transaction() as session:
        stored = set((await session.execute(text("select entry_id::text from journal_entry"))).scalars())
    assert len(acknowledged) >= _KILLS * 200
    assert acknowledged <= stored
    signer = FileSigner(tmp_path / "seal.key", tmp_path / "seal.crt", signature_algorithm("rsa-sha256"))
    sealer = Sealer(database, signer, tmp_path / "seals")
    await sealer.seal_once()
    await sealer.close()
    report = await verify_journal(
        database,
        JournalKeys(body=secret, mac=secret, subject=secret),
        anchor_file=tmp_path / "seals",
        certificates=[signer.certificate],
    )
    assert [str(problem) for problem in report.problems] == []
    assert (report.sealed, report.unsealed) == (len(stored), 0)
    assert report.seals > _KILLS
