"""Accounts and appointments: made, identified, appointed, instructed, blocked, each within the caller's reach."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access import accounts, appointments, notices, recovery, undertakings
from gateway.access.errors import not_found
from gateway.access.power import managed_account
from gateway.api.access_bodies import (
    AccountAnswer,
    AccountBody,
    AppointmentBody,
    BriefingBody,
    IdentificationBody,
    LevelBody,
    MadeAnswer,
    NoticeAnswer,
    ReasonBody,
    RecoveryAnswer,
    UndertakingBody,
)
from gateway.api.account_answers import account_answers
from gateway.api.guard import Guard, Permitted, guarded_router
from gateway.registry.model import Organisation, Person


def account_router(guard: Guard) -> APIRouter:
    """Make the routes of accounts."""
    router = guarded_router(guard, tags=["accounts"])
    _add_reading(router)
    _add_making(router, guard)
    _add_papers(router, guard)
    _add_recovery(router, guard)
    _add_ending(router)
    _add_notices(router)
    return router


def _add_reading(router: APIRouter) -> None:
    @router.get("/accounts")
    async def list_accounts(
        permit: Permitted, limit: Annotated[int, Query(ge=1, le=500)] = 100
    ) -> list[AccountAnswer]:
        """List the accounts within reach."""
        async with permit.reading() as session:
            return await account_answers(session, permit.right.filter, limit=limit)

    @router.get("/accounts/{account_id}")
    async def show_account(account_id: UUID, permit: Permitted) -> AccountAnswer:
        """Show an account within reach."""
        async with permit.reading() as session:
            found = await account_answers(session, permit.right.filter, limit=1, account_id=account_id)
        if not found:
            raise not_found()
        return found[0]


def _add_making(router: APIRouter, guard: Guard) -> None:
    @router.post("/accounts", status_code=201)
    async def make_account(body: AccountBody, permit: Permitted) -> MadeAnswer:
        """Make an account for a person of the registry; it waits for identification."""
        async with permit.database.transaction() as session:
            made = await accounts.create_account(
                session, isuo_no=body.isuo_no, login=body.login, by=permit.caller
            )
        return MadeAnswer(id=made)

    @router.post("/accounts/{account_id}/identification", status_code=204)
    async def identify(account_id: UUID, body: IdentificationBody, permit: Permitted) -> None:
        """Take the evidence of who the human is."""
        evidence = accounts.Identification(kind=body.kind, reference=body.reference, place=body.place)
        async with permit.database.transaction() as session:
            await accounts.identify(session, account_id, evidence, by=permit.caller, keys=guard.door.keys)

    @router.post("/accounts/{account_id}/appointments", status_code=201)
    async def appoint(account_id: UUID, body: AppointmentBody, permit: Permitted) -> MadeAnswer:
        """Grant a role, as far as the caller may."""
        async with permit.database.transaction() as session:
            wanted = await _appointment(session, body)
            made = await appointments.appoint(session, account_id, wanted, by=permit.caller)
        return MadeAnswer(id=made)

    @router.put("/organisations/{code}/level", status_code=204)
    async def set_level(code: str, body: LevelBody, permit: Permitted) -> None:
        """Say of which level an organisation within reach is."""
        async with permit.database.transaction() as session:
            await appointments.set_level(session, code, body.level, decision=permit.right)


async def _appointment(session: AsyncSession, body: AppointmentBody) -> appointments.Appointment:
    organisation_id = child_id = None
    if body.organisation_code is not None:
        found = await session.execute(
            select(Organisation.id).where(Organisation.code == body.organisation_code)
        )
        organisation_id = found.scalar_one_or_none()
    if body.child_isuo_no is not None:
        known = await session.execute(select(Person.id).where(Person.isuo_no == body.child_isuo_no))
        child_id = known.scalar_one_or_none()
    if (body.organisation_code and not organisation_id) or (body.child_isuo_no and not child_id):
        raise not_found()
    given = body.model_dump(exclude={"organisation_code", "child_isuo_no"})
    return appointments.Appointment(**given, organisation_id=organisation_id, child_id=child_id)


def _add_papers(router: APIRouter, guard: Guard) -> None:
    @router.post("/accounts/{account_id}/briefings", status_code=201)
    async def brief(account_id: UUID, body: BriefingBody, permit: Permitted) -> MadeAnswer:
        """Record a briefing the caller gave."""
        async with permit.database.transaction() as session:
            made = await undertakings.brief(
                session, account_id, held_on=body.held_on, topic=body.topic, by=permit.caller
            )
        return MadeAnswer(id=made)

    @router.post("/accounts/{account_id}/undertakings", status_code=201)
    async def undertake(account_id: UUID, body: UndertakingBody, permit: Permitted) -> MadeAnswer:
        """Register a signed undertaking not to disclose."""
        paper = undertakings.Paper(
            signed_on=body.signed_on,
            location=body.paper_location,
            scan_sha256=bytes.fromhex(body.scan_sha256) if body.scan_sha256 else None,
            valid_until=body.valid_until,
        )
        async with permit.database.transaction() as session:
            made = await undertakings.register_undertaking(
                session, account_id, paper, by=permit.caller, months=guard.door.settings.undertaking_months
            )
        return MadeAnswer(id=made)


def _add_recovery(router: APIRouter, guard: Guard) -> None:
    @router.post("/accounts/{account_id}/recovery-code")
    async def recovery_code(account_id: UUID, permit: Permitted, response: Response) -> RecoveryAnswer:
        """Make a code that sets the account's password once, to be handed over in person."""
        response.headers["Cache-Control"] = "no-store"
        async with permit.database.transaction() as session:
            await managed_account(session, account_id, permit.caller)
            code = await recovery.issue_code(guard.door, session, account_id, by=permit.caller.account_id)
        return RecoveryAnswer(code=code)

    @router.post("/accounts/{account_id}/second-factor-reset", status_code=204)
    async def reset_second_factor(account_id: UUID, permit: Permitted) -> None:
        """Take a lost second factor away."""
        async with permit.database.transaction() as session:
            await accounts.reset_second_factor(session, account_id, by=permit.caller)


def _add_ending(router: APIRouter) -> None:
    @router.post("/accounts/{account_id}/block", status_code=204)
    async def block(account_id: UUID, body: ReasonBody, permit: Permitted) -> None:
        """Block an account; its sessions end at once."""
        async with permit.database.transaction() as session:
            await accounts.block(session, account_id, by=permit.caller, reason=body.reason)

    @router.post("/accounts/{account_id}/unblock", status_code=204)
    async def unblock(account_id: UUID, permit: Permitted) -> None:
        """Open a blocked account again."""
        async with permit.database.transaction() as session:
            await accounts.unblock(session, account_id, by=permit.caller)

    @router.post("/appointments/{grant_id}/end", status_code=204)
    async def end(grant_id: UUID, body: ReasonBody, permit: Permitted) -> None:
        """End an appointment; its sessions end at once."""
        async with permit.database.transaction() as session:
            await appointments.end_appointment(session, grant_id, by=permit.caller, reason=body.reason)


def _add_notices(router: APIRouter) -> None:
    @router.get("/notices")
    async def list_notices(
        permit: Permitted, limit: Annotated[int, Query(ge=1, le=500)] = 100
    ) -> list[NoticeAnswer]:
        """List what heads told the district about their appointments, the newest first."""
        async with permit.reading() as session:
            found = await notices.list_notices(session, permit.right, limit=limit)
        return [NoticeAnswer.model_validate(notice, from_attributes=True) for notice in found]

    @router.post("/notices/{notice_id}/receipt", status_code=204)
    async def take_note(notice_id: UUID, permit: Permitted) -> None:
        """Confirm that a notice was received."""
        async with permit.database.transaction() as session:
            await notices.take_note(session, notice_id, permit.right)
