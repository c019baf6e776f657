"""Parents as the birth act names them: each is one entry of the registry, tied to the child by the civil registry.

Whether an adult may see the child's card is another question (`guardians.opens_access`).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import day_of, utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import AgencyUnavailable
from gateway.foundation.queue import defer
from gateway.intake.agreement import fits
from gateway.intake.asking import ask
from gateway.intake.autofill import PERSON_FIELDS, field_text
from gateway.intake.cases import CaseQuestion, open_case
from gateway.intake.policies import Policies
from gateway.intake.ports import Agencies, AgencyAnswer, AskContext, BirthActRecord, PersonRecord
from gateway.intake.turns import wait_for_others
from gateway.intake.verification import DOWN, current_pin
from gateway.registry.candidates import entry_record
from gateway.registry.learners.guardians import (
    MAJORITY,
    VERIFIED,
    Bond,
    Proof,
    guardians,
    relate,
    years_between,
)
from gateway.registry.projection import project_person
from gateway.registry.protection import is_protected
from gateway.registry.reading import person_by_id, person_by_pin
from gateway.registry.repository import Provenance, add_assertions, claim_identifier, create_person
from gateway.registry.values import ZAGS, IdentifierStatus, Scheme, certificate_number

TASK = "link_family"
ACT = "BIRTH_ACT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What a birth act came to: the parents tied to the child by kind, and the case where one contradicts."""

    parents: dict[str, UUID]
    case_id: UUID | None = None


async def wants_family(session: AsyncSession, child_id: UUID, at: datetime) -> bool:
    """Tell whether nobody has told yet who the parents of a minor are, and a PIN can be asked about."""
    child = await person_by_id(session, child_id)
    if child is None or child.birth_date is None or years_between(child.birth_date, day_of(at)) >= MAJORITY:
        return False
    return not any(each.evidence == ACT for each in await guardians(session, child_id))


async def defer_family(session: AsyncSession, child_id: UUID, at: datetime) -> None:
    """Leave the question about the parents to the background, in the caller's transaction."""
    if await wants_family(session, child_id, at):
        await defer(session, TASK, lock=f"family:{child_id}", person_id=str(child_id))


async def link_family(
    database: Database,
    agencies: Agencies,
    child_id: UUID,
    *,
    policies: Policies,
    context: AskContext,
    deadline_seconds: float = 30.0,
) -> Family | None:
    """Ask for a child's birth act outside any transaction and tie the parents it names to the child in one.

    None where there is nothing to ask. Raises AgencyUnavailable when the civil registry was down: the job may
    be retried, a repeat changes nothing twice.
    """
    async with database.transaction() as session:
        pin = await current_pin(session, child_id)
        wanted = pin is not None and await wants_family(session, child_id, utc_now())
    if agencies.civil_registry is None or pin is None or not wanted:
        return None
    question = agencies.civil_registry.birth_act(pin, context=context)
    answer = await ask(question, source=ZAGS, deadline_seconds=deadline_seconds)
    if answer.outcome in DOWN:
        raise AgencyUnavailable("the civil registry did not answer about a birth act")
    async with database.transaction() as session:
        return await take_birth_act(session, child_id, answer, pin=pin, policies=policies)


async def take_birth_act(
    session: AsyncSession,
    child_id: UUID,
    answer: AgencyAnswer[BirthActRecord],
    *,
    pin: str,
    policies: Policies,
) -> Family:
    """Let a birth act name the certificate and the parents of a child, in the caller's transaction.

    An act that is another child's ties nobody, a protected child nobody either. Parents the act knows without a
    PIN are left out: there is no number to know them by.
    """
    act, child = answer.record, await entry_record(session, child_id)
    if act is None or child is None or not fits(child, act, pin=pin) or await is_protected(session, child_id):
        return Family(parents={})
    parents_pins = [parent.pin for parent in (act.mother, act.father) if parent and parent.pin]
    await wait_for_others(session, [f"pin|{each}" for each in (pin, *parents_pins)])
    told = _Told(session=session, child_id=child_id, answer=answer, policies=policies, at=utc_now())
    await told.certificate(act)
    parents: dict[str, UUID] = {}
    case_id = None
    for kind, parent in (("MOTHER", act.mother), ("FATHER", act.father)):
        if parent is None or not parent.pin:
            continue
        adult_id = await told.adult(parent)
        if adult_id is None or await told.stands_otherwise(kind, adult_id):
            case_id = await told.ask_a_person(kind)
            continue
        await told.tie(kind, adult_id, act)
        parents[kind] = adult_id
    return Family(parents=parents, case_id=case_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """One birth act being taken in, in one transaction."""

    session: AsyncSession
    child_id: UUID
    answer: AgencyAnswer[Any]
    policies: Policies
    at: datetime

    async def certificate(self, act: BirthActRecord) -> None:
        """Record the certificate the act was given."""
        if not act.certificate_series or not act.certificate_number:
            return
        number = certificate_number(act.certificate_series + act.certificate_number)
        await self._tell(self.child_id, {"birth_certificate": number})
        await self._claim(self.child_id, Scheme.BIRTH_CERT, number)
        await project_person(self.session, self.child_id, self.policies, at=self.at)

    async def adult(self, parent: PersonRecord) -> UUID | None:
        """Give the entry of a parent's PIN, a new one where there is none; None where it is somebody else's."""
        assert parent.pin
        known = await person_by_pin(self.session, parent.pin)
        if known is None:
            person_id = await create_person(self.session, at=self.at)
        else:
            entry = await entry_record(self.session, known.person_id)
            if entry is None or not fits(entry, parent, pin=parent.pin):
                return None
            person_id = known.person_id
        values: dict[str, object] = {name: field_text(parent, name) for name in PERSON_FIELDS}
        await self._tell(person_id, values | {"pin": parent.pin})
        await self._claim(person_id, Scheme.PIN, parent.pin)
        await project_person(self.session, person_id, self.policies, at=self.at)
        return person_id

    async def stands_otherwise(self, kind: str, adult_id: UUID) -> bool:
        """Tell whether a proof names another adult as this parent."""
        return any(
            each.kind == kind and each.status == VERIFIED and each.adult_id != adult_id
            for each in await guardians(self.session, self.child_id)
        )

    async def ask_a_person(self, kind: str) -> UUID:
        """Open the case about a parent the act and the registry do not agree on."""
        question = CaseQuestion(
            kind="GUARDIAN_MISMATCH",
            person_id=self.child_id,
            field=kind.lower(),
            explanation="the birth act names another parent than the registry",
        )
        return await open_case(self.session, question, at=self.at)

    async def tie(self, kind: str, adult_id: UUID, act: BirthActRecord) -> None:
        """Record the relationship with the act and the exchange that prove it."""
        proof = Proof(
            evidence=ACT, source=ZAGS, exchange_id=self.answer.exchange_id, act=act.act_number or ""
        )
        bond = Bond(child_id=self.child_id, adult_id=adult_id, kind=kind, valid_from=act.birth_date)
        await relate(self.session, bond, proof=proof, by=ZAGS, at=self.at)

    async def _tell(self, person_id: UUID, values: dict[str, object]) -> None:
        provenance = Provenance(
            source=self.answer.source,
            recorded_at=self.at,
            exchange_id=self.answer.exchange_id,
            message_id=self.answer.message_id,
            verified_at=self.answer.answered_at,
        )
        await add_assertions(self.session, person_id, values, provenance=provenance)

    async def _claim(self, person_id: UUID, scheme: Scheme, value: str) -> None:
        status = IdentifierStatus.VERIFIED
        await claim_identifier(self.session, person_id, scheme, value, status=status, at=self.at)
