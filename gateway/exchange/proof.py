"""Verify one exchange now, row by row, and give the proof of a row that somebody else can check."""

import hashlib
import hmac
import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from psycopg import IsolationLevel

from gateway.crypto.certificates import fingerprint, public_key
from gateway.crypto.digest import SIGNATURES
from gateway.crypto.verification import verify_bytes
from gateway.evidence.hash_chain import path
from gateway.exchange.entry import canonical_bytes
from gateway.exchange.errors import JournalDamaged, JournalUnavailable
from gateway.exchange.keys import JournalKeys
from gateway.exchange.row import is_stored
from gateway.exchange.sealed import read_seal
from gateway.exchange.statement import Seal, numbers_in
from gateway.exchange.stored import SELECTED, SHA256, Connection, StoredRow, connect
from gateway.foundation.database import Database, psycopg_conninfo
from gateway.foundation.errors import SignatureError

_ROWS = f"select {SELECTED} from journal_entry where exchange_id = %s order by seq"  # noqa: S608 – our own names
_BODIES = "select part, key_id, nonce, ciphertext from journal_body where entry_id = %s"
_SEAL = """
    select number, previous_hash, seqs::text, entry_count, sealed_at, cluster, floor_seq, upto_xid, upto_seq,
           root, algorithm, certificate, signature, seal_hash, leaves
    from journal_seal where seqs @> %s::bigint order by number limit 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProof:
    """What was found of one row; a body is "whole", "changed" or "purged", None where the row has none.

    `sealed` is None while no seal covers the row: the sealer comes about once a second.
    """

    seq: int
    entry_id: UUID
    kind: str
    attempt: int
    authentic: bool
    request: str | None
    response: str | None
    seal_number: int | None = None
    sealed_at: int | None = None
    sealed: bool | None = None
    signed: bool | None = None

    @property
    def whole(self) -> bool:
        """Tell whether nothing speaks against the row."""
        bodies = "changed" not in {self.request, self.response}
        return self.authentic and bodies and self.sealed is not False and self.signed is not False


async def prove_exchange(
    database: Database, keys: JournalKeys, exchange_id: UUID, *, certificates: Iterable[x509.Certificate]
) -> tuple[RowProof, ...]:
    """Check MAC, bodies, leaf, root and signature of every row of an exchange; raises JournalUnavailable."""
    known = {fingerprint(certificate): certificate for certificate in certificates}
    try:
        async with await connect(psycopg_conninfo(database.url), "kopuro proof") as connection:
            await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
            rows = await _rows(connection, exchange_id)
            return tuple([await _prove(connection, keys, row, known) for row in rows])
    except psycopg.Error as error:
        state = error.sqlstate or type(error).__name__
        raise JournalUnavailable(f"the journal cannot be read (SQLSTATE {state})") from None


async def proof_bundle(
    database: Database, exchange_id: UUID, *, certificates: Iterable[x509.Certificate]
) -> bytes:
    """Pack what proves the sealed rows of an exchange to somebody who has none of our keys: a ZIP, without bodies.

    Each row comes as it was sealed, with the digests of its bodies, the path to the root, the signed statement and our
    certificate. Raises JournalUnavailable.
    """
    known = {fingerprint(certificate): certificate for certificate in certificates}
    out = io.BytesIO()
    try:
        async with await connect(psycopg_conninfo(database.url), "kopuro proof") as connection:
            rows = await _rows(connection, exchange_id)
            seals = [await _seal_of(connection, row.seq) for row in rows]
    except psycopg.Error as error:
        state = error.sqlstate or type(error).__name__
        raise JournalUnavailable(f"the journal cannot be read (SQLSTATE {state})") from None
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", _READ_ME)
        for row, seal in zip(rows, seals, strict=True):
            _pack(archive, row, seal, known)
    return out.getvalue()


async def _rows(connection: Connection, exchange_id: UUID) -> list[StoredRow]:
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(_ROWS, (exchange_id,))
        return [StoredRow.of(row) for row in await cursor.fetchall()]


async def _seal_of(connection: Connection, seq: int) -> Seal | None:
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(_SEAL, (seq,))
        found = await cursor.fetchone()
        return read_seal(found) if found else None


async def _prove(
    connection: Connection, keys: JournalKeys, row: StoredRow, known: dict[str, x509.Certificate]
) -> RowProof:
    assert row.entry_id is not None
    bodies = await _bodies(connection, row.entry_id)
    seal = await _seal_of(connection, row.seq)
    authentic = isinstance(row.mac, bytes) and hmac.compare_digest(row.mac, keys.mac_of(row.canonical()))
    return RowProof(
        seq=row.seq,
        entry_id=row.entry_id,
        kind=row.value("kind"),
        attempt=row.value("attempt"),
        authentic=authentic,
        request=_state(row, "request", bodies, keys),
        response=_state(row, "response", bodies, keys),
        seal_number=seal.number if seal else None,
        sealed_at=seal.statement.head.sealed_at if seal else None,
        sealed=_covers(seal, row) if seal else None,
        signed=_is_signed(seal, known) if seal else None,
    )


async def _bodies(connection: Connection, entry_id: UUID) -> dict[str, tuple[str, bytes, bytes]]:
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(_BODIES, (entry_id,))
        return {part: (key_id, nonce, hidden) for part, key_id, nonce, hidden in await cursor.fetchall()}


def _state(row: StoredRow, part: str, bodies: dict[str, Any], keys: JournalKeys) -> str | None:
    digest = row.value(f"{part}_sha256")
    if digest is None or not is_stored(part, row.value("kind")):
        return None
    if part not in bodies:
        return "purged"
    try:
        plain = keys.reveal(bodies[part], row.entry_id or UUID(int=0), part)
    except JournalDamaged:
        return "changed"
    return "whole" if hashlib.sha256(plain).digest() == digest else "changed"


def _covers(seal: Seal, row: StoredRow) -> bool:
    """Tell whether the row is the one the seal's tree was built over."""
    place = _place(seal, row.seq)
    head = seal.statement.head
    fits = len(seal.leaves) == head.entry_count and head.root_over(seal.leaves) == seal.statement.root
    return fits and place is not None and seal.leaves[place] == row.leaf()


def _place(seal: Seal, seq: int) -> int | None:
    return next(
        (place for place, number in enumerate(numbers_in(seal.statement.head.ranges)) if number == seq), None
    )


def _is_signed(seal: Seal, known: dict[str, x509.Certificate]) -> bool:
    certificate = known.get(seal.statement.certificate)
    algorithm = SIGNATURES.get(seal.statement.algorithm)
    if certificate is None or algorithm is None:
        return False
    try:
        verify_bytes(
            public_key(certificate), algorithm, signature=seal.signature, data=seal.statement.content()
        )
    except SignatureError:
        return False
    return True


def _pack(
    archive: zipfile.ZipFile, row: StoredRow, seal: Seal | None, known: dict[str, x509.Certificate]
) -> None:
    folder = f"{row.seq}-{row.value('kind')}"
    archive.writestr(f"{folder}/row.json", canonical_bytes(row.values))
    if seal is None or (place := _place(seal, row.seq)) is None:
        return
    statement = seal.statement
    leaves = [hashlib.sha256(statement.head.content()).digest(), *seal.leaves]
    branches: Sequence[Any] = path(leaves, place + 1, SHA256)
    proof = {
        "seq": row.seq,
        "xid": row.xid,
        "mac": (row.mac or b"").hex(),
        "leaf": row.leaf().hex(),
        "path": [{"digest": branch.digest.hex(), "on_left": branch.on_left} for branch in branches],
        "root": statement.root.hex(),
    }
    archive.writestr(f"{folder}/proof.json", json.dumps(proof, indent=1))
    archive.writestr(f"{folder}/statement.json", statement.content())
    archive.writestr(f"{folder}/statement.sig", seal.signature)
    if certificate := known.get(statement.certificate):
        archive.writestr(f"{folder}/certificate.pem", certificate.public_bytes(Encoding.PEM))


_READ_ME = """\
Proof of rows of the Köpürö journal. One folder a row; needed are SHA-256 and the certificate inside.

1. statement.sig is the signature over the bytes of statement.json by the key of certificate.pem, with the algorithm the
   statement names. Compare the certificate with one you have from us by another way.
2. leaf = the X-Road step hash (http://cyber.ee/hashchain, SHA-256) of three digests: SHA-256 of "<seq> <xid> " followed
   by the bytes of row.json and the MAC of proof.json; the row's request_sha256; its response_sha256 (32 zero bytes
   where there is none).
3. Climb from the leaf by the path: the step hash of each pair, the branch on its side. The end is the root, which
   statement.json names.
4. request_sha256 and response_sha256 of row.json are SHA-256 of the messages as they travelled.
"""
