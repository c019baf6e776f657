"""Find review cases as a desk shows them: by what is to be done, in the order in which an answer is due."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import utc_now
from gateway.registry.case_tables import CaseWork
from gateway.registry.model import Person, ReviewCandidate, ReviewCase
from gateway.registry.reading import OPEN_STATES

TABS = ("open", "mine", "approval", "late", "postponed", "closed")
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases: a tab, and narrower by kind, severity or text of an entry's number; `me` is who asks."""

    tab: str = "open"
    kind: str = ""
    severity: str = ""
    isuo_no: str = ""
    me: str = ""

    def conditions(self, now: datetime) -> list[ColumnElement[bool]]:
        """Write the filter as SQL."""
        found = [_tab(self.tab, self.me, now)]
        equal = (
            (ReviewCase.kind, self.kind),
            (CaseWork.severity, self.severity),
            (Person.isuo_no, self.isuo_no),
        )
        return found + [column == value for column, value in equal if value]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """A case in a list, without anybody's name."""

    case_id: UUID
    kind: str
    state: str
    severity: str
    four_eyes: bool
    isuo_no: str
    person_id: UUID
    created_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    postponed_until: datetime | None
    assignee: str
    proposed_by: str | None
    decided_by: str | None
    candidates: int
    score: float | None

    @property
    def is_open(self) -> bool:
        """Tell whether it waits for an answer."""
        return self.state in OPEN_STATES


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a case stands among those of a filter."""

    number: int
    total: int
    before: UUID | None
    after: UUID | None


async def find_cases(
    session: AsyncSession,
    wanted: CaseFilter,
    *,
    within: ColumnElement[bool],
    limit: int = 50,
    after: tuple[datetime, UUID] | None = None,
) -> tuple[tuple[CaseRow, ...], bool]:
    """Read cases in the order in which they are due, and tell whether more follow."""
    query = _rows().where(within, *wanted.conditions(utc_now()))
    if after:
        query = query.where(tuple_(CaseWork.due_at, ReviewCase.id) > after)
    found = (await session.execute(query.order_by(CaseWork.due_at, ReviewCase.id).limit(limit + 1))).all()
    return tuple(CaseRow(**row._mapping) for row in found[:limit]), len(found) > limit  # noqa: SLF001 – its public name


async def case_row(session: AsyncSession, case_id: UUID, *, within: ColumnElement[bool]) -> CaseRow | None:
    """Read one case, None where there is none within reach."""
    row = (await session.execute(_rows().where(within, ReviewCase.id == case_id))).one_or_none()
    return CaseRow(**row._mapping) if row else None  # noqa: SLF001


async def count_tabs(
    session: AsyncSession, wanted: CaseFilter, *, within: ColumnElement[bool]
) -> Mapping[str, int]:
    """Count each tab's cases, at most 10,000."""
    now, counted = utc_now(), {}
    for tab in TABS:
        of_tab = CaseFilter(tab=tab, kind=wanted.kind, severity=wanted.severity, me=wanted.me)
        inner = _joined(select(ReviewCase.id)).where(within, *of_tab.conditions(now)).limit(MOST_COUNTED)
        found = await session.execute(select(func.count()).select_from(inner.subquery()))
        counted[tab] = int(found.scalar_one())
    return counted


async def place_of(
    session: AsyncSession, wanted: CaseFilter, row: CaseRow, *, within: ColumnElement[bool]
) -> Place | None:
    """Find a case's neighbours in a filter; None where the filter does not hold it."""
    ids = _joined(
        select(
            ReviewCase.id,
            func.row_number().over(order_by=(CaseWork.due_at, ReviewCase.id)).label("number"),
            func.lag(ReviewCase.id).over(order_by=(CaseWork.due_at, ReviewCase.id)).label("before"),
            func.lead(ReviewCase.id).over(order_by=(CaseWork.due_at, ReviewCase.id)).label("after"),
            func.count().over().label("total"),
        )
    ).where(within, *wanted.conditions(utc_now()))
    placed = ids.subquery()
    found = (await session.execute(select(placed).where(placed.c.id == row.case_id))).one_or_none()
    if found is None:
        return None
    return Place(number=found.number, total=found.total, before=found.before, after=found.after)


def _joined(query: Select[*tuple[object, ...]]) -> Select[*tuple[object, ...]]:
    return (
        query.select_from(ReviewCase)
        .join(CaseWork, CaseWork.case_id == ReviewCase.id)
        .join(Person, Person.id == ReviewCase.person_id)
    )


def _rows() -> Select[*tuple[object, ...]]:
    candidates = select(func.count()).where(ReviewCandidate.case_id == ReviewCase.id).scalar_subquery()
    score = (
        select(func.max(ReviewCandidate.score))
        .where(ReviewCandidate.case_id == ReviewCase.id, ReviewCandidate.rule != "")
        .scalar_subquery()
    )
    return _joined(
        select(
            ReviewCase.id.label("case_id"),
            ReviewCase.kind,
            ReviewCase.state,
            CaseWork.severity,
            CaseWork.four_eyes,
            Person.isuo_no,
            ReviewCase.person_id,
            ReviewCase.created_at,
            CaseWork.due_at,
            CaseWork.stopped_at,
            CaseWork.postponed_until,
            CaseWork.assignee,
            CaseWork.proposed_by,
            ReviewCase.decided_by,
            candidates.label("candidates"),
            score.label("score"),
        )
    )


def _tab(tab: str, me: str, now: datetime) -> ColumnElement[bool]:
    """Say what belongs on a tab; what is laid aside until later is not open now."""
    is_open = ReviewCase.state.in_(OPEN_STATES)
    aside = CaseWork.postponed_until > now
    tabs = {
        "open": and_(is_open, or_(CaseWork.postponed_until.is_(None), ~aside)),
        "mine": and_(is_open, CaseWork.assignee == me),
        "approval": ReviewCase.state == "PROPOSED",
        "late": and_(is_open, CaseWork.due_at < now, CaseWork.stopped_at.is_(None)),
        "postponed": and_(is_open, aside),
        "closed": ~is_open,
    }
    return tabs.get(tab, true())
