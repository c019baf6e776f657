"""What every page of operators' work shares: who acts, and a change that may be refused."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from gateway.access.errors import not_found
from gateway.access.route_policy import holder
from gateway.access.values import Action, Kind
from gateway.foundation.database import Database
from gateway.foundation.errors import AccessError, InputRefused, RegistryError
from gateway.operations.actor import Actor, actor_of
from gateway.pages import Visit

READ = holder(Kind.WORK, Action.READ)
WRITE = holder(Kind.WORK, Action.WRITE)
MANAGE = holder(Kind.WORK, Action.MANAGE)
REPLAY = holder(Kind.EXCHANGE, Action.REPLAY)
READ_BODY = holder(Kind.EXCHANGE, Action.READ_BODY)
SECOND_PERSON = "SECOND_PERSON"


def actor(visit: Visit) -> Actor:
    """Give who acts."""
    return actor_of(visit.caller, peer=visit.peer)


def uuid_in_path(visit: Visit, name: str) -> UUID:
    """Read an id of the address; raises AccessError for what is none."""
    found = uuid_or_none(visit.path(name))
    if found is None:
        raise not_found()
    return found


def uuid_or_none(text: str) -> UUID | None:
    """Read an id that may be absent or wrong."""
    try:
        return UUID(text)
    except ValueError:
        return None


async def change(
    visit: Visit,
    database: Database,
    doing: Callable[[AsyncSession], Awaitable[object]],
    *,
    back: str,
    told: str,
) -> Response:
    """Do something in one transaction and go back; what is refused is told there instead of an error page."""
    try:
        async with database.transaction() as session:
            await doing(session)
    except InputRefused as error:
        known = f"operations.reason.{error.problems[0][1].lower()}"
        return visit.redirect(
            back, told=known if visit.speech.knows(known) else "operations.input", kind="bad"
        )
    except RegistryError:
        return visit.redirect(back, told="operations.cannot", kind="bad")
    except AccessError as error:
        if error.code != SECOND_PERSON:
            raise
        return visit.redirect(back, told="operations.second_person", kind="bad")
    return visit.redirect(back, told=told)
