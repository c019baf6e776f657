"""The work that an exchange was asked for: its jobs with what is next, and the letters of those that died."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.errors import not_found
from gateway.exchange.asking.listing import find_exchange
from gateway.exchange.dead_letters import Letter, dead_letters
from gateway.operations.work import JobView, jobs_about

# an exchange names its work in its issue: the word before the id tells which; the jobs write it by `issue_of`
_WORDS: Mapping[str, str] = {
    "verify_person": "verify",
    "link_family": "family",
    "verify_foreigner": "foreigner",
    "check_passport": "passport",
    "check_employment": "employment",
}
_TASKS: Mapping[str, str] = {word: task for task, word in _WORDS.items()}
_NOTICE = "correction"
_MOST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeWork:
    """The jobs of an exchange, the newest first, and its open dead letters by the job or notice they are about."""

    jobs: Sequence[JobView]
    letters: Mapping[str, Letter]


def issue_of(task: str, subject: UUID) -> str:
    """Write the issue of the questions a task asks about one entry; raises KeyError for a task without a word."""
    return f"{_WORDS[task]}-{subject}"


async def work_of_exchange(session: AsyncSession, exchange_id: UUID) -> ExchangeWork:
    """Find the work an exchange belongs to; raises AccessError where there is no such exchange."""
    exchange = await find_exchange(session, exchange_id)
    if exchange is None:
        raise not_found()
    return await work_of_issue(session, exchange.issue)


async def work_of_issue(session: AsyncSession, issue: str) -> ExchangeWork:
    """Find the work by an exchange's issue; nothing where a person waited for the answer."""
    word, _, written = issue.partition("-")
    subject = _id_in(written)
    if subject is None or word not in {*_TASKS, _NOTICE}:
        return ExchangeWork(jobs=(), letters={})
    jobs = await jobs_about(session, _TASKS[word], subject, limit=_MOST) if word in _TASKS else []
    references = {str(job.job_id) for job in jobs} | {str(subject)}
    letters = await dead_letters(session, references=references)
    return ExchangeWork(jobs=jobs, letters={letter.reference: letter for letter in letters})


def _id_in(written: str) -> UUID | None:
    try:
        return UUID(written)
    except ValueError:
        return None
