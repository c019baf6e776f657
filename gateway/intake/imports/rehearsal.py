"""Try an import without storing anything: every row goes the whole way, and all of it is rolled back."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.database import Database
from gateway.foundation.errors import ConcurrentChange
from gateway.intake.imports.batches import Survey, survey
from gateway.intake.imports.damage import Problem
from gateway.intake.imports.outcomes import NOT_STORED, RowOutcome, admit_row
from gateway.intake.imports.preparing import Prepared, prepare
from gateway.intake.policies import Policies
from gateway.matching.model import MODEL, Model

# A group is compared with the registry and within itself. Each row holds a few locks until its group ends, and
# a server has a few thousand for everybody.
GROUP_ROWS = 250
MOST_TOLD = 5_000
Tell = Callable[[int, int], None]
Look = Callable[[Prepared], Prepared]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What an import would come to: rows by outcome and the problems by line, the first MOST_TOLD of them.

    `problem_count` is how many there are in all.
    """

    survey: Survey
    counts: Mapping[str, int]
    problems: tuple[tuple[int, Problem], ...]
    problem_count: int


async def rehearse(
    database: Database,
    content: bytes,
    *,
    policies: Policies,
    tell: Tell | None = None,
    model: Model = MODEL,
    look: Look | None = None,
) -> Rehearsal:
    """Say what importing a file would come to; nothing is stored. Raises ImportRefused with the cure.

    Rows are also compared with up to GROUP_ROWS rows of the file before them; `tell` hears (rows done, rows).
    `look` may add problems to a row before it is tried.
    """
    found = await asyncio.to_thread(survey, content)
    counts: Counter[str] = Counter()
    problems: list[tuple[int, Problem]] = []
    told = 0
    coming = map(look, prepare(content)) if look else prepare(content)
    while group := await asyncio.to_thread(lambda: list(islice(coming, GROUP_ROWS))):
        for row, outcome in zip(group, await _try(database, group, policies, model), strict=True):
            counts[outcome.result] += 1
            told += len(outcome.problems)
            problems += [(row.line, problem) for problem in outcome.problems][: MOST_TOLD - len(problems)]
        if tell:
            tell(counts.total(), found.row_count)
    return Rehearsal(
        survey=found, counts=dict(sorted(counts.items())), problems=tuple(problems), problem_count=told
    )


async def _try(
    database: Database, group: Sequence[Prepared], policies: Policies, model: Model
) -> list[RowOutcome]:
    async with database.transaction() as session:
        outcomes = [await _try_one(session, row, policies, model) for row in group]
        await session.rollback()
    return outcomes


async def _try_one(session: AsyncSession, row: Prepared, policies: Policies, model: Model) -> RowOutcome:
    try:
        async with session.begin_nested():
            return await admit_row(
                session, row, policies=policies, recorded_by="import:rehearsal", model=model
            )
    except (ConcurrentChange, IntegrityError, DataError):
        return NOT_STORED
