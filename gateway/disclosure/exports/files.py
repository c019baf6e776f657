"""Hand a personal file over whole: signed, with a reason, and in the person's list of uses (R-046, R-069)."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.crypto.keys import Signer
from gateway.disclosure.exports.learners import INTERNAL_USE, SHORTEST_REASON
from gateway.disclosure.exports.model import ExportRecord
from gateway.disclosure.model import Disclosure
from gateway.foundation.clock import day_of
from gateway.foundation.errors import RegistryError
from gateway.registry.papers.whole_file import SignedFile, sign_file
from gateway.registry.reading import registry_seq

EXPORT_FILE = "export_file"
_FIELDS = ("personal_file",)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRequest:
    """Whose file, which organisation takes it for what, and by whom."""

    person_id: UUID
    organisation_code: str
    reason: str
    by: str


async def export_file(
    session: AsyncSession, request: FileRequest, signer: Signer, *, at: datetime
) -> SignedFile:
    """Sign the file and record who took it, in one transaction; raises RegistryError without a reason."""
    if len(request.reason.strip()) < SHORTEST_REASON:
        raise RegistryError("an export needs a reason: say what the data are for")
    signed = await sign_file(session, request.person_id, signer, at=at)
    await _record(session, request, signed)
    return signed


async def _record(session: AsyncSession, request: FileRequest, signed: SignedFile) -> None:
    digest = hashlib.sha256(signed.package)
    await session.execute(
        insert(ExportRecord).values(
            export_id=signed.signature_id,
            kind=EXPORT_FILE,
            organisation_code=request.organisation_code,
            fields=list(_FIELDS),
            row_count=1,
            reason=request.reason.strip(),
            exported_by=request.by,
            file_sha256=digest.hexdigest(),
            exported_at=signed.signed_at,
        )
    )
    await session.execute(
        insert(Disclosure).values(
            disclosure_id=uuid4(),
            entry_id=signed.signature_id,
            person_id=request.person_id,
            client=f"organisation:{request.organisation_code}",
            service=EXPORT_FILE,
            agreement_no="",
            purpose=INTERNAL_USE,
            profile=INTERNAL_USE,
            fields=list(_FIELDS),
            as_of_on=day_of(signed.signed_at),
            registry_seq=await registry_seq(session),
            answer_sha256=digest.digest(),
            disclosed_at=signed.signed_at,
        )
    )
