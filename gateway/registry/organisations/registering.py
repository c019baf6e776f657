"""Register an organisation, and keep its visible values in step with its history."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ScalarSelect, case, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from gateway.foundation.errors import InputRefused, RegistryError
from gateway.registry.books.lookup import value_on
from gateway.registry.model import Organisation
from gateway.registry.organisations.model import OrganisationLanguage, OrganisationName, OrganisationType
from gateway.registry.repository import Provenance, add_assertions, record_event
from gateway.registry.writing import write

SUBJECT = "ORGANISATION"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrganisation:
    """What is needed to register an organisation; codes are those of the reference books."""

    code: str
    type_code: str
    name_ky: str
    name_ru: str
    opened_on: date
    name_en: str | None = None
    inn: str | None = None
    okpo: str | None = None
    registration_no: str | None = None
    gked_code: str | None = None
    soate: str | None = None
    ownership_code: str | None = None
    provider_code: str | None = None
    locality_kind: str | None = None
    languages: tuple[str, ...] = ()
    planned: bool = False


_TOLD = (
    "type_code", "name_ky", "name_ru", "name_en", "opened_on", "inn", "okpo", "registration_no", "gked_code",
    "soate", "ownership_code", "provider_code", "locality_kind",
)  # fmt: skip
_PLAIN = (
    "code", "type_code", "name_ky", "name_ru", "opened_on", "inn", "okpo", "registration_no", "gked_code",
    "soate", "ownership_code", "provider_code", "locality_kind",
)  # fmt: skip


async def register_organisation(
    session: AsyncSession, new: NewOrganisation, *, provenance: Provenance
) -> UUID:
    """Register an organisation with its first names, type and languages, and give its id.

    Raises InputRefused for a number that cannot be one or a value outside its book, RegistryError where an
    active organisation already has the INN, the OKPO or the code.
    """
    _check(new)
    organisation_id = uuid4()
    profile = await special_profile(session, new.type_code, on=new.opened_on)
    await write(
        session,
        insert(Organisation).values(
            id=organisation_id,
            status="PLANNED" if new.planned else "ACTIVE",
            special_profile=profile,
            **{name: getattr(new, name) for name in _PLAIN},
        ),
    )
    await _begin_history(session, organisation_id, new, profile=profile, provenance=provenance)
    await tell(session, organisation_id, {name: getattr(new, name) for name in _TOLD}, provenance=provenance)
    await record_event(
        session, "ORGANISATION_REGISTERED", organisation_id, at=provenance.recorded_at, subject_type=SUBJECT
    )
    return organisation_id


def _check(new: NewOrganisation) -> None:
    problems = [
        (name, "DIGITS")
        for name, length in (("inn", 14), ("okpo", 8))
        if (value := getattr(new, name))
        and not (value.isascii() and value.isdigit() and len(value) == length)
    ]
    if new.inn and not problems and not new.inn.startswith("0"):
        problems.append(("inn", "NOT_OF_AN_ORGANISATION"))
    problems += [
        (name, "MISSING") for name in ("code", "name_ky", "name_ru") if not getattr(new, name).strip()
    ]
    if problems:
        raise InputRefused(tuple(problems))


async def special_profile(session: AsyncSession, type_code: str, *, on: date) -> str | None:
    """Give the special profile a type brings with it; such organisations are masked in what leaves us."""
    found = await value_on(session, "ORG_TYPE", type_code, on=on)
    return found.attributes.get("special_profile") if found else None


async def _begin_history(
    session: AsyncSession,
    organisation_id: UUID,
    new: NewOrganisation,
    *,
    profile: str | None,
    provenance: Provenance,
) -> None:
    since = {"organisation_id": organisation_id, "valid_from": new.opened_on}
    recorded = {**since, "recorded_at": provenance.recorded_at}
    for language, name in (("KY", new.name_ky), ("RU", new.name_ru), ("EN", new.name_en)):
        if name:
            row = insert(OrganisationName).values(
                id=uuid4(), language_code=language, full_name=name, **recorded
            )
            await write(session, row)
    await write(
        session,
        insert(OrganisationType).values(
            id=uuid4(), type_code=new.type_code, special_profile=profile, **recorded
        ),
    )
    for language in new.languages:
        await write(session, insert(OrganisationLanguage).values(id=uuid4(), language_code=language, **since))


async def tell(
    session: AsyncSession, organisation_id: UUID, values: dict[str, object], *, provenance: Provenance
) -> None:
    """Record who told these values of an organisation, as assertions."""
    await add_assertions(session, organisation_id, values, provenance=provenance, subject_type=SUBJECT)


async def project_organisation(session: AsyncSession, organisation_id: UUID, *, on: date) -> None:
    """Bring the visible names, type and profile to what the history says for a day; the version grows.

    Raises RegistryError when there is no such organisation.
    """
    names = {
        f"name_{language.lower()}": func.coalesce(_name(organisation_id, language, on), column)
        for language, column in (("KY", Organisation.name_ky), ("RU", Organisation.name_ru))
    }
    # an organisation without a history of types keeps what it was saved with, its mask above all
    typed = _kind(organisation_id, OrganisationType.id, on).is_not(None)
    kinds = {
        name: case((typed, _kind(organisation_id, getattr(OrganisationType, name), on)), else_=column)
        for name, column in (
            ("type_code", Organisation.type_code),
            ("special_profile", Organisation.special_profile),
        )
    }
    shown = (
        update(Organisation)
        .where(Organisation.id == organisation_id)
        .values(**names, **kinds, version=Organisation.version + 1)
    )
    if (await write(session, shown.returning(Organisation.id))).first() is None:
        raise RegistryError("there is no such organisation")


def _name(organisation_id: UUID, language: str, on: date) -> ScalarSelect[Any]:
    return (
        select(OrganisationName.full_name)
        .where(
            OrganisationName.organisation_id == organisation_id,
            OrganisationName.language_code == language,
            OrganisationName.valid_from <= on,
            or_(OrganisationName.valid_until.is_(None), OrganisationName.valid_until > on),
        )
        .scalar_subquery()
    )


def _kind(organisation_id: UUID, column: InstrumentedAttribute[Any], on: date) -> ScalarSelect[Any]:
    return (
        select(column)
        .where(
            OrganisationType.organisation_id == organisation_id,
            OrganisationType.valid_from <= on,
            or_(OrganisationType.valid_until.is_(None), OrganisationType.valid_until > on),
        )
        .scalar_subquery()
    )
