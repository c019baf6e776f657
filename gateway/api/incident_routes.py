"""Incidents: failures with one cause, what they mean, what people did about them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query

from gateway.api.dependencies import ApiDependencies
from gateway.api.guard import Permitted
from gateway.api.operations_bodies import (
    IncidentAnswer,
    IncidentExchangeAnswer,
    IncidentExchangesPage,
    IncidentNoteAnswer,
    IncidentPage,
    IncidentWhole,
    NoteBody,
    Place,
    ReasonBody,
)
from gateway.api.paging import Cursor, Limit, cursor_of, place_of
from gateway.foundation.errors import InputRefused
from gateway.intake.reasons import choose_language
from gateway.operations.actor import actor_of
from gateway.operations.causes import sentences
from gateway.operations.incidents import (
    IncidentFilter,
    IncidentView,
    acknowledge,
    add_note,
    close_incident,
    exchanges_of,
    list_incidents,
    notes_of,
    show_incident,
)

Language = Annotated[str | None, Header(alias="accept-language", include_in_schema=False)]
_FIELDS = (
    "direction", "agency", "service", "fault_code", "fault_kind", "side", "failure_count", "opened_at",
    "first_at", "last_at", "acknowledged_at", "acknowledged_by", "closed_at", "closed_by", "close_reason",
)  # fmt: skip


def add_incident_routes(router: APIRouter, deps: ApiDependencies) -> None:
    """Add what is asked about incidents."""
    _add_reading(router)
    _add_changes(router, deps)


def _add_reading(router: APIRouter) -> None:
    @router.get("/incidents")
    async def incidents(
        permit: Permitted,
        language: Language = None,
        *,
        is_open: Annotated[bool | None, Query(alias="open")] = None,
        agency: Place | None = None,
        limit: Limit = 50,
        cursor: Cursor = "",
    ) -> IncidentPage:
        """List incidents, the one opened last first."""
        wanted = IncidentFilter(is_open=is_open, agency=agency)
        async with permit.reading() as session:
            found = await list_incidents(session, wanted, limit=limit + 1, before=_place(cursor))
        shown = found[:limit]
        last = shown[-1].incident if len(found) > limit else None
        return IncidentPage(
            incidents=[IncidentAnswer(**_told(each, language)) for each in shown],
            next_cursor=cursor_of(f"{last.opened_at.isoformat()} {last.id}") if last else None,
        )

    @router.get("/incidents/{incident_id}")
    async def incident(incident_id: UUID, permit: Permitted, language: Language = None) -> IncidentWhole:
        """Show an incident with what people did about it."""
        async with permit.reading() as session:
            found = await show_incident(session, incident_id)
            notes = await notes_of(session, incident_id)
        told = [IncidentNoteAnswer.model_validate(note, from_attributes=True) for note in notes]
        return IncidentWhole(**_told(found, language), notes=told)

    @router.get("/incidents/{incident_id}/exchanges")
    async def incident_exchanges(
        incident_id: UUID, permit: Permitted, limit: Limit = 100, cursor: Cursor = ""
    ) -> IncidentExchangesPage:
        """List the exchanges of an incident, the newest first."""
        async with permit.reading() as session:
            await show_incident(session, incident_id)
            found = await exchanges_of(session, incident_id, limit=limit + 1, before=number_of(cursor))
        return IncidentExchangesPage(
            exchanges=[
                IncidentExchangeAnswer.model_validate(each, from_attributes=True) for each in found[:limit]
            ],
            next_cursor=cursor_of(str(found[limit - 1].seq)) if len(found) > limit else None,
        )


def _add_changes(router: APIRouter, deps: ApiDependencies) -> None:
    @router.post("/incidents/{incident_id}/acknowledgement")
    async def acknowledge_incident(
        incident_id: UUID, body: NoteBody, permit: Permitted, language: Language = None
    ) -> IncidentAnswer:
        """Say that somebody looks after it."""
        async with deps.database.transaction() as session:
            actor = actor_of(permit.caller, peer=permit.peer)
            await acknowledge(session, incident_id, actor=actor, note=body.note)
            return IncidentAnswer(**_told(await show_incident(session, incident_id), language))

    @router.post("/incidents/{incident_id}/notes", status_code=201)
    async def note_incident(
        incident_id: UUID, body: NoteBody, permit: Permitted, language: Language = None
    ) -> IncidentAnswer:
        """Write something down about it."""
        async with deps.database.transaction() as session:
            await add_note(
                session, incident_id, actor=actor_of(permit.caller, peer=permit.peer), note=body.note
            )
            return IncidentAnswer(**_told(await show_incident(session, incident_id), language))

    @router.post("/incidents/{incident_id}/closing")
    async def close_one_incident(
        incident_id: UUID, body: ReasonBody, permit: Permitted, language: Language = None
    ) -> IncidentAnswer:
        """Close it; the next failure of its cause opens another."""
        async with deps.database.transaction() as session:
            await close_incident(
                session, incident_id, actor=actor_of(permit.caller, peer=permit.peer), reason=body.reason
            )
            return IncidentAnswer(**_told(await show_incident(session, incident_id), language))


def _told(view: IncidentView, language: str | None) -> dict[str, Any]:
    incident = view.incident
    meaning, side_text, advice = sentences(
        incident.direction,
        incident.fault_code,
        choose_language(language),  # type: ignore[arg-type]
    )
    return {
        "incident_id": incident.id,
        "unanswered": view.unanswered,
        "meaning": meaning,
        "side_text": side_text,
        "advice": advice,
        **{name: getattr(incident, name) for name in _FIELDS},
    }


def _place(cursor: str) -> tuple[datetime, UUID] | None:
    place = place_of(cursor)
    if not place:
        return None
    at, _, last = place.partition(" ")
    try:
        made = datetime.fromisoformat(at), UUID(last)
    except ValueError:
        raise InputRefused((("cursor", "NOT_A_CURSOR"),)) from None
    if made[0].tzinfo is None:
        raise InputRefused((("cursor", "NOT_A_CURSOR"),))
    return made


def number_of(cursor: str) -> int | None:
    """Read a cursor that is a number; raises InputRefused for what is none."""
    place = place_of(cursor)
    if not place:
        return None
    if not (place.isascii() and place.isdigit() and len(place) < 19):
        raise InputRefused((("cursor", "NOT_A_CURSOR"),))
    return int(place)
