"""Exchanges that belong together: one errand, one message id, one person."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.asking.conditions import States
from gateway.exchange.asking.grammar import Query, QueryError, Term
from gateway.exchange.asking.listing import Exchange, list_exchanges

_MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """One kind of kinship, the exchanges of it, and the query that lists them all."""

    kinship: str
    exchanges: tuple[Exchange, ...]
    query: str


async def related_to(
    session: AsyncSession, exchange: Exchange, *, states: States, by_subject: bool
) -> list[Related]:
    """Find the kin of an exchange, itself left out; the person's only for whoever may see whom rows are about."""
    wanted: list[tuple[str, Query]] = []
    if exchange.message_id:
        wanted.append(("message", _query("id", exchange.message_id)))
    if by_subject and exchange.subject:
        term = Term(field="subject", values=(exchange.subject,), written=f"subject:{exchange.subject.hex()}")
        wanted.append(("subject", Query((term,))))
    if exchange.fault_code:
        failing = (*_query("code", exchange.fault_code).terms, *_query("agency", exchange.agency).terms)
        wanted.append(("cause", Query(failing)))
    found = []
    for kinship, query in wanted:
        try:
            page = await list_exchanges(session, query, states=states, limit=_MOST + 1)
        except QueryError:
            continue
        others = tuple(each for each in page.exchanges if each.exchange_id != exchange.exchange_id)
        found.append(Related(kinship=kinship, exchanges=others[:_MOST], query=query.text))
    return found


def _query(field: str, value: str) -> Query:
    quoted = f'"{value}"' if any(letter in value for letter in ' ,\t"') else value
    return Query((Term(field=field, values=(value,), written=f"{field}:{quoted}"),))
