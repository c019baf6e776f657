"""Learners without a PIN who have another state's document: checked by it, and watched as it runs out."""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import AgencyUnavailable
from gateway.foundation.queue import defer
from gateway.intake.agreement import fits_document
from gateway.intake.asking import ask
from gateway.intake.autofill import PERSON_FIELDS, field_text
from gateway.intake.cases import CaseQuestion, open_case
from gateway.intake.policies import Policies
from gateway.intake.ports import Agencies, AgencyAnswer, AskContext
from gateway.intake.ports_documents import ForeignerRecord
from gateway.intake.verification import DOWN
from gateway.registry.candidates import entry_record
from gateway.registry.model import Assertion, Enrolment
from gateway.registry.projection import project_person
from gateway.registry.reading import current_identifiers
from gateway.registry.repository import Provenance, add_assertions, claim_identifier, set_identifier_status
from gateway.registry.values import IdentifierStatus, Scheme

TASK = "verify_foreigner"
SOURCE = "FOREIGN_SERVICE"
STAYS_UNTIL = "stays_until"
NOTICE_DAYS = 30


async def defer_foreigner(session: AsyncSession, person_id: UUID) -> None:
    """Leave the check of a document to the background, in the caller's transaction."""
    await defer(session, TASK, lock=f"person:{person_id}", person_id=str(person_id))


async def verify_foreigner(
    database: Database,
    agencies: Agencies,
    person_id: UUID,
    *,
    policies: Policies,
    context: AskContext,
    deadline_seconds: float = 30.0,
) -> bool | None:
    """Ask the register of foreigners about a document and let it fill or dispute the entry.

    True when the holder is this person, False when it is not or nobody; None where there is no document or no
    register. Raises AgencyUnavailable when the register was down.
    """
    async with database.transaction() as session:
        document = await _document(session, person_id)
    if document is None or agencies.foreigners is None:
        return None
    question = agencies.foreigners.by_document(document[3:], country=document[:3], context=context)
    answer = await ask(question, source=SOURCE, deadline_seconds=deadline_seconds)
    if answer.outcome in DOWN:
        raise AgencyUnavailable("the register of foreigners did not answer")
    async with database.transaction() as session:
        return await _take(session, person_id, document, answer, policies)


async def warn_of_expiry(session: AsyncSession, *, on: date, at: datetime) -> int:
    """Open a case for every learner whose document or stay ends within 30 days; give how many were asked about.

    The place stays: a document that ran out ends nobody's right to learn.
    """
    newest = (
        select(Assertion.subject_id, Assertion.field, Assertion.value, Assertion.document_until)
        .where(
            Assertion.source_code == SOURCE,
            Assertion.field.in_((STAYS_UNTIL, "foreign_document")),
            Assertion.retracted_at.is_(None),
        )
        .order_by(Assertion.subject_id, Assertion.field, Assertion.seq.desc())
        .ext(distinct_on(Assertion.subject_id, Assertion.field))
        .subquery()
    )
    learning = select(Enrolment.person_id).where(Enrolment.end_on.is_(None))
    found = await session.execute(select(newest).where(newest.c.subject_id.in_(learning)))
    last_day = on + timedelta(days=NOTICE_DAYS)
    ending = {row.subject_id for row in found if _end(row.field, row.value, row.document_until) <= last_day}
    for person_id in sorted(ending):
        question = CaseQuestion(
            kind="FOREIGN_DOC_EXPIRED",
            person_id=person_id,
            explanation="the foreign document or the registered stay ends within 30 days",
        )
        await open_case(session, question, at=at)
    return len(ending)


def _end(field: str, value: object, document_until: date | None) -> date:
    if field == STAYS_UNTIL:
        return date.fromisoformat(str(value))
    return document_until or date.max


async def _document(session: AsyncSession, person_id: UUID) -> str | None:
    rows = await current_identifiers(session, [person_id])
    return next((row[2] for row in rows if row[1] == Scheme.FOREIGN_DOC), None)


async def _take(
    session: AsyncSession,
    person_id: UUID,
    document: str,
    answer: AgencyAnswer[ForeignerRecord],
    policies: Policies,
) -> bool:
    record, at = answer.record, utc_now()
    entry = await entry_record(session, person_id)
    if record is None or entry is None:
        return False
    if not fits_document(entry, record, document=document):
        await set_identifier_status(
            session, person_id, Scheme.FOREIGN_DOC, document, status=IdentifierStatus.DISPUTED, at=at
        )
        question = CaseQuestion(
            kind="SOURCE_CONFLICT",
            person_id=person_id,
            field="foreign_document",
            explanation="the register of foreigners knows another person under this document",
        )
        await open_case(session, question, at=at)
        return False
    told = Provenance(
        source=answer.source,
        recorded_at=at,
        exchange_id=answer.exchange_id,
        message_id=answer.message_id,
        verified_at=answer.answered_at,
        document_on=record.document_issued_on,
        document_until=record.document_expires_on,
    )
    values: dict[str, object] = {name: field_text(record, name) for name in PERSON_FIELDS}
    values |= {"foreign_document": document, STAYS_UNTIL: record.stays_until}
    await add_assertions(session, person_id, values, provenance=told)
    verified = IdentifierStatus.VERIFIED
    await claim_identifier(session, person_id, Scheme.FOREIGN_DOC, document, status=verified, at=at)
    await project_person(session, person_id, policies, at=at)
    return True
