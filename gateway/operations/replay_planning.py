"""What a replay would do, before it does it: which exchanges, read or write, and why some are refused."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.asking.grammar import QueryError, parse_query
from gateway.exchange.asking.listing import MOST_LISTED, list_exchanges
from gateway.foundation.clock import utc_now
from gateway.foundation.errors import InputRefused
from gateway.operations.incident_feeding import FAILED
from gateway.operations.incident_tables import IncidentExchange
from gateway.operations.replay_rules import READ, WRITE, ReplayRules, Work, work_of
from gateway.operations.replay_tables import ReplayItem
from gateway.registry.model import FieldProvenance
from gateway.registry.values import VerificationStatus

ASK, WORK = "ASK", "WORK"
MOST_ITEMS = 5000
AT_WORK = ("WAITING", "SENDING", "DEFERRED")
_STILL_ASKED = timedelta(minutes=5)
_SETTLED = (
    VerificationStatus.FILLED_BY_SOURCE,
    VerificationStatus.MATCHED_WITH_SOURCE,
    VerificationStatus.CONFIRMED_BY_HEAD,
)

_FILTERED = text("""
    select a.exchange_id from journal_entry a
    where a.kind = 'ANSWERED' and a.succeeded is false
      and (cast(:agency as text) is null or starts_with(a.service, :agency || '/'))
      and (cast(:service as text) is null or a.service = :service)
      and (cast(:fault_code as text) is null or a.fault_code = :fault_code)
      and (cast(:since as timestamptz) is null or a.request_in_ts >= :since)
      and (cast(:until as timestamptz) is null or a.request_in_ts < :until)
      and not exists (select 1 from journal_entry b
                      where b.exchange_id = a.exchange_id and b.kind = 'ANSWERED' and b.succeeded)
      and not exists (select 1 from replay_item i where i.exchange_id = a.exchange_id and i.state = 'SUCCEEDED')
    group by a.exchange_id order by min(a.seq) limit :most
""")
_FACTS = text("""
    select e.exchange_id, e.kind, e.entry_id, e.client, e.service, e.message_id, e.issue, e.succeeded,
           e.fault_code, e.request_in_ts,
           exists (select 1 from journal_body b where b.entry_id = e.entry_id and b.part = 'request') as kept
    from journal_entry e where e.exchange_id = any(:ids) order by e.attempt, e.seq
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which exchanges: those named, those of an incident still without an answer, or all failed ones that match.

    `query` is a line of the grammar of `gateway.exchange.asking`.
    """

    exchange_ids: tuple[UUID, ...] = ()
    incident_id: UUID | None = None
    query: str | None = None
    agency: str | None = None
    service: str | None = None
    fault_code: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def told(self) -> dict[str, Any]:
        """Give it as JSON, as it is kept with the run."""
        named = {
            name: str(value)
            for name in ("incident_id", "query", "agency", "service", "fault_code", "since", "until")
            if (value := getattr(self, name)) is not None
        }
        return named | ({"selected": len(self.exchange_ids)} if self.exchange_ids else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One exchange of a replay: what asking it again does, or (with a reason) why it is not done."""

    exchange_id: UUID
    message_id: str = ""
    service: str = ""
    effect: str = READ
    reason: str = ""
    fault_code: str = ""
    succeeded: bool | None = None
    entry_id: UUID | None = None
    work: Work | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The whole replay: `changes` counts the fields of the registry that may change, by (field, worth now)."""

    mode: str
    selection: Selection
    items: tuple[Planned, ...]
    changes: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def replayable(self) -> tuple[Planned, ...]:
        """Give the items that would be done."""
        return tuple(item for item in self.items if not item.reason)

    @property
    def refused(self) -> Mapping[str, int]:
        """Count the refused items by reason."""
        return Counter(item.reason for item in self.items if item.reason)

    @property
    def effect(self) -> str:
        """Give WRITE when anything is changed anywhere."""
        return WRITE if any(item.effect == WRITE for item in self.replayable) else READ

    @property
    def needs_approval(self) -> bool:
        """Tell whether a second person must agree: to changes in bulk."""
        return self.effect == WRITE and len(self.replayable) > 1


async def plan_replay(session: AsyncSession, selection: Selection, *, mode: str, rules: ReplayRules) -> Plan:
    """Plan a replay of at most 5,000 exchanges; nothing is changed."""
    ids = await _selected(session, selection, rules)
    facts = await _facts(session, ids)
    states = await _states(session, ids)
    alone = len(selection.exchange_ids) == 1
    items = [
        _judge(exchange_id, facts.get(exchange_id, []), mode=mode, rules=rules, alone=alone)
        for exchange_id in ids
    ]
    items = [_at_work(item, states.get(item.exchange_id, set()), alone=alone) for item in items]
    if mode == WORK:
        items = _each_work_once(items)
    plan = Plan(mode=mode, selection=selection, items=tuple(items))
    return replace(plan, changes=await _changes(session, plan)) if mode == WORK else plan


async def _selected(session: AsyncSession, selection: Selection, rules: ReplayRules) -> list[UUID]:
    if selection.exchange_ids:
        return list(dict.fromkeys(selection.exchange_ids))[:MOST_ITEMS]
    if selection.incident_id is not None:
        found = await session.execute(
            select(IncidentExchange.exchange_id)
            .where(IncidentExchange.incident_id == selection.incident_id, IncidentExchange.state == FAILED)
            .order_by(IncidentExchange.seq)
            .limit(MOST_ITEMS)
        )
        return list(found.scalars())
    if selection.query is not None:
        return await _matching(session, selection.query, rules)
    names = ("agency", "service", "fault_code", "since", "until")
    values = {name: getattr(selection, name) for name in names}
    return list((await session.execute(_FILTERED, {**values, "most": MOST_ITEMS})).scalars())


async def _matching(session: AsyncSession, line: str, rules: ReplayRules) -> list[UUID]:
    """Find the failed questions of ours that a query line asks for; raises InputRefused for one that is none."""
    found: list[UUID] = []
    after = None
    try:
        query = parse_query(line)
        while len(found) < MOST_ITEMS:
            page = await list_exchanges(session, query, states=rules.states, after=after, limit=MOST_LISTED)
            found += [
                each.exchange_id for each in page.exchanges if each.status == "failed" and not each.is_inbound
            ]
            after = page.following
            if after is None:
                break
    except QueryError as error:
        raise InputRefused((("query", error.code),)) from None
    return found[:MOST_ITEMS]


async def _facts(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, list[Any]]:
    facts: dict[UUID, list[Any]] = {}
    for row in await session.execute(_FACTS, {"ids": list(ids)}):
        facts.setdefault(row.exchange_id, []).append(row)
    return facts


async def _states(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, set[str]]:
    found = await session.execute(
        select(ReplayItem.exchange_id, ReplayItem.state).where(
            ReplayItem.exchange_id.in_(ids), ReplayItem.state.in_((*AT_WORK, "SUCCEEDED"))
        )
    )
    states: dict[UUID, set[str]] = {}
    for exchange_id, state in found:
        states.setdefault(exchange_id, set()).add(state)
    return states


def _judge(exchange_id: UUID, rows: Sequence[Any], *, mode: str, rules: ReplayRules, alone: bool) -> Planned:
    """Say what asking one exchange again would do, from its rows in the journal."""
    sent = next((row for row in rows if row.kind == "SENT"), None)
    if sent is None:
        return Planned(exchange_id=exchange_id, reason="NOT_OURS" if rows else "UNKNOWN")
    answers = [row for row in rows if row.kind == "ANSWERED"]
    kept = next((row for row in rows if row.kind == "SENT" and row.kept), None)
    item = Planned(
        exchange_id=exchange_id,
        message_id=sent.message_id,
        service=sent.service,
        entry_id=kept.entry_id if kept else None,
        fault_code=answers[-1].fault_code if answers else "",
        succeeded=answers[-1].succeeded if answers else None,
    )
    if not answers and sent.request_in_ts > utc_now() - _STILL_ASKED:
        return replace(item, reason="STILL_ASKED")
    if item.succeeded and not alone:
        return replace(item, reason="ANSWERED")
    return _with_work(item, sent.issue) if mode == WORK else _with_service(item, rules)


def _with_service(item: Planned, rules: ReplayRules) -> Planned:
    effect = rules.effect_of(item.service)
    if effect is None:
        return replace(item, reason="SERVICE_CLOSED")
    if item.entry_id is None:
        return replace(item, effect=effect, reason="BODY_PURGED")
    return replace(item, effect=effect)


def _with_work(item: Planned, issue: str) -> Planned:
    work = work_of(issue)
    if work is None:
        return replace(item, reason="NO_WORK")
    return replace(item, work=work, effect=WRITE)


def _at_work(item: Planned, states: set[str], *, alone: bool) -> Planned:
    if item.reason:
        return item
    if states & set(AT_WORK):
        return replace(item, reason="AT_WORK")
    return replace(item, reason="REPLAYED") if "SUCCEEDED" in states and not alone else item


def _each_work_once(items: Sequence[Planned]) -> list[Planned]:
    """Let the first exchange of a piece of work stand for it: several were asked for it."""
    seen: set[Work] = set()
    made = []
    for item in items:
        doubled = item.work in seen and not item.reason
        made.append(replace(item, reason="SAME_WORK") if doubled else item)
        if item.work is not None and not item.reason:
            seen.add(item.work)
    return made


async def _changes(session: AsyncSession, plan: Plan) -> dict[tuple[str, str], int]:
    """Count the fields that nothing settles in the entries the work is about: those may change."""
    subjects = [item.work.subject for item in plan.replayable if item.work]
    found = await session.execute(
        select(FieldProvenance.field, FieldProvenance.status, func.count())
        .where(
            FieldProvenance.subject_id.in_(subjects),
            FieldProvenance.status.not_in(_SETTLED),
        )
        .group_by(FieldProvenance.field, FieldProvenance.status)
        .order_by(FieldProvenance.field, FieldProvenance.status)
    )
    return {(name, status): count for name, status, count in found}
