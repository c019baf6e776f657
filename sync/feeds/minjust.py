"""The register of legal entities as a feed: a page a day, the days of the overlap asked again each time."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.agency_tables import FeedItem
from gateway.foundation.background_settings import FeedSettings
from gateway.foundation.clock import day_of
from gateway.intake.answers import AskContext, Outcome
from gateway.intake.organisation_changes import find_organisation, take_change
from gateway.intake.ports_organisations import ChangePage, OrganisationChange, OrganisationRegister
from gateway.registry.repository import Provenance
from sync.feeds.engine import DEAD, Effect, Item, Page

NAME = "minjust"
OUTDATED = "OUTDATED"
_DAY = timedelta(days=1)
_CONTEXT = AskContext(user_id="kopuro-worker", issue=f"feed-{NAME}")
_IDLE = frozenset({DEAD, OUTDATED, "", "FOREIGN", "PROPOSED"})


class MinjustFeed:
    """The changes of organisations, day by day."""

    name = NAME

    def __init__(self, register: OrganisationRegister, choice: FeedSettings) -> None:
        """Take the port and how the feed is followed."""
        self._register, self._choice = register, choice

    async def pages(self, cursor: str, *, at: datetime) -> AsyncIterator[Page]:
        """Walk from the cursor less the overlap up to and with today, which is asked again as long as it lasts."""
        today = day_of(at)
        begin = date.fromisoformat(cursor) if cursor else today - timedelta(days=self._choice.begin_days)
        since = min(begin - timedelta(days=self._choice.overlap_days) if cursor else begin, today)
        async for page in self._register.changes(since, today + _DAY, context=_CONTEXT):
            yield _page(page)

    async def again(self, key: str, page: str, *, at: datetime) -> AsyncIterator[Page]:  # noqa: ARG002
        """Ask once more for the day on which a change stood."""
        day = date.fromisoformat(page)
        async for told in self._register.changes(day, day + _DAY, context=_CONTEXT):
            yield _page(told)

    def later(self, one: str, other: str) -> str:
        """Give the later day."""
        return max(one, other)

    async def take(self, session: AsyncSession, item: Item, page: Page, *, at: datetime) -> Effect:
        """Let a change act unless a later word on the same organisation came before it."""
        change = item.content
        if not isinstance(change, OrganisationChange):
            raise TypeError("this is no change of an organisation")
        organisation_id = await find_organisation(session, change.organisation)
        if organisation_id and await self._is_outdated(session, organisation_id, item.version):
            return Effect(name=OUTDATED, subject_id=organisation_id)
        provenance = Provenance(
            source="MINJUST",
            recorded_at=at,
            source_record_key=item.key,
            exchange_id=page.exchange_id,
            verified_at=page.answered_at,
        )
        made = await take_change(session, change, on=_made_on(item.version, page), provenance=provenance)
        return Effect(name=made.name, subject_id=made.organisation_id, case_id=made.case_id)

    async def _is_outdated(self, session: AsyncSession, organisation_id: object, version: str) -> bool:
        newer = select(func.count()).where(
            FeedItem.feed == NAME,
            FeedItem.subject_id == organisation_id,
            FeedItem.version > version,
            FeedItem.effect.not_in(_IDLE),
        )
        return bool(await session.scalar(newer))


def _page(page: ChangePage) -> Page:
    answer = page.answer
    taken_in = answer.outcome in {Outcome.FOUND, Outcome.NOT_FOUND}
    told = answer.record
    return Page(
        cursor=page.until.isoformat(),
        name=page.since.isoformat(),
        items=tuple(
            Item(key=one.key, version=in_order(one.updated), content=one)
            for one in (told.changes if told else ())
        ),
        unreadable=told.unreadable if told else (),
        exchange_id=answer.exchange_id,
        answered_at=answer.answered_at,
        code="" if taken_in else answer.code or answer.outcome,
    )


def in_order(updated: str) -> str:
    """Write the source's instant so that later ones sort later; what is no instant stays as it is."""
    try:
        return datetime.fromisoformat(updated).replace(tzinfo=None).isoformat(timespec="microseconds")
    except ValueError:
        return updated


def _made_on(version: str, page: Page) -> date:
    try:
        return datetime.fromisoformat(version).date()
    except ValueError:
        return date.fromisoformat(page.name)
