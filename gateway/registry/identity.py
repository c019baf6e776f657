"""What an entry's identity is worth when it was found by something other than its PIN."""

from dataclasses import replace

from sqlalchemy import and_, bindparam, or_, select

from gateway.foundation.database import Database
from gateway.foundation.reader import PreparedSelect
from gateway.registry.entries import PersonEntry
from gateway.registry.model import FieldProvenance, Person, PersonIdentifier
from gateway.registry.values import IdentifierStatus

_PIN = PreparedSelect(
    select(PersonIdentifier.status.label("pin_status"), FieldProvenance.verified_at)
    .join(Person, Person.id == PersonIdentifier.person_id)
    .join(
        FieldProvenance,
        and_(FieldProvenance.subject_id == bindparam("person_id"), FieldProvenance.field == "pin"),
        isouter=True,
    )
    .where(
        PersonIdentifier.scheme == "PIN",
        or_(Person.id == bindparam("person_id"), Person.master_id == bindparam("person_id")),
        PersonIdentifier.valid_until.is_(None),
    )
    .order_by((PersonIdentifier.status == IdentifierStatus.VERIFIED).desc())
    .limit(1)
)


async def with_identity(database: Database, person: PersonEntry) -> PersonEntry:
    """Add the status of the entry's own PIN, which a search by number or document does not read."""
    rows = await database.read(_PIN, person_id=person.person_id)
    if not rows:
        return person
    status = IdentifierStatus(rows[0].pin_status)
    return replace(person, pin_status=status, verified_at=rows[0].verified_at)
