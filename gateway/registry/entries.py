"""What reading the registry gives: frozen values, no rows."""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from gateway.registry.values import IdentifierStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonEntry:
    """An entry: its visible values. `pin_status` is that of the PIN it was found by, None when it was not."""

    person_id: UUID
    isuo_no: str
    status: str
    surname: str | None
    given_name: str | None
    patronymic: str | None
    birth_date: date | None
    sex: str | None
    citizenship: str | None
    death_date: date | None
    version: int
    pin: str | None = field(default=None, repr=False)
    pin_status: IdentifierStatus | None = None
    verified_at: datetime | None = None

    @property
    def identity(self) -> str:
        """Say VERIFIED when the PIN was confirmed by its source, else UNVERIFIED."""
        return "VERIFIED" if self.pin_status is IdentifierStatus.VERIFIED else "UNVERIFIED"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationEntry:
    """An organisation; `masked` asks to leave organisation fields out of the whole answer."""

    organisation_id: UUID
    code: str
    inn: str | None
    soate: str | None
    name_ky: str
    name_ru: str
    masked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPeriod:
    """What an enrolment was, from a day until the day before `until_on`."""

    status: str
    from_on: date
    until_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentEntry:
    """An enrolment with its status periods; a held one waits for a decision and does not count."""

    enrolment_id: UUID
    organisation: OrganisationEntry
    level: str
    form: str
    grade: str | None
    start_on: date
    expected_end_on: date | None
    end_on: date | None
    held: bool
    periods: tuple[StatusPeriod, ...]

    def overlaps(self, other: "EnrolmentEntry") -> bool:
        """Tell whether two enrolments have a day in common."""
        return self.covers_after(other.start_on) and other.covers_after(self.start_on)

    def covers_after(self, day: date) -> bool:
        """Tell whether the enrolment counts on this day or later."""
        return self.end_on is None or self.end_on > day

    def status_on(self, day: date) -> str | None:
        """Give the status on a day; None when the enrolment does not cover it."""
        for period in self.periods:
            if period.from_on <= day and (period.until_on is None or day < period.until_on):
                return period.status
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class EducationDocumentEntry:
    """A certificate or diploma with its holder and the organisation that issued it."""

    type: str
    series: str
    number: str
    status: str
    issued_on: date
    qualification: str | None
    level: str | None
    honours: bool
    holder: PersonEntry
    organisation: OrganisationEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerState:
    """A person, enrolments and open cases at one state of the registry; without a person the rest says nothing.

    `withheld`: there is a person, and a protection forbids to say so.
    """

    registry_seq: int
    person: PersonEntry | None = None
    enrolments: tuple[EnrolmentEntry, ...] = ()
    open_case: bool = False
    withheld: bool = False
