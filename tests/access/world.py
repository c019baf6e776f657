"""Two districts, four organisations, five learners and one account of every role, all synthetic."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.accounts import IN_PERSON_ACT, Identification, create_account, identify_as
from gateway.access.appointments import Appointment, write_grant
from gateway.access.door import Door, open_door
from gateway.access.keys import AccessKeys
from gateway.access.model import Account, AppointmentNotice, OrganisationLevel
from gateway.access.sessions import Stage, start_session
from gateway.access.sign_in import set_password
from gateway.access.standing import read_caller
from gateway.access.undertakings import Paper, write_briefing, write_undertaking
from gateway.access.values import Caller, Role
from gateway.disclosure.model import Disclosure
from gateway.foundation.clock import today, utc_now
from gateway.foundation.database import Database
from gateway.foundation.settings import Access, Identity, Server, Settings
from gateway.intake.cases import CaseQuestion, open_case
from gateway.registry.books.rules import academic_year_on
from gateway.registry.education_documents import add_education_document
from gateway.registry.learners.classes import place_in_class
from gateway.registry.organisations.classes import NewClassGroup, open_class_group
from gateway.registry.projection import project_person
from gateway.registry.repository import (
    Provenance,
    add_assertions,
    add_enrolment,
    claim_identifier,
    create_person,
    save_organisation,
)
from gateway.registry.values import IdentifierStatus, Scheme
from tests.intake.support import POLICIES
from tests.people import People, Person

TOKEN = "a-long-token-of-the-tests"
PASSWORD = "a-password-of-the-tests"
DISTRICT_A, DISTRICT_B = "41702205", "41706226"
ORGANISATIONS = {
    "A-SCHOOL": (f"{DISTRICT_A}000000", "OO"),
    "A-KINDERGARTEN": (f"{DISTRICT_A}000000", "DOO"),
    "A-COLLEGE": (f"{DISTRICT_A}000000", "SPO"),
    "B-SCHOOL": (f"{DISTRICT_B}000000", "OO"),
}
CHEAP = Access(
    argon2_memory_kib=64, argon2_rounds=1, argon2_lanes=1, attempts_per_peer=1000, longest_delay_seconds=2
)
KEYS = AccessKeys(bytes(range(32)))


def settings_of(access: Access = CHEAP, *, token: str = TOKEN) -> Settings:
    """Settings of a gateway whose passwords are cheap."""
    identity = Identity(xroad_instance="X", member_class="GOV", member_code="1", subsystem_code="s")
    return Settings(
        home=Path(), identity=identity, server=Server(api_token=token), fields=POLICIES, access=access
    )


OTHERS = (("kindergarten", "A-KINDERGARTEN"), ("college", "A-COLLEGE"))
CLASS_OF = {"A-SCHOOL": "5B", "B-SCHOOL": "B", **{code: name for name, code in OTHERS}}
LANGUAGE = "KY"


@dataclass
class World:
    """What was made, by name."""

    database: Database
    door: Door
    people: People = field(default_factory=lambda: People(2026))
    organisations: dict[str, UUID] = field(default_factory=dict)
    learners: dict[str, UUID] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    pins: dict[str, str] = field(default_factory=dict)
    cases: dict[str, UUID] = field(default_factory=dict)
    accounts: dict[str, UUID] = field(default_factory=dict)
    grants: dict[str, UUID] = field(default_factory=dict)
    notices: dict[str, UUID] = field(default_factory=dict)
    classes: dict[str, UUID] = field(default_factory=dict)
    enrolments: dict[str, UUID] = field(default_factory=dict)

    async def caller(self, name: str) -> Caller:
        """Read an account as a caller."""
        async with self.database.transaction() as session:
            return await read_caller(session, self.accounts[name])

    async def token(self, name: str, stage: Stage = Stage.OPEN) -> str:
        """Start a session of an account without its password."""
        async with self.database.transaction() as session:
            return await start_session(
                session,
                self.accounts[name],
                stage=stage,
                method="PASSWORD",
                peer="127.0.0.1",
                settings=self.door.settings,
            )


async def add_person(session: AsyncSession, world: World, name: str, person: Person) -> UUID:
    """Enter a person with a verified PIN and names told by the civil registry."""
    at = utc_now()
    person_id = await create_person(session, at=at)
    told = {
        "surname": person.surname,
        "given_name": person.given_name,
        "birth_date": person.birth_date.isoformat(),
        "sex": person.sex,
        "pin": person.pin,
    }
    provenance = Provenance(source="ZAGS", recorded_at=at, exchange_id=uuid4(), verified_at=at)
    await add_assertions(session, person_id, told, provenance=provenance)
    await claim_identifier(
        session, person_id, Scheme.PIN, person.pin, status=IdentifierStatus.VERIFIED, at=at
    )
    await project_person(session, person_id, POLICIES, at=at)
    number = await session.execute(text("select isuo_no from person where id = :id"), {"id": person_id})
    world.numbers[name], world.pins[name] = number.scalar_one(), person.pin
    return person_id


async def add_account(
    world: World,
    name: str,
    role: Role | None,
    *,
    undertaken: bool = True,
    person_id: UUID | None = None,
    **reach: object,
) -> UUID:
    """Make an account that may be used: identified, sworn, with a password."""
    async with world.database.transaction() as session:
        if person_id is None:
            person = world.people.person(birth_date=date(1980, 5, 17))
            person_id = await add_person(session, world, name, person)
        number = await session.execute(text("select isuo_no from person where id = :id"), {"id": person_id})
        made = await create_account(session, isuo_no=number.scalar_one(), login=name, by=None)
        account = await session.get_one(Account, made)
        act = Identification(kind=IN_PERSON_ACT, reference="act 1", place="safe 1")
        await identify_as(session, account, act, by=None, keys=KEYS)
        world.accounts[name] = made
        if role is not None:
            wanted = Appointment(
                role=role,
                valid_from=date(2026, 1, 1),
                order_no="17-к",
                order_on=date(2025, 12, 30),
                evidence="BIRTH_ACT" if role is Role.PARENT else None,
                **reach,
            )
            world.grants[name] = await write_grant(session, made, wanted, by=None)
        if undertaken:
            await write_briefing(session, made, held_on=date(2026, 1, 2), topic="personal data", by=made)
            paper = Paper(signed_on=date(2026, 1, 3), location="file 1, sheet 1")
            await write_undertaking(session, made, paper, by=made, months=0)
        await set_password(world.door, session, made, PASSWORD)
    return made


async def make_world(database: Database, *, access: Access = CHEAP) -> World:
    """Make everything."""
    world = World(database=database, door=open_door(database, KEYS, settings_of(access)))
    async with database.transaction() as session:
        await _add_organisations(session, world)
        await _add_learners(session, world)
        await _add_classes(session, world)
        await _add_traces(session, world)
    school, learner = world.organisations["A-SCHOOL"], world.learners["a-pupil"]
    await add_account(world, "ministry", Role.MINISTRY)
    await add_account(world, "special", Role.SPECIAL_ADMIN)
    await add_account(world, "district", Role.DISTRICT, territory=DISTRICT_A)
    await add_account(world, "head", Role.HEAD, organisation_id=school)
    await add_account(world, "responsible", Role.RESPONSIBLE, organisation_id=school)
    teaching = {"organisation_id": school, "class_id": world.classes["5A"]}
    await add_account(world, "teacher", Role.TEACHER, **teaching)
    await add_account(world, "learner", Role.LEARNER, person_id=learner, undertaken=False)
    await add_account(world, "parent", Role.PARENT, child_id=learner, undertaken=False)
    await add_account(world, "operator", Role.GATEWAY_OPERATOR)
    await add_account(world, "auditor", Role.SECURITY_AUDITOR)
    await add_account(
        world, "b-responsible", Role.RESPONSIBLE, organisation_id=world.organisations["B-SCHOOL"]
    )
    async with database.transaction() as session:
        for name in ("responsible", "b-responsible"):
            world.notices[name] = uuid4()
            organisation = "A-SCHOOL" if name == "responsible" else "B-SCHOOL"
            await session.execute(
                insert(AppointmentNotice).values(
                    id=world.notices[name],
                    grant_id=world.grants[name],
                    kind="APPOINTED",
                    organisation_id=world.organisations[organisation],
                    sent_at=utc_now(),
                )
            )
        await _add_exchanges(session, world)
    return world


ROLES = {
    "ministry": Role.MINISTRY,
    "special": Role.SPECIAL_ADMIN,
    "district": Role.DISTRICT,
    "head": Role.HEAD,
    "responsible": Role.RESPONSIBLE,
    "teacher": Role.TEACHER,
    "learner": Role.LEARNER,
    "parent": Role.PARENT,
    "operator": Role.GATEWAY_OPERATOR,
    "auditor": Role.SECURITY_AUDITOR,
}


async def _add_organisations(session: AsyncSession, world: World) -> None:
    for code, (soate, level) in ORGANISATIONS.items():
        made = await save_organisation(session, code=code, soate=soate, name_ky=code, name_ru=code)
        world.organisations[code] = made
        await session.execute(
            insert(OrganisationLevel).values(organisation_id=made, level=level, set_at=utc_now())
        )


async def _add_learners(session: AsyncSession, world: World) -> None:
    """One learner each; `b-pupil` is claimed by A-SCHOOL besides, `moved` has left A-SCHOOL for B-SCHOOL."""
    day = today()
    places = {
        "a-pupil": [("A-SCHOOL", None, False)],
        "a-child": [("A-KINDERGARTEN", None, False)],
        "a-student": [("A-COLLEGE", None, False)],
        "b-pupil": [("B-SCHOOL", None, False), ("A-SCHOOL", None, True)],
        "moved": [("A-SCHOOL", day, False), ("B-SCHOOL", None, False)],
    }
    for name, rows in places.items():
        person = world.people.person(birth_date=day - timedelta(days=3600))
        world.learners[name] = await add_person(session, world, name, person)
        for code, end_on, held in rows:
            await add_enrolment(
                session,
                at=utc_now(),
                person_id=world.learners[name],
                organisation_id=world.organisations[code],
                level="GENERAL",
                form="FULL_TIME",
                start_on=day - timedelta(days=300) if end_on else day,
                end_on=end_on,
                held=held,
            )


async def _add_classes(session: AsyncSession, world: World) -> None:
    """Open 5A and 5B at A-SCHOOL and a class elsewhere; `a-pupil` is in 5A, `b-pupil` in a class of B-SCHOOL."""
    day = today()
    year = await academic_year_on(session, day)
    for name, code in (("5A", "A-SCHOOL"), ("5B", "A-SCHOOL"), ("B", "B-SCHOOL"), *OTHERS):
        new = NewClassGroup(
            academic_year=year, name=name, opened_on=day, language_code=LANGUAGE, kind_code="REGULAR"
        )
        world.classes[name] = await open_class_group(session, world.organisations[code], new, at=utc_now())
    for learner, code, name in (("a-pupil", "A-SCHOOL", "5A"), ("b-pupil", "B-SCHOOL", "B")):
        found = await session.execute(
            text("select id from enrolment where person_id = :person and organisation_id = :place"),
            {"person": world.learners[learner], "place": world.organisations[code]},
        )
        world.enrolments[learner] = found.scalar_one()
        await place_in_class(
            session, world.enrolments[learner], world.classes[name], from_on=day, by="clerk", at=utc_now()
        )


async def _add_traces(session: AsyncSession, world: World) -> None:
    for number, (name, code) in enumerate((("a-pupil", "A-SCHOOL"), ("b-pupil", "B-SCHOOL"))):
        await add_education_document(
            session,
            at=utc_now(),
            type="CERT_9",
            number=str(number),
            issued_on=date(2026, 6, 1),
            person_id=world.learners[name],
            organisation_id=world.organisations[code],
        )
        await session.execute(
            insert(Disclosure).values(
                disclosure_id=uuid4(),
                entry_id=uuid4(),
                person_id=world.learners[name],
                client="X/GOV/2/agency",
                service="getLearnerStatus",
                agreement_no="1",
                purpose="BENEFIT",
                profile="status",
                fields=["status"],
                as_of_on=date(2026, 6, 1),
                registry_seq=1,
                answer_sha256=bytes(32),
                disclosed_at=utc_now(),
            )
        )
    pairs = {
        "a": ("a-pupil", "a-child"),
        "b": ("b-pupil", "moved"),
        "across": ("a-pupil", "b-pupil"),
        "own": ("a-pupil",),
    }
    for name, (one, *others) in pairs.items():
        question = CaseQuestion(
            kind="DUP_LIKELY",
            person_id=world.learners[one],
            explanation=f"pair {name}",
            field=name,
            others=tuple(world.learners[other] for other in others),
        )
        world.cases[name] = await open_case(session, question, at=utc_now())


async def _add_exchanges(session: AsyncSession, world: World) -> None:
    for name in ("responsible", "b-responsible"):
        user_id = f"isuo.{world.accounts[name].hex}"
        await session.execute(
            text("""
                insert into journal_entry (entry_id, exchange_id, kind, client, service, message_id, user_id,
                    issue, protocol_version, x_request_id, request_in_ts, outcome, fault_code, fault_string,
                    signer, signature, purpose, agreement, attempt, peer_address, mac, subject)
                values (:entry, :entry, 'SENT', 'us', 'zags', :message, :user_id, 'i', '4.0', '', now(), 'FOUND',
                    '', '', '', 'unsigned', '', '', 1, '', '\\x00', '\\x01')
            """),
            {"entry": uuid4(), "message": str(uuid4()), "user_id": user_id},
        )
