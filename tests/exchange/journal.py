"""A journal for tests: keys, entries about nobody, and a few hundred sealed exchanges."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from gateway.exchange.entry import Entry, Kind
from gateway.exchange.keys import JournalKeys
from gateway.exchange.seal import Sealer
from gateway.exchange.verify import Report, verify_journal
from gateway.exchange.writer import JournalWriter
from gateway.foundation.database import Database
from tests.pki import signer

CLIENT = "KG/GOV/70000002/zags-service"
SERVICE = "KG/GOV/70000016/isuo-service/GetLearner/v1"
PIN = "21503201500001"
START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def make_keys() -> JournalKeys:
    """Random keys."""
    return JournalKeys(
        body=secrets.token_bytes(32), mac=secrets.token_bytes(32), subject=secrets.token_bytes(32)
    )


def make_entry(**changes: Any) -> Entry:
    """Make a successful answer to another agency, changed as asked."""
    values: dict[str, Any] = {
        "entry_id": uuid4(),
        "exchange_id": uuid4(),
        "kind": Kind.RECEIVED,
        "client": CLIENT,
        "service": SERVICE,
        "message_id": str(uuid4()),
        "user_id": "KG-clerk",
        "issue": "case-77",
        "protocol_version": "4.0",
        "x_request_id": str(uuid4()),
        "request_in_ts": START + timedelta(microseconds=secrets.randbelow(10**9)),
        "response_out_ts": START + timedelta(seconds=2000),
        "succeeded": True,
        "outcome": "FOUND",
        "signer": "ab" * 32,
        "signature": "signed",
        "purpose": "ENROLMENT",
        "agreement": "A-7",
        "peer_address": "10.1.2.3",
    }
    return Entry(**(values | changes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """A database with a writer and a sealer."""

    database: Database
    keys: JournalKeys
    writer: JournalWriter
    sealer: Sealer
    anchor_file: Path

    async def exchange(self, number: int) -> None:
        """Record one inbound exchange, or one outbound with its two rows."""
        about = {"subject": self.keys.subject_of(PIN), "request_in_ts": START + timedelta(seconds=number)}
        request, response = f"<ask>{PIN} {number}</ask>".encode(), f"<told>{number}</told>".encode() * 9
        if number % 3:
            await self.writer.record(make_entry(**about), request=request, response=response)
            return
        both = about | {"exchange_id": uuid4(), "message_id": f"out-{number}"}
        sent = make_entry(**both, kind=Kind.SENT, succeeded=None, response_out_ts=None)
        await self.writer.record(sent, request=request)
        answered = make_entry(**both, kind=Kind.ANSWERED, response_in_ts=START)
        await self.writer.record(answered, response=response)

    async def verify(self) -> Report:
        """Verify with our certificate."""
        ours = [signer("journal").certificate]
        return await verify_journal(self.database, self.keys, anchor_file=self.anchor_file, certificates=ours)
