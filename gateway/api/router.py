"""The routes under /api/v1, those of access included. No personal data ever stands in an address."""

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Header, Query, Response

from gateway.access.values import Action
from gateway.api.account_routes import account_router
from gateway.api.answers import (
    admission_answer,
    autofill_answer,
    case_answer,
)
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
from gateway.api.dependencies import ApiDependencies
from gateway.api.guard import Guard, Permitted, guarded_router
from gateway.api.learner_routes import add_learner_routes
from gateway.api.order_routes import add_order_routes
from gateway.api.organisation_routes import add_organisation_routes
from gateway.api.reach import check_case, check_place, masked_cases, sees_person
from gateway.api.session_routes import session_router
from gateway.api.staff_routes import add_staff_routes
from gateway.foundation.clock import utc_now
from gateway.foundation.errors import InputRefused
from gateway.intake.admission import Result, admit
from gateway.intake.applications import parse_application, parse_typed
from gateway.intake.autofill import Question, autofill
from gateway.intake.cases import decide_case, list_cases
from gateway.intake.learned_model import chosen_model
from gateway.intake.ports import AskContext
from gateway.intake.reasons import choose_language
from gateway.intake.verification import ask_about
from gateway.registry.card import card_fields

Language = Annotated[str | None, Header(alias="accept-language", include_in_schema=False)]
User = Annotated[str, Header(alias="x-user-id", pattern=r"^[A-Za-z][A-Za-z0-9._-]{0,63}$")]


def create_router(deps: ApiDependencies) -> APIRouter:
    """Make the router over the given dependencies; every route stands behind the guard."""
    guard = Guard(deps)
    router = guarded_router(guard, tags=["registry"])
    _add_autofill(router, deps)
    _add_learners(router, deps)
    add_learner_routes(router, deps)
    add_order_routes(router, deps)
    add_organisation_routes(router, deps)
    add_staff_routes(router, deps)
    add_book_routes(router)
    _add_cases(router, deps)
    together = APIRouter()
    for part in (router, session_router(guard), account_router(guard)):
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
        )
        form = await autofill(
            deps.agencies,
            question,
            AskContext(user_id=permit.user_id(user), issue=f"autofill-{uuid4()}"),
            deadline_seconds=deps.autofill_deadline_seconds,
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
        user = permit.user_id(user)
        application = parse_application(body.model_dump(exclude_none=True))
        await check_place(permit, application.organisation_code)
        evidence = await ask_about(
            deps.agencies,
            application.pin.value if application.pin else None,
            passport=application.passport,
            context=AskContext(user_id=user, issue=f"admission-{uuid4()}"),
            deadline_seconds=deps.evidence_deadline_seconds,
        )
        async with deps.database.transaction() as session:
            admission = await admit(
                session,
                application,
                evidence=evidence,
                policies=deps.settings.fields,
                recorded_by=user,
                model=chosen_model(deps.settings),
            )
            if admission.person_id is None or admission.isuo_no is None:
                raise InputRefused(tuple(("organisation_code", reason) for reason in admission.reasons))
            visible = await sees_person(session, permit, admission.person_id)
            fields = await card_fields(session, admission.person_id, at=utc_now()) if visible else ()
        response.status_code = 201 if admission.result in {Result.CREATED, Result.CASE} else 200
        return admission_answer(admission, fields, choose_language(language))


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
