"""Alerts: what holds now, the rules with their trial button, the channels, and what was delivered."""

from gateway.console.alerts.pages import room

__all__ = ["room"]
