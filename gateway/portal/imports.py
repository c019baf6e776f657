"""Files of learners: the template, a trial that stores nothing, the errors explained, the import and its progress."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import PurePath
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, Response

from gateway.access.errors import not_found
from gateway.access.route_policy import holder
from gateway.access.values import Action, Kind
from gateway.foundation.errors import InputRefused
from gateway.foundation.tables import FileFormat
from gateway.intake.imports.batches import DONE, STOPPED, accept_batch
from gateway.intake.imports.correction import with_comments
from gateway.intake.imports.damage import Problem
from gateway.intake.imports.refusals import ImportRefused, explain_refusal
from gateway.intake.imports.reports import batch_report, commented_file
from gateway.intake.imports.reports import sentence as problem_sentence
from gateway.intake.imports.template_files import write_template
from gateway.intake.imports.templates import Template
from gateway.pages.room import NavEntry, Page, Room
from gateway.pages.visit import Visit
from gateway.portal.desk import Desk
from gateway.portal.drafts import IMPORT, Draft, Drafts
from gateway.portal.forms import Form, form_again, new_form
from gateway.portal.tasks import Tasks
from gateway.portal.trial import MOST_BYTES, Trial
from gateway.registry.import_tables import ImportBatch

IMPORTING = holder(Kind.PERSON, Action.WRITE)
_ENDED = (DONE, STOPPED)
_SHOWN = 200


class Imports:
    """The answers of these pages."""

    def __init__(self, desk: Desk) -> None:
        """Take the desk."""
        self._desk = desk
        self.tasks = Tasks()

    def room(self) -> Room:
        """Give the pages."""
        trial, batch = "/imports/trial/{draft_id:uuid}", "/imports/{batch_id:uuid}"
        files = (
            ("/imports/template.xlsx", self.template),
            ("/imports/template.csv", self.template),
            (f"{trial}/errors", self.trial_errors),
            (f"{batch}/errors", self.batch_errors),
        )
        return Room(
            pages=(
                Page(method="GET", path="/imports", answer=self.list, policy=IMPORTING),
                Page(
                    method="POST",
                    path="/imports",
                    answer=self.try_file,
                    policy=IMPORTING,
                    form_limit_bytes=MOST_BYTES + 64 * 1024,
                ),
                Page(method="GET", path=trial, answer=self.trial, policy=IMPORTING),
                Page(
                    method="GET",
                    path=f"{trial}/state",
                    answer=self.trial_state,
                    policy=IMPORTING,
                    traced=False,
                ),
                Page(method="POST", path=trial, answer=self.run, policy=IMPORTING),
                Page(method="GET", path=batch, answer=self.batch, policy=IMPORTING),
                Page(
                    method="GET",
                    path=f"{batch}/state",
                    answer=self.batch_state,
                    policy=IMPORTING,
                    traced=False,
                ),
                *(Page(method="GET", path=path, answer=give, policy=IMPORTING) for path, give in files),
            ),
            nav=(NavEntry(path="/imports", text="imports.nav", icon="upload", policy=IMPORTING, order=50),),
        )

    async def list(self, visit: Visit) -> Response:
        """Show the way to import, and the own imports."""
        return await self._list(visit, new_form())

    async def _list(self, visit: Visit, form: Form, *, status: int = 200, refused: str = "") -> Response:
        async with self._desk.database.transaction() as session:
            found = await session.scalars(
                select(ImportBatch)
                .where(ImportBatch.received_by == visit.caller.user_id)
                .order_by(ImportBatch.received_at.desc())
                .limit(20)
            )
            return visit.render(
                "portal/imports.html", status=status, form=form, batches=list(found), refused=refused
            )

    async def template(self, visit: Visit) -> Response:
        """Give the empty template."""
        wanted = FileFormat(PurePath(visit.request.url.path).suffix.removeprefix("."))
        made = write_template(Template(), file_format=wanted, language=visit.language)
        return _download(made.file_name, made.content)

    async def try_file(self, visit: Visit) -> Response:
        """Take a file and try every row of it; nothing is stored."""
        file = visit.form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            refused = InputRefused((("file", "REQUIRED"),))
            return await self._list(visit, form_again(visit, refused), status=422)
        content = await file.read()
        await file.close()
        try:
            draft_id, trial = await self._trial(visit, content, file.filename[:120])
        except ImportRefused as refused_file:
            said = explain_refusal(refused_file, visit.language)
            return await self._list(visit, form_again(visit), status=422, refused=said)
        await self.tasks.begin(trial.run(content), wait_seconds=self._desk.first_look_seconds)
        return visit.redirect(f"/portal/imports/trial/{draft_id}")

    async def _trial(self, visit: Visit, content: bytes, name: str) -> tuple[UUID, Trial]:
        found = await Trial.look(content)
        async with self._desk.database.transaction() as session:
            draft_id = await self._drafts(visit).begin(
                session, {"file_name": name}, file=content, total=found.row_count
            )
        return draft_id, Trial(
            self._desk, self._drafts(visit), draft_id, file_name=name, right=visit.right, survey=found
        )

    async def trial(self, visit: Visit) -> Response:
        """Show what an import would come to."""
        draft = await self._draft(visit)
        problems = draft.content.get("problems", [])
        return visit.render(
            "portal/trial.html",
            form=new_form(),
            draft=draft,
            trial=draft.content,
            problems=[_said(each, visit.language) for each in problems[:_SHOWN]],
            kinds=_kinds(problems, visit.language),
            hidden=max(0, len(problems) - _SHOWN),
        )

    async def trial_state(self, visit: Visit) -> Response:
        """Tell how far the trial is."""
        draft = await self._draft(visit)
        return _state(running=draft.running, done=draft.done, total=draft.total)

    async def trial_errors(self, visit: Visit) -> Response:
        """Give the file back with a column of comments."""
        draft = await self._draft(visit)
        async with self._desk.database.transaction() as session:
            content = await self._drafts(visit).file(session, draft.draft_id)
        comments: dict[int, str] = {}
        for each in draft.content.get("problems", []):
            said = problem_sentence(Problem(**each["problem"]), visit.language)
            before = comments.get(each["line"])
            comments[each["line"]] = f"{before}; {said}" if before else said
        path = PurePath(draft.content["file_name"])
        written = with_comments(content, comments, language=visit.language)
        return _download(f"{path.stem}-comments{path.suffix}", written)

    async def run(self, visit: Visit) -> Response:
        """Import the file that was tried; it must name no organisation beyond the clerk's reach."""
        draft = await self._draft(visit)
        if draft.running or not draft.content.get("within_reach"):
            return visit.redirect(
                f"/portal/imports/trial/{draft.draft_id}", told="imports.not_yet", kind="bad"
            )
        async with self._desk.database.transaction() as session:
            content = await self._drafts(visit).file(session, draft.draft_id)
        receipt = await accept_batch(
            self._desk.database,
            content,
            key=self._desk.import_key,
            filename=draft.content["file_name"],
            by=visit.caller.user_id,
        )
        async with self._desk.database.transaction() as session:
            own = await _own_batch(session, receipt.batch_id, visit)
            if own:
                await self._drafts(visit).drop(session, draft.draft_id)
        if not own:
            return visit.redirect("/portal/imports", told="imports.by_another", kind="note")
        return visit.redirect(
            f"/portal/imports/{receipt.batch_id}", told="imports.again" if receipt.repeated else ""
        )

    async def batch(self, visit: Visit) -> Response:
        """Show how far an import is and what came of it."""
        batch_id = await self._batch(visit)
        report = await batch_report(self._desk.database, batch_id)
        told = [{"line": line, "problem": asdict(problem)} for line, problem in report.problems]
        return visit.render(
            "portal/batch.html",
            report=report,
            ended=report.state in _ENDED,
            problems=[_said(each, visit.language) for each in told[:_SHOWN]],
            hidden=max(0, len(told) - _SHOWN),
        )

    async def batch_state(self, visit: Visit) -> Response:
        """Tell how far the import is."""
        async with self._desk.database.transaction() as session:
            batch = await session.get(ImportBatch, await self._batch(visit))
            assert batch is not None
            return _state(running=batch.state not in _ENDED, done=batch.rows_read, total=batch.row_count or 0)

    async def batch_errors(self, visit: Visit) -> Response:
        """Give the imported file back with a column of comments, as long as it is kept."""
        batch_id = await self._batch(visit)
        made = await commented_file(
            self._desk.database, batch_id, key=self._desk.import_key, language=visit.language
        )
        return _download(made.file_name, made.content)

    async def _batch(self, visit: Visit) -> UUID:
        """Find an import of the clerk's own; raises AccessError."""
        batch_id = visit.request.path_params["batch_id"]
        async with self._desk.database.transaction() as session:
            if not isinstance(batch_id, UUID) or not await _own_batch(session, batch_id, visit):
                raise not_found()
        return batch_id

    def _drafts(self, visit: Visit) -> Drafts:
        return Drafts(keys=self._desk.door.keys, account_id=visit.account_id, kind=IMPORT)

    async def _draft(self, visit: Visit) -> Draft:
        draft_id = visit.request.path_params["draft_id"]
        assert isinstance(draft_id, UUID)
        async with self._desk.database.transaction() as session:
            return await self._drafts(visit).read(session, draft_id)


async def _own_batch(session: AsyncSession, batch_id: UUID, visit: Visit) -> bool:
    found = await session.execute(
        select(ImportBatch.id).where(
            ImportBatch.id == batch_id, ImportBatch.received_by == visit.caller.user_id
        )
    )
    return found.first() is not None


def _said(told: Mapping[str, Any], language: str) -> tuple[int, str]:
    return told["line"], problem_sentence(Problem(**told["problem"]), language)


def _kinds(problems: list[Mapping[str, Any]], language: str) -> list[tuple[str, int]]:
    """Count the problems by what is wrong, the commonest first."""
    plain = Counter(problem_sentence(Problem(**each["problem"]), language) for each in problems)
    return plain.most_common(12)


def _state(*, running: bool, done: int, total: int) -> Response:
    content = {"running": running, "done": done, "total": total}
    return JSONResponse(content, headers={"Cache-Control": "no-store"})


_TYPES = {
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def _download(name: str, content: bytes) -> Response:
    """Give a file; its name is written in letters no header trips over."""
    plain = "".join(
        letter if letter.isascii() and letter.isalnum() else "-" for letter in PurePath(name).stem
    )
    suffix = PurePath(name).suffix.lower()
    kind = _TYPES.get(suffix, "application/octet-stream")
    headers = {
        "Content-Disposition": f'attachment; filename="{plain or "file"}{suffix if suffix in _TYPES else ""}"',
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=kind, headers=headers)
