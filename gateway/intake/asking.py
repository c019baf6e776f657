"""Ask an agency and always get an answer: what goes wrong becomes an outcome, never a missing one."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from gateway.foundation.clock import utc_now
from gateway.foundation.errors import AgencyError, AgencyRefused
from gateway.intake.ports import AgencyAnswer, Outcome

Record = TypeVar("Record")


async def ask(
    question: Awaitable[AgencyAnswer[Record]] | None, *, source: str, deadline_seconds: float
) -> AgencyAnswer[Record]:
    """Await an answer for at most `deadline_seconds`; an agency that is not connected is UNAVAILABLE."""
    if question is None:
        return _without_record(source, Outcome.UNAVAILABLE, "NOT_CONNECTED")
    try:
        async with asyncio.timeout(deadline_seconds):
            return await question
    except TimeoutError:
        return _without_record(source, Outcome.UNAVAILABLE, "DEADLINE")
    except AgencyRefused as refused:
        return _without_record(source, Outcome.DENIED, refused.code)
    except AgencyError as failed:
        outcome = Outcome.PROVIDER_ERROR if failed.permanent else Outcome.UNAVAILABLE
        return _without_record(source, outcome, failed.code)


def _without_record(source: str, outcome: Outcome, code: str) -> AgencyAnswer[Record]:
    return AgencyAnswer(outcome=outcome, source=source, answered_at=utc_now(), code=code)
