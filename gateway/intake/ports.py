"""What intake asks of the world: the seams an adapter fulfils.

No type of the wire appears here: an adapter's mapping turns its dialect into these values. What stands in its own
module is asked about something else than a person's identity.
"""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from gateway.intake.answers import AgencyAnswer, AskContext, Outcome, PersonRecord
from gateway.intake.ports_awaited import AwaitedSources
from gateway.intake.ports_documents import AddressRegister, CivilActs, ForeignerRegister, PassportRegister
from gateway.intake.ports_employment import EmploymentRegister
from gateway.intake.ports_household import HouseholdRegister
from gateway.intake.ports_organisations import OrganisationRegister, TaxRegister

__all__ = [
    "Agencies",
    "AgencyAnswer",
    "AskContext",
    "BirthActRecord",
    "CivilRegistry",
    "Outcome",
    "PassportRecord",
    "PassportService",
    "PersonRecord",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PassportRecord(PersonRecord):
    """A passport and the person on it; `valid` is the issuing agency's own word."""

    series: str | None = None
    number: str | None = None
    issued_on: date | None = None
    expires_on: date | None = None
    authority: str | None = None
    valid: bool | None = None
    registered_address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BirthActRecord(PersonRecord):
    """A birth act: its number, date and body, the certificate, and the parents it names."""

    act_number: str | None = None
    act_date: date | None = None
    act_body: str | None = None
    certificate_series: str | None = None
    certificate_number: str | None = None
    birth_place: str | None = None
    mother: PersonRecord | None = None
    father: PersonRecord | None = None


class CivilRegistry(Protocol):
    """The civil registry (ЗАГС): who a PIN belongs to, which PINs a name has, the birth act."""

    async def person_by_pin(self, pin: str, *, context: AskContext) -> AgencyAnswer[PersonRecord]:
        """Ask for the person of a PIN."""

    async def pins_by_name(
        self, person: PersonRecord, *, context: AskContext
    ) -> AgencyAnswer[tuple[str, ...]]:
        """Ask for the PINs of a name and birth date; more than one is AMBIGUOUS with all of them."""

    async def birth_act(self, pin: str, *, context: AskContext) -> AgencyAnswer[BirthActRecord]:
        """Ask for the birth act of a child's PIN."""


class PassportService(Protocol):
    """The passport service: what a passport says and whether it is valid."""

    async def passport(
        self, pin: str, *, series: str, number: str, context: AskContext
    ) -> AgencyAnswer[PassportRecord]:
        """Ask for the passport of a PIN by series and number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agencies:
    """The agencies that are switched on; None where no adapter serves the port."""

    civil_registry: CivilRegistry | None = None
    passports: PassportService | None = None
    civil_acts: CivilActs | None = None
    passport_register: PassportRegister | None = None
    addresses: AddressRegister | None = None
    foreigners: ForeignerRegister | None = None
    organisations: OrganisationRegister | None = None
    taxpayers: TaxRegister | None = None
    employment: EmploymentRegister | None = None
    households: HouseholdRegister | None = None
    awaited: AwaitedSources | None = None
