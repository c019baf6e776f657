"""verifyEducationDocument v1: is this certificate or diploma valid, and is it this holder's; never any marks."""

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.database import Database
from gateway.registry.education_documents import education_document
from gateway.registry.entries import EducationDocumentEntry
from gateway.registry.identity import with_identity
from gateway.registry.protection import is_protected
from gateway.registry.reading import open_case, person_by_pin, registry_seq
from gateway.services.answer_block import answer_block, quality_of, truth
from gateway.services.codec import Texts, Tree, present, read_date, read_text, write_content
from gateway.services.question import NOT_FOUND_OR_NOT_ALLOWED, OK, Answer, Offer, Question
from gateway.services.subject import may_be_told, read_pin

RESPONSE = "verifyEducationDocumentResponse"
NO_MATCH = "NO_MATCH"


async def answer_education_document(question: Question, database: Database) -> Answer:
    """Answer by type, series, number and the holder's PIN or birth date; a wrong holder is NO_MATCH."""
    async with database.transaction() as session:
        seq = await registry_seq(session)
        found = await _find(question.texts, session)
        open_one = found is not None and await open_case(session, found.holder.person_id)
    if found is None or not await may_be_told(question.grant, found.holder.person_id, database):
        block = answer_block(
            NOT_FOUND_OR_NOT_ALLOWED, question.today, registry_seq=seq, disclosure_id=question.disclosure_id
        )
        content = write_content(RESPONSE, [*block, ("documentStatus", NO_MATCH)])
        return Answer(content=content, outcome=NO_MATCH, as_of=question.today, registry_seq=seq)
    holder = await with_identity(database, found.holder)
    block = answer_block(
        OK,
        question.today,
        registry_seq=seq,
        disclosure_id=question.disclosure_id,
        quality=quality_of(holder, open_case=open_one, today=question.today),
    )
    facts = [item for item in _facts(found) if item[0] in question.grant.fields]
    tree = present([*block, ("documentStatus", found.status), ("document", facts or None)])
    return Answer(
        content=write_content(RESPONSE, tree),
        outcome=found.status,
        person_id=found.holder.person_id,
        fields=("documentStatus", *(name for name, _ in facts)),
        as_of=question.today,
        registry_seq=seq,
    )


async def _find(texts: Texts, session: AsyncSession) -> EducationDocumentEntry | None:
    pin_text = read_text(texts, "holder/pin")
    pin = read_pin(pin_text, "holder/pin") if pin_text else None
    birth_date = read_date(texts, "holder/birthDate")
    found = await education_document(
        session,
        type=read_text(texts, "document/type"),
        series=read_text(texts, "document/series").upper(),
        number=read_text(texts, "document/number"),
    )
    if found is None or await is_protected(session, found.holder.person_id):
        return None
    if pin is None:
        return found if birth_date == found.holder.birth_date else None
    holder = await person_by_pin(session, pin.value)
    return found if holder is not None and holder.person_id == found.holder.person_id else None


def _facts(found: EducationDocumentEntry) -> Tree:
    organisation = None if found.organisation.masked else found.organisation.name_ky
    return present(
        [
            ("issuedOn", found.issued_on.isoformat()),
            ("organisation", organisation),
            ("qualification", found.qualification),
            ("level", found.level),
            ("honours", truth(value=found.honours)),
        ]
    )


def _subject_pin(texts: Texts) -> str:
    return read_text(texts, "holder/pin")


OFFER = Offer(
    service_code="verifyEducationDocument",
    service_version="v1",
    handler=answer_education_document,
    subject_pin=_subject_pin,
)
