"""Entity tags: the version something was read at, and the condition that it is still there."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Header
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.api.refusals import ApiRefusal
from gateway.registry.learner_version import learner_version

IfMatch = Annotated[
    str | None, Header(alias="if-match", max_length=200, description="The ETag of what was read; required")
]
IfNoneMatch = Annotated[str | None, Header(alias="if-none-match", max_length=200)]

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "It is as the asker has it"}}


def tag(*versions: object) -> str:
    """Make a strong entity tag."""
    return '"' + "-".join(map(str, versions)) + '"'


def check_match(given: str | None, present: str) -> None:
    """Let a change pass that was made upon the present state; raises ApiRefusal."""
    if given is None:
        raise ApiRefusal("IF_MATCH_REQUIRED")
    if given.strip() != "*" and present not in _tags(given):
        raise ApiRefusal("IF_MATCH_FAILED")


def is_known(given: str | None, present: str) -> bool:
    """Tell whether the asker has this state already (If-None-Match)."""
    return given is not None and (
        given.strip() == "*" or present in {each.removeprefix("W/") for each in _tags(given)}
    )


def _tags(given: str) -> set[str]:
    return {each.strip() for each in given.split(",")}


async def learner_tag(session: AsyncSession, person_id: UUID, *, lock: bool = False) -> str:
    """Give the tag of a learner: it changes with the entry and with every order about any enrolment."""
    return tag(await learner_version(session, person_id, lock=lock))
