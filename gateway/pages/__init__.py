"""Page furniture that the console and the portal share: layout, languages, sign-in, guard, error pages."""

from gateway.pages.application import create_pages
from gateway.pages.room import NavEntry, Page, Room, Section
from gateway.pages.visit import Visit

__all__ = ["NavEntry", "Page", "Room", "Section", "Visit", "create_pages"]
