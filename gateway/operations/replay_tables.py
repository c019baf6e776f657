"""The tables of replays: a run, and one item for each exchange or piece of work done again."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gateway.access.model import Id, Instant
from gateway.foundation.database import Base


class ReplayRun(Base):
    """Exchanges asked again (`ASK`), or the work they were made for done again (`WORK`)."""

    __tablename__ = "replay_run"
    id: Mapped[Id]
    mode: Mapped[str]
    effect: Mapped[str]
    state: Mapped[str]
    incident_id: Mapped[UUID | None] = mapped_column(ForeignKey("incident.id"))
    selection: Mapped[dict[str, Any]] = mapped_column(JSONB)
    reason: Mapped[str]
    per_minute: Mapped[int]
    stop_after: Mapped[int]
    needs_approval: Mapped[bool]
    asked_by: Mapped[str]
    asked_at: Mapped[Instant] = mapped_column(index=True)
    approved_by: Mapped[str | None]
    approved_at: Mapped[Instant | None]
    resumed_at: Mapped[Instant | None]
    forgiven: Mapped[int] = mapped_column(server_default="0")
    ended_at: Mapped[Instant | None]


class ReplayItem(Base):
    """One old exchange and the new one: the link between them is found from either side."""

    __tablename__ = "replay_item"
    __table_args__ = (
        Index(
            "uq_replay_item_at_work",
            "exchange_id",
            unique=True,
            postgresql_where=text("state in ('WAITING', 'SENDING', 'DEFERRED')"),
        ),
    )

    run_id: Mapped[UUID] = mapped_column(ForeignKey("replay_run.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    exchange_id: Mapped[UUID] = mapped_column(index=True)
    message_id: Mapped[str]
    service: Mapped[str]
    effect: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")
    new_exchange_id: Mapped[UUID | None] = mapped_column(unique=True)
    new_message_id: Mapped[str | None]
    work_task: Mapped[str | None]
    work_subject: Mapped[UUID | None]
    job_id: Mapped[int | None] = mapped_column(BigInteger)
    started_at: Mapped[Instant | None]
    ended_at: Mapped[Instant | None]
    fault_code: Mapped[str] = mapped_column(server_default="")
