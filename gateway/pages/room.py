"""How pages plug in: a room brings its pages and its places in the navigation, a section puts rooms under one roof."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from starlette.responses import Response

from gateway.access.decide import decide_first
from gateway.access.route_policy import RoutePolicy
from gateway.access.values import Caller
from gateway.pages.visit import Visit

Answer: TypeAlias = Callable[[Visit], Awaitable[Response]]
FORM_LIMIT_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One address below its section: what answers it, and who may ask.

    Without `traced`, an answer leaves no act: for refreshes of a page whose opening is on record already.
    `form_limit_bytes` bounds what a form may send, files included.
    """

    method: str
    path: str
    answer: Answer
    policy: RoutePolicy
    traced: bool = True
    form_limit_bytes: int = FORM_LIMIT_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class NavEntry:
    """A place in the navigation: shown to whoever the policy lets in, in the order of `order`."""

    path: str
    text: str
    icon: str
    policy: RoutePolicy
    order: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The pages of one topic."""

    pages: tuple[Page, ...]
    nav: tuple[NavEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the house, mounted at /`name`: templates, texts and static files lie in its package."""

    name: str
    package: str
    rooms: tuple[Room, ...]

    @property
    def pages(self) -> tuple[Page, ...]:
        """Give every page of every room."""
        return tuple(page for room in self.rooms for page in room.pages)

    @property
    def nav(self) -> tuple[NavEntry, ...]:
        """Give the navigation in its order."""
        return tuple(sorted((each for room in self.rooms for each in room.nav), key=lambda each: each.order))

    def nav_for(self, caller: Caller) -> tuple[NavEntry, ...]:
        """Give the places that a caller may open."""
        return tuple(each for each in self.nav if may_enter(caller, each.policy))


def may_enter(caller: Caller, policy: RoutePolicy) -> bool:
    """Tell whether a signed-in caller has one of the rights that a policy asks for."""
    return policy.kind is None or decide_first(caller, policy.actions, policy.kind).allowed
