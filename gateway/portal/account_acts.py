"""What may be done about an account, as data: the fields of each act, and what carries it out."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access import accounts, appointments, undertakings
from gateway.access.door import Door
from gateway.access.errors import not_found
from gateway.access.matrix import MATRIX
from gateway.access.values import Caller, Role
from gateway.portal.books import Option
from gateway.portal.fields import Field
from gateway.portal.places import Place
from gateway.registry.model import Organisation

_FOR_PEOPLE = frozenset({Role.LEARNER, Role.PARENT})  # their own pages come with their own forms


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The account an act is about, who acts, and at which organisations."""

    account_id: UUID
    by: Caller
    door: Door
    places: tuple[Place, ...]
    classes: tuple[Option, ...] = ()
    role_names: Mapping[str, str]


Run = Callable[[AsyncSession, About, dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAct:
    """One act: its fields, what carries it out, and the fields that begin with today."""

    name: str
    fields: Callable[[About], Sequence[Field]]
    run: Run
    days: tuple[str, ...] = ()


def roles_to_grant(by: Caller) -> tuple[Role, ...]:
    """Give the roles that somebody may appoint to somewhere."""
    found = {role for rule in MATRIX.appointments if rule.by in by.roles for role in rule.roles}
    return tuple(role for role in Role if role in found - _FOR_PEOPLE)


def _day(name: str, *, required: bool = True) -> Field:
    return Field(name=name, kind="day", required=required)


async def _identify(session: AsyncSession, about: About, values: dict[str, Any]) -> None:
    evidence = accounts.Identification(
        kind=values["kind"], reference=values["reference"], place=values["place"] or ""
    )
    await accounts.identify(session, about.account_id, evidence, by=about.by, keys=about.door.keys)


async def _brief(session: AsyncSession, about: About, values: dict[str, Any]) -> None:
    await undertakings.brief(session, about.account_id, **values, by=about.by)


async def _undertake(session: AsyncSession, about: About, values: dict[str, Any]) -> None:
    paper = undertakings.Paper(
        signed_on=values["signed_on"],
        location=values["paper_location"],
        valid_until=values["valid_until"],
    )
    months = about.door.settings.undertaking_months
    await undertakings.register_undertaking(session, about.account_id, paper, by=about.by, months=months)


async def _appoint(session: AsyncSession, about: About, values: dict[str, Any]) -> None:
    code, class_id = values.pop("organisation_code"), values.pop("class_id", None)
    organisation_id = await _organisation(session, code) if code else None
    wanted = appointments.Appointment(
        **{**values, "role": Role(values["role"])},
        organisation_id=organisation_id,
        class_id=UUID(class_id) if class_id else None,
    )
    await appointments.appoint(session, about.account_id, wanted, by=about.by)


async def _organisation(session: AsyncSession, code: str) -> UUID:
    found = await session.execute(select(Organisation.id).where(Organisation.code == code))
    organisation_id = found.scalar_one_or_none()
    if organisation_id is None:
        raise not_found()
    return organisation_id


async def _end(session: AsyncSession, about: About, values: dict[str, Any]) -> None:
    try:
        grant_id = UUID(values["grant_id"])
    except ValueError:
        raise not_found() from None
    await appointments.end_appointment(session, grant_id, by=about.by, reason=values["reason"])


async def _block(session: AsyncSession, about: About, values: dict[str, Any]) -> None:
    await accounts.block(session, about.account_id, by=about.by, reason=values["reason"])


async def _unblock(session: AsyncSession, about: About, _: dict[str, Any]) -> None:
    await accounts.unblock(session, about.account_id, by=about.by)


async def _reset(session: AsyncSession, about: About, _: dict[str, Any]) -> None:
    await accounts.reset_second_factor(session, about.account_id, by=about.by)


def _appointment_fields(about: About) -> tuple[Field, ...]:
    roles = tuple(
        Option(code=role, name=about.role_names.get(role, role)) for role in roles_to_grant(about.by)
    )
    codes = tuple(Option(code=place.code, name=place.name) for place in about.places)
    fields = [
        Field(name="role", kind="choice", given=roles),
        Field(name="organisation_code", kind="choice", given=codes, required=False)
        if codes
        else Field(name="organisation_code", required=False, longest=64),
    ]
    if Role.DISTRICT in roles_to_grant(about.by):
        fields.append(Field(name="territory", required=False, longest=14, hint="soate"))
    if about.classes:
        fields.append(Field(name="class_id", kind="choice", given=about.classes, required=False))
    return (
        *fields,
        Field(name="order_no", longest=64),
        _day("order_on"),
        _day("valid_from"),
        _day("valid_until", required=False),
    )


_KINDS = (accounts.IN_PERSON_ACT, accounts.PASSPORT_MESSAGE)


def _identification_fields(about: About) -> tuple[Field, ...]:
    kinds = tuple(Option(code=kind, name=about.role_names.get(kind, kind)) for kind in _KINDS)
    return (
        Field(name="kind", kind="choice", given=kinds),
        Field(name="reference"),
        Field(name="place", required=False),
    )


_REASON = (Field(name="reason"),)
_ALL = (
    AccountAct(name="identification", fields=_identification_fields, run=_identify),
    AccountAct(name="appointment", fields=_appointment_fields, run=_appoint, days=("order_on", "valid_from")),
    AccountAct(
        name="briefing",
        fields=lambda _: (_day("held_on"), Field(name="topic")),
        run=_brief,
        days=("held_on",),
    ),
    AccountAct(
        name="undertaking",
        fields=lambda _: (
            _day("signed_on"),
            Field(name="paper_location"),
            _day("valid_until", required=False),
        ),
        run=_undertake,
        days=("signed_on",),
    ),
    AccountAct(name="end", fields=lambda _: (Field(name="grant_id", longest=40), *_REASON), run=_end),
    AccountAct(name="block", fields=lambda _: _REASON, run=_block),
    AccountAct(name="unblock", fields=lambda _: (), run=_unblock),
    AccountAct(name="second_factor", fields=lambda _: (), run=_reset),
)
ACTS: Mapping[str, AccountAct] = {each.name: each for each in _ALL}
