"""The tabs of an exchange that need no body: what became of it and why, its attempts, changes, kin, and readers."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from starlette.responses import Response

from gateway.console.acts.query import ActQuestion, find_acts
from gateway.console.dependencies import ConsoleDependencies
from gateway.console.exchanges.list_pages import incidents_seen
from gateway.console.exchanges.one import open_exchange
from gateway.console.exchanges.related import related_to
from gateway.console.logins import logins_of
from gateway.disclosure.reveals import reveals_of
from gateway.exchange.asking.listing import Exchange, rows_of_exchange
from gateway.exchange.tracing import trace_of
from gateway.intake.exchange_states import STATES
from gateway.operations.exchange_work import work_of_issue
from gateway.pages import Visit
from gateway.xroad.fault_catalogue import Explanation, Language, explain

# a value is shown to nobody here: which fields were written, where they stand now, and by whose word
_CHANGES = text("""
    select told.field, told.source_code, told.recorded_at, told.verified_at, told.retracted_at, told.retract_reason,
        told.valid_from, entry.isuo_no
    from assertion told left join person entry on entry.id = told.subject_id
    where told.exchange_id = :exchange_id order by entry.isuo_no, told.field limit 500
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One moment of the timeline: when, which text tells it, and how it went."""

    at: datetime
    text: str
    attempt: int
    kind: str = "plain"
    code: str = ""


class OnePages:
    """The answers of these pages."""

    def __init__(self, deps: ConsoleDependencies) -> None:
        """Take the database."""
        self._deps = deps

    async def summary(self, visit: Visit) -> Response:
        """Tell what became of it: the cause in words, whose it is, what to do, and when what happened."""
        opened = await open_exchange(self._deps, visit)
        async with self._deps.database.transaction() as session:
            rows = await rows_of_exchange(session, opened.exchange.exchange_id)
            trace = await trace_of(session, opened.exchange.exchange_id)
            incidents = await incidents_seen(session, visit, [opened.exchange])
        return visit.render(
            "console/exchanges/summary.html",
            **opened.furniture(visit, "summary"),
            trace=trace,
            incident=incidents.get(opened.exchange.exchange_id),
            cause=cause_of(opened.exchange, visit.language),
            moments=timeline(rows),
        )

    async def attempts(self, visit: Visit) -> Response:
        """Show every attempt with its outcome, and the work it belongs to: what is next, and what may be done."""
        opened = await open_exchange(self._deps, visit)
        async with self._deps.database.transaction() as session:
            rows = await rows_of_exchange(session, opened.exchange.exchange_id)
            seen = visit.may("READ", "WORK")
            work = await work_of_issue(session, opened.exchange.issue if seen else "")
            logins = await logins_of(session, [each.held_by for each in work.jobs])
        last = {row.attempt: row for row in rows}
        causes = {number: cause_of(row, visit.language) for number, row in last.items()}
        return visit.render(
            "console/exchanges/attempts.html",
            **opened.furniture(visit, "attempts"),
            attempts=[last[number] for number in sorted(last)],
            causes=causes,
            work=work,
            logins=logins,
        )

    async def changes(self, visit: Visit) -> Response:
        """Show which fields of the registry it wrote."""
        opened = await open_exchange(self._deps, visit)
        async with self._deps.database.transaction() as session:
            found = await session.execute(_CHANGES, {"exchange_id": opened.exchange.exchange_id})
            changes = found.all()
        return visit.render(
            "console/exchanges/changes.html",
            **opened.furniture(visit, "changes"),
            changes=changes,
            names=visit.may("READ", "EXCHANGE"),
        )

    async def related(self, visit: Visit) -> Response:
        """Show exchanges of the same errand, the same message id and, where permitted, the same person."""
        opened = await open_exchange(self._deps, visit)
        async with self._deps.database.transaction() as session:
            groups = await related_to(
                session, opened.exchange, states=STATES, by_subject=visit.may("READ", "EXCHANGE")
            )
        return visit.render(
            "console/exchanges/related.html", **opened.furniture(visit, "related"), groups=groups
        )

    async def audit(self, visit: Visit) -> Response:
        """Show who opened it, who unmasked it and why."""
        opened = await open_exchange(self._deps, visit)
        async with self._deps.database.transaction() as session:
            reveals = await reveals_of(session, opened.exchange.exchange_id)
            question = ActQuestion(object="EXCHANGE", object_id=str(opened.exchange.exchange_id))
            acts, _ = await find_acts(session, question, limit=100)
        return visit.render(
            "console/exchanges/audit.html", **opened.furniture(visit, "audit"), reveals=reveals, acts=acts
        )


def cause_of(exchange: Exchange, language: str) -> Explanation | None:
    """Explain a failure by the fault catalogue; None where nothing failed."""
    if exchange.status != "failed":
        return None
    spoken: Language = "ky" if language == "ky" else "ru" if language == "ru" else "en"
    return explain(exchange.fault_code, spoken, role="answering" if exchange.is_inbound else "asking")


def timeline(rows: tuple[Exchange, ...]) -> list[Moment]:
    """Put the moments of every row in order; an answered row repeats what its sent row said already."""
    found: list[Moment] = []
    for row in rows:
        ending = {"ok": "good", "failed": "bad"}.get(row.status, "wait")
        if row.kind == "SENT":
            found.append(Moment(at=row.request_in_ts, text="sent", attempt=row.attempt))
            continue
        if row.kind == "RECEIVED":
            found.append(Moment(at=row.request_in_ts, text="received", attempt=row.attempt))
        ended = row.response_in_ts or row.response_out_ts
        if ended is not None:
            told = "replied" if row.kind == "RECEIVED" else "answered" if row.status == "ok" else "failed"
            found.append(Moment(at=ended, text=told, attempt=row.attempt, kind=ending, code=row.fault_code))
    return sorted(found, key=lambda moment: moment.at)
