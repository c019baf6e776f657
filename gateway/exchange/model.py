"""The journal's four tables. Rows of three of them are never changed; bodies may be purged, never changed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from gateway.foundation.database import Base

_INSTANT = TIMESTAMP(timezone=True, precision=6)
_NEWEST = (text("request_in_ts desc"), text("seq desc"))
_AGENCY = "journal_agency(kind, client, service)"
_LATENCY = "(coalesce(response_in_ts, response_out_ts) - coalesce(request_out_ts, request_in_ts))"


class JournalEntry(Base):
    """One row of an exchange. `seq` numbers the rows, `xid` is the transaction that wrote this one."""

    __tablename__ = "journal_entry"
    __table_args__ = (
        CheckConstraint("kind in ('RECEIVED', 'SENT', 'ANSWERED')", name="kind"),
        CheckConstraint("signature in ('signed', 'unsigned', 'refused')", name="signature"),
        Index(None, "exchange_id"),
        Index(None, "message_id"),
        Index("ix_journal_entry_subject", "subject", *_NEWEST, postgresql_where=text("subject is not null")),
        Index("ix_journal_entry_newest", *_NEWEST),
        Index("ix_journal_entry_failed", *_NEWEST, postgresql_where=text("succeeded is false")),
        Index(
            "ix_journal_entry_failed_agency",
            text(_AGENCY),
            *_NEWEST,
            postgresql_where=text("succeeded is false"),
        ),
        Index("ix_journal_entry_slow", *_NEWEST, postgresql_where=text(f"{_LATENCY} > interval '1 second'")),
        Index("ix_journal_entry_agency", text(_AGENCY), *_NEWEST),
        Index("ix_journal_entry_service_code", text("split_part(service, '/', 5)"), *_NEWEST),
        Index(None, "client", "service"),
        Index(None, "xid", "seq"),
    )

    seq: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, server_default=text("nextval('journal_seq')")
    )
    xid: Mapped[int] = mapped_column(BigInteger, server_default=text("pg_current_xact_id()::text::bigint"))
    entry_id: Mapped[UUID] = mapped_column(unique=True)
    exchange_id: Mapped[UUID]
    kind: Mapped[str]
    client: Mapped[str]
    service: Mapped[str]
    message_id: Mapped[str]
    user_id: Mapped[str]
    issue: Mapped[str]
    protocol_version: Mapped[str]
    x_request_id: Mapped[str]
    request_in_ts: Mapped[datetime] = mapped_column(_INSTANT)
    request_out_ts: Mapped[datetime | None] = mapped_column(_INSTANT)
    response_in_ts: Mapped[datetime | None] = mapped_column(_INSTANT)
    response_out_ts: Mapped[datetime | None] = mapped_column(_INSTANT)
    request_size: Mapped[int | None] = mapped_column(BigInteger)
    response_size: Mapped[int | None] = mapped_column(BigInteger)
    request_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    response_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    succeeded: Mapped[bool | None]
    outcome: Mapped[str]
    fault_code: Mapped[str]
    fault_string: Mapped[str]
    signer: Mapped[str]
    signature: Mapped[str]
    subject: Mapped[bytes | None] = mapped_column(LargeBinary)
    purpose: Mapped[str]
    agreement: Mapped[str]
    attempt: Mapped[int] = mapped_column(BigInteger)
    peer_address: Mapped[str]
    mac: Mapped[bytes] = mapped_column(LargeBinary)


class JournalBody(Base):
    """A request or a response, encrypted; in a table of its own, so that it can go before its entry does."""

    __tablename__ = "journal_body"
    __table_args__ = (CheckConstraint("part in ('request', 'response')", name="part"),)

    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    part: Mapped[str] = mapped_column(primary_key=True)
    request_in_ts: Mapped[datetime] = mapped_column(_INSTANT)
    key_id: Mapped[str]
    nonce: Mapped[bytes] = mapped_column(LargeBinary)
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)


class JournalClaim(Base):
    """Whose message id this is: the guard against replays."""

    __tablename__ = "journal_claim"

    client: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(primary_key=True)
    request_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    entry_id: Mapped[UUID]


class JournalSeal(Base):
    """A signed head over a group of entries, chained to the seal before it; see README for each column."""

    __tablename__ = "journal_seal"
    __table_args__ = (Index(None, "seqs", postgresql_using="gist"),)

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary)
    seqs: Mapped[Any] = mapped_column(INT8MULTIRANGE)
    entry_count: Mapped[int] = mapped_column(BigInteger)
    leaves: Mapped[bytes] = mapped_column(LargeBinary)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime] = mapped_column(_INSTANT)
    cluster: Mapped[int] = mapped_column(BigInteger)
    floor_seq: Mapped[int] = mapped_column(BigInteger)
    upto_xid: Mapped[int] = mapped_column(BigInteger)
    upto_seq: Mapped[int] = mapped_column(BigInteger)
    algorithm: Mapped[str]
    certificate: Mapped[str]
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    seal_hash: Mapped[bytes] = mapped_column(LargeBinary)
