"""The fixtures of pages."""

from tests.browsing import *  # noqa: F403  the fixtures
