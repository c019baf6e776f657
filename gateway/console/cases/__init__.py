"""Review of possible matches: the list with its clocks, two entries side by side, and the reviewer's words."""

from gateway.console.cases.pages import room

__all__ = ["room"]
