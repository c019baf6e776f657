"""The list of incidents, and the page of one with its exchanges and what people did."""

from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.responses import Response

from gateway.console.dependencies import ConsoleDependencies
from gateway.console.logins import logins_of
from gateway.console.steps import READ, WRITE, actor, change, uuid_in_path, uuid_or_none
from gateway.operations.causes import sentences
from gateway.operations.incidents import (
    IncidentFilter,
    IncidentView,
    acknowledge,
    add_note,
    close_incident,
    count_open,
    exchanges_of,
    list_incidents,
    notes_of,
    show_incident,
)
from gateway.operations.replay_runs import list_runs
from gateway.pages import NavEntry, Page, Room, Visit
from gateway.pages.rendering import query_string

INCIDENTS = "/incidents"
_PAGE, _EXCHANGES = 50, 100
_TABS = {"open": True, "closed": False, "all": None}


def room(deps: ConsoleDependencies) -> Room:
    """Give the pages of this topic."""
    pages = _Incidents(deps)
    one = f"{INCIDENTS}/{{incident_id}}"
    return Room(
        pages=(
            Page(method="GET", path=INCIDENTS, answer=pages.list_all, policy=READ),
            Page(method="GET", path=f"{INCIDENTS}/live", answer=pages.list_all, policy=READ, traced=False),
            Page(method="GET", path=one, answer=pages.show, policy=READ),
            Page(method="POST", path=f"{one}/acknowledge", answer=pages.acknowledge, policy=WRITE),
            Page(method="POST", path=f"{one}/note", answer=pages.note, policy=WRITE),
            Page(method="POST", path=f"{one}/close", answer=pages.close, policy=WRITE),
        ),
        nav=(NavEntry(path=INCIDENTS, text="incidents.nav", icon="warn", policy=READ, order=20),),
    )


class _Incidents:
    def __init__(self, deps: ConsoleDependencies) -> None:
        self._deps = deps

    async def list_all(self, visit: Visit) -> Response:
        """List incidents, the one opened last first."""
        tab = visit.query("tab") if visit.query("tab") in _TABS else "open"
        agency = visit.query("agency")[:255]
        wanted = IncidentFilter(is_open=_TABS[tab], agency=agency or None)
        async with visit.reading() as session:
            found = await list_incidents(session, wanted, limit=_PAGE + 1, before=_place(visit))
            open_count = await count_open(session)
        shown, last = found[:_PAGE], found[_PAGE - 1].incident if len(found) > _PAGE else None
        following = f"{last.opened_at.isoformat()}~{last.id}" if last else ""
        return visit.render(
            "console/incidents/list.html",
            rows=[_row(visit, each) for each in shown],
            tab=tab,
            agency=agency,
            open_count=open_count,
            newest=_address(tab=tab, agency=agency) if visit.query("before") else "",
            following=_address(tab=tab, agency=agency, before=following) if following else "",
            live=f"/console{INCIDENTS}/live{query_string(tab=tab, agency=agency)}",
        )

    async def show(self, visit: Visit) -> Response:
        """Show one."""
        incident_id = uuid_in_path(visit, "incident_id")
        before = visit.query("before")
        async with visit.reading() as session:
            view = await show_incident(session, incident_id)
            exchanges = await exchanges_of(
                session,
                incident_id,
                limit=_EXCHANGES + 1,
                before=int(before) if before.isdecimal() and len(before) < 19 else None,
            )
            notes = await notes_of(session, incident_id)
            runs = await list_runs(session, incident_id=incident_id, limit=10)
            logins = await logins_of(session, [each.by for each in notes])
        here = f"/console{INCIDENTS}/{incident_id}"
        more = len(exchanges) > _EXCHANGES
        return visit.render(
            "console/incidents/show.html",
            row=_row(visit, view),
            exchanges=exchanges[:_EXCHANGES],
            notes=notes,
            logins=logins,
            runs=runs,
            newest=here if before else "",
            following=f"{here}?before={exchanges[_EXCHANGES - 1].seq}" if more else "",
        )

    async def acknowledge(self, visit: Visit) -> Response:
        """Say that somebody looks after it."""
        incident_id = uuid_in_path(visit, "incident_id")
        return await change(
            visit,
            self._deps.database,
            lambda session: acknowledge(session, incident_id, actor=actor(visit)),
            back=_page(incident_id),
            told="incidents.told_acknowledged",
        )

    async def note(self, visit: Visit) -> Response:
        """Write something down."""
        incident_id, said = uuid_in_path(visit, "incident_id"), visit.field("note")
        return await change(
            visit,
            self._deps.database,
            lambda session: add_note(session, incident_id, actor=actor(visit), note=said),
            back=_page(incident_id),
            told="incidents.told_noted",
        )

    async def close(self, visit: Visit) -> Response:
        """Close it."""
        incident_id, reason = uuid_in_path(visit, "incident_id"), visit.field("reason")
        return await change(
            visit,
            self._deps.database,
            lambda session: close_incident(session, incident_id, actor=actor(visit), reason=reason),
            back=_page(incident_id),
            told="incidents.told_closed",
        )


def _row(visit: Visit, view: IncidentView) -> dict[str, Any]:
    incident = view.incident
    meaning, side, advice = sentences(incident.direction, incident.fault_code, visit.language)  # type: ignore[arg-type]
    return {
        "incident": incident,
        "unanswered": view.unanswered,
        "meaning": meaning,
        "side": side,
        "advice": advice,
        "href": _page(incident.id),
    }


def _page(incident_id: UUID) -> str:
    return f"/console{INCIDENTS}/{incident_id}"


def _address(**values: str) -> str:
    return f"/console{INCIDENTS}{query_string(**values)}"


def _place(visit: Visit) -> tuple[datetime, UUID] | None:
    at, _, last = visit.query("before").partition("~")
    incident_id = uuid_or_none(last)
    try:
        made = datetime.fromisoformat(at)
    except ValueError:
        return None
    return (made, incident_id) if incident_id and made.tzinfo else None
