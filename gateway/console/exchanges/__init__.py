"""Exchanges: the list by a query, saved views, one exchange with its evidence, exports."""

from gateway.console.exchanges.room import room

__all__ = ["room"]
