"""One request for a page: who asks, in which language, and how a page answers."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway.access.decide import Decision, decide
from gateway.access.sessions import SignedIn
from gateway.access.values import Action, Caller, Kind
from gateway.access.wall import walled
from gateway.foundation.database import Database
from gateway.pages.look import Look
from gateway.pages.speech import Speech

Render = Callable[["Visit", str, dict[str, Any]], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a page's answer is made of. `form` is empty but for an unsafe method, and is checked by then."""

    request: Request
    database: Database
    speech: Speech
    look: Look
    render_with: Render = field(repr=False)
    section: str = ""
    peer: str = ""
    caller: Caller = field(default_factory=Caller)
    decision: Decision | None = None
    signed_in: SignedIn | None = field(default=None, repr=False)
    csrf: str = field(default="", repr=False)
    form: FormData = field(default_factory=FormData, repr=False)

    @property
    def right(self) -> Decision:
        """Give the decision of a page that asks for a right."""
        assert self.decision is not None
        return self.decision

    @property
    def account_id(self) -> UUID:
        """Give the account of whoever is signed in."""
        assert self.caller.account_id is not None
        return self.caller.account_id

    @property
    def language(self) -> str:
        """Give ky, ru or en."""
        return self.speech.language

    @property
    def session_digest(self) -> bytes:
        """Give the digest of the session: what lasts as long as this sign-in is kept under it."""
        assert self.signed_in is not None
        return self.signed_in.digest

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction behind the wall: it sees no more than the caller may."""
        async with walled(self.database, self.account_id) as session:
            yield session

    def may(self, action: Action | str, kind: Kind | str) -> bool:
        """Tell whether the caller may do something besides what the page itself asks for."""
        return bool(self.caller.grants) and decide(self.caller, Action(action), Kind(kind)).allowed

    def path(self, name: str) -> str:
        """Give a part of the address."""
        return str(self.request.path_params[name])

    def query(self, name: str, default: str = "") -> str:
        """Give a value of the address's query."""
        return self.request.query_params.get(name, default)

    def field(self, name: str, default: str = "") -> str:
        """Give a text field of the form; a file in its place counts as nothing."""
        value = self.form.get(name, default)
        return value.strip() if isinstance(value, str) else default

    def fields(self, name: str) -> list[str]:
        """Give every value of a field that may be sent more than once."""
        return [value for value in self.form.getlist(name) if isinstance(value, str)]

    def say(self, key: str, **values: Any) -> str:
        """Say a text of the catalogue."""
        return self.speech.say(key, **values)

    def render(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """Answer with a page; what it shows is not kept by any cache."""
        headers = {"Cache-Control": "no-store", "Content-Language": self.language}
        return HTMLResponse(self.render_with(self, template, values), status, headers=headers)

    def redirect(self, path: str, *, told: str = "", kind: str = "good") -> Response:
        """Send the browser to one of our own addresses, after a change; `told` is a text key shown there once."""
        response = RedirectResponse(path, 303, headers={"Cache-Control": "no-store"})
        if told:
            self.look.remember_message(response, f"{kind}:{told}")
        if kind == "bad":
            self.request.state.refused = told  # for the trace: it was asked for and not done
        return response
