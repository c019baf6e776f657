"""One compilation of a query to SQL: over journal rows, each the last word on its exchange."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, literal_column, not_, or_, text
from sqlalchemy.sql.elements import ColumnClause

from gateway.exchange.asking.grammar import Query, Term
from gateway.exchange.model import JournalEntry

Clause = ColumnElement[bool]
States = Mapping[str, Clause]

# each stands in an index of revision 0014 in these very words
agency_column: ColumnClause[str] = literal_column(
    "journal_agency(journal_entry.kind, journal_entry.client, journal_entry.service)"
)
service_code_column: ColumnClause[str] = literal_column("split_part(journal_entry.service, '/', 5)")
service_version_column: ColumnClause[str] = literal_column("split_part(journal_entry.service, '/', 6)")
latency_column: ColumnClause[Any] = literal_column(
    "(coalesce(journal_entry.response_in_ts, journal_entry.response_out_ts) "
    "- coalesce(journal_entry.request_out_ts, journal_entry.request_in_ts))"
)

# a later attempt, or the answer to this very one, has the last word; "offset 0" keeps it a look-up for each row
# that is shown: joined, it would be hashed over the whole journal
LAST_WORD = text("""
    not exists (
        select from journal_entry later where later.exchange_id = journal_entry.exchange_id
        and (later.attempt > journal_entry.attempt or (later.attempt = journal_entry.attempt
            and journal_entry.kind = 'SENT' and later.kind = 'ANSWERED')) offset 0)
""")
_OPEN = JournalEntry.succeeded.is_(None)
_COMPARE: Mapping[str, Callable[[Any, Any], Clause]] = {
    "=": lambda column, value: column == value,
    ">": lambda column, value: column > value,
    ">=": lambda column, value: column >= value,
    "<": lambda column, value: column < value,
    "<=": lambda column, value: column <= value,
}


def conditions_of(query: Query, states: States) -> list[Clause]:
    """Write a query as SQL; `states` are those statuses that other rooms know (waiting, dead, review)."""
    return [_of_term(term, states) for term in query.terms]


def _of_term(term: Term, states: States) -> Clause:
    found = or_(*(_of_value(term, value, states) for value in term.values))
    return not_(found) if term.negated else found


def _of_value(term: Term, value: Any, states: States) -> Clause:
    if term.field == "status":
        return _STATUSES[value] if value in _STATUSES else states.get(value, false())
    if term.field in _COMPARED:
        return _COMPARE[term.compare](_COMPARED[term.field], value)
    return _PLAIN[term.field](value)


def _agency(value: str) -> Clause:
    """Take a member code, or member class and code, or instance, class and code."""
    parts = value.split("/")
    by_code: Clause = agency_column == parts[-1]
    if len(parts) == 1:
        return by_code
    member = "/".join(parts) + "/"
    inside = or_(
        JournalEntry.client.contains(member, autoescape=True),
        JournalEntry.service.contains(member, autoescape=True),
    )
    return and_(by_code, inside)


def _service(value: str) -> Clause:
    """Take a service code, code and version, or the whole address of a service."""
    parts = value.split("/")
    if len(parts) > 2:
        return JournalEntry.service == value
    by_code: Clause = service_code_column == parts[0]
    return by_code if len(parts) == 1 else and_(by_code, service_version_column == parts[1])


def _id(value: str) -> Clause:
    """Take the id of an exchange, of one of its rows, or a message id."""
    try:
        number = UUID(value)
    except ValueError:
        return JournalEntry.message_id == value
    return or_(
        JournalEntry.exchange_id == number, JournalEntry.entry_id == number, JournalEntry.message_id == value
    )


def _code(value: str) -> Clause:
    """Take a fault code, or its beginning with a star."""
    by_code = (
        JournalEntry.fault_code.startswith(value[:-1], autoescape=True)
        if value.endswith("*")
        else JournalEntry.fault_code == value
    )
    return and_(JournalEntry.succeeded.is_(False), by_code)


def _client(value: str) -> Clause:
    """Take a whole client, or the beginning of one with a star."""
    if value.endswith("*"):
        return JournalEntry.client.startswith(value[:-1], autoescape=True)
    return JournalEntry.client == value


_STATUSES: Mapping[str, Clause] = {
    "ok": JournalEntry.succeeded.is_(True),
    "failed": JournalEntry.succeeded.is_(False),
    "open": _OPEN,
}
_COMPARED: Mapping[str, Any] = {
    "latency": latency_column,
    "size": JournalEntry.response_size,
    "attempts": JournalEntry.attempt,
}
_PLAIN: Mapping[str, Callable[[Any], Clause]] = {
    "agency": _agency,
    "service": _service,
    "client": _client,
    "direction": lambda value: (
        JournalEntry.kind == "RECEIVED" if value == "in" else JournalEntry.kind != "RECEIVED"
    ),
    "since": lambda value: JournalEntry.request_in_ts >= value,
    "until": lambda value: JournalEntry.request_in_ts < value,
    "id": _id,
    "code": _code,
    "purpose": lambda value: JournalEntry.purpose == value,
    "agreement": lambda value: JournalEntry.agreement == value,
    "signature": lambda value: JournalEntry.signature == value,
    "user": lambda value: JournalEntry.user_id == value,
    "subject": lambda value: JournalEntry.subject == value,
}
