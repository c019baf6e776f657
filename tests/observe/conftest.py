"""A journal over a fresh database, and the world of access for pages."""

from tests.exchange.conftest import journal, keys

__all__ = ["journal", "keys"]
