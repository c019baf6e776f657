"""One's own account: the roles, the password, the second factor."""

from starlette.responses import RedirectResponse, Response

from gateway.access.recovery import change_password
from gateway.access.route_policy import SIGNED_IN
from gateway.access.sessions import SignedIn
from gateway.access.sign_in import give_second_factor, offer_second_factor
from gateway.foundation.errors import AccessError, InputRefused
from gateway.pages import Page, Room, Visit
from gateway.pages.secret_picture import secret_picture
from gateway.portal.changing import Again, answer_form
from gateway.portal.desk import Desk
from gateway.portal.forms import Form, new_form

PATH = "/portal/me"


class Own:
    """The answers of these pages."""

    def __init__(self, desk: Desk) -> None:
        """Take the desk."""
        self._desk = desk

    def room(self) -> Room:
        """Give the pages."""
        return Room(
            pages=(
                Page(method="GET", path="/me", answer=self.show, policy=SIGNED_IN),
                Page(method="POST", path="/me/password", answer=self.password, policy=SIGNED_IN),
                Page(method="POST", path="/me/second-factor", answer=self.second_factor, policy=SIGNED_IN),
                Page(method="POST", path="/me/second-factor/code", answer=self.code, policy=SIGNED_IN),
            )
        )

    async def show(self, visit: Visit) -> Response:
        """Show the own account."""
        return self._show(visit, new_form())

    def _show(self, visit: Visit, form: Form, *, secret: str = "", status: int = 200) -> Response:
        return visit.render(
            "portal/own.html",
            status=status,
            form=form,
            secret=secret,
            picture=secret_picture(secret) if secret else None,
            grants=visit.caller.grants,
        )

    async def password(self, visit: Visit) -> Response:
        """Change the own password; every other session ends."""

        async def act() -> Response:
            old, new, again = (_raw(visit, name) for name in ("old_password", "password", "repeated"))
            if new != again:
                raise InputRefused((("repeated", "PASSWORDS_DIFFER"),))
            opened = await change_password(self._desk.door, _session(visit), new, old=old, peer=visit.peer)
            response = visit.redirect(PATH, told="own.password_set")
            visit.look.home.hand_over(response, opened.token)
            return response

        return await answer_form(act, self._again(visit), visit)

    async def second_factor(self, visit: Visit) -> Response:
        """Offer a new second factor; it counts with its first code."""

        async def act() -> Response:
            secret = await offer_second_factor(self._desk.door, _session(visit))
            return self._show(visit, new_form(), secret=secret)

        return await answer_form(act, self._again(visit), visit)

    async def code(self, visit: Visit) -> Response:
        """Take the first code of the new second factor."""

        async def act() -> Response:
            given = _raw(visit, "code").replace(" ", "")
            opened = await give_second_factor(self._desk.door, _session(visit), given, peer=visit.peer)
            response: Response = RedirectResponse(PATH, 303)
            visit.look.remember_message(response, "good:own.second_factor_set")
            visit.look.home.hand_over(response, opened.token)
            return response

        return await answer_form(act, self._again(visit), visit)

    def _again(self, visit: Visit) -> Again:
        async def again(form: Form, status: int) -> Response:
            return self._show(visit, form, status=status)

        return again


def _raw(visit: Visit, name: str) -> str:
    """Give a secret as it was typed, spaces included."""
    value = visit.form.get(name, "")
    return value if isinstance(value, str) else ""


def _session(visit: Visit) -> SignedIn:
    if visit.signed_in is None:
        raise AccessError("nobody is signed in", code="SIGN_IN_REQUIRED")
    return visit.signed_in
