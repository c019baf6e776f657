"""Who is let in at an address, and which right it asks for: the words that the API and the pages share."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.access.values import Action, Kind


class Audience(StrEnum):
    """Who is let in before any right is asked about."""

    ANYBODY = "ANYBODY"  # signing in and what leads there
    HALF_SIGNED_IN = "HALF_SIGNED_IN"  # a session that still owes its second factor
    SIGNED_IN = "SIGNED_IN"  # any open session of a person
    HOLDER = "HOLDER"  # a person or a program with the right


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePolicy:
    """The audience, and for holders the kind of object and the actions of which one must be allowed."""

    audience: Audience
    kind: Kind | None = None
    actions: tuple[Action, ...] = ()


def holder(kind: Kind, *actions: Action) -> RoutePolicy:
    """Ask for one of several rights over a kind of object."""
    return RoutePolicy(audience=Audience.HOLDER, kind=kind, actions=actions)


ANYBODY = RoutePolicy(audience=Audience.ANYBODY)
HALF_SIGNED_IN = RoutePolicy(audience=Audience.HALF_SIGNED_IN)
SIGNED_IN = RoutePolicy(audience=Audience.SIGNED_IN)
