"""The key of a request that may be sent twice, as a header; what it means stands in `gateway.access.repeats`."""

from typing import Annotated

from fastapi import Header
from pydantic import BaseModel

from gateway.access import repeats
from gateway.access.repeats import Attempt
from gateway.access.values import Caller

REPLAYED = "Idempotency-Replayed"
IdempotencyKey = Annotated[
    str,
    Header(
        alias="idempotency-key",
        min_length=8,
        max_length=128,
        pattern=r"^[\x21-\x7e]+$",
        description="One value for one change; the same request with it again gives the first answer",
    ),
]


def attempt_of(caller: Caller, key: str, address: str, body: BaseModel) -> Attempt:
    """Make the attempt of a request."""
    return repeats.attempt_of(caller, key, address, body.model_dump(mode="json"))
