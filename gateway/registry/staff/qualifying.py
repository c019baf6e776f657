"""Diplomas, degrees and training of staff, and attestation categories; our own diplomas are checked at once."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.registry.model import EducationDocument, Person
from gateway.registry.repository import Provenance, add_assertions, record_event
from gateway.registry.staff.model import CategoryAttestation, Qualification
from gateway.registry.values import VerificationStatus
from gateway.registry.writing import Order, require_order, write


@dataclass(frozen=True, slots=True, kw_only=True)
class NewQualification:
    """A document of qualification as shown by its holder."""

    kind_code: str
    institution: str
    document_no: str
    issued_on: date
    document_series: str = ""
    degree_code: str | None = None
    speciality: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a qualification is worth: the registry's own document it matches, if any."""

    qualification_id: UUID
    status: VerificationStatus


async def add_qualification(
    session: AsyncSession, person_id: UUID, new: NewQualification, *, provenance: Provenance
) -> Checked:
    """Record a qualification, matched with the education document the registry itself holds.

    MISMATCH where a document of that series and number is another person's or no longer valid.
    """
    document_id, status = await _match(session, person_id, new)
    qualification_id = uuid4()
    await write(
        session,
        insert(Qualification).values(
            id=qualification_id,
            person_id=person_id,
            education_document_id=document_id,
            verification=status,
            recorded_at=provenance.recorded_at,
            **asdict(new),
        ),
    )
    await add_assertions(
        session, qualification_id, asdict(new), provenance=provenance, subject_type="QUALIFICATION"
    )
    await record_event(session, "QUALIFICATION_ADDED", person_id, at=provenance.recorded_at)
    return Checked(qualification_id=qualification_id, status=status)


async def _match(
    session: AsyncSession, person_id: UUID, new: NewQualification
) -> tuple[UUID | None, VerificationStatus]:
    root = func.coalesce(Person.master_id, Person.id)
    own = select(root).where(Person.id == person_id).scalar_subquery()
    found: Any = await session.execute(
        select(EducationDocument.id, EducationDocument.status, (root == own).label("own"))
        .join(Person, Person.id == EducationDocument.person_id)
        .where(
            EducationDocument.series == new.document_series,
            EducationDocument.number == new.document_no,
            EducationDocument.issued_on == new.issued_on,
            EducationDocument.type.like("DIPLOMA%"),
        )
    )
    rows = found.all() if new.kind_code == "DIPLOMA" else []
    mine = [row.id for row in rows if row.own and row.status == "VALID"]
    if mine:
        return mine[0], VerificationStatus.MATCHED_WITH_SOURCE
    return None, VerificationStatus.MISMATCH if rows else VerificationStatus.UNVERIFIED


async def attest(
    session: AsyncSession,
    person_id: UUID,
    category_code: str,
    *,
    order: Order,
    period: tuple[date, date | None],
    provenance: Provenance,
) -> UUID:
    """Give a person a category by order for a period; one that runs then ends on the day before."""
    said, (valid_from, valid_until) = require_order(order), period
    await write(
        session,
        update(CategoryAttestation)
        .where(
            CategoryAttestation.person_id == person_id,
            CategoryAttestation.valid_from < valid_from,
            or_(CategoryAttestation.valid_until.is_(None), CategoryAttestation.valid_until > valid_from),
        )
        .values(valid_until=valid_from),
    )
    attestation_id = uuid4()
    await write(
        session,
        insert(CategoryAttestation).values(
            id=attestation_id,
            person_id=person_id,
            category_code=category_code,
            order_no=said.number,
            order_date=said.on,
            valid_from=valid_from,
            valid_until=valid_until,
            recorded_at=provenance.recorded_at,
        ),
    )
    await record_event(session, "CATEGORY_ATTESTED", person_id, at=provenance.recorded_at)
    return attestation_id
