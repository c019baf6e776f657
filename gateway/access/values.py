"""The words of access: roles, scopes, kinds of objects, actions, and who is asking."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """Who somebody is to the registry; the last two are programs and never granted to a person."""

    MINISTRY = "MINISTRY"
    SPECIAL_ADMIN = "SPECIAL_ADMIN"
    DISTRICT = "DISTRICT"
    HEAD = "HEAD"
    RESPONSIBLE = "RESPONSIBLE"
    TEACHER = "TEACHER"
    LEARNER = "LEARNER"
    PARENT = "PARENT"
    GATEWAY_OPERATOR = "GATEWAY_OPERATOR"
    SECURITY_AUDITOR = "SECURITY_AUDITOR"
    MACHINE_CLIENT = "MACHINE_CLIENT"
    OWN_PROGRAM = "OWN_PROGRAM"


class ScopeType(StrEnum):
    """How far a role reaches."""

    REPUBLIC = "REPUBLIC"
    TERRITORY = "TERRITORY"
    ORGANISATION = "ORGANISATION"
    CLASS = "CLASS"
    SELF = "SELF"
    CHILD = "CHILD"


class Kind(StrEnum):
    """What is asked for."""

    AGGREGATE = "AGGREGATE"
    PERSON = "PERSON"
    CLASSWORK = "CLASSWORK"
    ORGANISATION = "ORGANISATION"
    CASE = "CASE"
    EXCHANGE = "EXCHANGE"
    WORK = "WORK"
    ENQUIRY = "ENQUIRY"
    ACCOUNT = "ACCOUNT"
    NOTICE = "NOTICE"
    CONFIRMATION = "CONFIRMATION"
    DISPUTE = "DISPUTE"
    CONSENT = "CONSENT"
    USAGE = "USAGE"
    ACT = "ACT"
    STAFF = "STAFF"
    EVENT = "EVENT"


class Action(StrEnum):
    """What is done with it. COUNT gives numbers only, READ_MASKED rows without people.

    Of an exchange: READ_BODY shows what was sent with every personal value masked, REVEAL unmasks it for a reason,
    REPLAY repeats a question, REPLAY_WRITES one that may change something.
    """

    COUNT = "COUNT"
    READ_MASKED = "READ_MASKED"
    READ = "READ"
    READ_BODY = "READ_BODY"
    REVEAL = "REVEAL"
    REPLAY = "REPLAY"
    REPLAY_WRITES = "REPLAY_WRITES"
    EXPORT = "EXPORT"
    FILL = "FILL"
    WRITE = "WRITE"
    WORK = "WORK"
    APPROVE = "APPROVE"
    SIGN = "SIGN"
    MANAGE = "MANAGE"


CHANGES = frozenset({Action.FILL, Action.WRITE, Action.WORK, Action.APPROVE, Action.EXPORT})


class AccountState(StrEnum):
    """Whether an account may be used."""

    PENDING_IDENTIFICATION = "PENDING_IDENTIFICATION"
    ACTIVE = "ACTIVE"
    BLOCKED = "BLOCKED"


class Level(StrEnum):
    """The level of an organisation, by which it is decided who may appoint its people."""

    DOO = "DOO"
    OO = "OO"
    VNESHKOLNOE = "VNESHKOLNOE"
    SPECIAL = "SPECIAL"
    DOP = "DOP"
    NPO = "NPO"
    SPO = "SPO"
    VPO = "VPO"
    POSTVUZ = "POSTVUZ"
    DPO = "DPO"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A role in force with its reach; `territory` is a СОАТЕ prefix, `valid_until` the first day without it.

    `classes` are the open classes of a teacher: that of the grant and those taught at its organisation.
    """

    role: Role
    scope_type: ScopeType
    territory: str | None = None
    organisation_id: UUID | None = None
    class_id: UUID | None = None
    classes: tuple[UUID, ...] = ()
    child_id: UUID | None = None
    supervisory_body: str | None = None
    valid_until: date | None = None
    grant_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: a person's account with its grants in force, or (without an account) one of our programs.

    `undertaken` says that an undertaking not to disclose is registered and valid.
    """

    account_id: UUID | None = None
    person_id: UUID | None = field(default=None, repr=False)
    login: str = field(default="", repr=False)
    grants: tuple[Grant, ...] = ()
    undertaken: bool = False

    @property
    def user_id(self) -> str:
        """Give the X-Road userId of an account: it names the account and no person."""
        return f"isuo.{self.account_id.hex}" if self.account_id else "kopuro-api"

    @property
    def roles(self) -> frozenset[Role]:
        """Give the roles in force."""
        return frozenset(grant.role for grant in self.grants)


OWN_PROGRAM = Caller(
    grants=(Grant(role=Role.OWN_PROGRAM, scope_type=ScopeType.REPUBLIC),),
    undertaken=True,
)
