"""The card on two axes of time: what held on a day, as the registry knew it at an instant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.registry.card import CardField, CardIdentifier, PersonCard, joined, status_now
from gateway.registry.entries import EnrolmentEntry, OrganisationEntry, PersonEntry, StatusPeriod
from gateway.registry.policy import ATTEMPT, PROJECTED, Projection, project
from gateway.registry.projection import DATES, told_of
from gateway.registry.reading import OPEN_STATES
from gateway.registry.timeline.past import Past
from gateway.registry.timeline.policies import policies_of
from gateway.registry.values import IdentifierStatus

Content = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCard:
    """A card with the day it speaks of and the instant whose knowledge it holds."""

    as_of: date
    known_at: datetime
    card: PersonCard

    @property
    def places(self) -> tuple[tuple[EnrolmentEntry, str], ...]:
        """Give the counted enrolments that have a status on the day, with it."""
        found = ((each, each.status_on(self.as_of)) for each in self.card.enrolments if not each.held)
        return tuple((each, status) for each, status in found if status)


async def card_as_of(
    session: AsyncSession, person_id: UUID, *, as_of: date, known_at: datetime
) -> PastCard | None:
    """Give the card for a day as it was shown at an instant; None where the entry was not known yet.

    With `known_at` in the past the answer is the one given then, whatever was told, merged, ordered or
    cancelled since; with `known_at` now it is what is known now about the day.
    """
    past = Past(session=session, known_at=known_at)
    root = await _root(past, person_id)
    if root is None:
        return None
    merged = await past.children("person", UUID(root["id"]))
    return await _card(past, root, merged, as_of)


async def card_apart(
    session: AsyncSession,
    person_ids: Sequence[UUID],
    *,
    as_of: date,
    known_at: datetime,
    within: UUID,
    without: frozenset[UUID] = frozenset(),
) -> PastCard | None:
    """Give the card some of the entries that were then read as `within` would have shown without the others.

    `without` leaves out assertions by id. None where none of the entries was read as `within` then.
    """
    past = Past(session=session, known_at=known_at, without=without)
    rows = {row["id"]: row for row in await past.rows("person", *person_ids)}
    there = [
        rows[str(each)]
        for each in person_ids
        if str(each) in rows and (rows[str(each)]["master_id"] or str(each)) == str(within)
    ]
    return await _card(past, there[0], there[1:], as_of) if there else None


async def _card(past: Past, root: Content, merged: list[Content], as_of: date) -> PastCard:
    root_id = UUID(root["id"])
    members = [root_id, *(UUID(each["id"]) for each in merged)]
    fields, projection = await _values(past, root, members, as_of)
    card = PersonCard(
        entry=_entry(root, projection),
        also_known_as=tuple(sorted(each["isuo_no"] for each in merged)),
        fields=fields,
        identifiers=await _identifiers(past, members, as_of),
        enrolments=await _enrolments(past, members),
        open_case=any(case["state"] in OPEN_STATES for case in await past.cases(root_id)),
    )
    return PastCard(as_of=as_of, known_at=past.known_at, card=card)


async def _root(past: Past, person_id: UUID) -> Content | None:
    found = await past.rows("person", person_id)
    if found and found[0]["master_id"]:
        found = await past.rows("person", UUID(found[0]["master_id"]))
    return found[0] if found else None


async def _values(
    past: Past, root: Content, members: list[UUID], as_of: date
) -> tuple[tuple[CardField, ...], Projection]:
    policies = await policies_of(past.session, root.get("policy_digest"))
    rows = await past.assertions(*members)
    told = [told_of(row) for row in rows if row.field != ATTEMPT or str(row.subject_id) == root["id"]]
    exchanges = {row.id: row.exchange_id for row in rows}
    projection = project(told, policies, on=as_of)
    fields = [
        CardField(
            name=name,
            value=shown.value,
            source=shown.source,
            verified_at=shown.verified_at,
            status=status_now(shown.status, shown.stale_after, past.known_at),
            exchange_id=exchanges[shown.assertion_id],
        )
        for name, shown in sorted(projection.fields.items())
    ]
    return tuple(fields), projection


def _entry(root: Content, projection: Projection) -> PersonEntry:
    values: dict[str, Any] = {}
    for name in PROJECTED:
        shown = projection.fields.get(name)
        value = shown.value if shown else None
        values[name] = date.fromisoformat(value) if value and name in DATES else value
    return PersonEntry(
        person_id=UUID(root["id"]),
        isuo_no=root["isuo_no"],
        status=root["status"],
        version=root["version"],
        **values,
    )


async def _identifiers(past: Past, members: list[UUID], as_of: date) -> tuple[CardIdentifier, ...]:
    rows = [
        row
        for row in await past.children("person_identifier", *members)
        if (row["valid_from"] or "") <= as_of.isoformat() < (row["valid_until"] or "9999-12-31")
    ]
    rows.sort(key=lambda row: (datetime.fromisoformat(row["recorded_at"]), row["scheme"], row["value"]))
    return joined(
        CardIdentifier(scheme=row["scheme"], value=row["value"], status=IdentifierStatus(row["status"]))
        for row in rows
    )


async def _enrolments(past: Past, members: list[UUID]) -> tuple[EnrolmentEntry, ...]:
    rows = await past.children("enrolment", *members)
    periods: dict[str, list[StatusPeriod]] = {}
    for row in await past.children("enrolment_status_period", *(UUID(each["id"]) for each in rows)):
        periods.setdefault(row["enrolment_id"], []).append(_period(row))
    wanted = {UUID(row["organisation_id"]) for row in rows}
    organisations = {row["id"]: _organisation(row) for row in await past.rows("organisation", *wanted)}
    entries = [
        _enrolment(row, organisations[row["organisation_id"]], periods.get(row["id"], [])) for row in rows
    ]
    entries.sort(key=lambda entry: entry.enrolment_id)
    return tuple(sorted(entries, key=lambda entry: entry.start_on, reverse=True))


def _period(row: Content) -> StatusPeriod:
    return StatusPeriod(
        status=row["status"], from_on=date.fromisoformat(row["from_on"]), until_on=_day(row["until_on"])
    )


def _enrolment(row: Content, organisation: OrganisationEntry, periods: list[StatusPeriod]) -> EnrolmentEntry:
    return EnrolmentEntry(
        enrolment_id=UUID(row["id"]),
        organisation=organisation,
        level=row["level"],
        form=row["form"],
        grade=row["grade"],
        start_on=date.fromisoformat(row["start_on"]),
        expected_end_on=_day(row["expected_end_on"]),
        end_on=_day(row["end_on"]),
        held=row["held"],
        periods=tuple(sorted(periods, key=lambda period: period.from_on)),
    )


def _organisation(row: Content) -> OrganisationEntry:
    return OrganisationEntry(
        organisation_id=UUID(row["id"]),
        code=row["code"],
        inn=row["inn"],
        soate=row["soate"],
        name_ky=row["name_ky"],
        name_ru=row["name_ru"],
        masked=row["mask_in_disclosure"],
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
