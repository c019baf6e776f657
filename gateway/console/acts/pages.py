"""The page of acts: every one, refused ones apart, filtered by who and by what."""

from starlette.responses import Response

from gateway.access.acts import first_broken_act
from gateway.access.route_policy import holder
from gateway.access.values import Action, Kind
from gateway.console.acts.query import ActQuestion, find_acts
from gateway.console.dependencies import ConsoleDependencies
from gateway.pages import NavEntry, Page, Room, Visit
from gateway.pages.rendering import query_string

ACTS = "/acts"
_READ = holder(Kind.ACT, Action.READ)
_KINDS = frozenset({*(kind.value for kind in Kind), "SESSION"})


def room(deps: ConsoleDependencies) -> Room:
    """Give the pages of this topic."""
    pages = _Acts(deps)
    return Room(
        pages=(
            Page(method="GET", path=ACTS, answer=pages.list_acts, policy=_READ),
            Page(method="POST", path=f"{ACTS}/check", answer=pages.check, policy=_READ),
        ),
        nav=(NavEntry(path=ACTS, text="acts.nav", icon="shield", policy=_READ, order=90),),
    )


class _Acts:
    def __init__(self, deps: ConsoleDependencies) -> None:
        self._deps = deps

    async def list_acts(self, visit: Visit) -> Response:
        """List a page of acts."""
        asked = {
            name: visit.query(name).strip()[:200] for name in ("login", "object", "object_id", "refused")
        }
        question = ActQuestion(
            login=asked["login"].lower() or None,
            object=asked["object"] if asked["object"] in _KINDS else None,
            object_id=asked["object_id"] or None,
            refused=asked["refused"] == "yes",
        )
        before = visit.query("before")
        async with self._deps.database.transaction() as session:
            found, following = await find_acts(
                session, question, before=int(before) if before.isdecimal() and len(before) < 19 else None
            )
        return visit.render(
            "console/acts/list.html",
            acts=found,
            asked=asked,
            kinds=sorted(_KINDS),
            newest=f"/console{ACTS}{query_string(**asked)}" if before else "",
            following=f"/console{ACTS}{query_string(**asked, before=following)}" if following else "",
        )

    async def check(self, visit: Visit) -> Response:
        """Check the chain of the whole trace."""
        async with self._deps.database.transaction() as session:
            broken = await first_broken_act(session)
        told, kind = ("acts.whole", "good") if broken is None else ("acts.broken", "bad")
        return visit.redirect(f"/console{ACTS}", told=told, kind=kind)
