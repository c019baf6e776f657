"""The personal file of a person whole: papers, orders, documents, consents, exchanges and cases, by day (R-046)."""

import hashlib
import io
import json
import zipfile
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from uuid import UUID

from cryptography import x509
from sqlalchemy import func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.crypto.detached import DetachedSignature, sign_detached, verify_own
from gateway.crypto.keys import Signer
from gateway.foundation.errors import RegistryError, SignatureError
from gateway.registry.model import Person
from gateway.registry.papers.evidence import keep_signed
from gateway.registry.papers.model import SignedContent
from gateway.registry.staff.file import staff_file

KIND = "PERSONAL_FILE"
_CONTENT, _SIGNATURE, _CERTIFICATE = "file.json", "file.sig", "signer.crt"
_PARTS = text("""
    with same as (
        select id from person
        where id = :root or master_id = :root
    )
    select happened_on as on, kind, number::text as reference, paper_location as place, recorded_at as known_at
        from personal_file_entry where person_id in (select id from same)
    union all
    select m.effective_on, 'ORDER_' || m.kind, m.order_no, o.code, m.recorded_at
        from movement m join enrolment e on e.id = m.enrolment_id join organisation o on o.id = e.organisation_id
        where e.person_id in (select id from same)
    union all
    select d.issued_on, 'DOCUMENT_' || d.type, d.series || d.number, o.code,
            d.issued_on::timestamp at time zone 'Asia/Bishkek'
        from education_document d join organisation o on o.id = d.organisation_id
        where d.person_id in (select id from same)
    union all
    select taken_on, 'EXAM_' || exam_code, certificate_no, source_code, recorded_at
        from exam_result where person_id in (select id from same)
    union all
    select happened_on, 'REGISTER_' || register_code, id::text, source_code, recorded_at
        from register_entry where person_id in (select id from same)
    union all
    select (min(recorded_at) at time zone 'Asia/Bishkek')::date, 'EXCHANGE', exchange_id::text, source_code,
            min(recorded_at)
        from assertion where subject_type = 'PERSON' and subject_id in (select id from same)
            and exchange_id is not null
        group by exchange_id, source_code
    union all
    select (created_at at time zone 'Asia/Bishkek')::date, 'CASE_' || kind, id::text, state, created_at
        from review_case where person_id in (select id from same)
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileItem:
    """One thing in the file: on which day, of which kind, under which number, where the paper or its source is."""

    on: date
    kind: str
    reference: str
    place: str
    known_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedFile:
    """A personal file as it was signed: the kept signature's id, the instant, the digest, the package to hand over."""

    signature_id: UUID
    signed_at: datetime
    digest: bytes
    package: bytes = field(repr=False)


async def whole_file(session: AsyncSession, person_id: UUID) -> tuple[FileItem, ...]:
    """Read the file of a person and of what was merged into him, in the order of days; read it as the owner."""
    root = await _root(session, person_id)
    found = await session.execute(_PARTS, {"root": root})
    items = [FileItem(**row) for row in found.mappings()]
    for work in await staff_file(session, root):
        reference = work.order_no or str(work.subject_id)
        items.append(
            FileItem(on=work.on, kind=work.kind, reference=reference, place=work.code or "", known_at=None)
        )
    return tuple(sorted(items, key=lambda each: (each.on, each.kind, each.reference)))


async def _root(session: AsyncSession, person_id: UUID) -> UUID:
    root = await session.scalar(
        select(func.coalesce(Person.master_id, Person.id)).where(Person.id == person_id)
    )
    if root is None:
        raise RegistryError("there is no such person")
    return root


async def sign_file(session: AsyncSession, person_id: UUID, signer: Signer, *, at: datetime) -> SignedFile:
    """Sign the file as one package (a ZIP of content, signature and certificate), and keep what was signed."""
    root = await _root(session, person_id)
    isuo_no = await session.scalar(select(Person.isuo_no).where(Person.id == root))
    said = {
        "file_of": isuo_no,
        "made_at": at,
        "items": [asdict(each) for each in await whole_file(session, root)],
    }
    content = json.dumps(
        said, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str
    ).encode()
    detached = sign_detached(signer, content)
    kept = await keep_signed(session, content, detached, kind=KIND, subject_id=root, signer_id=None, at=at)
    return _signed(kept, at, content, detached)


async def signed_files(session: AsyncSession, person_id: UUID) -> tuple[SignedFile, ...]:
    """Read what was signed of a person's file, the newest first, those of merged entries included."""
    root = await _root(session, person_id)
    same = select(Person.id).where(or_(Person.id == root, Person.master_id == root))
    found = await session.scalars(
        select(SignedContent)
        .where(SignedContent.kind == KIND, SignedContent.subject_id.in_(same))
        .order_by(SignedContent.signed_at.desc(), SignedContent.id)
    )
    return tuple(
        _signed(
            row.id,
            row.signed_at,
            row.content,
            DetachedSignature(algorithm=row.algorithm, signature=row.signature, certificate=row.certificate),
        )
        for row in found
    )


def _signed(kept: UUID, at: datetime, content: bytes, detached: DetachedSignature) -> SignedFile:
    digest = hashlib.sha256(content).digest()
    return SignedFile(signature_id=kept, signed_at=at, digest=digest, package=_packed(content, detached))


def open_package(package: bytes, *, signer: x509.Certificate) -> bytes:
    """Give the content of a package that this certificate signed; raises SignatureError."""
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            content, signature, certificate = (
                archive.read(name) for name in (_CONTENT, _SIGNATURE, _CERTIFICATE)
            )
            algorithm = archive.comment.decode()
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError):
        raise SignatureError("this is no package of a signed file") from None
    detached = DetachedSignature(algorithm=algorithm, signature=signature, certificate=certificate)
    verify_own(content, detached, certificate=signer)
    return content


def _packed(content: bytes, detached: DetachedSignature) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = detached.algorithm.encode()
        for name, part in (
            (_CONTENT, content),
            (_SIGNATURE, detached.signature),
            (_CERTIFICATE, detached.certificate),
        ):
            archive.writestr(name, part)
    return out.getvalue()
