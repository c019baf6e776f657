"""Signing in and out, the second factor, the state's identity provider, and what one may do for oneself."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select

from gateway.access import recovery, state_sign_in
from gateway.access.form import CONSENT_VERSION, consent_form, undertaking_form
from gateway.access.sessions import SignedIn, csrf_token, end_session
from gateway.access.sign_in import Opened, give_second_factor, offer_second_factor, sign_in
from gateway.access.undertakings import FORM_VERSION
from gateway.api.access_bodies import (
    CodeBody,
    FormAnswer,
    MeAnswer,
    OwnGrantAnswer,
    PasswordBody,
    RecoveryBody,
    SecretAnswer,
    SessionAnswer,
    SignInBody,
)
from gateway.api.guard import Guard, Permit, Permitted, guarded_router
from gateway.intake.reasons import choose_language
from gateway.registry.model import Person

Language = Annotated[str | None, Header(alias="accept-language", include_in_schema=False)]
_FLOW_SECONDS = 600
AFTER_SIGN_IN = "/"


def session_router(guard: Guard) -> APIRouter:
    """Make the routes of signing in."""
    router = guarded_router(guard, tags=["sign-in"])
    _add_session(router, guard)
    _add_second_factor(router, guard)
    _add_state(router, guard)
    _add_recovery(router, guard)
    _add_own(router, guard)
    return router


def _signed_in(permit: Permit) -> SignedIn:
    assert permit.signed_in is not None
    return permit.signed_in


def _hand_over(guard: Guard, response: Response, opened: Opened) -> SessionAnswer:
    """Put a new session's token into the browser's cookie, out of the page's own reach."""
    response.set_cookie(
        guard.cookie, opened.token, path="/", secure=guard.secure, httponly=True, samesite="lax"
    )
    response.headers["Cache-Control"] = "no-store"
    return SessionAnswer(stage=opened.stage, csrf_token=csrf_token(opened.token))


def _add_session(router: APIRouter, guard: Guard) -> None:
    @router.post("/session")
    async def open_session(body: SignInBody, permit: Permitted, response: Response) -> SessionAnswer:
        """Sign in by password; the stage says whether a second factor is still owed."""
        opened = await sign_in(guard.door, body.login, body.password.get_secret_value(), peer=permit.peer)
        return _hand_over(guard, response, opened)

    @router.delete("/session", status_code=204)
    async def close_session(permit: Permitted, response: Response) -> None:
        """Sign out: the session ends here, whatever the browser keeps."""
        async with permit.database.transaction() as session:
            await end_session(session, _signed_in(permit).digest, reason="SIGNED_OUT")
        response.delete_cookie(guard.cookie, path="/", secure=guard.secure, httponly=True, samesite="lax")


def _add_second_factor(router: APIRouter, guard: Guard) -> None:
    @router.post("/session/second-factor/secret")
    async def new_second_factor(permit: Permitted, response: Response) -> SecretAnswer:
        """Get a new second factor for the authenticator; it counts with its first code."""
        response.headers["Cache-Control"] = "no-store"
        return SecretAnswer(address=await offer_second_factor(guard.door, _signed_in(permit)))

    @router.post("/session/second-factor")
    async def second_factor(body: CodeBody, permit: Permitted, response: Response) -> SessionAnswer:
        """Give a code of the authenticator; the session goes on under a new token."""
        code = body.code.get_secret_value()
        opened = await give_second_factor(guard.door, _signed_in(permit), code, peer=permit.peer)
        return _hand_over(guard, response, opened)


def _add_state(router: APIRouter, guard: Guard) -> None:
    kept = "__Host-kopuro-oidc" if guard.secure else "kopuro-oidc"

    @router.get("/oidc/start")
    async def leave_for_state() -> RedirectResponse:
        """Go to the state's identity provider."""
        address, state = await state_sign_in.begin(guard.door)
        response = RedirectResponse(address, 303, headers={"Cache-Control": "no-store"})
        response.set_cookie(
            kept, state, max_age=_FLOW_SECONDS, path="/", secure=guard.secure, httponly=True, samesite="lax"
        )
        return response

    @router.get("/oidc/callback")
    async def return_from_state(
        request: Request,
        permit: Permitted,
        state: Annotated[str, Query(max_length=200)] = "",
        code: Annotated[str, Query(max_length=4096)] = "",
        iss: Annotated[str | None, Query(max_length=500)] = None,
    ) -> RedirectResponse:
        """Come back from it: the code is redeemed, checked, and the account found by its PIN."""
        opened = await state_sign_in.finish(
            guard.door,
            kept_state=request.cookies.get(kept, ""),
            state=state,
            code=code,
            issuer=iss,
            peer=permit.peer,
        )
        response = RedirectResponse(AFTER_SIGN_IN, 303)
        _hand_over(guard, response, opened)
        response.delete_cookie(kept, path="/", secure=guard.secure, httponly=True, samesite="lax")
        return response


def _add_recovery(router: APIRouter, guard: Guard) -> None:
    @router.post("/recovery", status_code=204)
    async def recover(body: RecoveryBody, permit: Permitted) -> None:
        """Set a password by a code that was handed over; every session of the account ends."""
        await recovery.set_password_by_code(
            guard.door,
            body.login,
            body.code.get_secret_value(),
            body.password.get_secret_value(),
            peer=permit.peer,
        )

    @router.get("/undertaking-form")
    async def form(language: Language = None) -> FormAnswer:
        """Get the form of the undertaking not to disclose (a draft)."""
        return FormAnswer(version=FORM_VERSION, draft=True, text=undertaking_form(choose_language(language)))

    @router.get("/consent-form")
    async def form_of_consent(language: Language = None) -> FormAnswer:
        """Get the form of the consent to the processing of personal data (a draft)."""
        return FormAnswer(version=CONSENT_VERSION, draft=True, text=consent_form(choose_language(language)))


def _add_own(router: APIRouter, guard: Guard) -> None:
    @router.get("/me")
    async def who_am_i(request: Request, permit: Permitted, response: Response) -> MeAnswer:
        """Say who is signed in, with what roles, and how far the sign-in has come."""
        signed_in, caller = _signed_in(permit), permit.caller
        assert caller.account_id is not None
        response.headers["Cache-Control"] = "no-store"
        return MeAnswer(
            account_id=caller.account_id,
            login=caller.login,
            user_id=caller.user_id,
            stage=signed_in.stage,
            undertaken=caller.undertaken,
            csrf_token=csrf_token(request.cookies[guard.cookie]),
            grants=await _own_grants(permit),
        )

    @router.post("/me/password")
    async def new_password(body: PasswordBody, permit: Permitted, response: Response) -> SessionAnswer:
        """Change the own password; every other session ends."""
        old = body.old_password.get_secret_value() if body.old_password else None
        opened = await recovery.change_password(
            guard.door, _signed_in(permit), body.password.get_secret_value(), old=old, peer=permit.peer
        )
        return _hand_over(guard, response, opened)


async def _own_grants(permit: Permit) -> list[OwnGrantAnswer]:
    children = [grant.child_id for grant in permit.caller.grants if grant.child_id]
    async with permit.reading() as session:
        found = await session.execute(select(Person.id, Person.isuo_no).where(Person.id.in_(children)))
        numbers = {row.id: row.isuo_no for row in found}
    return [
        OwnGrantAnswer(
            role=grant.role,
            scope_type=grant.scope_type,
            territory=grant.territory,
            organisation_id=grant.organisation_id,
            class_id=grant.class_id,
            child_isuo_no=numbers.get(grant.child_id) if grant.child_id else None,
            valid_until=grant.valid_until,
        )
        for grant in permit.caller.grants
    ]
