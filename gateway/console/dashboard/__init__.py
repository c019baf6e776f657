"""The dashboard: how exchanges go, per agency and service, and what state the gateway is in."""

from gateway.console.dashboard.pages import room

__all__ = ["room"]
