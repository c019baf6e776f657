"""Organisations: the card, the passport and the head's word on it, the classes of a year."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy import select

from gateway.access.within import organisation_within
from gateway.api.conditions import NOT_MODIFIED, IfNoneMatch, is_known, tag
from gateway.api.guard import Permitted
from gateway.api.learner_bodies import Word
from gateway.api.organisation_bodies import (
    ClassAnswer,
    OrganisationAnswer,
    PassportAnswer,
)
from gateway.foundation.clock import utc_now
from gateway.registry.organisations.confirmation import PassportStanding, passport_standing
from gateway.registry.organisations.model import ClassGroup

Code = Annotated[
    str, Path(max_length=64, pattern=r"^[^\x00-\x1f\x7f/]+$", description="The organisation's code")
]


def add_organisation_routes(router: APIRouter) -> None:
    """Add what is asked about organisations."""
    _add_card(router)
    _add_passport(router)
    _add_classes(router)


def _add_card(router: APIRouter) -> None:
    @router.get("/organisations/{code}", response_model=OrganisationAnswer, responses=NOT_MODIFIED)
    async def organisation_card(
        code: Code, permit: Permitted, response: Response, if_none_match: IfNoneMatch = None
    ) -> OrganisationAnswer | Response:
        """Show an organisation within reach."""
        async with permit.reading() as session:
            found = await organisation_within(session, permit.right, code)
        present = tag(found.version)
        if is_known(if_none_match, present):
            return Response(status_code=304, headers={"ETag": present})
        response.headers["ETag"] = present
        return OrganisationAnswer.model_validate(found, from_attributes=True)


def _add_passport(router: APIRouter) -> None:
    @router.get("/organisations/{code}/passport")
    async def organisation_passport(code: Code, permit: Permitted, response: Response) -> PassportAnswer:
        """Show the passport; its ETag is what a confirmation sends back as If-Match."""
        async with permit.reading() as session:
            organisation = await organisation_within(session, permit.right, code)
            standing = await passport_standing(session, organisation.id, at=utc_now())
        answer = _passport(code, standing)
        response.headers["ETag"] = tag(answer.digest)
        return answer


def _passport(code: str, standing: PassportStanding) -> PassportAnswer:
    passport = standing.passport
    return PassportAnswer(
        code=code,
        state=standing.state,
        completeness=passport.completeness,
        missing=list(passport.missing),
        confirmed_at=standing.confirmed_at,
        confirmed_by=standing.confirmed_by,
        digest=passport.digest().hex(),
        content={name: [_row(row) for row in rows] for name, rows in passport.content.items()},
    )


def _row(row: Any) -> dict[str, Any]:
    """Leave out whose person an appointment is: the passport says that there is a head, not who."""
    return {name: value for name, value in row.items() if name != "person_id"}


def _add_classes(router: APIRouter) -> None:
    @router.get("/organisations/{code}/classes")
    async def organisation_classes(
        code: Code, permit: Permitted, academic_year: Annotated[Word | None, Query()] = None
    ) -> list[ClassAnswer]:
        """List the classes and groups of an organisation, of one academic year or of all."""
        async with permit.reading() as session:
            organisation = await organisation_within(session, permit.right, code)
            statement = select(ClassGroup).where(ClassGroup.organisation_id == organisation.id)
            if academic_year:
                statement = statement.where(ClassGroup.academic_year == academic_year)
            found = await session.execute(statement.order_by(ClassGroup.academic_year, ClassGroup.name))
            return [class_answer(each) for each in found.scalars()]


def class_answer(row: ClassGroup) -> ClassAnswer:
    """Show a class; its version in quotes is what appointing its teacher takes as If-Match."""
    values = {name: getattr(row, name) for name in ClassAnswer.model_fields if name != "class_id"}
    return ClassAnswer(class_id=row.id, **values)
