"""Define registers, write entries into them and read what stands; each entry keeps its source like any value."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from gateway.foundation.errors import RegistryError
from gateway.registry.model import Person
from gateway.registry.registers.definition import Field, Register, read_registers
from gateway.registry.registers.model import RegisterDefinition, RegisterEntry
from gateway.registry.repository import Provenance, record_event
from gateway.registry.writing import write

Correction = aliased(RegisterEntry, name="correction")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An entry as it stands, with its source and when it came."""

    entry_id: UUID
    register_code: str
    happened_on: date
    content: Mapping[str, Any]
    source_code: str
    recorded_at: datetime


async def define_registers(session: AsyncSession, text: str, *, by: str, at: datetime) -> dict[str, int]:
    """Take the registers of a file in, and give the new version of each that is new or changed."""
    made: dict[str, int] = {}
    for register in read_registers(text):
        present = await find_register(session, register.code)
        if present is not None and present[0] == register:
            continue
        made[register.code] = (present[1] if present else 0) + 1
        await write(
            session,
            insert(RegisterDefinition).values(
                code=register.code,
                version=made[register.code],
                definition=asdict(register),
                readers=list(register.readers),
                defined_by=by,
                defined_at=at,
            ),
        )
    return made


async def find_register(session: AsyncSession, code: str) -> tuple[Register, int] | None:
    """Read a register by its newest version; None where there is no such register."""
    newest = select(func.max(RegisterDefinition.version)).where(RegisterDefinition.code == code)
    row = await session.get(RegisterDefinition, (code, await session.scalar(newest) or 0))
    return (_register(row.definition), row.version) if row else None


async def registers(session: AsyncSession) -> tuple[Register, ...]:
    """Read every register by its newest version, in the order of codes."""
    newer = aliased(RegisterDefinition, name="newer")
    replaced = select(newer.code).where(
        newer.code == RegisterDefinition.code, newer.version > RegisterDefinition.version
    )
    found = await session.execute(
        select(RegisterDefinition).where(~replaced.exists()).order_by(RegisterDefinition.code)
    )
    return tuple(_register(row.definition) for row in found.scalars())


async def record_entry(  # noqa: PLR0913 - which register, about whom, what, when, by whom and in whose place
    session: AsyncSession,
    code: str,
    person_id: UUID,
    content: Mapping[str, Any] | None,
    *,
    on: date,
    provenance: Provenance,
    corrects: UUID | None = None,
) -> UUID:
    """Write an entry and give its id; without content it withdraws the one it corrects.

    Raises InputRefused naming the fields that are wrong, RegistryError for an unknown register or entry.
    """
    found = await find_register(session, code)
    if found is None:
        raise RegistryError("there is no such register")
    if corrects is not None:
        await _check_corrects(session, code, person_id, corrects)
    entry_id = uuid4()
    await write(
        session,
        insert(RegisterEntry).values(
            id=entry_id,
            register_code=code,
            version=found[1],
            person_id=person_id,
            happened_on=on,
            content=found[0].check(content) if content is not None else None,
            source_code=provenance.source,
            corrects_id=corrects,
            recorded_at=provenance.recorded_at,
            recorded_by=provenance.entered_by or provenance.source,
        ),
    )
    at, detail = provenance.recorded_at, {"register": code, "entry_id": str(entry_id)}
    await record_event(session, "REGISTER_ENTRY", person_id, at=at, effective_on=on, detail=detail)
    return entry_id


async def entries_of(
    session: AsyncSession, person_id: UUID, *, code: str | None = None
) -> tuple[Recorded, ...]:
    """Read what stands about a person in one register or in all, merged entries included, by day."""
    root = select(func.coalesce(Person.master_id, Person.id)).where(Person.id == person_id).scalar_subquery()
    same = select(Person.id).where(or_(Person.id == root, Person.master_id == root))
    statement = select(RegisterEntry).where(
        RegisterEntry.person_id.in_(same),
        RegisterEntry.content.is_not(None),
        ~select(Correction.id).where(Correction.corrects_id == RegisterEntry.id).exists(),
    )
    if code is not None:
        statement = statement.where(RegisterEntry.register_code == code)
    found = await session.execute(statement.order_by(RegisterEntry.happened_on, RegisterEntry.id))
    return tuple(_recorded(row) for row in found.scalars())


async def _check_corrects(session: AsyncSession, code: str, person_id: UUID, corrects: UUID) -> None:
    old = await session.get(RegisterEntry, corrects)
    if old is None or (old.register_code, old.person_id) != (code, person_id):
        raise RegistryError("there is no such entry to correct")


def _register(kept: Mapping[str, Any]) -> Register:
    fields = tuple(Field(**{**each, "choices": tuple(each["choices"])}) for each in kept["fields"])
    return Register(code=kept["code"], names=kept["names"], readers=tuple(kept["readers"]), fields=fields)


def _recorded(row: RegisterEntry) -> Recorded:
    return Recorded(
        entry_id=row.id,
        register_code=row.register_code,
        happened_on=row.happened_on,
        content=row.content or {},
        source_code=row.source_code,
        recorded_at=row.recorded_at,
    )
