"""A person's file: an ordered list of leaves, each chained to the one before, none ever taken out."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.registry.learners.tables import PersonalFileEntry

_LOCK = text("select pg_advisory_xact_lock(hashtextextended('personal file ' || :person, 0))")
_FIRST = bytes(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """What is put into the file: ORDER, DOCUMENT, CONSENT, CASE …, and where the paper or its scan is."""

    kind: str
    happened_on: date
    subject_id: UUID | None = None
    paper_location: str = ""
    scan_sha256: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledLeaf:
    """A leaf as it lies in the file."""

    person_id: UUID
    number: int
    leaf: Leaf
    recorded_by: str
    recorded_at: datetime
    previous_hash: bytes
    hash: bytes

    def computed_hash(self) -> bytes:
        """Give the hash the leaf must have."""
        parts = (
            self.person_id,
            self.number,
            self.leaf.kind,
            self.leaf.happened_on,
            self.leaf.subject_id or "",
            self.leaf.paper_location,
            (self.leaf.scan_sha256 or b"").hex(),
            self.recorded_by,
            self.recorded_at.astimezone(UTC).isoformat(),
        )
        # a length before each part, so that no two leaves are written alike
        told = "".join(f"{len(str(part))}:{part}" for part in parts)
        return hashlib.sha256(self.previous_hash + told.encode()).digest()


def first_break(leaves: Iterable[FiledLeaf]) -> int | None:
    """Give the number of the first leaf that does not follow from the one before; None where all do."""
    previous, due = _FIRST, 1
    for leaf in leaves:
        if leaf.number != due or leaf.previous_hash != previous or leaf.computed_hash() != leaf.hash:
            return due
        previous, due = leaf.hash, due + 1
    return None


async def file_leaf(session: AsyncSession, person_id: UUID, leaf: Leaf, *, by: str, at: datetime) -> int:
    """Put a leaf into a person's file and give its number; leaves of one file wait for each other."""
    await session.execute(_LOCK, {"person": str(person_id)})
    found = await session.execute(
        select(PersonalFileEntry.number, PersonalFileEntry.hash)
        .where(PersonalFileEntry.person_id == person_id)
        .order_by(PersonalFileEntry.number.desc())
        .limit(1)
    )
    last = found.one_or_none()
    filed = FiledLeaf(
        person_id=person_id,
        number=last.number + 1 if last else 1,
        leaf=leaf,
        recorded_by=by,
        recorded_at=at,
        previous_hash=last.hash if last else _FIRST,
        hash=b"",
    )
    await session.execute(
        insert(PersonalFileEntry).values(
            id=uuid4(),
            person_id=person_id,
            number=filed.number,
            kind=leaf.kind,
            subject_id=leaf.subject_id,
            happened_on=leaf.happened_on,
            paper_location=leaf.paper_location,
            scan_sha256=leaf.scan_sha256,
            recorded_at=at,
            recorded_by=by,
            previous_hash=filed.previous_hash,
            hash=filed.computed_hash(),
        )
    )
    return filed.number


async def personal_file(session: AsyncSession, person_id: UUID) -> tuple[FiledLeaf, ...]:
    """Read a person's file in order; the file of a merged entry stays its own."""
    found = await session.execute(
        select(PersonalFileEntry)
        .where(PersonalFileEntry.person_id == person_id)
        .order_by(PersonalFileEntry.number)
    )
    return tuple(_filed(row) for row in found.scalars())


def _filed(row: PersonalFileEntry) -> FiledLeaf:
    return FiledLeaf(
        person_id=row.person_id,
        number=row.number,
        leaf=Leaf(
            kind=row.kind,
            happened_on=row.happened_on,
            subject_id=row.subject_id,
            paper_location=row.paper_location,
            scan_sha256=row.scan_sha256,
        ),
        recorded_by=row.recorded_by,
        recorded_at=row.recorded_at,
        previous_hash=row.previous_hash,
        hash=row.hash,
    )
