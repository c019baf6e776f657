"""The pages that belong to no section: the way in and out, the second factor, and how pages look."""

from starlette.responses import RedirectResponse, Response

from gateway.access.door import Door
from gateway.access.errors import TooManyAttempts
from gateway.access.route_policy import ANYBODY, HALF_SIGNED_IN
from gateway.access.sessions import SignedIn, Stage, end_session
from gateway.access.sign_in import Opened, give_second_factor, offer_second_factor, sign_in
from gateway.foundation.errors import AccessError
from gateway.pages.guard import SECOND_FACTOR, SIGN_IN
from gateway.pages.look import CHOICES, local_path
from gateway.pages.room import Page, Room, Section
from gateway.pages.secret_picture import secret_picture
from gateway.pages.visit import Visit

_KNOWN_REFUSALS = (
    "CREDENTIALS",
    "BLOCKED",
    "NO_APPOINTMENT",
    "UNDERTAKING_REQUIRED",
    "PENDING_IDENTIFICATION",
    "TOO_MANY_ATTEMPTS",
    "SECOND_FACTOR_SET",
)


class Entrance:
    """The answers of these pages."""

    def __init__(self, door: Door, sections: tuple[Section, ...]) -> None:
        """Take the door, and the sections among which the first page is chosen."""
        self._door, self._sections = door, sections

    def room(self) -> Room:
        """Give the pages."""
        return Room(
            pages=(
                Page(method="GET", path="/", answer=self.first_page, policy=HALF_SIGNED_IN, traced=False),
                Page(method="GET", path=SIGN_IN, answer=self.ask, policy=ANYBODY),
                Page(method="POST", path=SIGN_IN, answer=self.enter, policy=ANYBODY),
                Page(method="GET", path=SECOND_FACTOR, answer=self.ask_code, policy=HALF_SIGNED_IN),
                Page(method="POST", path=f"{SECOND_FACTOR}/secret", answer=self.enrol, policy=HALF_SIGNED_IN),
                Page(method="POST", path=SECOND_FACTOR, answer=self.take_code, policy=HALF_SIGNED_IN),
                Page(method="POST", path="/sign-out", answer=self.leave, policy=HALF_SIGNED_IN),
                Page(method="POST", path="/look", answer=self.look, policy=ANYBODY, traced=False),
            )
        )

    async def first_page(self, visit: Visit) -> Response:
        """Lead to the first page that the visitor may open."""
        if _owes_second_factor(visit):
            return visit.redirect(SECOND_FACTOR)
        for section in self._sections:
            if entries := section.nav_for(visit.caller):
                return visit.redirect(f"/{section.name}{entries[0].path}")
        return visit.render("pages/nothing_here.html")

    async def ask(self, visit: Visit) -> Response:
        """Show the form of signing in."""
        if visit.signed_in is not None:
            return visit.redirect(
                SECOND_FACTOR if _owes_second_factor(visit) else local_path(visit.query("next"))
            )
        return self._form(visit, back=local_path(visit.query("next")))

    async def enter(self, visit: Visit) -> Response:
        """Sign in by account and password."""
        back = local_path(visit.field("next"))
        try:
            opened = await sign_in(
                self._door, visit.field("login"), str(visit.form.get("password", "")), peer=visit.peer
            )
        except AccessError as error:
            return self._form(visit, back=back, error=error)
        path = back if opened.stage is Stage.OPEN else f"{SECOND_FACTOR}?next={back}"
        return _let_in(visit, opened, path)

    def _form(self, visit: Visit, *, back: str, error: AccessError | None = None) -> Response:
        return visit.render(
            "pages/sign_in.html",
            status=_status(error),
            back=back,
            error=_said(error),
            wait=_wait(error),
            oidc=self._door.provider is not None,
        )

    async def ask_code(self, visit: Visit) -> Response:
        """Ask for a code of the second factor."""
        if not _owes_second_factor(visit):
            return visit.redirect(local_path(visit.query("next")))
        return _code_form(visit, back=local_path(visit.query("next")))

    async def enrol(self, visit: Visit) -> Response:
        """Show a new secret for the authenticator, once."""
        back = local_path(visit.field("next"))
        try:
            address = await offer_second_factor(self._door, _session(visit))
        except AccessError as error:
            return _code_form(visit, back=back, error=error)
        return _code_form(visit, back=back, secret=address)

    async def take_code(self, visit: Visit) -> Response:
        """Check a code and open the session."""
        back = local_path(visit.field("next"))
        try:
            opened = await give_second_factor(
                self._door, _session(visit), visit.field("code").replace(" ", ""), peer=visit.peer
            )
        except AccessError as error:
            return _code_form(visit, back=back, error=error)
        return _let_in(visit, opened, back)

    async def leave(self, visit: Visit) -> Response:
        """Sign out: the session ends here, whatever the browser keeps."""
        async with visit.database.transaction() as session:
            await end_session(session, visit.session_digest, reason="SIGNED_OUT")
        response = visit.redirect(SIGN_IN, told="sign_in.signed_out", kind="note")
        visit.look.home.take_back(response)
        return response

    async def look(self, visit: Visit) -> Response:
        """Keep how pages look."""
        response = visit.redirect(local_path(visit.field("back")))
        for name in CHOICES:
            if value := visit.field(name):
                visit.look.choose(response, name, value)
        return response


def _let_in(visit: Visit, opened: Opened, path: str) -> Response:
    response = RedirectResponse(path, 303)
    visit.look.home.hand_over(response, opened.token)
    return response


def _code_form(visit: Visit, *, back: str, error: AccessError | None = None, secret: str = "") -> Response:
    return visit.render(
        "pages/second_factor.html",
        status=_status(error),
        back=back,
        error=_said(error),
        wait=_wait(error),
        enrols=_session(visit).stage is Stage.ENROL_SECOND_FACTOR,
        secret=secret,
        picture=secret_picture(secret) if secret else None,
    )


def _session(visit: Visit) -> SignedIn:
    assert visit.signed_in is not None
    return visit.signed_in


def _owes_second_factor(visit: Visit) -> bool:
    return visit.signed_in is not None and visit.signed_in.stage is not Stage.OPEN


def _status(error: AccessError | None) -> int:
    if error is None:
        return 200
    return 429 if isinstance(error, TooManyAttempts) else 401


def _said(error: AccessError | None) -> str:
    if error is None:
        return ""
    return f"sign_in.refused.{error.code if error.code in _KNOWN_REFUSALS else 'CREDENTIALS'}"


def _wait(error: AccessError | None) -> float:
    return error.seconds if isinstance(error, TooManyAttempts) else 0.0
