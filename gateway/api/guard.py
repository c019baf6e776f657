"""Before every route: who asks, whether the page that asks is ours, whether it is allowed; afterwards, the trace."""

import hmac
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.acts import Act, record_act
from gateway.access.browser import SAFE, home_of, peer_of
from gateway.access.decide import Decision, decide_first
from gateway.access.door import Door
from gateway.access.errors import refused
from gateway.access.sessions import SIGN_IN_REQUIRED, SignedIn, Stage, csrf_token, find_session
from gateway.access.token import NOT_SET, check_bearer
from gateway.access.values import OWN_PROGRAM, Caller
from gateway.access.wall import walled
from gateway.api.dependencies import ApiDependencies
from gateway.api.problems import PROBLEM_RESPONSES, ProblemRoute, problem
from gateway.api.route_policies import POLICIES, Audience, RoutePolicy
from gateway.foundation.database import Database
from gateway.foundation.errors import AccessError
from gateway.foundation.logging import without_pins

CSRF_HEADER = "x-csrf-token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """What a route may do for this request: for whom, by which decision, and on which side of the wall."""

    caller: Caller
    database: Database
    peer: str
    decision: Decision | None = None
    signed_in: SignedIn | None = field(default=None, repr=False)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction that sees no more than the caller may; a program of ours sees everything."""
        if self.caller.account_id is None:
            async with self.database.transaction() as session:
                yield session
            return
        async with walled(self.database, self.caller.account_id) as session:
            yield session

    @property
    def right(self) -> Decision:
        """Give the decision of a route that asks for a right."""
        assert self.decision is not None
        return self.decision

    def user_id(self, given: str) -> str:
        """Give the X-Road userId: an account's own, or what a program says about its user."""
        return self.caller.user_id if self.caller.account_id else given


def _permit_of(request: Request) -> Permit:
    permit: Permit = request.state.permit
    return permit


Permitted = Annotated[Permit, Depends(_permit_of)]


class GuardedRoute(ProblemRoute):
    """A route whose every answer to a known caller is on record before it leaves."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            response = await handle(request)
            known: Caller | None = getattr(request.state, "caller", None)
            if known is None:
                return response
            try:
                await _record(request, known, response.status_code)
            except OperationalError:
                return problem(request, 503, "LATER")
            return response

        return answer


async def _record(request: Request, caller: Caller, status: int) -> None:
    database: Database = request.state.database
    policy: RoutePolicy = request.state.policy
    act = Act(
        act=f"{request.method} {request.scope['route'].path}",
        object=policy.kind or "SESSION",
        object_id=_named(request),
        allowed=status < 400,
        reason=getattr(request.state, "refusal", "") or str(status),
        account_id=caller.account_id,
        caller="ACCOUNT" if caller.account_id else "PROGRAM",
        peer=request.state.peer,
    )
    async with database.transaction() as session:
        await record_act(session, act)


def _named(request: Request) -> str:
    """Give what the address names, as far as the trace has a place for it."""
    named = next((str(value) for value in request.path_params.values()), "")
    return without_pins("".join(letter for letter in named[:200] if letter.isprintable()))


class Guard:
    """The dependency in front of every route."""

    def __init__(self, deps: ApiDependencies) -> None:
        """Take what is needed to know callers."""
        self._deps = deps
        self._token = deps.settings.server.api_token
        self._home = home_of(deps.settings)

    async def __call__(self, request: Request) -> None:
        """Let a request in or raise AccessError; the permit stands in the request's state."""
        policy = POLICIES.get((request.method, request.scope["route"].path))
        if policy is None:
            raise refused("NO_POLICY")
        request.state.policy, request.state.database = policy, self._deps.database
        request.state.peer = peer_of(request, forwarded=self._deps.settings.access.forwarded_for)
        request.state.permit = await self._permit(request, policy)

    async def _permit(self, request: Request, policy: RoutePolicy) -> Permit:
        if request.method not in SAFE:
            self._check_origin(request)
        if policy.audience is Audience.ANYBODY:
            return Permit(caller=Caller(), database=self._deps.database, peer=request.state.peer)
        signed_in = await self._signed_in(request)
        caller = signed_in.caller if signed_in else OWN_PROGRAM
        request.state.caller = caller
        if signed_in is None and policy.audience is not Audience.HOLDER:
            raise self._refuse(request, SIGN_IN_REQUIRED)
        if signed_in and signed_in.stage is not Stage.OPEN and policy.audience is not Audience.HALF_SIGNED_IN:
            raise self._refuse(request, "SECOND_FACTOR_REQUIRED")
        return Permit(
            caller=caller,
            database=self._deps.database,
            peer=request.state.peer,
            decision=self._decide(request, caller, policy),
            signed_in=signed_in,
        )

    async def _signed_in(self, request: Request) -> SignedIn | None:
        """Find the session of the cookie; None for a program with the bearer token, which counts first."""
        authorization, token = request.headers.get("authorization"), request.cookies.get(self.cookie)
        if authorization is not None or token is None or self._deps.door is None:
            check_bearer(authorization, token=self._token)
            return None
        door = self._deps.door
        async with self._deps.database.transaction() as session:
            found = await find_session(session, token, settings=door.settings)
        if request.method not in SAFE:
            given = request.headers.get(CSRF_HEADER, "")
            if "origin" not in request.headers or not hmac.compare_digest(
                given.encode(), csrf_token(token).encode()
            ):
                request.state.caller = found.caller
                raise self._refuse(request, "CSRF")
        return found

    def _decide(self, request: Request, caller: Caller, policy: RoutePolicy) -> Decision | None:
        if policy.kind is None:
            return None
        decision = decide_first(caller, policy.actions, policy.kind)
        if not decision.allowed:
            raise self._refuse(request, decision.reason)
        return decision

    def _refuse(self, request: Request, code: str) -> AccessError:
        request.state.refusal = code
        return refused(code)

    def _check_origin(self, request: Request) -> None:
        """Refuse a change that a page of another site asks for; programs send no Origin."""
        origin = request.headers.get("origin")
        if origin is None:
            return
        if not self._home.is_own(origin, request.headers.get("host", "")):
            raise refused("ORIGIN")

    @property
    def secure(self) -> bool:
        """Tell whether people reach us by https."""
        return self._home.secure

    @property
    def cookie(self) -> str:
        """Give the name of the session's cookie; with TLS no other host can set one of this name."""
        return self._home.session_cookie

    @property
    def door(self) -> Door:
        """Give the door; raises AccessError where this program was opened without one."""
        if self._deps.door is None:
            raise AccessError("nobody signs in here", code=NOT_SET)
        return self._deps.door


def guarded_router(guard: Guard, *, tags: list[str]) -> APIRouter:
    """Make a router under /api/v1 whose every route stands behind the guard."""
    return APIRouter(
        prefix="/api/v1",
        tags=[*tags],
        route_class=GuardedRoute,
        dependencies=[Depends(guard)],
        responses=PROBLEM_RESPONSES,
    )
