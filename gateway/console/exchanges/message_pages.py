"""What was said, side by side: masked, or unmasked for minutes to whoever gave a reason."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from starlette.responses import Response

from gateway.access.acts import Act, record_act
from gateway.console.dependencies import ConsoleDependencies
from gateway.console.exchanges.one import open_exchange
from gateway.console.exchanges.snippets import snippets_of
from gateway.disclosure.reveals import Revealing, reveal, revealed_until
from gateway.exchange.asking.listing import Exchange
from gateway.exchange.errors import JournalDamaged
from gateway.exchange.masking import ShownBody, masked_text, shown_body
from gateway.exchange.model import JournalBody, JournalEntry
from gateway.foundation.errors import InputRefused
from gateway.pages import Visit

_MOST_RAW = 200_000
VIEWS = ("pretty", "raw", "header")
_SECURITY = frozenset({"Security"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The request or the response: `state` is there, none, purged or changed."""

    part: str
    state: str
    body: ShownBody | None = None
    raw: str = ""
    cut: bool = False


class MessagePages:
    """The answers of these pages."""

    def __init__(self, deps: ConsoleDependencies) -> None:
        """Take the database and the keys of bodies."""
        self._deps = deps

    async def show(self, visit: Visit) -> Response:
        """Show both messages."""
        opened = await open_exchange(self._deps, visit)
        until = await self._revealed_until(visit, opened.exchange)
        bodies = await self._bodies(opened.exchange)
        view = visit.query("view") if visit.query("view") in VIEWS else "pretty"
        sides = [_side(part, bodies[part], revealed=until is not None) for part in ("request", "response")]
        return visit.render(
            "console/exchanges/messages.html",
            **opened.furniture(visit, "messages"),
            sides=sides,
            until=until,
            view=view,
            views=VIEWS,
            snippets=snippets_of(opened.exchange, _masked(bodies["request"]), self._deps.settings),
        )

    async def _revealed_until(self, visit: Visit, exchange: Exchange) -> datetime | None:
        if not visit.may("REVEAL", "EXCHANGE"):
            return None
        async with self._deps.database.transaction() as session:
            return await revealed_until(session, exchange.exchange_id, visit.session_digest)

    async def _bodies(self, exchange: Exchange) -> dict[str, bytes | str]:
        """Give each body, or why it is not there: the request stands with the first row of its attempt."""
        async with self._deps.database.transaction() as session:
            found = await session.execute(
                select(
                    JournalEntry.entry_id,
                    JournalEntry.kind,
                    JournalEntry.request_sha256,
                    JournalEntry.response_sha256,
                )
                .where(
                    JournalEntry.exchange_id == exchange.exchange_id, JournalEntry.attempt == exchange.attempt
                )
                .order_by(JournalEntry.seq)
            )
            rows = found.all()
            stored = await session.execute(
                select(JournalBody).where(JournalBody.entry_id.in_([row.entry_id for row in rows]))
            )
            kept = {body.part: body for body in stored.scalars()}
        named = {
            "request": any(row.request_sha256 for row in rows),
            "response": any(row.response_sha256 for row in rows),
        }
        return {part: self._open(kept.get(part), named=named[part]) for part in named}

    def _open(self, body: JournalBody | None, *, named: bool) -> bytes | str:
        if body is None:
            return "purged" if named else "none"
        try:
            return self._deps.keys.reveal(
                (body.key_id, body.nonce, body.ciphertext), body.entry_id, body.part
            )
        except JournalDamaged:
            return "changed"

    async def reveal(self, visit: Visit) -> Response:
        """Unmask for some minutes; reason and reader stay with the exchange."""
        opened = await open_exchange(self._deps, visit)
        exchange_id: UUID = opened.exchange.exchange_id
        address = f"/console/exchanges/{exchange_id}/messages"
        wanted = Revealing(
            exchange_id=exchange_id,
            account_id=visit.account_id,
            session_digest=visit.session_digest,
            reason=visit.field("reason"),
        )
        try:
            async with self._deps.database.transaction() as session:
                await reveal(session, wanted)
                act = Act(
                    act="REVEAL",
                    object="EXCHANGE",
                    object_id=str(exchange_id),
                    account_id=visit.account_id,
                    peer=visit.peer,
                    detail={"reason": " ".join(wanted.reason.split())},
                )
                await record_act(session, act)
        except InputRefused:
            return visit.redirect(address, told="exchange.reveal_reason", kind="bad")
        return visit.redirect(address, told="exchange.revealed", kind="note")


def _side(part: str, found: bytes | str, *, revealed: bool) -> Side:
    if isinstance(found, str):
        return Side(part=part, state=found)
    body = shown_body(found, revealed=revealed)
    raw = found.decode("utf-8", "replace") if revealed else masked_text(found)
    return Side(part=part, state="there", body=body, raw=raw[:_MOST_RAW], cut=len(raw) > _MOST_RAW)


def _masked(found: bytes | str) -> str:
    """Write the request for a snippet; a signature would not fit what is masked."""
    return "" if isinstance(found, str) else masked_text(found, leave_out=_SECURITY)
