"""Replays: what one would do, how far one is, and what came of it."""

from gateway.console.replays.pages import room

__all__ = ["room"]
