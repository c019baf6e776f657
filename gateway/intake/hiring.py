"""Hire by the PIN of the contract: the passport shown is checked with its issuer, the work with the Social Fund."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import InputRefused
from gateway.foundation.queue import defer
from gateway.intake.staff_documents import show_passport
from gateway.intake.staff_work import TASK as CHECK_WORK
from gateway.registry.reading import person_by_pin
from gateway.registry.repository import Provenance
from gateway.registry.staff.employing import NewEmployment, hire
from gateway.registry.values import Pin


async def hire_by_pin(
    session: AsyncSession,
    organisation_id: UUID,
    pin: Pin,
    values: Mapping[str, Any],
    *,
    passport: str | None,
    provenance: Provenance,
) -> UUID:
    """Hire somebody the registry knows and give the employment's id; both checks follow in the background.

    `values` are the rest of NewEmployment. Raises InputRefused for a PIN of nobody, RegistryError for what cannot be.
    """
    person = await person_by_pin(session, pin.value)
    if person is None:
        raise InputRefused((("pin", "PERSON_UNKNOWN"),))
    new = NewEmployment(person_id=person.person_id, organisation_id=organisation_id, **values)
    made = await hire(session, new, provenance=provenance)
    if passport:
        await show_passport(session, person.person_id, passport, provenance=provenance)
    await defer(session, CHECK_WORK, lock=f"person:{person.person_id}", person_id=str(person.person_id))
    return made
