"""What a change in the register of legal entities (Минюст) does to Section I (domain.md 4.4, 4.5).

Names and addresses follow by themselves; another head, or an end, is a question for a person, and nothing is
closed or appointed. Which school has which code and type is the ministry's word: what is new here is proposed.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import day_of
from gateway.intake.case_opening import CaseQuestion, open_case
from gateway.intake.ports_organisations import OrganisationChange, OrganisationRecord
from gateway.registry.model import Organisation
from gateway.registry.organisations.history import NewName, rename
from gateway.registry.organisations.model import OrganisationName
from gateway.registry.organisations.registering import tell
from gateway.registry.repository import Provenance
from gateway.registry.sources import sources_of
from gateway.registry.staff.appointing import head_on
from gateway.registry.staff.head_check import HeadFinding, compare_head
from gateway.registry.staff.model import ResponsibleAppointment
from gateway.registry.writing import Order

EDUCATION = "85"  # the section of ГКЭД every school, college and kindergarten stands in
ENDS = ("ликвид", "жою", "прекращ", "токтот")
APPLIED, UNCHANGED, CASE, WAITING = "APPLIED", "UNCHANGED", "CASE", "WAITING"
PROPOSED, FOREIGN = "PROPOSED", "FOREIGN"
_WORDS = re.compile(r"\w+")
_PLAIN = ("address", "activity_code", "category", "ownership", "registration_code", "okpo")
_OUR_NAMES = {
    "address": "legal_address",
    "activity_code": "gked_code",
    "registration_code": "registration_no",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeEffect:
    """What a change came to: a word for it, the organisation, the case that asks a person."""

    name: str
    organisation_id: UUID | None = None
    case_id: UUID | None = None


async def take_change(
    session: AsyncSession, change: OrganisationChange, *, on: date, provenance: Provenance
) -> ChangeEffect:
    """Let one record of the register act in the caller's transaction; `on` is the day it was made.

    APPLIED: something is told or renamed; UNCHANGED: we knew; CASE or WAITING: a person decides; PROPOSED: an
    educational organisation we do not have; FOREIGN: none of ours. Raises RegistryError where a rule refuses it.
    """
    record = change.organisation
    organisation_id = await find_organisation(session, record)
    if organisation_id is None:
        ours = (record.activity_code or "").startswith(EDUCATION)
        return ChangeEffect(name=PROPOSED if ours else FOREIGN)
    changed = await _rename(session, organisation_id, change, on=on, provenance=provenance)
    changed |= await _tell(session, organisation_id, record, provenance=provenance)
    asked = await _ask_about_head(session, organisation_id, record, provenance=provenance)
    if _ends(record):
        return await _ask_about_end(session, organisation_id, at=provenance.recorded_at)
    if asked:
        return ChangeEffect(name=CASE, organisation_id=organisation_id)
    return ChangeEffect(name=APPLIED if changed else UNCHANGED, organisation_id=organisation_id)


async def find_organisation(session: AsyncSession, record: OrganisationRecord) -> UUID | None:
    """Find the organisation of a record by its ИНН, one that is still open before one that is not."""
    found: UUID | None = await session.scalar(
        select(Organisation.id)
        .where(Organisation.inn == record.inn)
        .order_by(Organisation.closed_on.desc().nulls_first(), Organisation.id)
        .limit(1)
        .with_for_update()
    )
    return found


async def _rename(
    session: AsyncSession,
    organisation_id: UUID,
    change: OrganisationChange,
    *,
    on: date,
    provenance: Provenance,
) -> bool:
    record = change.organisation
    changed = False
    for language, told, short in (
        ("KY", record.name_ky, record.short_name_ky),
        ("RU", record.name_ru, record.short_name_ru),
    ):
        known, since = await _name_now(session, organisation_id, language)
        if not told or (known and same_name(known, told)):
            continue
        valid_from = _named_since(record, since, on)
        name = NewName(
            language_code=language,
            full_name=told,
            short_name=short or None,
            valid_from=valid_from,
            order=Order(number=record.order_number or f"MINJUST {change.key}", on=valid_from),
        )
        await rename(session, organisation_id, name, provenance=provenance)
        changed = True
    return changed


def _named_since(record: OrganisationRecord, since: date | None, on: date) -> date:
    """Give the day of a registration anew, where there was one after the present name began; else the day of change."""
    first, again = record.first_registered_on, record.registered_on
    if first and again and max(first, since or first) < again <= on:
        return again
    return on


def same_name(one: str, other: str) -> bool:
    """Tell whether two names differ by case, quotes, spaces or ё at most; a number in a name counts."""
    return _WORDS.findall(_plain(one)) == _WORDS.findall(_plain(other))


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold().replace("ё", "е")


async def _name_now(
    session: AsyncSession, organisation_id: UUID, language: str
) -> tuple[str | None, date | None]:
    found = await session.execute(
        select(OrganisationName.full_name, OrganisationName.valid_from)
        .where(
            OrganisationName.organisation_id == organisation_id,
            OrganisationName.language_code == language,
            OrganisationName.valid_until.is_(None),
        )
        .limit(1)
    )
    row = found.first()
    if row is not None:
        return row.full_name, row.valid_from
    column = Organisation.name_ky if language == "KY" else Organisation.name_ru
    return await session.scalar(select(column).where(Organisation.id == organisation_id)), None


async def _tell(
    session: AsyncSession, organisation_id: UUID, record: OrganisationRecord, *, provenance: Provenance
) -> bool:
    """Record what differs from the newest word on it, and put numbers in where we had none."""
    known = await sources_of(session, organisation_id)
    told = {_OUR_NAMES.get(name, name): getattr(record, name) for name in _PLAIN}
    fresh: dict[str, object] = {
        name: value
        for name, value in told.items()
        if value and (name not in known or known[name].value != value)
    }
    if not fresh:
        return False
    await tell(session, organisation_id, fresh, provenance=provenance)
    await session.execute(
        update(Organisation)
        .where(Organisation.id == organisation_id)
        .values(
            registration_no=func.coalesce(record.registration_code, Organisation.registration_no),
            version=Organisation.version + 1,
        )
    )
    return True


async def _ask_about_head(
    session: AsyncSession, organisation_id: UUID, record: OrganisationRecord, *, provenance: Provenance
) -> bool:
    if not record.head:
        return False
    found = await compare_head(session, organisation_id, record.head, provenance=provenance)
    return found is HeadFinding.ANOTHER


def _ends(record: OrganisationRecord) -> bool:
    told = (record.reorganisation or "").casefold()
    return any(word in told for word in ENDS)


async def _ask_about_end(session: AsyncSession, organisation_id: UUID, *, at: datetime) -> ChangeEffect:
    """Ask whoever answers for the organisation; nobody there: the record waits in the list of the feed."""
    person_id = await _who_answers(session, organisation_id, day_of(at))
    if person_id is None:
        return ChangeEffect(name=WAITING, organisation_id=organisation_id)
    question = CaseQuestion(
        kind="ORG_MISMATCH",
        person_id=person_id,
        explanation="the register of legal entities tells that this organisation ends",
    )
    case_id = await open_case(session, question, at=at)
    return ChangeEffect(name=CASE, organisation_id=organisation_id, case_id=case_id)


async def _who_answers(session: AsyncSession, organisation_id: UUID, day: date) -> UUID | None:
    head = await head_on(session, organisation_id, on=day)
    if head is not None:
        return head.person_id
    found: UUID | None = await session.scalar(
        select(ResponsibleAppointment.person_id)
        .where(
            ResponsibleAppointment.organisation_id == organisation_id,
            ResponsibleAppointment.from_on <= day,
            func.coalesce(ResponsibleAppointment.until_on, date.max) > day,
        )
        .limit(1)
    )
    return found
