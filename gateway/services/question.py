"""What a handler is given and what it gives back: the same two shapes for every published service."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from gateway.disclosure.agreements import Grant, Purpose
from gateway.foundation.database import Database
from gateway.services.codec import Texts, read_text

OK, OK_EMPTY = "OK", "OK_EMPTY"
NOT_FOUND_OR_NOT_ALLOWED = "NOT_FOUND_OR_NOT_ALLOWED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request that passed signature, schema and agreement."""

    texts: Texts
    grant: Grant
    today: date
    disclosure_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A handler's answer: the content, and what the record of disclosures needs to know about it."""

    content: bytes
    outcome: str
    person_id: UUID | None = None
    fields: tuple[str, ...] = ()
    as_of: date
    registry_seq: int


class Handler(Protocol):
    """Answers one service; raises ContractError for input the schema cannot judge, AccessError for no right."""

    async def __call__(self, question: Question, database: Database) -> Answer:
        """Answer from the registry, within the grant: by one prepared read, or in a transaction of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One published service: its code and version, its handler, and where its subject's PIN stands."""

    service_code: str
    service_version: str
    handler: Handler
    subject_pin: Callable[[Texts], str]


def purpose_of(texts: Texts) -> Purpose:
    """Read the request's context block (who asks is in the X-Road header)."""
    return Purpose(
        code=read_text(texts, "context/purposeCode"),
        agreement_no=read_text(texts, "context/agreementNo"),
        case_ref=read_text(texts, "context/caseRef"),
        profile=read_text(texts, "profile"),
    )
