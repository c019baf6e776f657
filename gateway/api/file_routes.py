"""What is kept about a learner beside the card: its six blocks, configured registers, corrections by hand."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from gateway.access.errors import not_found
from gateway.access.within import employee_within, learner_within
from gateway.api.class_bodies import MadeAnswer
from gateway.api.dependencies import ApiDependencies
from gateway.api.file_bodies import (
    BlockAnswer,
    CorrectionAnswer,
    CorrectionBody,
    EntryAnswer,
    EntryBody,
    FileItemAnswer,
    ItemAnswer,
    RegisterAnswer,
    RegisterFieldAnswer,
)
from gateway.api.guard import Permit, Permitted
from gateway.api.learner_routes import NO_STORE, IsuoNo, visible_learner
from gateway.foundation.clock import utc_now
from gateway.intake.correcting import correct_value
from gateway.registry.learners.blocks import Block, learner_blocks
from gateway.registry.papers.whole_file import FileItem, whole_file
from gateway.registry.registers.definition import Register
from gateway.registry.registers.entries import entries_of, find_register, record_entry, registers
from gateway.registry.repository import Provenance
from gateway.registry.values import SCHOOL

RegisterCode = Annotated[str, Path(pattern=r"^[A-Z][A-Z0-9_]{1,39}$", description="The register's code")]


def add_file_routes(router: APIRouter, deps: ApiDependencies) -> None:
    """Add the blocks, the registers and the corrections."""
    _add_blocks(router)
    _add_registers(router, deps)
    _add_corrections(router, deps)
    _add_files(router, deps)


def _add_blocks(router: APIRouter) -> None:
    @router.get("/learners/{isuo_no}/blocks")
    async def learner_card_blocks(
        isuo_no: IsuoNo, permit: Permitted, response: Response
    ) -> list[BlockAnswer]:
        """Show the six blocks of a learner's card, every item with its source and date."""
        response.headers.update(NO_STORE)
        person_id = await visible_learner(permit, isuo_no)
        async with permit.reading() as session:
            found = await learner_blocks(session, person_id, at=utc_now())
        return [_block(each) for each in found]


def _block(block: Block) -> BlockAnswer:
    items = [ItemAnswer.model_validate(each, from_attributes=True) for each in block.items]
    return BlockAnswer(name=block.name, closed=block.closed, items=items)


def _add_registers(router: APIRouter, deps: ApiDependencies) -> None:
    @router.get("/registers")
    async def configured_registers(permit: Permitted) -> list[RegisterAnswer]:
        """List the registers that configuration added."""
        async with permit.reading() as session:
            return [_register(each) for each in await registers(session)]

    @router.get("/learners/{isuo_no}/registers/{register_code}")
    async def entries_about_learner(
        isuo_no: IsuoNo, register_code: RegisterCode, permit: Permitted, response: Response
    ) -> list[EntryAnswer]:
        """List what stands about a learner in a register, to the roles it names as its readers."""
        response.headers.update(NO_STORE)
        person_id = await visible_learner(permit, isuo_no)
        async with permit.reading() as session:
            await _check_reader(permit, await find_register(session, register_code))
            found = await entries_of(session, person_id, code=register_code)
        return [EntryAnswer.model_validate(each, from_attributes=True) for each in found]

    @router.post("/learners/{isuo_no}/registers/{register_code}", status_code=201)
    async def write_entry(
        isuo_no: IsuoNo, register_code: RegisterCode, body: EntryBody, permit: Permitted
    ) -> MadeAnswer:
        """Write an entry about a learner, or correct one."""
        user, at = permit.user_id("kopuro-api"), utc_now()
        async with deps.database.transaction() as session:
            person_id = await learner_within(session, permit.right, isuo_no)
            await _check_reader(permit, await find_register(session, register_code))
            made = await record_entry(
                session,
                register_code,
                person_id,
                body.content,
                on=body.happened_on,
                provenance=Provenance(source=SCHOOL, recorded_at=at, entered_by=user),
                corrects=body.corrects,
            )
        return MadeAnswer(id=made)


async def _check_reader(permit: Permit, found: tuple[Register, int] | None) -> None:
    """Answer a register whose readers the caller is none of like one that is not there."""
    roles = {grant.role for grant in permit.right.grants}
    if found is None or (permit.caller.account_id is not None and not roles & set(found[0].readers)):
        raise not_found()


def _register(register: Register) -> RegisterAnswer:
    fields = [
        RegisterFieldAnswer(
            name=each.name,
            kind=each.kind,
            data_class=each.data_class,
            required=each.required,
            choices=list(each.choices),
        )
        for each in register.fields
    ]
    return RegisterAnswer(
        code=register.code, names=dict(register.names), readers=list(register.readers), fields=fields
    )


def _add_corrections(router: APIRouter, deps: ApiDependencies) -> None:
    @router.post("/learners/{isuo_no}/corrections")
    async def correct_by_hand(isuo_no: IsuoNo, body: CorrectionBody, permit: Permitted) -> CorrectionAnswer:
        """Correct a value; one that a state source vouches for is asked about, not typed over."""
        async with deps.database.transaction() as session:
            person_id: UUID = await learner_within(session, permit.right, isuo_no)
            made = await correct_value(
                session,
                person_id,
                body.field,
                body.value,
                policies=deps.settings.fields,
                by=permit.user_id("kopuro-api"),
                at=utc_now(),
            )
        return CorrectionAnswer(changed=made.changed, case_id=made.case_id)


def _add_files(router: APIRouter, deps: ApiDependencies) -> None:
    @router.get("/learners/{isuo_no}/file")
    async def learner_file(isuo_no: IsuoNo, permit: Permitted, response: Response) -> list[FileItemAnswer]:
        """Show the personal file of a learner by day; it stays one file whichever school reads it."""
        response.headers.update(NO_STORE)
        person_id = await visible_learner(permit, isuo_no)
        async with deps.database.transaction() as session:
            return [_item(each) for each in await whole_file(session, person_id)]


def add_employee_file(router: APIRouter, deps: ApiDependencies) -> None:
    """Add the personal file of staff."""

    @router.get("/employments/{employment_id}/file")
    async def employee_file(
        employment_id: UUID, permit: Permitted, response: Response
    ) -> list[FileItemAnswer]:
        """Show the personal file of somebody who works within reach, by day."""
        response.headers.update(NO_STORE)
        async with deps.database.transaction() as session:
            right = permit.right
            person_id, _ = await employee_within(session, right, employment_id, within=right.filter)
            return [_item(each) for each in await whole_file(session, person_id)]


def _item(item: FileItem) -> FileItemAnswer:
    return FileItemAnswer.model_validate(item, from_attributes=True)
