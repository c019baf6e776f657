"""The background: jobs, dead letters, feeds, breakers, and what rests."""

from gateway.console.work.pages import room

__all__ = ["room"]
