"""Accounts: who may enter, appointed by whom, instructed and bound; what a head or a district does about them."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from gateway.access import accounts, notices, recovery
from gateway.access.decide import decide
from gateway.access.errors import not_found
from gateway.access.listing import AccountEntry, list_accounts
from gateway.access.power import managed_account
from gateway.access.route_policy import holder
from gateway.access.values import Action, Kind, Role
from gateway.foundation.clock import today
from gateway.foundation.errors import InputRefused
from gateway.pages import NavEntry, Page, Room, Visit
from gateway.portal.account_acts import ACTS, About, AccountAct
from gateway.portal.books import Option
from gateway.portal.changing import answer_form, change_once
from gateway.portal.desk import Desk
from gateway.portal.fields import Field, read_fields
from gateway.portal.forms import Form, new_form
from gateway.portal.places import own_places
from gateway.registry.model import Organisation, Person
from gateway.registry.organisations.model import ClassGroup
from gateway.registry.values import is_isuo_number

READING = holder(Kind.ACCOUNT, Action.READ)
MANAGING = holder(Kind.ACCOUNT, Action.MANAGE)
NOTING = holder(Kind.NOTICE, Action.WRITE)
_MOST = 200
_NEW = (Field(name="isuo_no", longest=12), Field(name="login", longest=64))


class Accounts:
    """The answers of these pages."""

    def __init__(self, desk: Desk) -> None:
        """Take the desk."""
        self._desk = desk

    def room(self) -> Room:
        """Give the pages."""
        one = "/accounts/{account_id:uuid}"
        return Room(
            pages=(
                Page(method="GET", path="/accounts", answer=self.list, policy=READING),
                Page(method="GET", path="/accounts/new", answer=self.ask, policy=MANAGING),
                Page(method="POST", path="/accounts/new", answer=self.make, policy=MANAGING),
                Page(method="GET", path=one, answer=self.show, policy=READING),
                Page(method="POST", path=f"{one}/recovery", answer=self.recovery, policy=MANAGING),
                Page(method="POST", path=f"{one}/{{act}}", answer=self.act, policy=MANAGING),
                Page(method="GET", path="/notices", answer=self.notices, policy=NOTING),
                Page(method="POST", path="/notices/{notice_id:uuid}", answer=self.take_note, policy=NOTING),
            ),
            nav=(NavEntry(path="/accounts", text="accounts.nav", icon="lock", policy=READING, order=60),),
        )

    async def list(self, visit: Visit) -> Response:
        """List the accounts within reach."""
        async with visit.reading() as session:
            found = await list_accounts(session, visit.right.filter, limit=_MOST)
            names = await _names(session, found)
            places = await _places(session, found)
        return visit.render(
            "portal/accounts.html",
            accounts=found,
            names=names,
            places=places,
            own=visit.account_id,
            may_note=decide(visit.caller, Action.WRITE, Kind.NOTICE).allowed,
        )

    async def ask(self, visit: Visit) -> Response:
        """Show the form of a new account."""
        number = visit.query("isuo_no")
        return self._new(visit, new_form(isuo_no=number if is_isuo_number(number) else ""))

    def _new(self, visit: Visit, form: Form, *, status: int = 200) -> Response:
        return visit.render("portal/account_new.html", status=status, form=form, fields=_NEW)

    async def make(self, visit: Visit) -> Response:
        """Make an account for a person of the registry."""

        async def act() -> Response:
            values = read_fields(visit, _NEW)
            if not is_isuo_number(values["isuo_no"]):
                raise InputRefused((("isuo_no", "ISUO_NO"),))
            made = await change_once(visit, lambda session: self._make(session, visit, values))
            return visit.redirect(f"/portal/accounts/{made['account_id']}", told="accounts.made")

        async def again(form: Form, status: int) -> Response:
            return self._new(visit, form, status=status)

        return await answer_form(act, again, visit)

    async def _make(self, session: AsyncSession, visit: Visit, values: dict[str, Any]) -> dict[str, str]:
        made = await accounts.create_account(session, **values, by=visit.caller)
        return {"account_id": str(made)}

    async def show(self, visit: Visit) -> Response:
        """Show an account with what may be done about it."""
        return await self._show(visit, new_form())

    async def _show(
        self, visit: Visit, form: Form, *, act: str = "", code: str = "", status: int = 200
    ) -> Response:
        readers = decide(visit.caller, Action.READ, Kind.ACCOUNT)
        async with visit.reading() as session:
            found = await list_accounts(session, readers.filter, limit=1, account_id=_id_of(visit))
            if not found:
                raise not_found()
            about = await self._about(session, visit)
            names, places = await _names(session, found), await _places(session, found)
        day = today().isoformat()
        return visit.render(
            "portal/account.html",
            status=status,
            account=found[0],
            name=names.get(found[0].person_id, ""),
            places=places,
            form=form,
            chosen=act,
            code=code,
            today=day,
            acts={each.name: each.fields(about) for each in ACTS.values()},
            starts={each.name: dict.fromkeys(each.days, day) for each in ACTS.values()},
            may_manage=decide(visit.caller, Action.MANAGE, Kind.ACCOUNT).allowed
            and found[0].id != visit.account_id,
            in_force=[grant for grant in found[0].grants if grant.ended_at is None],
        )

    async def _about(self, session: AsyncSession, visit: Visit) -> About:
        places = await own_places(session, visit, Action.MANAGE, Kind.ACCOUNT)
        classes = await session.execute(
            select(ClassGroup.id, ClassGroup.name, ClassGroup.academic_year)
            .where(ClassGroup.organisation_id.in_([each.organisation_id for each in places[:5]]))
            .where(ClassGroup.closed_on.is_(None))
            .order_by(ClassGroup.academic_year.desc(), ClassGroup.name)
        )
        words = {str(role): visit.say(f"words.role.{role}") for role in Role}
        kinds = (accounts.IN_PERSON_ACT, accounts.PASSPORT_MESSAGE)
        return About(
            account_id=_id_of(visit),
            by=visit.caller,
            door=self._desk.door,
            places=tuple(places),
            classes=tuple(
                Option(code=str(row.id), name=f"{row.name} · {row.academic_year}") for row in classes
            ),
            role_names={**words, **{kind: visit.say(f"accounts.evidence.{kind}") for kind in kinds}},
        )

    async def act(self, visit: Visit) -> Response:
        """Do something about an account."""
        wanted = ACTS.get(visit.path("act"))
        if wanted is None:
            raise not_found()

        async def carry_out() -> Response:
            async with visit.reading() as session:
                about = await self._about(session, visit)
            values = read_fields(visit, wanted.fields(about))
            await change_once(visit, lambda session: _run(session, wanted, about, values))
            return visit.redirect(f"/portal/accounts/{_id_of(visit)}", told=f"accounts.told.{wanted.name}")

        async def again(form: Form, status: int) -> Response:
            return await self._show(visit, form, act=wanted.name, status=status)

        return await answer_form(carry_out, again, visit)

    async def recovery(self, visit: Visit) -> Response:
        """Make a code that sets the account's password once, and show it to be handed over."""
        code = ""

        async def act() -> Response:
            nonlocal code
            async with visit.database.transaction() as session:
                await managed_account(session, _id_of(visit), visit.caller)
                by = visit.account_id
                code = await recovery.issue_code(self._desk.door, session, _id_of(visit), by=by)
            return await self._show(visit, new_form(), code=code)

        async def again(form: Form, status: int) -> Response:
            return await self._show(visit, form, act="recovery", status=status)

        return await answer_form(act, again, visit)

    async def notices(self, visit: Visit) -> Response:
        """List what heads told the district."""
        async with visit.reading() as session:
            found = await notices.list_notices(session, visit.right, limit=_MOST)
        return visit.render("portal/notices.html", notices=found)

    async def take_note(self, visit: Visit) -> Response:
        """Confirm that a notice was received."""
        notice_id = visit.request.path_params["notice_id"]
        async with visit.database.transaction() as session:
            await notices.take_note(session, notice_id, visit.right)
        return visit.redirect("/portal/notices", told="accounts.noted")


async def _run(
    session: AsyncSession, act: AccountAct, about: About, values: dict[str, Any]
) -> dict[str, str]:
    await act.run(session, about, dict(values))
    return {"act": act.name}


async def _names(session: AsyncSession, found: list[AccountEntry]) -> dict[UUID, str]:
    """Give the names of the people of accounts, as far as they may be seen."""
    people = await session.execute(select(Person).where(Person.id.in_([each.person_id for each in found])))
    return {
        person.id: " ".join(name for name in (person.surname, person.given_name, person.patronymic) if name)
        for person in people.scalars()
    }


async def _places(session: AsyncSession, found: list[AccountEntry]) -> dict[UUID, str]:
    wanted = {grant.organisation_id for each in found for grant in each.grants if grant.organisation_id}
    rows = await session.execute(
        select(Organisation.id, Organisation.code).where(Organisation.id.in_(wanted))
    )
    return {row.id: row.code for row in rows}


def _id_of(visit: Visit) -> UUID:
    found = visit.request.path_params["account_id"]
    assert isinstance(found, UUID)
    return found
