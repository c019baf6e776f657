"""A small synthetic country in the registry: schools, a grown-up student and her school certificate."""

from datetime import date
from uuid import UUID

from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.settings import Settings
from gateway.intake.admission import admit
from gateway.intake.applications import parse_application
from gateway.registry.education_documents import add_education_document
from gateway.registry.repository import save_organisation
from gateway.sandbox.people import Population, SyntheticPerson

SCHOOLS = (
    ("KG-SCHOOL-001", "№ 1 орто мектеп", "Средняя школа № 1", None),
    ("KG-SCHOOL-002", "№ 2 орто мектеп", "Средняя школа № 2", None),
    ("KG-COLLEGE-003", "Педагогикалык колледж", "Педагогический колледж", None),
    ("KG-SPECIAL-004", "Атайын мектеп", "Специальная школа", "AUXILIARY"),
)
CERTIFICATE = ("CERT_11", "A", "0000001")


async def seed_registry(database: Database, people: Population, settings: Settings) -> None:
    """Save the schools, admit the grown-up student and record her certificate; a second run changes nothing."""
    async with database.transaction() as session:
        saved = {
            code: await save_organisation(
                session, code=code, name_ky=name_ky, name_ru=name_ru, special_profile=special
            )
            for code, name_ky, name_ru, special in SCHOOLS
        }
    student = people.roles["adult"]
    async with database.transaction() as session:
        admission = await admit(
            session,
            parse_application(application_of(student)),
            policies=settings.fields,
            recorded_by="sandbox",
        )
    if admission.result == "CREATED" and admission.person_id:
        await _record_certificate(database, admission.person_id, saved["KG-SCHOOL-001"])


def application_of(student: SyntheticPerson) -> dict[str, object]:
    """Write the application by which the grown-up student enters the college."""
    return {
        "surname": student.surname,
        "given_name": student.given_name,
        "patronymic": student.patronymic,
        "sex": student.sex,
        "birth_date": student.birth_date.isoformat(),
        "pin": student.pin,
        "organisation_code": "KG-COLLEGE-003",
        "level": "SPO",
        "form": "EXTRAMURAL",
        "start_on": "2025-09-01",
        "source_record_key": "sandbox-student-1",
    }


async def _record_certificate(database: Database, person_id: UUID, organisation_id: UUID) -> None:
    kind, series, number = CERTIFICATE
    async with database.transaction() as session:
        await add_education_document(
            session,
            at=utc_now(),
            type=kind,
            series=series,
            number=number,
            issued_on=date(2008, 6, 20),
            person_id=person_id,
            organisation_id=organisation_id,
            level="SECONDARY",
            honours=False,
        )
