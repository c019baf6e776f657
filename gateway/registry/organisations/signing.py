"""The head's signature under the passport: over the canonical statement of a day, by the head's own certificate."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.crypto.detached import DetachedSignature, SignedBy, Trust, verify_detached
from gateway.foundation.clock import day_of
from gateway.foundation.errors import SignatureError
from gateway.registry.model import Organisation, Person, PersonIdentifier
from gateway.registry.organisations.confirmation import confirm_passport
from gateway.registry.organisations.model import OrganisationConfirmation
from gateway.registry.organisations.passport import Passport, read_passport
from gateway.registry.papers.evidence import Evidence, keep_signed, read_evidence
from gateway.registry.staff.model import HeadAppointment

KIND = "PASSPORT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Who signs, by account, and under which name the confirmation is recorded."""

    person_id: UUID
    user_id: str


def statement(code: str, passport: Passport, *, on: date) -> bytes:
    """Write what a head signs: that this is the passport of the organisation on this day, in canonical JSON."""
    said = {"confirms": KIND, "organisation": code, "on": on, "content": passport.content}
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str).encode()


async def sign_passport(
    session: AsyncSession,
    organisation: Organisation,
    detached: DetachedSignature,
    *,
    head: Head,
    trust: Trust,
    at: datetime,
) -> UUID:
    """Record the head's signature under the passport as it is now, and give the confirmation's id.

    Raises SignatureError with the reason: another content or day, an unknown, expired or revoked certificate,
    another person's, or another organisation's.
    """
    passport = await read_passport(session, organisation.id, on=day_of(at))
    content = statement(organisation.code, passport, on=day_of(at))
    signed_by = verify_detached(content, detached, trust=trust, at=at)
    await _check_signer(session, organisation, head.person_id, signed_by, on=day_of(at))
    kept = await keep_signed(
        session,
        content,
        detached,
        kind=KIND,
        subject_id=organisation.id,
        signer_id=head.person_id,
        at=at,
    )
    return await confirm_passport(
        session, organisation.id, confirmed_by=head.user_id, at=at, signature_id=kept
    )


async def last_signature(session: AsyncSession, organisation_id: UUID, *, trust: Trust) -> Evidence | None:
    """Read and verify the signature under the last confirmation; None where it rests on a word alone."""
    signature_id = await session.scalar(
        select(OrganisationConfirmation.signature_id)
        .where(OrganisationConfirmation.organisation_id == organisation_id)
        .order_by(OrganisationConfirmation.confirmed_at.desc())
        .limit(1)
    )
    return await read_evidence(session, signature_id, trust=trust) if signature_id else None


async def _check_signer(
    session: AsyncSession, organisation: Organisation, person_id: UUID, signed_by: SignedBy, *, on: date
) -> None:
    root = select(Person.master_id).where(Person.id == person_id).scalar_subquery()
    same = select(Person.id).where(
        (Person.id == person_id) | (Person.id == root) | (Person.master_id == person_id)
    )
    pins = await session.execute(
        select(PersonIdentifier.value).where(
            PersonIdentifier.person_id.in_(same),
            PersonIdentifier.scheme == "PIN",
            PersonIdentifier.status == "VERIFIED",
            PersonIdentifier.valid_until.is_(None),
        )
    )
    if not signed_by.pin or signed_by.pin not in set(pins.scalars()):
        raise SignatureError("the certificate is another person's than the head who signs")
    if organisation.inn and signed_by.inn != organisation.inn:
        raise SignatureError("the certificate names another organisation")
    heads = await session.execute(
        select(HeadAppointment.person_id).where(
            HeadAppointment.organisation_id == organisation.id,
            HeadAppointment.from_on <= on,
            (HeadAppointment.until_on.is_(None)) | (HeadAppointment.until_on > on),
            HeadAppointment.person_id.not_in(same),
        )
    )
    if heads.first() is not None:
        raise SignatureError("another person is head of the organisation by order")
