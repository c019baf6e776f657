"""The trace of access: who did what, allowed or not; for auditors."""

from gateway.console.acts.pages import room

__all__ = ["room"]
