"""Turn what intake and the registry give into the API's answers."""

from collections.abc import Iterable

from gateway.api.bodies import (
    AdmissionAnswer,
    AutofillAnswer,
    CandidateAnswer,
    CaseAnswer,
    EnrolmentAnswer,
    EvidenceAnswer,
    FieldAnswer,
    IdentifierAnswer,
    LearnerAnswer,
    PeriodAnswer,
    WarningAnswer,
)
from gateway.intake.admission import Admission
from gateway.intake.autofill import FilledForm
from gateway.intake.cases import CaseEntry
from gateway.intake.filled import FilledField
from gateway.intake.reasons import sentence
from gateway.registry.card import CardField, PersonCard
from gateway.registry.entries import EnrolmentEntry


def autofill_answer(form: FilledForm, language: str) -> AutofillAnswer:
    """Give a filled form."""
    return AutofillAnswer(
        fields=_fields(form.fields),
        outcomes=dict(form.outcomes),
        warnings=_warnings(form.warnings, language),
    )


def admission_answer(admission: Admission, fields: Iterable[CardField], language: str) -> AdmissionAnswer:
    """Give what became of an application."""
    return AdmissionAnswer(
        result=admission.result,
        isuo_no=admission.isuo_no or "",
        enrolment_id=admission.enrolment_id,
        case_id=admission.case_id,
        verification=admission.verification,
        reasons=_warnings(admission.reasons, language),
        explanation=list(admission.explanation),
        fields=_fields(fields),
    )


def learner_answer(card: PersonCard) -> LearnerAnswer:
    """Give a learner's card."""
    return LearnerAnswer(
        isuo_no=card.entry.isuo_no,
        also_known_as=list(card.also_known_as),
        status=card.entry.status,
        version=card.entry.version,
        open_case=card.open_case,
        fields=_fields(card.fields),
        identifiers=[
            IdentifierAnswer(scheme=each.scheme, value=each.value, status=each.status)
            for each in card.identifiers
        ],
        enrolments=[_enrolment(each) for each in card.enrolments],
    )


def case_answer(case: CaseEntry, language: str) -> CaseAnswer:
    """Give a review case."""
    candidates = [
        CandidateAnswer(
            person_id=each.person_id,
            isuo_no=each.isuo_no,
            score=each.score,
            rule=each.rule,
            evidence=[EvidenceAnswer(**item) for item in each.evidence],
        )
        for each in case.candidates
    ]
    return CaseAnswer(
        case_id=case.case_id,
        kind=case.kind,
        state=case.state,
        isuo_no=case.isuo_no,
        field=case.field,
        explanation=case.explanation,
        message=sentence(case.kind, language),
        created_at=case.created_at,
        candidates=candidates,
    )


def _fields(fields: Iterable[FilledField | CardField]) -> list[FieldAnswer]:
    return [
        FieldAnswer(
            name=each.name,
            value=each.value,
            source=each.source,
            verified_at=each.verified_at,
            status=each.status,
            exchange_id=each.exchange_id,
        )
        for each in fields
    ]


def _warnings(codes: Iterable[str], language: str) -> list[WarningAnswer]:
    return [WarningAnswer(code=code, message=sentence(code, language)) for code in codes]


def _enrolment(entry: EnrolmentEntry) -> EnrolmentAnswer:
    return EnrolmentAnswer(
        enrolment_id=entry.enrolment_id,
        organisation_code=entry.organisation.code,
        organisation_name_ky=entry.organisation.name_ky,
        organisation_name_ru=entry.organisation.name_ru,
        level=entry.level,
        form=entry.form,
        grade=entry.grade,
        start_on=entry.start_on,
        end_on=entry.end_on,
        held=entry.held,
        periods=[
            PeriodAnswer(status=each.status, from_on=each.from_on, until_on=each.until_on)
            for each in entry.periods
        ],
    )
