"""Personal files as signed packages: made with a reason, listed with what each proves today, handed over."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.errors import not_found
from gateway.access.within import employee_within, learner_within
from gateway.api.dependencies import ApiDependencies
from gateway.api.guard import Permit, Permitted
from gateway.api.learner_routes import NO_STORE, IsuoNo
from gateway.api.record_bodies import PackageAnswer, PackageBody
from gateway.crypto.keys import Signer
from gateway.disclosure.exports.files import FileRequest, export_file
from gateway.foundation.clock import utc_now
from gateway.foundation.errors import RegistryError, SignatureError
from gateway.registry.model import Enrolment, Organisation
from gateway.registry.papers.whole_file import SignedFile, open_package, signed_files
from gateway.registry.staff.model import Employment

_ZIP = "application/zip"
_CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"content": {_ZIP: {"schema": {"type": "string", "format": "binary"}}}}
}


def add_package_routes(router: APIRouter, deps: ApiDependencies) -> None:
    """Add the signed files of learners."""

    @router.get("/learners/{isuo_no}/file/packages")
    async def signed_files_of_learner(
        isuo_no: IsuoNo, permit: Permitted, response: Response
    ) -> list[PackageAnswer]:
        """List the signed packages of a learner's file, each verified anew."""
        response.headers.update(NO_STORE)
        async with deps.database.transaction() as session:
            person_id = await learner_within(session, permit.right, isuo_no)
            return [_answer(each, deps) for each in await signed_files(session, person_id)]

    @router.post("/learners/{isuo_no}/file/packages", status_code=201)
    async def sign_file_of_learner(isuo_no: IsuoNo, body: PackageBody, permit: Permitted) -> PackageAnswer:
        """Sign a learner's file whole; it stands in the learner's list of uses with the reason given."""
        async with deps.database.transaction() as session:
            person_id = await learner_within(session, permit.right, isuo_no)
            place = await _place(session, permit, Enrolment.organisation_id, Enrolment.person_id == person_id)
            return await _made(session, deps, _request(permit, person_id, place, body))

    @router.get("/learners/{isuo_no}/file/packages/{package_id}", response_class=Response, responses=_CONTENT)
    async def package_of_learner(isuo_no: IsuoNo, package_id: UUID, permit: Permitted) -> Response:
        """Hand a signed package over: a ZIP of the content, the signature and the certificate."""
        async with deps.database.transaction() as session:
            person_id = await learner_within(session, permit.right, isuo_no)
            return _package(await signed_files(session, person_id), package_id)


def add_employee_packages(router: APIRouter, deps: ApiDependencies) -> None:
    """Add the signed files of staff."""

    @router.get("/employments/{employment_id}/file/packages")
    async def signed_files_of_employee(
        employment_id: UUID, permit: Permitted, response: Response
    ) -> list[PackageAnswer]:
        """List the signed packages of an employee's file, each verified anew."""
        response.headers.update(NO_STORE)
        async with deps.database.transaction() as session:
            person_id, _ = await _worker(session, permit, employment_id)
            return [_answer(each, deps) for each in await signed_files(session, person_id)]

    @router.post("/employments/{employment_id}/file/packages", status_code=201)
    async def sign_file_of_employee(
        employment_id: UUID, body: PackageBody, permit: Permitted
    ) -> PackageAnswer:
        """Sign an employee's file whole; it stands in the employee's list of uses with the reason given."""
        async with deps.database.transaction() as session:
            person_id, place = await _worker(session, permit, employment_id)
            return await _made(session, deps, _request(permit, person_id, place, body))

    @router.get(
        "/employments/{employment_id}/file/packages/{package_id}", response_class=Response, responses=_CONTENT
    )
    async def package_of_employee(employment_id: UUID, package_id: UUID, permit: Permitted) -> Response:
        """Hand a signed package over: a ZIP of the content, the signature and the certificate."""
        async with deps.database.transaction() as session:
            person_id, _ = await _worker(session, permit, employment_id)
            return _package(await signed_files(session, person_id), package_id)


def _request(permit: Permit, person_id: UUID, place: str, body: PackageBody) -> FileRequest:
    user = permit.user_id("kopuro-api")
    return FileRequest(person_id=person_id, organisation_code=place, reason=body.reason, by=user)


async def _made(session: AsyncSession, deps: ApiDependencies, request: FileRequest) -> PackageAnswer:
    made = await export_file(session, request, _signer(deps), at=utc_now())
    return _answer(made, deps)


def _signer(deps: ApiDependencies) -> Signer:
    if deps.signer is None:
        raise RegistryError("this gateway has no key to sign files with")
    return deps.signer


async def _place(session: AsyncSession, permit: Permit, column: object, *where: ColumnElement[bool]) -> str:
    """Give the code of the organisation within reach that takes the file."""
    found = await session.scalars(
        select(Organisation.code)
        .where(Organisation.id == column, permit.right.by_organisation(Organisation.id), *where)
        .order_by(Organisation.code)
        .limit(1)
    )
    return found.first() or ""


async def _worker(session: AsyncSession, permit: Permit, employment_id: UUID) -> tuple[UUID, str]:
    """Find who works within reach, and where: the right is one over people, so its organisations are asked."""
    within = permit.right.by_organisation(Employment.organisation_id)
    return await employee_within(session, permit.right, employment_id, within=within)


def _package(found: tuple[SignedFile, ...], package_id: UUID) -> Response:
    package = next((each.package for each in found if each.signature_id == package_id), None)
    if package is None:
        raise not_found()
    headers = {**NO_STORE, "Content-Disposition": f'attachment; filename="file-{package_id}.zip"'}
    return Response(package, media_type=_ZIP, headers=headers)


def _answer(signed: SignedFile, deps: ApiDependencies) -> PackageAnswer:
    return PackageAnswer(
        package_id=signed.signature_id,
        signed_at=signed.signed_at,
        digest=signed.digest.hex(),
        problem=_problem(signed, deps.signer),
    )


def _problem(signed: SignedFile, signer: Signer | None) -> str:
    if signer is None:
        return "this gateway has no certificate to verify with"
    try:
        open_package(signed.package, signer=signer.certificate)
    except SignatureError as refused:
        return str(refused)
    return ""
