"""Read rows as they stood at a past moment: the versions the database keeps by itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# the newest version of each row that was committed by then; a deleted row's newest version has no content
_VERSIONS = """
    select content from (
        select distinct on (v.row_id) v.content, v.parent_id
        from registry_version v join registry_commit c on c.tx = v.tx
        where v.table_name = :table and c.at <= :known_at and v.row_id in ({rows})
        order by v.row_id, c.at desc, v.tx desc
    ) newest
    where content is not null
"""
_STILL_THEIRS = "and parent_id = any(cast(:ids as uuid[]))"
_BY_ID = text(_VERSIONS.format(rows="select unnest(cast(:ids as uuid[]))"))
_BY_PARENT = text(
    _VERSIONS.format(
        rows="select row_id from registry_version"
        " where table_name = :table and parent_id = any(cast(:ids as uuid[]))"
    )
    + _STILL_THEIRS
)
_CASES = text(
    _VERSIONS.format(
        rows="select row_id from registry_version"
        " where table_name = 'review_case' and content->'subject_ids' @> cast(:subject as jsonb)"
    )
)
_ASSERTIONS = text("""
    select a.id, a.field, a.value, a.source_code, a.seq, a.verified_at, a.subject_id, a.told_at, a.recorded_at,
        a.valid_from, a.document_on, a.document_until, a.exchange_id
    from assertion a
    join registry_commit c on c.tx = a.tx and c.at <= :known_at
    left join registry_commit r on r.tx = a.retracted_tx and r.at <= :known_at
    where a.subject_id = any(cast(:ids as uuid[])) and a.subject_type = 'PERSON' and r.tx is null
    order by a.seq
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The registry as it was known at an instant.

    A change counts as known from the instant its transaction committed. Between that stamp and the moment
    others can see the change lies the flush of the commit, about a millisecond. `without` are assertions to
    pass over, as if they had never been told.
    """

    session: AsyncSession
    known_at: datetime
    without: frozenset[UUID] = frozenset()

    async def rows(self, table: str, *ids: UUID) -> list[dict[str, Any]]:
        """Give rows by their ids, as JSON has them: dates and ids are text."""
        return await self._ask(_BY_ID, table, ids)

    async def children(self, table: str, *ids: UUID) -> list[dict[str, Any]]:
        """Give the rows that then belonged to these people, enrolments or masters."""
        return await self._ask(_BY_PARENT, table, ids)

    async def cases(self, person_id: UUID) -> list[dict[str, Any]]:
        """Give the review cases that then concerned an entry."""
        values = {"table": "review_case", "subject": f'["{person_id}"]', "known_at": self.known_at}
        found = (await self.session.execute(_CASES, values)).scalars()
        return [case for case in found if str(person_id) in case["subject_ids"]]

    async def assertions(self, *ids: UUID) -> list[Any]:
        """Give what had been told of people and not been taken back, with the columns of Assertion."""
        found = await self.session.execute(
            _ASSERTIONS, {"ids": [str(each) for each in ids], "known_at": self.known_at}
        )
        return [row for row in found if row.id not in self.without]

    async def _ask(self, statement: Any, table: str, ids: tuple[UUID, ...]) -> list[dict[str, Any]]:
        values = {"table": table, "ids": [str(each) for each in ids], "known_at": self.known_at}
        return list((await self.session.execute(statement, values)).scalars())
