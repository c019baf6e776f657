"""Organisations: the list within reach, the passport and its head's word, the classes, and what may be amended."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from gateway.access.decide import decide
from gateway.access.errors import not_found
from gateway.access.route_policy import holder
from gateway.access.values import Action, Kind
from gateway.access.within import organisation_within
from gateway.crypto.detached import DetachedSignature
from gateway.crypto.digest import SIGNATURES
from gateway.foundation.clock import day_of, today, utc_now
from gateway.foundation.errors import ConcurrentChange
from gateway.intake.confirming import confirm, read_ceremony
from gateway.pages.room import NavEntry, Page, Room
from gateway.pages.visit import Visit
from gateway.portal.amendments import PARTS, Part, Target
from gateway.portal.books import Option, names_of
from gateway.portal.changing import answer_form, change_once, told_by
from gateway.portal.desk import Desk
from gateway.portal.fields import Field, read_fields, with_options
from gateway.portal.forms import Form, new_form
from gateway.portal.places import places_within
from gateway.portal.signature_files import read_signature
from gateway.registry.model import Organisation
from gateway.registry.organisations.classes import close_class_group
from gateway.registry.organisations.confirmation import passport_standing
from gateway.registry.organisations.model import ClassGroup
from gateway.registry.organisations.passport import read_passport
from gateway.registry.organisations.signing import last_signature, statement

READING = holder(Kind.ORGANISATION, Action.READ)
WRITING = holder(Kind.ORGANISATION, Action.WRITE)
SIGNING = holder(Kind.CONFIRMATION, Action.SIGN)
_BOOKS = {
    "type_code": "ORG_TYPE",
    "ownership_code": "OWNERSHIP",
    "provider_code": "PROVIDER",
    "language_code": "LANGUAGE_OF_INSTRUCTION",
    "condition_code": "BUILDING_CONDITION",
    "facility_code": "FACILITY",
    "kind_code": "ROOM_KIND",
    "grade_code": "GRADE",
}


class Organisations:
    """The answers of these pages."""

    def __init__(self, desk: Desk) -> None:
        """Take the desk."""
        self._desk = desk
        self._ceremony = read_ceremony(desk.settings)

    def room(self) -> Room:
        """Give the pages."""
        one = "/organisations/{code}"
        return Room(
            pages=(
                Page(method="GET", path="/organisations", answer=self.list, policy=READING),
                Page(method="GET", path=one, answer=self.passport, policy=READING),
                Page(method="POST", path=f"{one}/confirmation", answer=self.confirm, policy=SIGNING),
                Page(method="GET", path=f"{one}/statement", answer=self.statement, policy=SIGNING),
                Page(method="POST", path=f"{one}/signature", answer=self.sign, policy=SIGNING),
                Page(method="GET", path=f"{one}/classes", answer=self.classes, policy=READING),
                Page(method="POST", path=f"{one}/classes/close", answer=self.close_class, policy=WRITING),
                Page(method="GET", path=f"{one}/add/{{part}}", answer=self.ask_part, policy=WRITING),
                Page(method="POST", path=f"{one}/add/{{part}}", answer=self.add_part, policy=WRITING),
            ),
            nav=(
                NavEntry(
                    path="/organisations", text="organisations.nav", icon="school", policy=READING, order=40
                ),
            ),
        )

    async def list(self, visit: Visit) -> Response:
        """List the organisations within reach; one alone is opened at once."""
        like = visit.query("name")[:100]
        async with visit.reading() as session:
            found = await places_within(session, visit.right, visit.language, like=like)
        if len(found) == 1 and not like:
            return visit.redirect(f"/portal/organisations/{found[0].code}")
        return visit.render("portal/organisations.html", places=found, like=like)

    async def passport(self, visit: Visit) -> Response:
        """Show the passport, what is missing in it and what its confirmation is worth."""
        return await self._passport(visit, new_form())

    async def _passport(self, visit: Visit, form: Form, *, status: int = 200) -> Response:
        readers = decide(visit.caller, Action.READ, Kind.ORGANISATION)
        async with visit.reading() as session:
            place = await organisation_within(session, readers, visit.path("code"))
            standing = await passport_standing(session, place.id, at=utc_now())
            books = {name: await names_of(session, book, visit.language) for name, book in _BOOKS.items()}
            items = await names_of(session, "PASSPORT_ITEM", visit.language)
        async with self._desk.database.transaction() as session:
            signed = await last_signature(session, place.id, trust=self._ceremony.trust)
        return visit.render(
            "portal/passport.html",
            status=status,
            form=form,
            place=place,
            standing=standing,
            digest=standing.passport.digest().hex(),
            content=standing.passport.content,
            books=books,
            items=items,
            parts=tuple(PARTS),
            may_write=_reaches(visit, place, Action.WRITE, Kind.ORGANISATION),
            may_sign=_reaches(visit, place, Action.SIGN, Kind.CONFIRMATION),
            by_word=not self._ceremony.required,
            algorithms=[Option(code=each, name=each) for each in SIGNATURES],
            signed=signed,
        )

    async def statement(self, visit: Visit) -> Response:
        """Give the very bytes a head signs today, to be kept as a file."""
        at, code = utc_now(), visit.path("code")
        async with visit.reading() as session:
            place = await organisation_within(session, visit.right, code)
            passport = await read_passport(session, place.id, on=day_of(at))
        name = f'attachment; filename="passport-{at:%Y-%m-%d}.json"'
        headers = {"Cache-Control": "no-store", "Content-Disposition": name}
        content = statement(place.code, passport, on=day_of(at))
        return Response(content, media_type="application/json", headers=headers)

    async def confirm(self, visit: Visit) -> Response:
        """Confirm the passport as its head by word: what was read, and nothing that came after."""
        return await self._confirmed(visit, signed=False)

    async def sign(self, visit: Visit) -> Response:
        """Confirm the passport by the head's detached signature over the document of today."""
        return await self._confirmed(visit, signed=True)

    async def _confirmed(self, visit: Visit, *, signed: bool) -> Response:
        async def act() -> Response:
            signature = await read_signature(visit) if signed else None
            await change_once(visit, lambda session: self._confirm(session, visit, signature))
            return visit.redirect(
                f"/portal/organisations/{visit.path('code')}", told="organisations.confirmed"
            )

        async def again(form: Form, status: int) -> Response:
            return await self._passport(visit, form, status=status)

        return await answer_form(act, again, visit)

    async def _confirm(
        self, session: AsyncSession, visit: Visit, signature: DetachedSignature | None
    ) -> dict[str, str]:
        at = utc_now()
        place = await organisation_within(session, visit.right, visit.path("code"), lock=True)
        present = await read_passport(session, place.id, on=day_of(at))
        if visit.field("digest") != present.digest().hex():
            raise ConcurrentChange("the passport has changed since it was read")
        made = await confirm(
            session,
            place,
            signature,
            ceremony=self._ceremony,
            by=visit.caller,
            user_id=visit.caller.user_id,
            at=at,
        )
        return {"confirmation_id": str(made)}

    async def classes(self, visit: Visit) -> Response:
        """Show the classes of an organisation."""
        return await self._classes(visit, new_form())

    async def _classes(self, visit: Visit, form: Form, *, status: int = 200) -> Response:
        readers = decide(visit.caller, Action.READ, Kind.ORGANISATION)
        async with visit.reading() as session:
            place = await organisation_within(session, readers, visit.path("code"))
            found = await session.scalars(
                select(ClassGroup)
                .where(ClassGroup.organisation_id == place.id)
                .order_by(ClassGroup.academic_year.desc(), ClassGroup.grade_code, ClassGroup.name)
            )
            return visit.render(
                "portal/classes.html",
                status=status,
                form=form,
                place=place,
                classes=list(found),
                languages=await names_of(session, "LANGUAGE_OF_INSTRUCTION", visit.language),
                grades=await names_of(session, "GRADE", visit.language),
                kinds=await names_of(session, "CLASS_KIND", visit.language),
                may_write=_reaches(visit, place, Action.WRITE, Kind.ORGANISATION),
                today=today().isoformat(),
            )

    async def close_class(self, visit: Visit) -> Response:
        """Close a class from a day on."""

        async def act() -> Response:
            values = read_fields(visit, (Field(name="class_id"), Field(name="closed_on", kind="day")))
            await change_once(visit, lambda session: self._close(session, visit, values))
            path = f"/portal/organisations/{visit.path('code')}/classes"
            return visit.redirect(path, told="organisations.class_closed")

        async def again(form: Form, status: int) -> Response:
            return await self._classes(visit, form, status=status)

        return await answer_form(act, again, visit)

    async def _close(self, session: AsyncSession, visit: Visit, values: Mapping[str, Any]) -> dict[str, str]:
        place = await organisation_within(session, visit.right, visit.path("code"))
        found = await session.execute(select(ClassGroup.id).where(ClassGroup.organisation_id == place.id))
        class_id = next((each for each in found.scalars() if str(each) == values["class_id"]), None)
        if class_id is None:
            raise not_found()
        await close_class_group(session, class_id, closed_on=values["closed_on"], at=utc_now())
        return {"class_id": str(class_id)}

    async def ask_part(self, visit: Visit) -> Response:
        """Show the form of what is added to a passport."""
        return await self._part_form(visit, new_form(**_part_of(visit).defaults(today())))

    async def add_part(self, visit: Visit) -> Response:
        """Add to the passport: a name, a place, a building, a licence, a facility, a class."""
        part = _part_of(visit)

        async def act() -> Response:
            target, fields = await self._target(visit, part)
            values = read_fields(visit, fields)
            await change_once(visit, lambda session: self._add(session, visit, part, values))
            page = "/classes" if part.name == "class" else ""
            path = f"/portal/organisations/{target.organisation.code}{page}"
            return visit.redirect(path, told="organisations.added")

        async def again(form: Form, status: int) -> Response:
            return await self._part_form(visit, form, status=status)

        return await answer_form(act, again, visit)

    async def _add(
        self, session: AsyncSession, visit: Visit, part: Part, values: Mapping[str, Any]
    ) -> dict[str, str]:
        place = await organisation_within(session, visit.right, visit.path("code"), lock=True)
        target = await Target.read(session, place)
        await part.add(session, target, values, told_by(visit))
        return {"part": part.name}

    async def _target(self, visit: Visit, part: Part) -> tuple[Target, tuple[Field, ...]]:
        async with visit.reading() as session:
            place = await organisation_within(session, visit.right, visit.path("code"))
            target = await Target.read(session, place)
            return target, await with_options(session, part.fields(target), visit.language)

    async def _part_form(self, visit: Visit, form: Form, *, status: int = 200) -> Response:
        part = _part_of(visit)
        target, fields = await self._target(visit, part)
        return visit.render(
            "portal/part.html", status=status, form=form, part=part, fields=fields, place=target.organisation
        )


def _reaches(visit: Visit, place: Organisation, action: Action, kind: Kind) -> bool:
    """Tell whether somebody has a right at an organisation that is his own."""
    right = decide(visit.caller, action, kind)
    return any(grant.organisation_id == place.id for grant in right.grants)


def _part_of(visit: Visit) -> Part:
    part = PARTS.get(visit.path("part"))
    if part is None:
        raise not_found()
    return part
