"""What intake asks about organisations: the register of legal entities with its feed of changes, and the taxpayers."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from gateway.intake.answers import AgencyAnswer, AskContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Founder:
    """Who founded an organisation; a founder's number is not taken, for it may be a person's PIN."""

    name: str
    citizenship: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationRecord:
    """A legal entity as the Ministry of Justice registered it; names are in the state and in the official language."""

    inn: str
    name_ky: str | None = None
    name_ru: str | None = None
    short_name_ky: str | None = None
    short_name_ru: str | None = None
    registration_code: str | None = None
    okpo: str | None = None
    registered_on: date | None = None
    first_registered_on: date | None = None
    order_number: str | None = None
    address: str | None = None
    head: str | None = None
    activity_code: str | None = None
    category: str | None = None
    ownership: str | None = None
    reorganisation: str | None = None
    founders: tuple[Founder, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationChange:
    """One record of the feed: the source's own key and what the register holds since `updated`, its own word."""

    key: str
    updated: str
    organisation: OrganisationRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The changes of a stretch of the feed; `unreadable` are the keys of records that cannot be understood."""

    changes: tuple[OrganisationChange, ...]
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePage:
    """What the feed told of the days [since, until); `until` is the cursor once the page is taken in.

    FOUND carries the changes, NOT_FOUND means that there were none; after any other outcome the cursor stays.
    """

    since: date
    until: date
    answer: AgencyAnswer[Changes]


class OrganisationRegister(Protocol):
    """The register of legal entities (Минюст)."""

    async def organisation(self, inn: str, *, context: AskContext) -> AgencyAnswer[OrganisationRecord]:
        """Ask for the organisation of an ИНН of 14 digits."""

    def changes(self, since: date, until: date, *, context: AskContext) -> AsyncIterator[ChangePage]:
        """Walk the feed over the days [since, until), a page a day; it ends behind the first page not answered.

        A record may come twice, on neighbouring pages or by asking again: its key and `updated` tell it apart.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxpayerRecord:
    """A taxpayer as the tax service knows it: to compare with, not to copy."""

    inn: str
    name: str | None = None
    address: str | None = None
    tax_district: str | None = None
    activity_code: str | None = None


class TaxRegister(Protocol):
    """The register of taxpayers (ГНС)."""

    async def taxpayer(self, inn: str, *, context: AskContext) -> AgencyAnswer[TaxpayerRecord]:
        """Ask for the taxpayer of an ИНН of 14 digits."""
