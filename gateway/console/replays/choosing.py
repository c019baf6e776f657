"""Which exchanges a page is about: read from an address or a form, and written back into the next form."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from gateway.console.steps import uuid_or_none
from gateway.operations.replay_planning import ASK, WORK, Selection

_NAMED = ("incident_id", "query", "agency", "service", "fault_code", "since", "until")


def read_selection(get: Callable[[str], str], get_all: Callable[[str], Sequence[str]]) -> Selection:
    """Read a selection from fields; what is none is left out. `chosen` are the checkboxes of the exchanges' list."""
    exchanges = (uuid_or_none(each) for each in (*get_all("exchange"), *get_all("chosen")))
    return Selection(
        exchange_ids=tuple(each for each in exchanges if each is not None),
        incident_id=uuid_or_none(get("incident_id")),
        query=get("q")[:1000] or None,
        agency=get("agency")[:255] or None,
        service=get("service")[:255] or None,
        fault_code=get("fault_code")[:255] or None,
        since=_time(get("since")),
        until=_time(get("until")),
    )


def write_selection(selection: Selection) -> list[tuple[str, str]]:
    """Write a selection as the fields of a form."""
    named = [
        ("q" if name == "query" else name, str(value))
        for name in _NAMED
        if (value := getattr(selection, name)) is not None
    ]
    return [*(("exchange", str(each)) for each in selection.exchange_ids), *named]


def is_empty(selection: Selection) -> bool:
    """Tell whether nothing was chosen."""
    return not write_selection(selection)


def read_mode(wanted: str) -> str:
    """Read the mode; asking again is the default."""
    return WORK if wanted == WORK else ASK


def _time(text: str) -> datetime | None:
    try:
        made = datetime.fromisoformat(text)
    except ValueError:
        return None
    return made if made.tzinfo else None


def first_exchange(selection: Selection) -> UUID | None:
    """Give the only exchange, None where there are more or none."""
    return selection.exchange_ids[0] if len(selection.exchange_ids) == 1 else None
