"""One exchange as every tab of its page needs it: its last word, its place in the list it was opened from."""

from dataclasses import dataclass
from typing import Any

from gateway.access.errors import not_found
from gateway.console.dependencies import ConsoleDependencies
from gateway.console.exchanges.asked import Asked, asked_of
from gateway.console.ids import id_of
from gateway.exchange.asking.grammar import QueryError
from gateway.exchange.asking.listing import (
    Count,
    Exchange,
    Neighbours,
    count_exchanges,
    find_exchange,
    neighbours_of,
)
from gateway.intake.exchange_states import STATES
from gateway.pages import Visit
from gateway.pages.rendering import query_string

TABS = ("summary", "messages", "attempts", "changes", "evidence", "related", "audit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An exchange that was opened, and the list it stands in; no neighbours where the list takes too long."""

    exchange: Exchange
    asked: Asked
    neighbours: Neighbours | None
    total: Count | None

    def furniture(self, visit: Visit, tab: str) -> dict[str, Any]:
        """Give what the head of every tab shows."""
        root = f"/console/exchanges/{self.exchange.exchange_id}"
        query = query_string(q=self.asked.query.text)
        return {
            "exchange": self.exchange,
            "opened": self,
            "back": self.asked.address(),
            "place": query,
            "newer": self._address(self.neighbours.newer if self.neighbours else None, tab, query),
            "older": self._address(self.neighbours.older if self.neighbours else None, tab, query),
            "root": root,
            "tabs": [
                {
                    "href": f"{root}{'' if each == 'summary' else '/' + each}{query}",
                    "text": visit.say(f"exchange.tab.{each}"),
                    "current": each == tab,
                }
                for each in TABS
                if each != "messages" or visit.may("READ_BODY", "EXCHANGE")
            ],
        }

    def _address(self, exchange_id: Any, tab: str, query: str) -> str:
        if exchange_id is None:
            return ""
        return f"/console/exchanges/{exchange_id}{'' if tab == 'summary' else '/' + tab}{query}"


async def open_exchange(deps: ConsoleDependencies, visit: Visit) -> Opened:
    """Find the exchange of an address; raises AccessError where there is none."""
    exchange_id = id_of(visit, "exchange_id")
    asked = asked_of(visit)
    async with deps.database.transaction() as session:
        found = await find_exchange(session, exchange_id)
    if found is None:
        raise not_found()
    try:
        async with deps.database.transaction() as session:
            neighbours = await neighbours_of(session, asked.query, found, states=STATES)
            total = await count_exchanges(session, asked.query, states=STATES)
    except QueryError:
        return Opened(exchange=found, asked=asked, neighbours=None, total=None)
    return Opened(exchange=found, asked=asked, neighbours=neighbours, total=total)
