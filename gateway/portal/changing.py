"""Changes from forms: carried out once, upon the state that was shown; what refuses them is said on the form."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy.exc import DataError, IntegrityError
from starlette.responses import Response

from gateway.access.errors import NOT_FOUND
from gateway.access.repeats import Change, KeyReused, attempt_of, carry_out_once
from gateway.access.sentences import REFUSALS
from gateway.foundation.clock import utc_now
from gateway.foundation.errors import AccessError, ConcurrentChange, InputRefused, KopuroError, RegistryError
from gateway.pages.visit import Visit
from gateway.portal.forms import Form, form_again
from gateway.registry.repository import Provenance
from gateway.registry.values import SCHOOL

Again = Callable[[Form, int], Awaitable[Response]]
_KEY = re.compile(r"[\x21-\x7e]{8,128}")
_WRITTEN_ELSEWHERE = frozenset({"csrf", "once"})


async def change_once(visit: Visit, change: Change) -> Mapping[str, Any]:
    """Carry a form out one time: sent again it gives the first answer; raises KeyReused for another form."""
    key = visit.field("once")
    if not _KEY.fullmatch(key):
        raise InputRefused((("", "FORM_KEY"),))
    asked = {name: visit.field(name) for name in visit.form if name not in _WRITTEN_ELSEWHERE}
    attempt = attempt_of(visit.caller, key, visit.request.url.path, asked)
    answer, _ = await carry_out_once(visit.database, attempt, change)
    return answer


async def answer_form(act: Callable[[], Awaitable[Response]], again: Again, visit: Visit) -> Response:
    """Act upon a form, or show it again with what was wrong; a refusal of what is not there stays one."""
    try:
        return await act()
    except (KopuroError, IntegrityError, DataError) as error:
        shown = _shown(visit, error)
        if shown is None:
            raise
        return await again(*shown)


def _shown(visit: Visit, error: Exception) -> tuple[Form, int] | None:
    """Give the form that says why, and the status; None for what no form can mend."""
    if isinstance(error, AccessError):
        if error.code == NOT_FOUND or error.code not in REFUSALS:
            return None
        return form_again(visit, notice=f"words.refused.{error.code}"), REFUSALS[error.code][0]
    if isinstance(error, InputRefused | DataError):
        wrong = error if isinstance(error, InputRefused) else InputRefused((("", "TEXT"),))
        return form_again(visit, wrong), 422
    if isinstance(error, KeyReused):
        return form_again(visit, notice="words.notice.sent_before"), 409
    if isinstance(error, ConcurrentChange | IntegrityError):
        return form_again(visit, notice="words.notice.changed"), 409
    return (form_again(visit, notice=_rule(error)), 409) if isinstance(error, RegistryError) else None


def _rule(refused: RegistryError) -> str:
    """Name the text of a rule of the registry; one without a text of its own is a refusal all the same."""
    return f"words.rule.{RULES.get(str(refused), 'other')}"


RULES: Mapping[str, str] = {
    "this person already works there so on these days": "works_there",
    "the organisation is closed from this date: nothing new begins there": "closed",
    "this position is already held within the employment on these days": "held",
    "an assignment lies within its employment": "within_employment",
    "there is no such employment to end": "ended",
    "there is a class of this name in that year and shift": "class_exists",
    "there is no such class to close": "class_closed",
    "there is a licence of this number by this issuer": "licence_exists",
    "the organisation has another name in this language on these days": "name_exists",
    "the employee is on another leave on these days": "other_leave",
    "a leave lies within its employment": "leave_within",
    "there is no such leave to end on that day": "leave_gone",
    "this result is recorded already": "exam_known",
    "only the source that told a result corrects it": "exam_of_another",
    "two people must decide this: propose it, and let another person approve": "two_people",
    "this changes a place or a death: it is answered in the review": "in_review",
}


def check_version(visit: Visit, present: str) -> None:
    """Let a change pass that was made upon the present state; raises ConcurrentChange."""
    if visit.field("version") != present:
        raise ConcurrentChange("it has changed since it was read")


def told_by(visit: Visit) -> Provenance:
    """Say who tells what this form says: the school, by the account that is signed in."""
    return Provenance(source=SCHOOL, recorded_at=utc_now(), entered_by=visit.caller.user_id)
