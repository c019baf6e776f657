"""Exchanges by the query line of the console: a page, a count, one of them with its cause and its proof."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query

from gateway.access.decide import decide
from gateway.access.errors import not_found
from gateway.access.values import Action, Kind
from gateway.api.dependencies import ApiDependencies
from gateway.api.exchange_bodies import (
    CauseAnswer,
    CountAnswer,
    ExchangeAnswer,
    ExchangesAnswer,
    ExchangeSearchBody,
    OneExchangeAnswer,
    QueryLine,
    RowAnswer,
)
from gateway.api.guard import Permitted
from gateway.api.paging import Cursor as CursorText
from gateway.api.paging import Limit
from gateway.crypto.certificates import read_certificate
from gateway.exchange.asking.grammar import parse_query, settle_subject
from gateway.exchange.asking.listing import (
    Cursor,
    Exchange,
    count_exchanges,
    find_exchange,
    list_exchanges,
)
from gateway.exchange.proof import prove_exchange
from gateway.exchange.tracing import trace_of
from gateway.foundation.errors import AccessError, InputRefused
from gateway.intake.exchange_states import STATES
from gateway.intake.reasons import choose_language
from gateway.operations.incidents import incidents_of
from gateway.xroad.fault_catalogue import Language, explain

AcceptLanguage = Annotated[str | None, Header(alias="accept-language", include_in_schema=False)]
_SHORT = 8


def add_exchange_routes(router: APIRouter, deps: ApiDependencies) -> None:
    """Add the routes."""
    _add_lists(router, deps)
    _add_one(router, deps)


def _add_lists(router: APIRouter, deps: ApiDependencies) -> None:
    @router.get("/exchanges")
    async def find_exchanges(
        q: Annotated[QueryLine, Query()] = "",
        cursor: Annotated[CursorText, Query()] = "",
        limit: Annotated[Limit, Query()] = 50,
    ) -> ExchangesAnswer:
        """List exchanges by a query line, newest first."""
        return await _page(deps, q, cursor, limit)

    @router.post("/exchanges/search")
    async def search_exchanges(body: ExchangeSearchBody) -> ExchangesAnswer:
        """List exchanges by a query line that may name a person; the PIN stands in no address."""
        line = f"{body.q} {body.pin.get_secret_value()}" if body.pin else body.q
        if deps.keys is not None:
            line = settle_subject(line, deps.keys.subject_of)
        return await _page(deps, line, body.cursor, body.limit)

    @router.get("/exchanges/count")
    async def count_found(q: Annotated[QueryLine, Query()] = "") -> CountAnswer:
        """Count what a query line finds, no further than ten thousand."""
        async with deps.database.transaction() as session:
            found = await count_exchanges(session, parse_query(q), states=STATES)
        return CountAnswer(count=found.number, capped=found.capped)


def _add_one(router: APIRouter, deps: ApiDependencies) -> None:
    @router.get("/exchanges/{exchange_id}")
    async def show_exchange(
        exchange_id: UUID, permit: Permitted, language: AcceptLanguage = None
    ) -> OneExchangeAnswer:
        """Show one exchange: why it failed, whose side that is, its trace, and whether its rows are whole."""
        sees_incidents = decide(permit.caller, Action.READ, Kind.WORK).allowed
        async with deps.database.transaction() as session:
            found = await find_exchange(session, exchange_id)
            trace_id = await trace_of(session, exchange_id)
            incidents = await incidents_of(session, [exchange_id]) if sees_incidents else {}
        if found is None:
            raise not_found()
        return OneExchangeAnswer(
            **_answer(found).model_dump(),
            cause=_cause(found, choose_language(language)),
            trace_id=trace_id or "",
            incident_id=incidents[exchange_id].incident_id if exchange_id in incidents else None,
            rows=await _rows(deps, exchange_id),
        )


async def _page(deps: ApiDependencies, line: str, cursor: str, limit: int) -> ExchangesAnswer:
    after = Cursor.read(cursor) if cursor else None
    if cursor and after is None:
        raise InputRefused((("cursor", "NOT_A_CURSOR"),))
    async with deps.database.transaction() as session:
        page = await list_exchanges(session, parse_query(line), states=STATES, after=after, limit=limit)
    following = page.following.written() if page.following else ""
    return ExchangesAnswer(exchanges=[_answer(each) for each in page.exchanges], next_cursor=following)


async def _rows(deps: ApiDependencies, exchange_id: UUID) -> list[RowAnswer]:
    if deps.keys is None:
        raise AccessError("the journal's keys are not here", code="NO_POLICY")
    settings = deps.settings
    certificates = [read_certificate(settings.path(settings.signing.certificate_file))]
    proofs = await prove_exchange(deps.database, deps.keys, exchange_id, certificates=certificates)
    return [
        RowAnswer(
            seq=proof.seq, kind=proof.kind, attempt=proof.attempt, whole=proof.whole, sealed=proof.sealed
        )
        for proof in proofs
    ]


def _answer(found: Exchange) -> ExchangeAnswer:
    direction: Literal["in", "out"] = "in" if found.is_inbound else "out"
    status: Literal["ok", "failed", "open"] = (
        "open" if found.succeeded is None else "ok" if found.succeeded else "failed"
    )
    return ExchangeAnswer(
        exchange_id=found.exchange_id,
        at=found.request_in_ts,
        direction=direction,
        status=status,
        agency=found.agency,
        client=found.client,
        service=found.service,
        message_id=found.message_id,
        fault_code=found.fault_code,
        latency_ms=found.milliseconds,
        attempts=found.attempt,
        request_size=found.request_size,
        response_size=found.response_size,
        signature=found.signature,
        purpose=found.purpose,
        agreement=found.agreement,
        subject=found.subject.hex()[:_SHORT] if found.subject else "",
    )


def _cause(found: Exchange, language: str) -> CauseAnswer | None:
    if found.succeeded is not False:
        return None
    spoken: Language = "ky" if language == "ky" else "ru" if language == "ru" else "en"
    told = explain(found.fault_code, spoken, role="answering" if found.is_inbound else "asking")
    return CauseAnswer(meaning=told.meaning, side=told.side_text, advice=told.advice, retry=told.retry_text)
