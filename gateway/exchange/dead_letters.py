"""Work that ended without success and that nothing tries again by itself: kept with the class of its cause."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.agency_tables import DeadLetter
from gateway.foundation.errors import (
    AgencyRefused,
    AgencyUnavailable,
    ContractError,
    RegistryError,
    SettingsError,
    SignatureError,
)

RETRY_LETTER = "retry_letter"  # the task that tries a feed's record or a notice anew
LetterKind = Literal["JOB", "FEED_ITEM", "NOTICE"]
Settlement = Literal["RETRIED", "DROPPED"]


class Cause(StrEnum):
    """Why work died, as far as it decides what a person does about it."""

    AGENCY_SILENT = "AGENCY_SILENT"
    AGENCY_REFUSES = "AGENCY_REFUSES"
    BROKEN_ANSWER = "BROKEN_ANSWER"
    REGISTRY_RULE = "REGISTRY_RULE"
    CONFIGURATION = "CONFIGURATION"
    KILLS_ITS_WORKER = "KILLS_ITS_WORKER"
    FAULT_OF_OURS = "FAULT_OF_OURS"


_CAUSES: tuple[tuple[type[BaseException], Cause], ...] = (
    (AgencyUnavailable, Cause.AGENCY_SILENT),
    (AgencyRefused, Cause.AGENCY_REFUSES),
    (ContractError, Cause.BROKEN_ANSWER),
    (SignatureError, Cause.BROKEN_ANSWER),
    (RegistryError, Cause.REGISTRY_RULE),
    (SettingsError, Cause.CONFIGURATION),
)


def cause_of(error: BaseException) -> Cause:
    """Tell the class of a cause; what the product does not know is a fault of ours."""
    return next((cause for kind, cause in _CAUSES if isinstance(error, kind)), Cause.FAULT_OF_OURS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """What died: a task's job, a feed's record or a notice by its reference, and of what."""

    kind: LetterKind
    name: str
    reference: str
    cause: Cause
    error: str = ""
    attempts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A dead letter as a person sees it; `settlement` is what was done about it."""

    letter_id: UUID
    kind: str
    name: str
    reference: str
    cause: str
    error: str
    attempts: int
    died_at: datetime
    settlement: str | None
    settled_by: str | None


async def bury(session: AsyncSession, death: Death, *, at: datetime) -> None:
    """Keep a dead letter; the same piece of work dying again opens its letter anew."""
    told = {"cause": death.cause, "error": death.error, "attempts": death.attempts, "died_at": at}
    row = insert(DeadLetter).values(
        id=uuid4(), kind=death.kind, name=death.name, reference=death.reference, **told
    )
    again = {**told, "settlement": None, "settled_by": None, "settled_at": None}
    await session.execute(row.on_conflict_do_update(constraint="uq_dead_letter_kind", set_=again))


async def settle_letter(
    session: AsyncSession, letter_id: UUID, settlement: Settlement, *, by: str, at: datetime
) -> Letter:
    """Write down what became of a dead letter and give it; raises RegistryError unless it is open."""
    settled = await session.scalars(
        update(DeadLetter)
        .where(DeadLetter.id == letter_id, DeadLetter.settled_at.is_(None))
        .values(settlement=settlement, settled_by=by, settled_at=at)
        .returning(DeadLetter)
    )
    row = settled.one_or_none()
    if row is None:
        raise RegistryError("there is no such open dead letter")
    return _letter(row)


async def read_letter(session: AsyncSession, letter_id: UUID) -> Letter | None:
    """Read one dead letter, open or settled; None where there is none."""
    row = await session.get(DeadLetter, letter_id)
    return _letter(row) if row else None


async def reopen_letter(session: AsyncSession, letter_id: UUID) -> None:
    """Open a letter again whose retry came to nothing; one that was dropped meanwhile stays dropped."""
    await session.execute(
        update(DeadLetter)
        .where(DeadLetter.id == letter_id, DeadLetter.settlement == "RETRIED")
        .values(settlement=None, settled_by=None, settled_at=None, attempts=DeadLetter.attempts + 1)
    )


async def dead_letters(
    session: AsyncSession,
    *,
    kind: LetterKind | None = None,
    references: Collection[str] | None = None,
    settled: bool = False,
    limit: int = 200,
) -> tuple[Letter, ...]:
    """Read dead letters, the newest first; open ones unless `settled`, of some references if given."""
    asked = select(DeadLetter).order_by(DeadLetter.died_at.desc(), DeadLetter.id).limit(limit)
    if kind:
        asked = asked.where(DeadLetter.kind == kind)
    if references is not None:
        asked = asked.where(DeadLetter.reference.in_(references))
    if not settled:
        asked = asked.where(DeadLetter.settled_at.is_(None))
    return tuple(_letter(row) for row in await session.scalars(asked))


def _letter(row: DeadLetter) -> Letter:
    return Letter(
        letter_id=row.id,
        kind=row.kind,
        name=row.name,
        reference=row.reference,
        cause=row.cause,
        error=row.error,
        attempts=row.attempts,
        died_at=row.died_at,
        settlement=row.settlement,
        settled_by=row.settled_by,
    )
