"""Which feeds there are, which of them are due, and one run of one of them."""

from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.agency_tables import FeedCursor
from gateway.exchange.feed_state import NONE, note_gap
from gateway.exchange.holds import is_held
from gateway.foundation.background_settings import FeedSettings
from gateway.foundation.errors import SettingsError
from gateway.foundation.logging import get_logger
from gateway.foundation.queue import defer
from sync.dependencies import WorkerDependencies
from sync.feeds.engine import Feed, Followed, follow
from sync.feeds.minjust import NAME as MINJUST
from sync.feeds.minjust import MinjustFeed
from sync.feeds.registry import NAME as REGISTRY
from sync.feeds.registry import RegistryFeed

FOLLOW_FEED = "follow_feed"
_BEFORE_WORK = 40
_log = get_logger(__name__)
_WAITS = text("""
    select 1 from procrastinate_jobs
    where task_name = 'follow_feed' and lock = :lock and status = 'todo' limit 1
""")


def open_feed(dependencies: WorkerDependencies, name: str) -> Feed | None:
    """Give a feed by its name; None where its agency is not connected. Raises SettingsError for an unknown one."""
    choice = choice_of(dependencies, name)
    if name == REGISTRY:
        return RegistryFeed(dependencies.database, choice)
    if name != MINJUST:
        raise SettingsError(f"background.feeds.{name}: there is no such feed")
    register = dependencies.agencies.organisations
    return MinjustFeed(register, choice) if register else None


def choice_of(dependencies: WorkerDependencies, name: str) -> FeedSettings:
    """Give how a feed is followed; raises SettingsError where nothing is configured."""
    choice = dependencies.settings.background.feeds.get(name)
    if choice is None:
        raise SettingsError(f"background.feeds.{name} is missing: set it in config/*.toml")
    return choice


async def defer_due_feeds(dependencies: WorkerDependencies, *, at: datetime) -> int:
    """Defer a run of every feed that is due and give how many; one that waits or rests is not deferred again."""
    deferred = 0
    for name, choice in dependencies.settings.background.feeds.items():
        async with dependencies.database.transaction() as session:
            due = choice.enabled and await _is_due(session, name, choice, at)
            if due and not await is_held(session, "FEED", name):
                deferred += await defer_feed(session, name)
    return deferred


async def defer_feed(session: AsyncSession, name: str) -> int:
    """Defer a run of a feed unless one waits already; runs of one feed never overlap."""
    lock = f"feed:{name}"
    if (await session.execute(_WAITS, {"lock": lock})).first():
        return 0
    await defer(session, FOLLOW_FEED, lock=lock, priority=_BEFORE_WORK, feed=name)
    return 1


async def _is_due(session: AsyncSession, name: str, choice: FeedSettings, at: datetime) -> bool:
    asked_at = await session.scalar(select(FeedCursor.asked_at).where(FeedCursor.feed == name))
    return asked_at is None or at - asked_at >= timedelta(minutes=choice.every_minutes)


async def follow_feed(dependencies: WorkerDependencies, name: str, *, at: datetime) -> Followed | None:
    """Take in what a feed has, look for gaps, and go on soon where there is more; None where it rests or is off."""
    feed, choice = open_feed(dependencies, name), choice_of(dependencies, name)
    async with dependencies.database.transaction() as session:
        held = await is_held(session, "FEED", name)
    if feed is None or held:
        return None
    done = await follow(dependencies.database, feed, at=at, pages=choice.pages)
    async with dependencies.database.transaction() as session:
        gap = await note_gap(session, name, choice, at=at)
        if done.more:
            await defer_feed(session, name)
    if gap != NONE:
        _log.warning("feed_gap", operation=name, state=gap, code=done.code)
    _log.info("feed_followed", operation=name, count=sum(done.effects.values()), code=done.code)
    return done
