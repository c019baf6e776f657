"""The accounts of the demonstration: an operator, an auditor, an administrator, a head and a clerk, ready to sign in."""

import base64
import os
import secrets
import time
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import typer
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.accounts import IN_PERSON_ACT, Identification, create_account, identify_as
from gateway.access.appointments import Appointment, write_grant
from gateway.access.door import Door, open_door
from gateway.access.keys import read_access_keys
from gateway.access.model import Account, Credential
from gateway.access.sign_in import set_password
from gateway.access.totp import STEP_SECONDS, code_at, make_secret
from gateway.access.undertakings import Paper, write_briefing, write_undertaking
from gateway.access.values import Role
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Settings
from gateway.registry.model import Organisation
from gateway.registry.projection import project_person
from gateway.registry.reading import person_by_id
from gateway.registry.repository import Provenance, add_assertions, create_person

SECRET_VARIABLE = "KOPURO_DEMO_SECOND_FACTOR"  # noqa: S105 – the name of a variable
SCHOOL = "KG-SCHOOL-001"
_PEOPLE = {
    "operator": (Role.GATEWAY_OPERATOR, "Бакиров", "Эрлан"),
    "auditor": (Role.SECURITY_AUDITOR, "Садыкова", "Нургүл"),
    "admin": (Role.SPECIAL_ADMIN, "Жумабаев", "Тилек"),
    "clerk": (Role.RESPONSIBLE, "Осмонова", "Чынара"),
    "head": (Role.HEAD, "Исаков", "Азамат"),
}
_ORDER_ON = date(2026, 1, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAccounts:
    """What one signs in with: the accounts, one password, and the secret of their second factor (base32)."""

    logins: tuple[str, ...]
    password: str
    secret: str


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo-code", hidden=True)(demo_code)


def demo_code() -> None:
    """Print the present code of the demonstration's second factor; needs its environment (. var/demo/env)."""
    secret = os.environ.get(SECRET_VARIABLE)
    if not secret:
        raise SettingsError(f"{SECRET_VARIABLE} is not set: read the file env of the demonstration first")
    typer.echo(code_at(base64.b32decode(secret), int(time.time()) // STEP_SECONDS))


async def make_accounts(database: Database, settings: Settings) -> DemoAccounts:
    """Make the accounts of synthetic people; password and secret are new in every demonstration."""
    door = open_door(database, read_access_keys(settings), settings)
    password, secret = secrets.token_urlsafe(9), make_secret()
    async with database.transaction() as session:
        found = await session.execute(select(Organisation.id).where(Organisation.code == SCHOOL))
        school = found.scalar_one()
        for login, (role, surname, given_name) in _PEOPLE.items():
            person = {"surname": surname, "given_name": given_name, "birth_date": "1985-03-08"}
            account_id = await _account(session, door, login, await _person(session, settings, person))
            await _appoint(session, account_id, role, school)
            await set_password(door, session, account_id, password)
            sealed = door.keys.seal(secret, account_id.bytes)
            await session.execute(
                update(Credential)
                .where(Credential.account_id == account_id)
                .values(totp_secret=sealed, totp_confirmed_at=utc_now())
            )
    return DemoAccounts(logins=tuple(_PEOPLE), password=password, secret=base64.b32encode(secret).decode())


async def _person(session: AsyncSession, settings: Settings, told: dict[str, str]) -> str:
    at = utc_now()
    person_id = await create_person(session, at=at)
    await add_assertions(session, person_id, told, provenance=Provenance(source="MINISTRY", recorded_at=at))
    await project_person(session, person_id, settings.fields, at=at)
    entry = await person_by_id(session, person_id)
    assert entry is not None
    return entry.isuo_no


async def _account(session: AsyncSession, door: Door, login: str, isuo_no: str) -> UUID:
    account_id = await create_account(session, isuo_no=isuo_no, login=login, by=None)
    account = await session.get_one(Account, account_id)
    act = Identification(kind=IN_PERSON_ACT, reference=f"demo/{login}", place="demonstration")
    await identify_as(session, account, act, by=None, keys=door.keys)
    return account_id


async def _appoint(session: AsyncSession, account_id: UUID, role: Role, school: UUID) -> None:
    wanted = Appointment(
        role=role,
        valid_from=_ORDER_ON,
        order_no="1",
        order_on=_ORDER_ON,
        organisation_id=school if role in {Role.RESPONSIBLE, Role.HEAD} else None,
    )
    await write_grant(session, account_id, wanted, by=None)
    await write_briefing(session, account_id, held_on=_ORDER_ON, topic="demonstration", by=account_id)
    paper = Paper(signed_on=_ORDER_ON, location="demonstration")
    await write_undertaking(session, account_id, paper, by=account_id, months=0)
