"""Keep what was signed, and check it again whenever somebody asks."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.crypto.detached import DetachedSignature, SignedBy, Trust, verify_detached
from gateway.foundation.errors import SignatureError
from gateway.registry.papers.model import SignedContent
from gateway.registry.writing import write


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is kept of a signature: the bytes, who signed them, when, and what is wrong with it now (or nothing)."""

    content: bytes
    detached: DetachedSignature
    signer_id: UUID | None
    signed_at: datetime
    signed_by: SignedBy | None
    problem: str


async def keep_signed(  # noqa: PLR0913 - what was signed, how, about whom, by whom, when
    session: AsyncSession,
    content: bytes,
    detached: DetachedSignature,
    *,
    kind: str,
    subject_id: UUID,
    signer_id: UUID | None,
    at: datetime,
) -> UUID:
    """Keep signed bytes with their signature and give the id; check the signature before."""
    made = uuid4()
    await write(
        session,
        insert(SignedContent).values(
            id=made,
            kind=kind,
            subject_id=subject_id,
            content=content,
            digest=hashlib.sha256(content).digest(),
            algorithm=detached.algorithm,
            signature=detached.signature,
            certificate=detached.certificate,
            signer_id=signer_id,
            signed_at=at,
        ),
    )
    return made


async def read_evidence(session: AsyncSession, signature_id: UUID, *, trust: Trust) -> Evidence | None:
    """Read what was signed and verify it once more, as at the instant it was signed; None where there is nothing.

    A certificate revoked since shows as a problem: from then on the signature proves less than it did.
    """
    row = await session.get(SignedContent, signature_id)
    if row is None:
        return None
    detached = DetachedSignature(
        algorithm=row.algorithm, signature=row.signature, certificate=row.certificate
    )
    signed_by, problem = None, ""
    try:
        signed_by = verify_detached(row.content, detached, trust=trust, at=row.signed_at)
    except SignatureError as error:
        problem = str(error)
    return Evidence(
        content=row.content,
        detached=detached,
        signer_id=row.signer_id,
        signed_at=row.signed_at,
        signed_by=signed_by,
        problem=problem,
    )
