"""Carry a change out once: the frame of every route that takes an Idempotency-Key."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.repeats import Attempt, KeyReused, carry_out_once
from gateway.api.conditions import IfMatch
from gateway.api.idempotency import REPLAYED, IdempotencyKey
from gateway.api.refusals import ApiRefusal
from gateway.foundation.database import Database

Answer = TypeVar("Answer", bound=BaseModel)
Change = Callable[[AsyncSession], Awaitable[Answer]]

User = Annotated[str, Header(alias="x-user-id", pattern=r"^[A-Za-z][A-Za-z0-9._-]{0,63}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What comes with a change beside its body: the key, the state it was made upon, a program's clerk."""

    key: str
    if_match: str | None
    user: str


def _sending(key: IdempotencyKey, if_match: IfMatch = None, user: User = "kopuro-api") -> Sending:
    return Sending(key=key, if_match=if_match, user=user)


Sent = Annotated[Sending, Depends(_sending)]


async def once(
    database: Database, attempt: Attempt, response: Response, *, change: Change[Answer], shape: type[Answer]
) -> Answer:
    """Give the answer kept for the request, or carry it out and keep what it answers, in one transaction."""

    async def answered(session: AsyncSession) -> dict[str, Any]:
        return (await change(session)).model_dump(mode="json")

    try:
        answer, is_kept = await carry_out_once(database, attempt, answered)
    except KeyReused:
        raise ApiRefusal("IDEMPOTENCY_KEY_REUSED") from None
    if is_kept:
        response.headers[REPLAYED] = "true"
    return shape.model_validate(answer)
