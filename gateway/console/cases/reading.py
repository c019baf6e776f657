"""One case as its page shows it: read by the caller's own reach, people only where the wall lets them be seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.values import Action
from gateway.console.dependencies import ConsoleDependencies
from gateway.console.logins import logins_of
from gateway.foundation.errors import RegistryError
from gateway.foundation.settings import Settings
from gateway.intake.case_desk import history, work_of
from gateway.intake.case_search import CaseFilter, CaseRow, Place, case_row, place_of
from gateway.matching.decision import judge
from gateway.matching.model import model_of
from gateway.matching.record import Candidate, Record
from gateway.matching.scale import Evidence
from gateway.matching.side_by_side import FieldPair, WeightStep, beware, pair_fields, waterfall
from gateway.pages import Visit
from gateway.registry.candidates import entry_record, population
from gateway.registry.case_tables import CaseEvent, CaseWork
from gateway.registry.merges import preview
from gateway.registry.model import Organisation, Person, ReviewCandidate
from gateway.registry.splits import SplitPlan, merges_of, plan_split


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """An entry the case's entry may be, weighed when the case was opened, or now where it was not."""

    person_id: UUID
    isuo_no: str
    score: float
    rule: str
    evidence: tuple[Evidence, ...]
    is_visible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """Everything the page of a case shows."""

    row: CaseRow
    work: CaseWork
    rivals: tuple[Rival, ...]
    chosen: Rival | None
    pairs: tuple[FieldPair, ...]
    steps: tuple[WeightStep, ...]
    beware: tuple[str, ...]
    against: tuple[str, ...]
    history: tuple[CaseEvent, ...]
    names: Mapping[str, str]
    organisations: Mapping[str, str]
    plans: tuple[SplitPlan, ...]
    place: Place | None

    @property
    def is_whole(self) -> bool:
        """Tell whether every entry the case is about is within reach."""
        return all(rival.is_visible for rival in self.rivals)


async def read_case(
    deps: ConsoleDependencies, visit: Visit, case_id: UUID, wanted: CaseFilter, *, candidate: str
) -> CaseView | None:
    """Read a case within the caller's reach; None where there is none."""
    within = visit.right.filter
    visible = await _visible(visit, case_id)
    async with deps.database.transaction() as session:
        row = await case_row(session, case_id, within=within)
        if row is None:
            return None
        return await _view(session, deps.settings, row, wanted, visit, visible=visible, candidate=candidate)


async def _visible(visit: Visit, case_id: UUID) -> frozenset[UUID]:
    """Give the candidates the wall shows this account; who reads masked sees none."""
    if visit.right.action is Action.READ_MASKED:
        return frozenset()
    async with visit.reading() as session:
        found = await session.execute(
            select(ReviewCandidate.person_id)
            .join(Person, Person.id == ReviewCandidate.person_id)
            .where(ReviewCandidate.case_id == case_id, visit.right.by_person(Person.id))
        )
        return frozenset(found.scalars())


async def _view(  # noqa: PLR0913 – a case, whose filter, who looks and how far
    session: AsyncSession,
    settings: Settings,
    row: CaseRow,
    wanted: CaseFilter,
    visit: Visit,
    *,
    visible: frozenset[UUID],
    candidate: str,
) -> CaseView:
    masked = visit.right.action is Action.READ_MASKED
    rivals = await _rivals(session, settings, row, visible)
    chosen = next((each for each in rivals if str(each.person_id) == candidate), next(iter(rivals), None))
    one = await entry_record(session, row.person_id)
    other = await entry_record(session, chosen.person_id) if chosen else None
    shown = bool(one and other and chosen and chosen.is_visible and not masked)
    work = await work_of(session, row.case_id)
    steps = await history(session, row.case_id)
    alone = one if one and not masked and not chosen else None
    pairs = _pairs(one, other, chosen) if shown else pair_fields(alone, Record(), ()) if alone else ()
    return CaseView(
        row=row,
        work=work,
        rivals=rivals,
        chosen=chosen,
        pairs=pairs,
        steps=waterfall(chosen.evidence, chosen.score) if chosen and chosen.evidence else (),
        beware=beware(chosen.evidence) if chosen else (),
        against=await _against(session, row, chosen) if row.is_open else (),
        history=steps,
        names=await logins_of(
            session, {each.actor for each in steps} | {row.assignee, work.proposed_by or ""}
        ),
        organisations=await _organisations(session, one, other, visit.language) if pairs else {},
        plans=await _plans(session, row),
        place=await place_of(session, wanted, row, within=visit.right.filter),
    )


def _pairs(one: Record | None, other: Record | None, chosen: Rival | None) -> tuple[FieldPair, ...]:
    assert one is not None
    assert other is not None
    assert chosen is not None
    return pair_fields(one, other, chosen.evidence)


async def _rivals(
    session: AsyncSession, settings: Settings, row: CaseRow, visible: frozenset[UUID]
) -> tuple[Rival, ...]:
    found = await session.execute(
        select(ReviewCandidate, Person.isuo_no)
        .join(Person, Person.id == ReviewCandidate.person_id)
        .where(ReviewCandidate.case_id == row.case_id)
        .order_by(ReviewCandidate.rank)
    )
    made = []
    for kept, isuo_no in found.all():
        score, rule = kept.score, kept.rule
        evidence = tuple(Evidence(**each) for each in kept.evidence)
        if not evidence:
            score, rule, evidence = await _weighed(session, settings, row.person_id, kept.person_id)
        made.append(
            Rival(
                person_id=kept.person_id,
                isuo_no=isuo_no,
                score=score,
                rule=rule,
                evidence=evidence,
                is_visible=kept.person_id in visible,
            )
        )
    return tuple(made)


async def _weighed(
    session: AsyncSession, settings: Settings, one_id: UUID, other_id: UUID
) -> tuple[float, str, tuple[Evidence, ...]]:
    """Weigh a pair that a rule named without weighing it."""
    one, other = await entry_record(session, one_id), await entry_record(session, other_id)
    if one is None or other is None:
        return 0.0, "", ()
    opinion = judge(
        one,
        Candidate(person_id=other_id, record=other),
        population=await population(session),
        model=model_of(settings.matching),
    )
    return opinion.weight, opinion.rule, opinion.evidence


async def _against(session: AsyncSession, row: CaseRow, chosen: Rival | None) -> tuple[str, ...]:
    """Give what stands against one person; a pair that vanished meanwhile stands against nothing."""
    if chosen is None:
        return ()
    try:
        return await preview(session, chosen.person_id, row.person_id)
    except RegistryError:
        return ()


async def _plans(session: AsyncSession, row: CaseRow) -> tuple[SplitPlan, ...]:
    """Give what undoing the case's merges would do."""
    if row.is_open:
        return ()
    return tuple([await plan_split(session, each) for each in await merges_of(session, row.case_id)])


async def _organisations(
    session: AsyncSession, one: Record | None, other: Record | None, language: str
) -> Mapping[str, str]:
    codes = [each.organisation for each in (one, other) if each and each.organisation]
    name = Organisation.name_ky if language == "ky" else Organisation.name_ru
    found = await session.execute(select(Organisation.code, name).where(Organisation.code.in_(codes)))
    return {row[0]: row[1] for row in found}
