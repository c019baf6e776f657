"""Who may appoint whom: the rules of the regulation's part 4 over one appointment, and what follows from it."""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import func, insert, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.accounts import block_now
from gateway.access.acts import Act, record_act
from gateway.access.decide import Decision
from gateway.access.errors import not_found, refused
from gateway.access.evidence import check_child, check_learner
from gateway.access.matrix import MATRIX
from gateway.access.model import Account, AppointmentNotice, OrganisationLevel, RoleGrant
from gateway.access.power import APPOINTMENT_FORBIDDEN, Place, other_account, place_of, rule_for
from gateway.access.sessions import end_sessions
from gateway.access.standing import grants_in_force
from gateway.access.values import Caller, Level, Role, ScopeType
from gateway.foundation.clock import utc_now
from gateway.foundation.errors import InputRefused
from gateway.registry.model import Organisation
from gateway.registry.organisations.model import ClassGroup

ORDER_REQUIRED = "ORDER_REQUIRED"
_NEEDED = {
    ScopeType.TERRITORY: ("territory",),
    ScopeType.ORGANISATION: ("organisation_id",),
    ScopeType.CLASS: ("organisation_id", "class_id"),
    ScopeType.CHILD: ("child_id",),
}
HEAD_IN_OFFICE, DUTIES_APART = "HEAD_IN_OFFICE", "DUTIES_APART"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """A role to be granted: its reach, its order or evidence, and from when until when it counts."""

    role: Role
    valid_from: date
    valid_until: date | None = None
    territory: str | None = None
    organisation_id: UUID | None = None
    class_id: UUID | None = None
    child_id: UUID | None = None
    supervisory_body: str | None = None
    order_no: str | None = None
    order_on: date | None = None
    evidence: str | None = None
    evidence_ref: str = ""


async def appoint(session: AsyncSession, account_id: UUID, wanted: Appointment, *, by: Caller) -> UUID:
    """Grant a role and give the grant's id; the district is told where the rule says so.

    The account may be anybody's: a grant opens only what is the granter's to open. Raises AccessError:
    NOT_FOUND…, APPOINTMENT_FORBIDDEN, ORDER_REQUIRED, HEAD_IN_OFFICE, DUTIES_APART, RELATION_UNPROVED.
    """
    account = await other_account(session, account_id, by)
    place = await place_of(session, wanted.organisation_id)
    rule = rule_for(by, wanted.role, place)
    if rule is None:
        raise refused(APPOINTMENT_FORBIDDEN)
    wanted = await _checked(session, account, wanted)
    grant_id = await write_grant(session, account_id, wanted, by=by.account_id)
    if rule.notice:
        await _tell_district(session, grant_id, "APPOINTED", place)
    await _note(session, "ROLE_GRANTED", grant_id, by, str(wanted.role))
    return grant_id


async def write_grant(
    session: AsyncSession, account_id: UUID, wanted: Appointment, *, by: UUID | None
) -> UUID:
    """Write a grant whose rules were looked at by the caller; only the first administrator has no granter."""
    rule, grant_id = MATRIX.roles[wanted.role], uuid4()
    if rule.order and not (wanted.order_no and wanted.order_on):
        raise refused(ORDER_REQUIRED)
    missing = [field for field in _NEEDED.get(rule.scope, ()) if getattr(wanted, field) is None]
    if missing:
        raise InputRefused(tuple((field, "REQUIRED") for field in missing))
    if wanted.valid_until and wanted.valid_until < wanted.valid_from:
        raise InputRefused((("valid_until", "DATE"),))
    await session.execute(
        insert(RoleGrant).values(
            id=grant_id,
            account_id=account_id,
            role=wanted.role,
            scope_type=rule.scope,
            territory=wanted.territory if rule.scope is ScopeType.TERRITORY else None,
            organisation_id=wanted.organisation_id,
            class_id=wanted.class_id if rule.scope is ScopeType.CLASS else None,
            child_id=wanted.child_id if rule.scope is ScopeType.CHILD else None,
            supervisory_body=wanted.supervisory_body if wanted.role is Role.MINISTRY else None,
            order_no=wanted.order_no,
            order_on=wanted.order_on,
            evidence=wanted.evidence,
            evidence_ref=wanted.evidence_ref,
            valid_from=wanted.valid_from,
            valid_until=wanted.valid_until,
            granted_by=by,
            granted_at=utc_now(),
        )
    )
    return grant_id


async def end_appointment(session: AsyncSession, grant_id: UUID, *, by: Caller, reason: str) -> None:
    """End an appointment: its sessions end now, and an account left without any is blocked.

    Whoever may appoint to a role at a place may end it there. Raises AccessError as `appoint` does.
    """
    row = (
        await session.execute(select(RoleGrant).where(RoleGrant.id == grant_id).with_for_update())
    ).scalar_one_or_none()
    if row is None or row.ended_at is not None:
        raise not_found()
    await other_account(session, row.account_id, by)
    place = await place_of(session, row.organisation_id)
    rule = rule_for(by, Role(row.role), place)
    if rule is None:
        raise not_found()
    row.ended_at, row.ended_by, row.end_reason = utc_now(), by.account_id, reason
    await session.flush()
    await end_sessions(session, row.account_id, reason="APPOINTMENT_ENDED")
    if not await grants_in_force(session, row.account_id):
        await block_now(session, row.account_id, by=by.account_id, reason="APPOINTMENT_ENDED")
    if rule.notice:
        await _tell_district(session, grant_id, "ENDED", place)
    await _note(session, "ROLE_ENDED", grant_id, by, row.role)


async def _checked(session: AsyncSession, account: Account, wanted: Appointment) -> Appointment:
    """Check what each role asks for besides; a parent's right ends when the child comes of age."""
    grants = await grants_in_force(session, account.id)
    roles = {grant.role for grant in grants} | {wanted.role}
    if any(apart <= roles for apart in MATRIX.apart):
        raise refused(DUTIES_APART)
    if wanted.role is Role.HEAD:
        await _check_no_head(session, wanted)
    if wanted.role is Role.TEACHER:
        await _check_class(session, wanted)
    if wanted.role is Role.LEARNER:
        await check_learner(session, account.person_id, wanted.organisation_id)
    if wanted.role is not Role.PARENT:
        return replace(wanted, evidence=None)
    of_age = await check_child(
        session, wanted.child_id, wanted.organisation_id, wanted.evidence, wanted.evidence_ref
    )
    return replace(wanted, valid_until=min(wanted.valid_until or of_age, of_age))


async def _check_no_head(session: AsyncSession, wanted: Appointment) -> None:
    """One head at a time: at a change the former one's appointment is ended first."""
    await session.execute(
        select(Organisation.id).where(Organisation.id == wanted.organisation_id).with_for_update()
    )
    in_office = await session.execute(
        select(func.count())
        .select_from(RoleGrant)
        .where(
            RoleGrant.role == Role.HEAD,
            RoleGrant.organisation_id == wanted.organisation_id,
            RoleGrant.ended_at.is_(None),
            or_(RoleGrant.valid_until.is_(None), RoleGrant.valid_until > wanted.valid_from),
        )
    )
    if in_office.scalar_one():
        raise refused(HEAD_IN_OFFICE)


async def _check_class(session: AsyncSession, wanted: Appointment) -> None:
    """Let a teacher into a class of the place only: another's is answered like one that is not there."""
    found = await session.execute(
        select(ClassGroup.id).where(
            ClassGroup.id == wanted.class_id, ClassGroup.organisation_id == wanted.organisation_id
        )
    )
    if wanted.class_id is not None and found.scalar_one_or_none() is None:
        raise not_found()


async def _tell_district(session: AsyncSession, grant_id: UUID, kind: str, place: Place) -> None:
    await session.execute(
        insert(AppointmentNotice).values(
            id=uuid4(),
            grant_id=grant_id,
            kind=kind,
            organisation_id=place.organisation_id,
            sent_at=utc_now(),
        )
    )


async def _note(session: AsyncSession, act: str, grant_id: UUID, by: Caller, role: str) -> None:
    await record_act(
        session,
        Act(act=act, object="ROLE_GRANT", object_id=str(grant_id), reason=role, account_id=by.account_id),
    )


async def set_level(session: AsyncSession, code: str, level: Level, *, decision: Decision) -> None:
    """Say of which level an organisation within reach is; by it the rules of appointment ask.

    The right to it is nobody's who appoints by level: it would widen the own rule. Raises AccessError.
    """
    found = await session.execute(
        select(Organisation.id, OrganisationLevel.level)
        .join(OrganisationLevel, OrganisationLevel.organisation_id == Organisation.id, isouter=True)
        .where(Organisation.code == code, decision.filter)
    )
    row = found.one_or_none()
    if row is None:
        raise not_found()
    values = {"level": level, "set_by": decision.account_id, "set_at": utc_now()}
    await session.execute(
        upsert(OrganisationLevel)
        .values(organisation_id=row.id, **values)
        .on_conflict_do_update(index_elements=["organisation_id"], set_=values)
    )
    act = Act(
        act="LEVEL_SET",
        object="ORGANISATION",
        object_id=code,
        account_id=decision.account_id,
        caller="ACCOUNT" if decision.account_id else "PROGRAM",
        detail={"before": row.level, "after": level},
    )
    await record_act(session, act)
