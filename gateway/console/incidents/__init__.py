"""Incidents: failures with one cause in one row, and what to do about them."""

from gateway.console.incidents.pages import room

__all__ = ["room"]
