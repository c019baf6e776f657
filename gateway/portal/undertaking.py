"""The undertaking before the first entry: to print, or to sign on the screen with the own password."""

from starlette.responses import RedirectResponse, Response

from gateway.access.errors import TooManyAttempts
from gateway.access.form import undertaking_form
from gateway.access.route_policy import ANYBODY
from gateway.access.screen_undertaking import sign_on_screen
from gateway.access.sentences import REFUSALS
from gateway.access.sessions import Stage
from gateway.access.undertakings import FORM_VERSION
from gateway.foundation.errors import AccessError, InputRefused
from gateway.pages import Page, Room, Visit
from gateway.pages.guard import SECOND_FACTOR
from gateway.portal.desk import Desk
from gateway.portal.forms import Form, form_again, new_form

PATH = "/undertaking"


class Undertaking:
    """The answers of these pages."""

    def __init__(self, desk: Desk) -> None:
        """Take the desk."""
        self._desk = desk

    def room(self) -> Room:
        """Give the pages."""
        return Room(
            pages=(
                Page(method="GET", path=PATH, answer=self.show, policy=ANYBODY),
                Page(method="POST", path=PATH, answer=self.sign, policy=ANYBODY),
            )
        )

    async def show(self, visit: Visit) -> Response:
        """Show the form with both ways of signing it."""
        return _page(visit, new_form())

    async def sign(self, visit: Visit) -> Response:
        """Sign on the screen, and go on to where the sign-in would have led."""
        password = visit.form.get("password", "")
        try:
            opened = await sign_on_screen(
                self._desk.door,
                visit.field("login"),
                password if isinstance(password, str) else "",
                agreed=visit.field("agreed") == "yes",
                language=visit.language,
                peer=visit.peer,
            )
        except InputRefused as problem:
            return _page(visit, form_again(visit, problem), status=422)
        except AccessError as error:
            return _refused(visit, error)
        response = RedirectResponse("/" if opened.stage is Stage.OPEN else SECOND_FACTOR, 303)
        visit.look.remember_message(response, "good:accounts.signed")
        visit.look.home.hand_over(response, opened.token)
        return response


def _refused(visit: Visit, error: AccessError) -> Response:
    if isinstance(error, TooManyAttempts):
        said = visit.say("sign_in.refused.TOO_MANY_ATTEMPTS", wait=visit.speech.span(error.seconds))
        return _page(visit, form_again(visit), said=said, status=429)
    if error.code not in REFUSALS:
        raise error
    key = f"words.refused.{error.code}"
    said = visit.say(key if visit.speech.knows(key) else f"sign_in.refused.{error.code}")
    return _page(visit, form_again(visit), said=said, status=401)


def _page(visit: Visit, form: Form, *, said: str = "", status: int = 200) -> Response:
    return visit.render(
        "portal/undertaking.html",
        status=status,
        form=form,
        said=said,
        text=undertaking_form(visit.language),
        version=FORM_VERSION,
        signs=visit.signed_in is None,
    )
