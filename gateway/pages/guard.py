"""Before every page: who asks, whether our own page asks, whether it is allowed; afterwards, the trace."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.access.acts import Act, record_act
from gateway.access.browser import SAFE, Home, home_of, peer_of
from gateway.access.decide import decide_first
from gateway.access.errors import refused
from gateway.access.route_policy import Audience, RoutePolicy
from gateway.access.sessions import SIGN_IN_REQUIRED, SignedIn, Stage, csrf_token, find_session
from gateway.access.values import Caller
from gateway.foundation.database import Database
from gateway.foundation.errors import AccessError
from gateway.foundation.logging import without_pins
from gateway.foundation.settings import Settings
from gateway.pages.forms import check_origin, check_token, read_form
from gateway.pages.look import look_of
from gateway.pages.rendering import Renderer
from gateway.pages.room import Page
from gateway.pages.speech import Speech
from gateway.pages.texts import Catalogue
from gateway.pages.visit import Visit

SIGN_IN, SECOND_FACTOR = "/sign-in", "/sign-in/second-factor"
LIVE_HEADER = "x-kopuro-live"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """What it takes to receive visitors of every section."""

    database: Database
    settings: Settings
    renderer: Renderer
    catalogues: dict[str, Catalogue]

    @property
    def home(self) -> Home:
        """Give our own address."""
        return home_of(self.settings)

    def stranger(self, request: Request, section: str = "") -> Visit:
        """Receive somebody of whom nothing is known yet."""
        look = look_of(request, self.home)
        catalogue = self.catalogues.get(section, self.catalogues[""])
        return Visit(
            request=request,
            database=self.database,
            speech=Speech(look.language, catalogue),
            look=look,
            render_with=self.renderer,
            section=section,
            peer=peer_of(request, forwarded=self.settings.access.forwarded_for),
        )

    async def known(self, visit: Visit) -> Visit:
        """Look up the session of the cookie; without one that counts, the visitor stays a stranger."""
        token = visit.request.cookies.get(self.home.session_cookie)
        if token is None:
            return visit
        try:
            async with self.database.transaction() as session:
                found = await find_session(session, token, settings=self.settings.access)
        except AccessError:
            return visit
        return replace(visit, signed_in=found, caller=_caller(found), csrf=csrf_token(token))


def _caller(found: SignedIn) -> Caller:
    """Give the rights of a session; one that still owes its second factor has none."""
    return found.caller if found.stage is Stage.OPEN else replace(found.caller, grants=())


class GuardedPage:
    """The endpoint of one page: no answer leaves without its policy kept and its act on record."""

    def __init__(self, page: Page, reception: Reception, section: str = "") -> None:
        """Stand in front of a page."""
        self.page, self.section = page, section
        self._reception = reception

    async def answer(self, request: Request) -> Response:
        """Answer a request; what is refused is raised for the error pages."""
        visit = await self._reception.known(self._reception.stranger(request, self.section))
        request.state.visit = visit
        if elsewhere := self._to_sign_in(visit):
            return elsewhere
        try:
            visit = await self._admitted(visit)
            request.state.visit = visit
            response = await self.page.answer(visit)
        except AccessError as error:
            await self._record(visit, allowed=False, reason=error.code)
            raise
        refused_as = getattr(request.state, "refused", "")
        done = response.status_code < 400 and not refused_as
        await self._record(visit, allowed=done, reason=refused_as or str(response.status_code))
        return _dressed(visit, response)

    def _to_sign_in(self, visit: Visit) -> Response | None:
        """Send a visitor who is not, or only half, signed in to where that is mended; None for who may go on."""
        audience = self.page.policy.audience
        if audience is Audience.ANYBODY:
            return None
        if visit.signed_in is None:
            return self._away(visit, SIGN_IN)
        if visit.signed_in.stage is not Stage.OPEN and audience is not Audience.HALF_SIGNED_IN:
            return self._away(visit, SECOND_FACTOR)
        return None

    def _away(self, visit: Visit, path: str) -> Response:
        request = visit.request
        if LIVE_HEADER in request.headers:
            return Response(status_code=401, headers={"Cache-Control": "no-store"})
        if request.method not in SAFE:
            raise refused(SIGN_IN_REQUIRED)
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        query = f"?{urlencode({'next': asked})}" if asked != "/" else ""
        return RedirectResponse(path + query, 303, headers={"Cache-Control": "no-store"})

    async def _admitted(self, visit: Visit) -> Visit:
        request = visit.request
        form = FormData()
        if request.method not in SAFE:
            check_origin(request, self._reception.home)
            form = await read_form(request)
            if self.page.policy.audience is not Audience.ANYBODY:
                check_token(request, form, visit.csrf)
        return _decided(replace(visit, form=form), self.page.policy)

    async def _record(self, visit: Visit, *, allowed: bool, reason: str) -> None:
        if visit.caller.account_id is None or (allowed and not self.page.traced):
            return
        act = Act(
            act=f"{visit.request.method} {visit.request.scope['route'].path}",
            object=self.page.policy.kind or "SESSION",
            object_id=_named(visit.request),
            allowed=allowed,
            reason=reason,
            account_id=visit.caller.account_id,
            peer=visit.peer,
        )
        async with self._reception.database.transaction() as session:
            await record_act(session, act)


def _decided(visit: Visit, policy: RoutePolicy) -> Visit:
    if policy.kind is None:
        return visit
    decision = decide_first(visit.caller, policy.actions, policy.kind)
    if not decision.allowed:
        raise refused(decision.reason)
    return replace(visit, decision=decision)


def _named(request: Request) -> str:
    """Give what the address names, as far as the trace has a place for it."""
    named = next((str(value) for value in request.path_params.values()), "")
    return without_pins("".join(letter for letter in named[:200] if letter.isprintable()))


def _dressed(visit: Visit, response: Response) -> Response:
    """Forget the message that a page has shown, and keep the language that an address chose."""
    if visit.look.message and response.media_type == "text/html":
        visit.look.forget_message(response)
    if wished := visit.query("language"):
        visit.look.choose(response, "language", wished)
    return response
