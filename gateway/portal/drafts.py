"""What a clerk has begun: sealed under the keys of access, the clerk's alone, gone within a day."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from gateway.access.errors import not_found
from gateway.access.keys import AccessKeys
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Base
from gateway.registry.model import Id, Instant

LEARNER, IMPORT = "LEARNER", "IMPORT"
KEPT = timedelta(days=1)


class DraftRow(Base):
    """One thing begun; `done` of `total` tells how far what runs for it has come."""

    __tablename__ = "portal_draft"
    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    kind: Mapped[str]
    sealed: Mapped[bytes]
    sealed_file: Mapped[bytes | None]
    running: Mapped[bool]
    done: Mapped[int] = mapped_column(server_default="0")
    total: Mapped[int] = mapped_column(server_default="0")
    begun_at: Mapped[Instant]
    expires_at: Mapped[Instant] = mapped_column(index=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A draft as its owner reads it."""

    draft_id: UUID
    content: Mapping[str, Any] = field(repr=False)
    running: bool
    done: int
    total: int
    begun_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafts:
    """The drafts of one account of one kind."""

    keys: AccessKeys
    account_id: UUID
    kind: str

    async def begin(
        self, session: AsyncSession, content: Mapping[str, Any], *, file: bytes | None = None, total: int = 0
    ) -> UUID:
        """Keep a draft something runs for and give its id; whatever expired, of anybody, goes."""
        now, draft_id = utc_now(), uuid4()
        await session.execute(delete(DraftRow).where(DraftRow.expires_at <= now))
        await session.execute(
            insert(DraftRow).values(
                id=draft_id,
                account_id=self.account_id,
                kind=self.kind,
                sealed=self._seal(draft_id, content),
                sealed_file=self.keys.seal(file, draft_id.bytes + b"file") if file is not None else None,
                running=True,
                total=total,
                begun_at=now,
                expires_at=now + KEPT,
            )
        )
        return draft_id

    async def read(self, session: AsyncSession, draft_id: UUID) -> Draft:
        """Read a draft; raises AccessError alike for none, an expired one and somebody else's."""
        found = await session.execute(
            select(DraftRow.sealed, DraftRow.running, DraftRow.done, DraftRow.total, DraftRow.begun_at).where(
                *self._own(draft_id)
            )
        )
        row = found.one_or_none()
        if row is None:
            raise not_found()
        return Draft(
            draft_id=draft_id,
            content=json.loads(self.keys.unseal(row.sealed, draft_id.bytes)),
            running=row.running,
            done=row.done,
            total=row.total,
            begun_at=row.begun_at,
        )

    async def file(self, session: AsyncSession, draft_id: UUID) -> bytes:
        """Give the draft's file; raises AccessError where there is none."""
        found = await session.execute(select(DraftRow.sealed_file).where(*self._own(draft_id)))
        sealed = found.scalar_one_or_none()
        if sealed is None:
            raise not_found()
        return self.keys.unseal(sealed, draft_id.bytes + b"file")

    async def write(
        self, session: AsyncSession, draft_id: UUID, content: Mapping[str, Any], *, running: bool
    ) -> None:
        """Replace what the draft holds."""
        await session.execute(
            update(DraftRow)
            .where(DraftRow.id == draft_id)
            .values(sealed=self._seal(draft_id, content), running=running)
        )

    async def advance(self, session: AsyncSession, draft_id: UUID, *, done: int, total: int) -> None:
        """Tell how far it has come."""
        await session.execute(update(DraftRow).where(DraftRow.id == draft_id).values(done=done, total=total))

    async def drop(self, session: AsyncSession, draft_id: UUID) -> None:
        """Throw a draft away."""
        await session.execute(delete(DraftRow).where(*self._own(draft_id)))

    def _seal(self, draft_id: UUID, content: Mapping[str, Any]) -> bytes:
        return self.keys.seal(json.dumps(content, ensure_ascii=False).encode(), draft_id.bytes)

    def _own(self, draft_id: UUID) -> tuple[Any, ...]:
        return (
            DraftRow.id == draft_id,
            DraftRow.account_id == self.account_id,
            DraftRow.kind == self.kind,
            DraftRow.expires_at > utc_now(),
        )
