"""What intake asks about documents and addresses: civil acts, the register of passports, addresses, foreigners."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from gateway.intake.answers import AgencyAnswer, AskContext, PersonRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class DeathActRecord(PersonRecord):
    """A death act: its number, date and body, and the certificate given for it."""

    act_number: str | None = None
    act_date: date | None = None
    act_body: str | None = None
    certificate_series: str | None = None
    certificate_number: str | None = None
    certificate_issued_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NameChangeRecord:
    """A change of name: the act that proves it and the name from then on."""

    pin: str
    changed_on: date | None = None
    act_number: str | None = None
    surname: str | None = None
    given_name: str | None = None
    patronymic: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentStatus:
    """Whether a document is valid, in the word of the agency that issued it."""

    series: str
    number: str
    valid: bool | None = None
    void_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRecord:
    """An address; `place_code` and `codes` are the source's own, not СОАТЕ, and need its table to be understood."""

    text: str
    registered_on: date | None = None
    place_code: str | None = None
    codes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignerRecord(PersonRecord):
    """A foreigner by document: the document's validity, the registered stay, its address."""

    document_number: str
    document_issued_on: date | None = None
    document_expires_on: date | None = None
    stays_from: date | None = None
    stays_until: date | None = None
    registered_address: str | None = None


class CivilActs(Protocol):
    """Acts of the civil registry besides birth; one whose contract is not known is refused and nothing is sent."""

    async def death_act(self, pin: str, *, context: AskContext) -> AgencyAnswer[DeathActRecord]:
        """Ask for the death act of a PIN; NOT_FOUND means that there is none."""

    async def name_changes(
        self, pin: str, *, context: AskContext
    ) -> AgencyAnswer[tuple[NameChangeRecord, ...]]:
        """Ask for the changes of name of a PIN."""

    async def children(self, pin: str, *, context: AskContext) -> AgencyAnswer[tuple[PersonRecord, ...]]:
        """Ask for the children of a PIN."""


class PassportRegister(Protocol):
    """The register of passports; a question whose contract is not known is refused and nothing is sent."""

    async def status(self, *, series: str, number: str, context: AskContext) -> AgencyAnswer[DocumentStatus]:
        """Ask whether a passport is valid."""

    async def lost_passports(
        self, *, year: int, month: int, context: AskContext
    ) -> AgencyAnswer[tuple[DocumentStatus, ...]]:
        """Ask for the passports that were declared lost in a month."""


class AddressRegister(Protocol):
    """The register of addresses (АСБ): where a person is registered."""

    async def registered_address(self, pin: str, *, context: AskContext) -> AgencyAnswer[AddressRecord]:
        """Ask for the registered address of a PIN."""


class ForeignerRegister(Protocol):
    """The register of foreigners, who may have no PIN."""

    async def by_document(
        self, number: str, *, country: str, context: AskContext
    ) -> AgencyAnswer[ForeignerRecord]:
        """Ask for the holder of a foreign document; `country` is the code the register knows it under."""
