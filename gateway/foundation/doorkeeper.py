"""Who may hold a connection: so many in all and per address; when it is full, whoever only waits gives way."""

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from gateway.foundation.tls import Pinned

_log = structlog.stdlib.get_logger(__name__)
_QUIET_SECONDS = 10.0


class Guest(Protocol):
    """A connection as the doorkeeper sees it."""

    address: str
    has_asked: bool
    waits_since: float

    @property
    def is_waiting(self) -> bool:
        """Tell whether no request is in progress on it."""

    def evict(self) -> None:
        """Close it now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How many connections, and how long each of their stages may take, in seconds."""

    total: int = 200
    per_peer: int = 150
    header_seconds: float = 10.0
    body_seconds: float = 25.0
    idle_seconds: float = 15.0


@dataclass(slots=True, kw_only=True)
class Doorkeeper:
    """The connections of one listener; `tls` is spoken everywhere but on `local_port`."""

    bounds: Bounds
    tls: Pinned | None = None
    local_port: int = 0
    _guests: dict[str, set[Guest]] = field(default_factory=lambda: defaultdict(set))
    _count: int = 0
    _turned_away: int = 0
    _told_at: float = float("-inf")

    def admit(self, guest: Guest) -> bool:
        """Take a connection in, at a waiting one's cost if need be; False when all of them are at work."""
        mine = self._guests[guest.address]
        if len(mine) >= self.bounds.per_peer and not self._make_room(mine):
            return self._turn_away(guest)
        if self._count >= self.bounds.total and not self._make_room(self._all()):
            return self._turn_away(guest)
        self._guests[guest.address].add(guest)
        self._count += 1
        return True

    def leave(self, guest: Guest) -> None:
        """Forget a connection; safe to call twice."""
        mine = self._guests.get(guest.address, set())
        if guest in mine:
            mine.remove(guest)
            self._count -= 1
        if not mine:
            self._guests.pop(guest.address, None)

    def _all(self) -> Iterable[Guest]:
        return (guest for mine in self._guests.values() for guest in mine)

    def _make_room(self, among: Iterable[Guest]) -> bool:
        """Evict who has waited longest, those that never asked anything first."""
        waiting = [guest for guest in among if guest.is_waiting]
        if not waiting:
            return False
        victim = min(waiting, key=lambda guest: (guest.has_asked, guest.waits_since))
        self.leave(victim)
        victim.evict()
        self._tell("connection_gave_way", victim)
        return True

    def _turn_away(self, guest: Guest) -> bool:
        if not self._guests.get(guest.address):
            self._guests.pop(guest.address, None)
        self._tell("connection_turned_away", guest)
        return False

    def _tell(self, event: str, guest: Guest) -> None:
        """Log at most every ten seconds: whoever floods the door must not flood the log."""
        self._turned_away += 1
        now = time.monotonic()
        if now - self._told_at >= _QUIET_SECONDS:
            _log.warning(event, address=guest.address, count=self._turned_away)
            self._told_at, self._turned_away = now, 0
