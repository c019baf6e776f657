"""The folded names an entry was ever told with: what people are searched by, whichever name they bear today."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from gateway.foundation.database import Base
from gateway.matching.normalise import MARKERS, part, words

NAMES = frozenset({"surname", "given_name", "patronymic"})


class NameKey(Base):
    """A root of a name an entry was told with, kept when the name changes."""

    __tablename__ = "name_key"
    root: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)


def roots_of(texts: Iterable[str]) -> frozenset[str]:
    """Give the roots of names, without endings and however they are spelled; empty where there is no letter."""
    found = (part(text) for text in texts)
    return frozenset(root for each in found if each for root in each.roots if root)


def roots_of_words(text: str) -> tuple[frozenset[str], ...]:
    """Give for each word of what was typed the roots it may be read as; уулу, кызы and теги are no names."""
    found = (roots_of([word]) for word in text.split() if not _is_marker(word))
    return tuple(roots for roots in found if roots)


def _is_marker(word: str) -> bool:
    return any(readings[0] in MARKERS for readings in words(word))


async def add_name_keys(session: AsyncSession, person_id: UUID, texts: Iterable[str]) -> None:
    """Let an entry be found by these names too; those it was found by before stay."""
    rows = [{"root": root, "person_id": person_id} for root in sorted(roots_of(texts))]
    if rows:
        await session.execute(upsert(NameKey).on_conflict_do_nothing(), rows)
