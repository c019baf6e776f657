"""Keep an uploaded file encrypted for as long as it is needed: AES-256-GCM in pieces, each bound to its place.

Pieces keep the memory of a long file small. The batch, the number of a piece and whether it is the last are
authenticated, so none can be exchanged, moved or left out.
"""

import asyncio
import secrets
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.database import Database
from gateway.foundation.errors import RegistryError
from gateway.registry.import_tables import ImportBatch, ImportPiece

PIECE_BYTES = 1024 * 1024
_NONCE_BYTES = 12


async def lock_away(session: AsyncSession, content: bytes, *, key: bytes, batch_id: UUID) -> None:
    """Store a file in the caller's transaction, piece by piece, encrypted under `key`."""
    last = max(0, (len(content) - 1) // PIECE_BYTES)
    for number in range(last + 1):
        piece = content[number * PIECE_BYTES : (number + 1) * PIECE_BYTES]
        sealed = await asyncio.to_thread(
            _seal, piece, key=key, place=_place(batch_id, number, is_last=number == last)
        )
        await session.execute(insert(ImportPiece).values(batch_id=batch_id, number=number, sealed=sealed))


async def bring_out(database: Database, batch_id: UUID, *, key: bytes) -> bytes | None:
    """Give a stored file, or None when it is no longer kept.

    Raises RegistryError when the key, the batch, a piece or a bit of it is another.
    """
    async with database.transaction() as session:
        count = await session.scalar(select(func.count()).where(ImportPiece.batch_id == batch_id)) or 0
    whole = bytearray()
    for number in range(count):
        async with database.transaction() as session:
            sealed = await session.scalar(
                select(ImportPiece.sealed).where(
                    ImportPiece.batch_id == batch_id, ImportPiece.number == number
                )
            )
        place = _place(batch_id, number, is_last=number == count - 1)
        whole += await asyncio.to_thread(_open, sealed or b"", key=key, place=place)
    return bytes(whole) if count else None


async def drop(session: AsyncSession, batch_ids: Iterable[UUID]) -> None:
    """Drop the files of some batches in the caller's transaction."""
    await session.execute(delete(ImportPiece).where(ImportPiece.batch_id.in_(list(batch_ids))))


async def drop_expired(database: Database, *, now: datetime) -> int:
    """Drop every file that was to be kept until before `now`; give how many there were."""
    async with database.transaction() as session:
        found = await session.scalars(
            select(ImportBatch.id).where(
                ImportBatch.kept_until < now,
                select(ImportPiece.number).where(ImportPiece.batch_id == ImportBatch.id).exists(),
            )
        )
        expired = found.all()
        if expired:
            await drop(session, expired)
    return len(expired)


def _place(batch_id: UUID, number: int, *, is_last: bool) -> bytes:
    return batch_id.bytes + number.to_bytes(4) + bytes([is_last])


def _seal(piece: bytes, *, key: bytes, place: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, piece, place)


def _open(sealed: bytes, *, key: bytes, place: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place)
    except (InvalidTag, ValueError):
        raise RegistryError(
            "the uploaded file cannot be decrypted: its key was changed or it is damaged"
        ) from None
