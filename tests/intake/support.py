"""What intake tests share: agencies in memory behind the real ports, applications of synthetic people."""

import asyncio
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import AgencyUnavailable
from gateway.foundation.policy_settings import FieldPolicy
from gateway.intake.admission import Admission, admit
from gateway.intake.applications import Application
from gateway.intake.ports import (
    Agencies,
    AgencyAnswer,
    AskContext,
    BirthActRecord,
    Outcome,
    PassportRecord,
    PersonRecord,
)
from gateway.registry.repository import save_organisation
from gateway.registry.values import Pin
from tests.people import Person

_FILE = Path(__file__).resolve().parents[2] / "config" / "fields.toml"
POLICIES = {
    name: FieldPolicy(**{**values, "sources": tuple(values["sources"])})
    for name, values in tomllib.loads(_FILE.read_text(encoding="utf-8"))["fields"].items()
}
CONTEXT = AskContext(user_id="clerk.one", issue="case-1")
SCHOOLS = ("SCHOOL-A", "SCHOOL-B", "SCHOOL-C")


def person_record(person: Person, **changed: object) -> PersonRecord:
    """Give a person as the civil registry writes it: capitals, sex 1 or 2."""
    made = PersonRecord(
        pin=person.pin,
        surname=person.surname.upper(),
        given_name=person.given_name.upper(),
        patronymic=person.patronymic.upper(),
        sex="1" if person.sex == "F" else "2",
        birth_date=person.birth_date,
        citizenship="KGZ",
    )
    return replace(made, **changed)


@dataclass
class Sources:
    """Both agencies in memory: whom they know, and how they misbehave."""

    people: dict[str, PersonRecord] = field(default_factory=dict)
    passports: dict[str, PassportRecord] = field(default_factory=dict)
    outcome: Outcome | None = None
    down: bool = False
    failure: Exception | None = None
    seconds: float = 0.0
    asked: list[str] = field(default_factory=list)
    context: AskContext | None = None

    @classmethod
    def knowing(cls, people: Iterable[Person]) -> "Sources":
        return cls(people={person.pin: person_record(person) for person in people})

    def agencies(self) -> Agencies:
        return Agencies(civil_registry=self, passports=self)

    async def person_by_pin(self, pin: str, *, context: AskContext) -> AgencyAnswer[PersonRecord]:
        self.asked.append("person_by_pin")
        self.context = context
        return await self._answer("ZAGS", self.people.get(pin))

    async def pins_by_name(
        self, person: PersonRecord, *, context: AskContext
    ) -> AgencyAnswer[tuple[str, ...]]:
        found = tuple(pin for pin, known in self.people.items() if known.surname == person.surname)
        return await self._answer("ZAGS", found or None)

    async def birth_act(self, pin: str, *, context: AskContext) -> AgencyAnswer[BirthActRecord]:
        return await self._answer("ZAGS", None)

    async def passport(
        self, pin: str, *, series: str, number: str, context: AskContext
    ) -> AgencyAnswer[PassportRecord]:
        self.asked.append("passport")
        return await self._answer("PASSPORT", self.passports.get(series + number))

    async def _answer(self, source: str, record: object) -> AgencyAnswer:
        await asyncio.sleep(self.seconds)
        if self.failure:
            raise self.failure
        if self.down:
            raise AgencyUnavailable("the security server does not answer")
        outcome = self.outcome or (Outcome.FOUND if record else Outcome.NOT_FOUND)
        return AgencyAnswer(
            outcome=outcome,
            source=source,
            answered_at=utc_now(),
            record=record if outcome is Outcome.FOUND else None,
            exchange_id=uuid4(),
            message_id=str(uuid4()),
        )


def application_of(person: Person, **changed: object) -> Application:
    """Give a school's application for a person."""
    made = Application(
        surname=person.surname,
        given_name=person.given_name,
        patronymic=person.patronymic,
        sex=person.sex,
        birth_date=person.birth_date,
        pin=Pin.parse(person.pin),
        birth_certificate=person.birth_certificate,
        citizenship="KGZ",
        organisation_code="SCHOOL-A",
        grade="1",
        level="GENERAL",
        start_on=date(2026, 9, 1),
        source_record_key=str(uuid4()),
    )
    return replace(made, **changed)


async def evidence_of(sources: Sources, person: Person) -> tuple[AgencyAnswer, ...]:
    """Ask the civil registry about a person's PIN."""
    return (await sources.person_by_pin(person.pin, context=CONTEXT),)


async def add_schools(database: Database) -> None:
    """Register the schools of the tests."""
    async with database.transaction() as session:
        for code in SCHOOLS:
            await save_organisation(
                session, code=code, inn=None, soate="41711000000000", name_ky=f"{code} мектеби", name_ru=code
            )


async def admit_one(database: Database, application: Application, **given: object) -> Admission:
    """Admit in a transaction of its own."""
    async with database.transaction() as session:
        return await admit(session, application, policies=POLICIES, recorded_by="clerk.one", **given)


async def count(session: AsyncSession, question: str) -> int:
    """Count by a `from … where …` clause."""
    return int((await session.execute(text(f"select count(*) {question}"))).scalar_one())


async def jobs(database: Database) -> list[str]:
    """Give the entries whose check waits in the queue."""
    async with database.transaction() as session:
        statement = "select args->>'person_id' from procrastinate_jobs where task_name = 'verify_person'"
        return list((await session.execute(text(statement))).scalars())


async def provenance(database: Database, person_id: UUID) -> dict[str, tuple[str, str]]:
    """Give field → (source, status) of an entry."""
    async with database.transaction() as session:
        rows = await session.execute(
            text("select field, source_code, status from field_provenance where subject_id = :id"),
            {"id": person_id},
        )
        return {row[0]: (row[1], row[2]) for row in rows}
