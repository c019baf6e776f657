"""The board of each level: what waits within reach, in numbers; and the threads of questions (R-010, R-059, R-066)."""

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy import ColumnElement, select

from gateway.access.errors import not_found, refused
from gateway.access.values import Action
from gateway.access.within import organisation_within
from gateway.api.class_bodies import MadeAnswer
from gateway.api.dependencies import ApiDependencies
from gateway.api.file_bodies import (
    BasisAnswer,
    BoardAnswer,
    CatalogueAnswer,
    CellAnswer,
    EnquiryAnswer,
    EnquiryBody,
    MessageAnswer,
    ScoreAnswer,
    WordBody,
)
from gateway.api.guard import Permit, Permitted
from gateway.api.learner_bodies import Word
from gateway.api.organisation_routes import Code
from gateway.disclosure.ground import grounds_of_services
from gateway.foundation.clock import today, utc_now
from gateway.registry.enquiries import Enquiry, Thread, close_enquiry, enquiries, open_enquiry, say
from gateway.registry.model import Organisation, ReviewCase
from gateway.registry.organisations.infrastructure import infrastructure_cells
from gateway.registry.quality import board_of, duplicates_prevented, scores

_SHOWN = 200


def add_board_routes(router: APIRouter, deps: ApiDependencies) -> None:
    """Add the board and the enquiries."""
    _add_board(router, deps)
    _add_enquiries(router, deps)
    _add_catalogue(router, deps)
    _add_infrastructure(router)


def _add_board(router: APIRouter, deps: ApiDependencies) -> None:
    @router.get("/board")
    async def board(permit: Permitted, limit: Annotated[int, Query(ge=0, le=_SHOWN)] = 50) -> BoardAnswer:
        """Show what waits within reach: counts, never a person; the organisations most in need come first."""
        async with deps.database.transaction() as session:
            found = await session.execute(select(Organisation.id).where(permit.right.filter))
            places = list(found.scalars())
            cards = await scores(session, places, on=today())
            prevented = await duplicates_prevented(session, places)
        worst = sorted(cards, key=lambda each: (-each.open_cases, -each.unverified, each.code))[:limit]
        total = board_of(cards)
        return BoardAnswer(
            **asdict(total),
            duplicates_prevented=prevented,
            scores=[ScoreAnswer.model_validate(each, from_attributes=True) for each in worst],
        )


def _add_catalogue(router: APIRouter, deps: ApiDependencies) -> None:
    grounds = grounds_of_services(deps.settings)

    @router.get("/catalogue")
    async def services_and_their_ground() -> list[CatalogueAnswer]:
        """List the services other agencies may ask, each with the acts and articles it is answered under."""
        return [
            CatalogueAnswer(
                service=service,
                legal_bases=[BasisAnswer.model_validate(each, from_attributes=True) for each in bases],
            )
            for service, bases in grounds.items()
        ]


def _add_infrastructure(router: APIRouter) -> None:
    @router.get("/organisations/{code}/infrastructure")
    async def infrastructure_of_organisation(
        code: Code, permit: Permitted, academic_year: Annotated[Word, Query()]
    ) -> list[CellAnswer]:
        """Fill the infrastructure cells of the statistical forms for an academic year."""
        async with permit.reading() as session:
            organisation = await organisation_within(session, permit.right, code)
            cells = await infrastructure_cells(
                session, organisation.id, academic_year=academic_year, on=permit.right.on
            )
        return [CellAnswer.model_validate(each, from_attributes=True) for each in cells]


def _add_enquiries(router: APIRouter, deps: ApiDependencies) -> None:
    @router.get("/enquiries")
    async def threads_within_reach(permit: Permitted, response: Response) -> list[EnquiryAnswer]:
        """List the threads about organisations within reach; the special administrator reads all."""
        response.headers["Cache-Control"] = "no-store"
        async with permit.reading() as session:
            return [_thread(each) for each in await enquiries(session, within=_within(permit))]

    @router.post("/organisations/{code}/enquiries", status_code=201)
    async def ask_administrator(code: Code, body: EnquiryBody, permit: Permitted) -> MadeAnswer:
        """Ask the special administrator, about an organisation or one of its cases."""
        async with permit.reading() as session:
            organisation = await organisation_within(session, permit.right, code)
            if body.case_id is not None and await session.get(ReviewCase, body.case_id) is None:
                raise not_found()
        async with deps.database.transaction() as session:
            made = await open_enquiry(
                session,
                organisation.id,
                body.text,
                by=permit.user_id("kopuro-api"),
                at=utc_now(),
                case_id=body.case_id,
            )
        return MadeAnswer(id=made)

    @router.post("/enquiries/{enquiry_id}/messages", status_code=201)
    async def answer_enquiry(enquiry_id: UUID, body: WordBody, permit: Permitted) -> MessageAnswer:
        """Add a word to a thread within reach."""
        at, by = utc_now(), permit.user_id("kopuro-api")
        await _check_thread(permit, enquiry_id)
        async with deps.database.transaction() as session:
            number = await say(session, enquiry_id, body.text, by=by, at=at)
        return MessageAnswer(number=number, author=by, text=body.text, at=at)

    @router.post("/enquiries/{enquiry_id}/closing", status_code=204)
    async def close_thread(enquiry_id: UUID, permit: Permitted) -> Response:
        """Close a thread: the special administrator's to do."""
        await _check_thread(permit, enquiry_id)
        if permit.right.action is not Action.MANAGE:
            raise refused("FORBIDDEN")
        async with deps.database.transaction() as session:
            await close_enquiry(session, enquiry_id, at=utc_now())
        return Response(status_code=204)


def _within(permit: Permit) -> ColumnElement[bool]:
    return permit.right.by_organisation(Enquiry.organisation_id)


async def _check_thread(permit: Permit, enquiry_id: UUID) -> None:
    async with permit.reading() as session:
        if not await enquiries(session, within=(Enquiry.id == enquiry_id) & _within(permit)):
            raise not_found()


def _thread(thread: Thread) -> EnquiryAnswer:
    messages = [
        MessageAnswer(number=number, author=author, text=text, at=at)
        for number, author, text, at in thread.messages
    ]
    return EnquiryAnswer(
        enquiry_id=thread.enquiry_id,
        case_id=thread.case_id,
        opened_at=thread.opened_at,
        closed_at=thread.closed_at,
        messages=messages,
    )
