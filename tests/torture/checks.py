"""What must be true afterwards: nothing lost, nothing done twice, nothing stuck, and the journal verifies."""

import subprocess
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.database import Database
from tests.torture.load import Asking
from tests.torture.plan import Plan
from tests.torture.stage import Stage
from tests.whole.processes import kopuro

WAITS = "'UNVERIFIED', 'FORMAT_OK', 'SOURCE_UNAVAILABLE'"
TICKS = "queueing_lock is null and task_name not in ('follow_feed')"
_REACHED = "(select least({numbers}, coalesce(max(cursor::int), 0)) from feed_cursor where feed = 'torture')"
_LOST = {
    "lines without an outcome": "select {lines} - count(*) from import_row",
    "lines that stored nobody": "select count(*) from import_row where person_id is null",
    "entries without an enrolment": "select count(*) from person p where not exists "
    "(select 1 from enrolment e where e.person_id = p.id) and not exists "
    "(select 1 from person_relationship r where r.adult_id = p.id)",
    "feed records passed over": "select greatest(0, {reached} - count(distinct subject_id)) from registry_event "
    "where type = 'TORTURED'",
    "questions sent and never settled": "select count(*) from journal_entry s where s.kind = 'SENT' and s.succeeded "
    "and not exists (select 1 from journal_entry a where a.exchange_id = s.exchange_id)",
}
_DOUBLED = {
    "entries of one line": "select (select count(*) from person) - {seeded} - (select count(*) from "
    "(select person_id from import_row union select adult_id from person_relationship) meant)",
    "entries of one parent": "select count(*) - count(distinct value) from person_identifier "
    "where scheme = 'PIN' and valid_until is null",
    "enrolments of one line": "select (select count(*) from enrolment) - "
    "(select count(distinct person_id) from import_row) - {seeded}",
    "creations of one entry": "select count(*) - count(distinct subject_id) from registry_event "
    "where type = 'PERSON_CREATED'",
    "effects of one feed record": "select count(*) - count(distinct subject_id) from registry_event "
    "where type = 'TORTURED'",
    "answers to one question": "select count(*) - count(distinct message_id) from journal_entry "
    "where kind = 'RECEIVED' and outcome <> 'REPEATED' and succeeded",
    "disclosures of one answer": "select count(*) - count(distinct answer_sha256) from disclosure",
    "words of one exchange": "select count(*) from (select 1 from assertion where exchange_id is not null "
    "group by subject_id, field, source_code, exchange_id having count(*) > 1) twice",
    "organisations taken in twice": "select count(*) from (select 1 from feed_inbox "
    "group by feed, item_key, version having count(*) > 1) twice",
}
_STUCK = {
    "jobs": f"select count(*) from procrastinate_jobs where status in ('todo', 'doing') and {TICKS}",
    "jobs given up": "select count(*) from dead_letter where settled_at is null",
    "entries nobody checked": "select count(*) from field_provenance "
    f"where field = 'pin' and status in ({WAITS}) and subject_id in (select person_id from import_row)",
    "imports": "select count(*) from import_batch where state <> 'DONE'",
    "breakers": "select count(*) from agency_breaker where state <> 'CLOSED'",
    "feed records not reached": "select {numbers} - {reached}",
    "feeds": "select count(*) from feed_cursor where gap <> 'NONE' and feed <> 'torture'",
}


@dataclass(slots=True, kw_only=True)
class Findings:
    """What was wrong, by kind; nothing where all is well."""

    lost: dict[str, int] = field(default_factory=dict)
    doubled: dict[str, int] = field(default_factory=dict)
    stuck: dict[str, int] = field(default_factory=dict)
    journal: str = ""

    @property
    def total(self) -> int:
        """Count everything that was lost, done twice or is stuck."""
        return sum(sum(kind.values()) for kind in (self.lost, self.doubled, self.stuck))

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing at all is wrong."""
        return self.total == 0 and self.journal.endswith(" 0 problems")


async def find(database: Database, plan: Plan, asking: Asking | None, *, seeded: int) -> Findings:
    """Count what is wrong in the database and in what the asking agency holds in its hands."""
    made = Findings()
    values = {**_values(plan), "seeded": seeded}
    async with database.transaction() as session:
        for kind, queries in ((made.lost, _LOST), (made.doubled, _DOUBLED), (made.stuck, _STUCK)):
            for name, query in queries.items():
                number = abs(await _count(session, query.format(**values)))
                if number:
                    kind[name] = number
        if asking:
            await _compare(session, asking, made)
    return made


async def stuck(database: Database, plan: Plan) -> int:
    """Count what is not at rest yet."""
    values = _values(plan)
    async with database.transaction() as session:
        return sum([await _count(session, query.format(**values)) for query in _STUCK.values()])


def _values(plan: Plan) -> dict[str, object]:
    reached = _REACHED.format(numbers=plan.numbers)
    return {"lines": plan.lines, "numbers": plan.numbers, "reached": reached}


async def _count(session: AsyncSession, query: str) -> int:
    return int(await session.scalar(text(query)) or 0)


async def _compare(session: AsyncSession, asking: Asking, made: Findings) -> None:
    found = await session.scalars(
        text(
            "select message_id from journal_entry where kind = 'RECEIVED' and succeeded and outcome <> 'REPEATED'"
        )
    )
    missing = asking.answered.keys() - set(found.all())
    if missing or asking.changed:
        made.lost["answers that are not in the journal"] = len(missing)
        made.lost["answers that changed"] = asking.changed


def verify_journal(stage: Stage) -> str:
    """Run `kopuro journal verify` and give its last line."""
    done = kopuro(stage.environment, "journal", "verify", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said, _ = done.communicate(timeout=600)
    return said.decode().strip().splitlines()[-1]
