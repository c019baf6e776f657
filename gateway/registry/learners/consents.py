"""The register of written consents: who agreed to what, where the paper lies, and whether it still stands."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from gateway.foundation.clock import day_of
from gateway.foundation.errors import InputRefused, RegistryError
from gateway.registry.learners.guardians import UNVERIFIED, VERIFIED, guardians, years_between
from gateway.registry.learners.personal_file import Leaf, file_leaf
from gateway.registry.learners.tables import Consent
from gateway.registry.model import Person
from gateway.registry.reading import person_by_id
from gateway.registry.repository import record_event

OWN_CONSENT_AGE = 16
SELF = "SELF"


class ConsentState(StrEnum):
    """What the register says about one purpose."""

    GIVEN = "GIVEN"
    REQUIRED = "REQUIRED"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What is agreed to: the scope and purpose by their codes, one recipient or (empty) any."""

    scope_code: str
    purpose_code: str
    recipient_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The consent as a thing: PAPER lies in a place, ELECTRONIC has the digest of what was signed."""

    agreed: Agreed
    form: str
    given_on: date
    expires_on: date | None = None
    paper_location: str = ""
    evidence_sha256: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentEntry:
    """A consent as it stands in the register."""

    consent_id: UUID
    giver_id: UUID
    giver_relation: str
    sheet: Sheet
    withdrawn_at: datetime | None

    def state(self, at: datetime) -> ConsentState:
        """Say what this consent is worth at an instant."""
        if self.withdrawn_at is not None and self.withdrawn_at <= at:
            return ConsentState.WITHDRAWN
        if day_of(at) < self.sheet.given_on:
            return ConsentState.REQUIRED
        if self.sheet.expires_on is not None and self.sheet.expires_on <= day_of(at):
            return ConsentState.EXPIRED
        return ConsentState.GIVEN


def consent_state(consents: Iterable[ConsentEntry], wanted: Agreed, *, at: datetime) -> ConsentState:
    """Say whether consent to a purpose stands at an instant; of several the one that stands, else the newest."""
    fitting = [
        each
        for each in consents
        if (each.sheet.agreed.scope_code, each.sheet.agreed.purpose_code)
        == (wanted.scope_code, wanted.purpose_code)
        and each.sheet.agreed.recipient_code in {"", wanted.recipient_code}
    ]
    states = [each.state(at) for each in sorted(fitting, key=lambda each: each.sheet.given_on)]
    if ConsentState.GIVEN in states:
        return ConsentState.GIVEN
    return states[-1] if states else ConsentState.REQUIRED


def last_day_of(relation: str, born_on: date | None, expires_on: date | None) -> date | None:
    """Give the first day a consent no longer counts: a representative's ends when the child is 16."""
    if relation == SELF or born_on is None:
        return expires_on
    grown_on = born_on.replace(year=born_on.year + OWN_CONSENT_AGE)
    return min(expires_on or date.max, grown_on)


async def give_consent(
    session: AsyncSession,
    subject_id: UUID,
    giver_id: UUID,
    sheet: Sheet,
    *,
    by: str,
    at: datetime,
) -> UUID:
    """Enter a consent and give its id.

    From 16 the subject gives it, before that a parent or guardian whose relationship is on record. Raises
    InputRefused otherwise, RegistryError for an unknown subject.
    """
    subject = await person_by_id(session, subject_id)
    if subject is None:
        raise RegistryError("there is no such person")
    giver = await person_by_id(session, giver_id)
    own = giver is not None and giver.person_id == subject.person_id
    relation = SELF if own else await _relation(session, subject_id, giver_id)
    if subject.birth_date is None:
        raise InputRefused((("birth_date", "MISSING"),))
    if own != (years_between(subject.birth_date, sheet.given_on) >= OWN_CONSENT_AGE):
        raise InputRefused((("giver", "NOT_OLD_ENOUGH" if own else "SUBJECT_GIVES_IT_HIMSELF"),))
    consent_id = uuid4()
    await session.execute(
        insert(Consent).values(
            id=consent_id,
            subject_id=subject_id,
            giver_id=subject_id if own else giver_id,
            giver_relation=relation,
            scope_code=sheet.agreed.scope_code,
            purpose_code=sheet.agreed.purpose_code,
            recipient_code=sheet.agreed.recipient_code,
            form=sheet.form,
            given_on=sheet.given_on,
            expires_on=last_day_of(relation, subject.birth_date, sheet.expires_on),
            paper_location=sheet.paper_location,
            evidence_sha256=sheet.evidence_sha256,
            recorded_at=at,
            recorded_by=by,
        )
    )
    leaf = Leaf(
        kind="CONSENT",
        happened_on=sheet.given_on,
        subject_id=consent_id,
        paper_location=sheet.paper_location,
        scan_sha256=sheet.evidence_sha256,
    )
    await file_leaf(session, subject_id, leaf, by=by, at=at)
    await record_event(session, "CONSENT_GIVEN", subject_id, at=at, detail={"consent_id": str(consent_id)})
    return consent_id


async def withdraw_consent(session: AsyncSession, consent_id: UUID, *, reason: str, at: datetime) -> None:
    """Withdraw a consent: from this instant it does not stand; what was disclosed under it stays listed."""
    changed = await session.execute(
        update(Consent)
        .where(Consent.id == consent_id, Consent.withdrawn_at.is_(None))
        .values(withdrawn_at=at, withdraw_reason=reason)
        .returning(Consent.subject_id)
    )
    subject_id = changed.scalar_one_or_none()
    if subject_id is None:
        raise RegistryError("there is no such consent to withdraw")
    await record_event(
        session, "CONSENT_WITHDRAWN", subject_id, at=at, detail={"consent_id": str(consent_id)}
    )


async def consents(session: AsyncSession, subject_id: UUID) -> tuple[ConsentEntry, ...]:
    """Read a person's consents, through merges, the oldest first."""
    asked = aliased(Person)
    root = select(func.coalesce(asked.master_id, asked.id)).where(asked.id == subject_id).scalar_subquery()
    same = select(Person.id).where(or_(Person.id == root, Person.master_id == root))
    found = await session.execute(
        select(Consent)
        .where(Consent.subject_id.in_(same))
        .order_by(Consent.given_on, Consent.recorded_at, Consent.id)
        .execution_options(populate_existing=True)
    )
    return tuple(_entry(row) for row in found.scalars())


async def _relation(session: AsyncSession, subject_id: UUID, giver_id: UUID) -> str:
    adult = await person_by_id(session, giver_id)
    for each in await guardians(session, subject_id):
        if adult and each.adult_id == adult.person_id and each.status in {UNVERIFIED, VERIFIED}:
            return "PARENT" if each.kind in {"MOTHER", "FATHER"} else "GUARDIAN"
    raise InputRefused((("giver", "NO_RELATIONSHIP_ON_RECORD"),))


def _entry(row: Consent) -> ConsentEntry:
    return ConsentEntry(
        consent_id=row.id,
        giver_id=row.giver_id,
        giver_relation=row.giver_relation,
        sheet=Sheet(
            agreed=Agreed(
                scope_code=row.scope_code, purpose_code=row.purpose_code, recipient_code=row.recipient_code
            ),
            form=row.form,
            given_on=row.given_on,
            expires_on=row.expires_on,
            paper_location=row.paper_location,
            evidence_sha256=row.evidence_sha256,
        ),
        withdrawn_at=row.withdrawn_at,
    )
