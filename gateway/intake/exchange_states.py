"""What the registry's work says of an exchange: its job waits for another try, was given up, or a person is asked."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, and_, literal_column

from gateway.exchange.model import JournalEntry

# a job names what it is about in its arguments, an exchange in its issue
_OF_JOBS = """
    journal_entry.issue in (
        select 'verify-' || (args ->> 'person_id') from procrastinate_jobs
        where task_name = 'verify_person' and {which} and args ? 'person_id')
"""
_REVIEWED = """
    journal_entry.exchange_id in (
        select told.exchange_id from review_case asked join assertion told on told.subject_id = asked.person_id
        where asked.decided_at is null and told.exchange_id is not null)
"""


def _sql(written: str) -> ColumnElement[bool]:
    return literal_column(f"({written})")


STATES: Mapping[str, ColumnElement[bool]] = {
    "waiting": and_(
        JournalEntry.succeeded.is_not(True), _sql(_OF_JOBS.format(which="status = 'todo' and attempts > 0"))
    ),
    "dead": and_(JournalEntry.succeeded.is_not(True), _sql(_OF_JOBS.format(which="status = 'failed'"))),
    "review": _sql(_REVIEWED),
}
