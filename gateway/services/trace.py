"""What becomes known about one exchange on its way through the pipeline, and the journal row made of it."""

import hashlib
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from gateway.disclosure.agreements import Grant
from gateway.disclosure.model import Disclosure
from gateway.exchange.entry import Entry, Kind, SignatureState
from gateway.exchange.row import Claim, Companion
from gateway.foundation.clock import day_of, utc_now
from gateway.services.arrival import Arrival
from gateway.services.question import Answer
from gateway.xroad.header import Header
from gateway.xroad.rest.headers import RestCall

_DISCLOSURE_COLUMNS = (
    "disclosure_id",
    "entry_id",
    "person_id",
    "client",
    "service",
    "agreement_no",
    "purpose",
    "profile",
    "fields",
    "as_of_on",
    "registry_seq",
    "answer_sha256",
    "disclosed_at",
)


@dataclass(slots=True, kw_only=True)
class Trace:
    """One exchange while it is being answered; filled in step by step, never read by a handler."""

    arrival: Arrival
    entry_id: UUID = field(default_factory=uuid4)
    exchange_id: UUID = field(default_factory=uuid4)
    disclosure_id: UUID = field(default_factory=uuid4)
    header: Header | None = None
    rest: RestCall | None = None
    grant: Grant | None = None
    signer: str = ""
    signature: SignatureState = "unsigned"
    header_form: bytes | None = None
    subject: bytes | None = None
    request_sha256: bytes = field(init=False)

    def __post_init__(self) -> None:
        """Take the request's digest once; claim and journal both need it."""
        self.request_sha256 = hashlib.sha256(self.arrival.body).digest()

    @property
    def today(self) -> date:
        """The day of the request, in UTC."""
        return day_of(self.arrival.received_at)

    def claim(self, entry: Entry) -> Claim | None:
        """Claim the message id for these bytes."""
        if self.header is None:
            return None
        return Claim(
            client=entry.client,
            service=entry.service,
            message_id=entry.message_id,
            request_sha256=self.request_sha256,
        )

    def entry(
        self, response: bytes, *, succeeded: bool, outcome: str, fault_code: str = "", fault_string: str = ""
    ) -> Entry:
        """Make the journal's row of the exchange with this response, as far as it is known."""
        header, grant, request = self.header, self.grant, self.arrival.body
        return Entry(
            entry_id=self.entry_id,
            exchange_id=self.exchange_id,
            kind=Kind.RECEIVED,
            client=str(header.client) if header else "",
            service=str(header.service) if header else "",
            message_id=header.message_id if header else "",
            user_id=header.user_id if header else "",
            issue=header.issue if header else "",
            protocol_version=header.protocol_version if header else "",
            x_request_id=self.rest.request_id if self.rest else "",
            request_in_ts=self.arrival.received_at,
            response_out_ts=utc_now(),
            request_size=len(request),
            response_size=len(response),
            request_sha256=self.request_sha256,
            response_sha256=hashlib.sha256(response).digest(),
            succeeded=succeeded,
            outcome=outcome,
            fault_code=fault_code,
            fault_string=fault_string,
            signer=self.signer,
            signature=self.signature,
            subject=self.subject,
            purpose=grant.purpose if grant else "",
            agreement=grant.agreement_no if grant else "",
            peer_address=self.arrival.peer,
        )

    def disclosures(self, answer: Answer, entry: Entry) -> tuple[Companion, ...]:
        """Make the record of what is disclosed about a person, for the journal's own transaction."""
        if answer.person_id is None or self.header is None or self.grant is None:
            return ()
        row: tuple[Any, ...] = (
            self.disclosure_id,
            self.entry_id,
            answer.person_id,
            entry.client,
            entry.service,
            self.grant.agreement_no,
            self.grant.purpose,
            self.grant.profile,
            list(answer.fields),
            answer.as_of,
            answer.registry_seq,
            entry.response_sha256,
            utc_now(),
        )
        table = Disclosure.__tablename__
        return (Companion(table=table, columns=_DISCLOSURE_COLUMNS, row=row),)
