"""The routes under /api/v1, those of access included. No personal data ever stands in an address."""

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Header, Query, Response

from gateway.access.values import Action
from gateway.api.account_routes import account_router
from gateway.api.alert_routes import add_alert_routes
from gateway.api.answers import (
    admission_answer,
    autofill_answer,
    case_answer,
)
from gateway.api.board_routes import add_board_routes
from gateway.api.bodies import (
    AdmissionAnswer,
    AutofillAnswer,
    AutofillBody,
    CaseAnswer,
    DecisionAnswer,
    DecisionBody,
    LearnerBody,
)
from gateway.api.book_routes import add_book_routes
from gateway.api.class_routes import add_class_routes
from gateway.api.classwork_routes import add_classwork_routes
from gateway.api.confirmation_routes import add_confirmation_routes
from gateway.api.dependencies import ApiDependencies
from gateway.api.exam_routes import add_exam_routes
from gateway.api.exchange_routes import add_exchange_routes
from gateway.api.file_routes import add_employee_file, add_file_routes
from gateway.api.guard import Guard, Permitted, guarded_router
from gateway.api.incident_routes import add_incident_routes
from gateway.api.lateness_routes import add_lateness_routes
from gateway.api.learner_routes import add_learner_routes
from gateway.api.leave_routes import add_leave_routes
from gateway.api.order_routes import add_order_routes
from gateway.api.organisation_routes import add_organisation_routes
from gateway.api.package_routes import add_employee_packages, add_package_routes
from gateway.api.reach import check_case, masked_cases
from gateway.api.replay_routes import add_replay_routes
from gateway.api.session_routes import session_router
from gateway.api.staff_routes import add_staff_routes
from gateway.api.work_routes import add_work_routes
from gateway.intake.admission import Result
from gateway.intake.admitting import Counter, admit_within
from gateway.intake.applications import parse_typed
from gateway.intake.autofill import Question, autofill
from gateway.intake.cases import decide_case, list_cases
from gateway.intake.ports import AskContext
from gateway.intake.reasons import choose_language

SECTIONS = ("learners", "organisations", "staff")
Language = Annotated[str | None, Header(alias="accept-language", include_in_schema=False)]
User = Annotated[str, Header(alias="x-user-id", pattern=r"^[A-Za-z][A-Za-z0-9._-]{0,63}$")]


def create_router(deps: ApiDependencies) -> APIRouter:
    """Make the router over the given dependencies; every route stands behind the guard."""
    guard = Guard(deps)
    learners, organisations, staff = (guarded_router(guard, tags=[section]) for section in SECTIONS)
    shared = guarded_router(guard, tags=["registry"])
    operations = guarded_router(guard, tags=["operations"])
    _add_autofill(learners, deps)
    _add_learners(learners, deps)
    for add in (
        add_learner_routes,
        add_order_routes,
        add_file_routes,
        add_classwork_routes,
        add_exam_routes,
        add_package_routes,
    ):
        add(learners, deps)
    add_organisation_routes(organisations)
    for add in (add_confirmation_routes, add_class_routes):
        add(organisations, deps)
    for add in (add_staff_routes, add_leave_routes, add_employee_file, add_employee_packages):
        add(staff, deps)
    for add in (
        add_exchange_routes,
        add_incident_routes,
        add_replay_routes,
        add_alert_routes,
        add_work_routes,
    ):
        add(operations, deps)
    add_board_routes(shared, deps)
    add_lateness_routes(shared, deps)
    add_book_routes(shared)
    _add_cases(shared, deps)
    parts = (learners, organisations, staff, shared, operations, session_router(guard), account_router(guard))
    together = APIRouter()
    for part in parts:
        together.include_router(part)
    return together


def _add_autofill(router: APIRouter, deps: ApiDependencies) -> None:
    @router.post("/autofill")
    async def fill_form(
        body: AutofillBody, permit: Permitted, language: Language = None, user: User = "kopuro-api"
    ) -> AutofillAnswer:
        """Fill a form by PIN: each value with its source and what it is worth."""
        names = body.names.model_dump(exclude_none=True) if body.names else {}
        question = Question(
            pin=body.pin,
            series=body.document.series if body.document else None,
            number=body.document.number if body.document else None,
            typed=parse_typed(names),
            parts=body.parts,
        )
        form = await autofill(
            deps.agencies,
            question,
            AskContext(user_id=permit.user_id(user), issue=f"autofill-{uuid4()}"),
            deadline_seconds=deps.autofill_deadline_seconds,
            deadlines=deps.settings.background.filling.deadlines,
        )
        return autofill_answer(form, choose_language(language))


def _add_learners(router: APIRouter, deps: ApiDependencies) -> None:
    @router.post("/learners")
    async def admit_learner(
        body: LearnerBody,
        response: Response,
        permit: Permitted,
        language: Language = None,
        user: User = "kopuro-api",
    ) -> AdmissionAnswer:
        """Admit a learner: asks the agencies briefly, matches before it creates."""
        counter = Counter(
            database=deps.database,
            agencies=deps.agencies,
            settings=deps.settings,
            evidence_deadline_seconds=deps.evidence_deadline_seconds,
        )
        admitted = await admit_within(
            counter,
            permit.right,
            body.model_dump(exclude_none=True),
            caller=permit.caller,
            user_id=permit.user_id(user),
        )
        admission = admitted.admission
        response.status_code = 201 if admission.result in {Result.CREATED, Result.CASE} else 200
        return admission_answer(admission, admitted.fields, choose_language(language))


def _add_cases(router: APIRouter, deps: ApiDependencies) -> None:
    @router.get("/cases")
    async def open_cases(
        permit: Permitted, language: Language = None, limit: Annotated[int, Query(ge=1, le=500)] = 100
    ) -> list[CaseAnswer]:
        """List the undecided review cases, the oldest first; to whoever may see no person, without people."""
        async with permit.reading() as session:
            if permit.right.action is Action.READ_MASKED:
                return await masked_cases(session, permit, limit=limit, language=choose_language(language))
            cases = await list_cases(session, limit=limit, within=permit.right.filter)
        return [case_answer(case, choose_language(language)) for case in cases]

    @router.post("/cases/{case_id}/decision")
    async def answer_case(case_id: UUID, body: DecisionBody, permit: Permitted) -> DecisionAnswer:
        """Answer a case: confirm that it is the candidate, or reject it; confirming takes the right to approve."""
        await check_case(permit, case_id, confirms=body.decision == "confirm")
        async with deps.database.transaction() as session:
            state = await decide_case(
                session,
                case_id,
                body.decision,
                by=permit.user_id(body.by),
                policies=deps.settings.fields,
                candidate_id=body.candidate,
            )
        return DecisionAnswer(case_id=case_id, state=state)
