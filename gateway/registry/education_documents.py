"""Education documents: recorded when they are issued, found by type, series and number."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.registry.entries import EducationDocumentEntry
from gateway.registry.model import EducationDocument, Organisation, Person
from gateway.registry.reading import (
    ORGANISATION_COLUMNS,
    PERSON_COLUMNS,
    Columns,
    organisation_of,
    person_of,
    through_master,
)
from gateway.registry.repository import record_event


async def education_document(
    session: AsyncSession,
    *,
    type: str,  # noqa: A002 - the registry's own word for it
    series: str,
    number: str,
) -> EducationDocumentEntry | None:
    """Find a certificate or diploma by type, series and number, whatever its status."""
    statement = through_master(
        select(
            EducationDocument.type,
            EducationDocument.series,
            EducationDocument.number,
            EducationDocument.status,
            EducationDocument.issued_on,
            EducationDocument.qualification,
            EducationDocument.level,
            EducationDocument.honours,
            *PERSON_COLUMNS,
            *ORGANISATION_COLUMNS,
        )
        .select_from(EducationDocument)
        .join(Organisation, Organisation.id == EducationDocument.organisation_id)
        .join(Person, Person.id == EducationDocument.person_id)
    ).where(
        EducationDocument.type == type,
        EducationDocument.series == series,
        EducationDocument.number == number,
    )
    row = (await session.execute(statement)).one_or_none()
    return _document(row) if row else None


async def add_education_document(session: AsyncSession, *, at: datetime, **values: Any) -> UUID:
    """Record an education document (columns of EducationDocument by name) and give its id."""
    document_id = uuid4()
    await session.execute(insert(EducationDocument).values(id=document_id, **values))
    await record_event(
        session, "EDUCATION_DOCUMENT_ISSUED", document_id, at=at, subject_type="EDUCATION_DOCUMENT"
    )
    return document_id


def _document(row: Columns) -> EducationDocumentEntry:
    return EducationDocumentEntry(
        type=row.type,
        series=row.series,
        number=row.number,
        status=row.status,
        issued_on=row.issued_on,
        qualification=row.qualification,
        level=row.level,
        honours=row.honours,
        holder=person_of(row),
        organisation=organisation_of(row),
    )
