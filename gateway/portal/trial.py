"""A trial of a file: every row goes the whole way and is rolled back; rows of other schools count as unknown there."""

import asyncio
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from gateway.access.decide import Decision
from gateway.foundation.errors import KopuroError
from gateway.foundation.logging import get_logger
from gateway.intake.imports.batches import Survey, survey
from gateway.intake.imports.damage import Problem
from gateway.intake.imports.preparing import Prepared
from gateway.intake.imports.refusals import ImportRefused
from gateway.intake.imports.rehearsal import Rehearsal, rehearse
from gateway.intake.learned_model import chosen_model
from gateway.portal.desk import Desk
from gateway.portal.drafts import Drafts
from gateway.portal.places import places_within

MOST_BYTES = 48 * 1024 * 1024
_MOST_PLACES = 20_000
_log = get_logger(__name__)


class Trial:
    """The trial of one draft's file."""

    def __init__(
        self, desk: Desk, drafts: Drafts, draft_id: UUID, *, file_name: str, right: Decision, survey: Survey
    ) -> None:
        """Take what is tried, and where it may lead."""
        self._desk, self._drafts, self._draft_id = desk, drafts, draft_id
        self._file_name, self._right, self._survey = file_name, right, survey
        self._done = self._beyond = 0

    @staticmethod
    async def look(content: bytes) -> Survey:
        """Look a file through before it is tried; raises ImportRefused with the cure."""
        if len(content) > MOST_BYTES:
            raise ImportRefused("FILE_TOO_LARGE", str(MOST_BYTES // 1024 // 1024))
        return await asyncio.to_thread(survey, content)

    async def run(self, content: bytes) -> None:
        """Try the file and keep what came of it; a file that cannot be tried is told, not raised."""
        try:
            found = await self._try(content)
        except KopuroError as error:
            _log.warning("a trial failed", draft=str(self._draft_id), error=type(error).__name__)
            found = {"failed": True}
        async with self._desk.database.transaction() as session:
            kept = {"file_name": self._file_name, **found}
            await self._drafts.write(session, self._draft_id, kept, running=False)

    async def _try(self, content: bytes) -> dict[str, Any]:
        own = await self._own_codes()
        progress = asyncio.create_task(self._advance())
        try:
            made = await rehearse(
                self._desk.database,
                content,
                policies=self._desk.settings.fields,
                tell=self._told,
                model=chosen_model(self._desk.settings),
                look=lambda row: self._kept_apart(row, own),
            )
        finally:
            progress.cancel()
        return self._found(made)

    def _kept_apart(self, row: Prepared, own: frozenset[str]) -> Prepared:
        """Mark a row of a school that is not the clerk's: it is compared with nobody."""
        code = row.cells.get("organisation_code", "")
        if not code or code in own:
            return row
        self._beyond += 1
        unknown = Problem(field="organisation_code", reason="ORGANISATION_UNKNOWN")
        return replace(row, problems=(*row.problems, unknown))

    def _told(self, done: int, _total: int) -> None:
        self._done = done

    async def _advance(self) -> None:
        while True:
            await asyncio.sleep(1)
            async with self._desk.database.transaction() as session:
                await self._drafts.advance(
                    session, self._draft_id, done=self._done, total=self._survey.row_count
                )

    async def _own_codes(self) -> frozenset[str]:
        async with self._desk.database.transaction() as session:
            found = await places_within(session, self._right, "ru", limit=_MOST_PLACES)
        return frozenset(each.code for each in found)

    def _found(self, made: Rehearsal) -> dict[str, Any]:
        layout = self._survey.layout
        return {
            "counts": dict(made.counts),
            "problems": [{"line": line, "problem": asdict(problem)} for line, problem in made.problems],
            "problem_count": made.problem_count,
            "within_reach": not self._beyond,
            "beyond": self._beyond,
            "rows": self._survey.row_count,
            "ignored": list(layout.ignored),
            "encoding": layout.encoding,
            "template": layout.template,
        }
