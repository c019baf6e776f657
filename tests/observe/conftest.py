"""A journal over a fresh database, and the world of access for pages."""

from tests.browsing import chromium, made_world, site, world
from tests.exchange.conftest import journal, keys

__all__ = ["chromium", "journal", "keys", "made_world", "site", "world"]
