"""The tables of figures and traces: counts of settled exchanges, and the traces that exchanges belong to."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Index, LargeBinary, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.foundation.database import Base

_INSTANT = DateTime(timezone=True)


class ExchangeFigure(Base):
    """How many exchanges of a minute, an hour or ever ended so, with a latency of this bucket (microseconds)."""

    __tablename__ = "exchange_figure"

    grain: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(_INSTANT, primary_key=True)
    direction: Mapped[str] = mapped_column(primary_key=True)
    agency: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(primary_key=True)
    bucket: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
    total_us: Mapped[int] = mapped_column(BigInteger)


class ExchangeLast(Base):
    """When a service last answered well, and when it last failed."""

    __tablename__ = "exchange_last"

    direction: Mapped[str] = mapped_column(primary_key=True)
    agency: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    good_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    bad_at: Mapped[datetime | None] = mapped_column(_INSTANT)


class ExchangeFigureState(Base):
    """The one row that says up to which instant the journal is counted."""

    __tablename__ = "exchange_figure_state"

    the_one: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    settled_until: Mapped[datetime] = mapped_column(_INSTANT)


class ExchangeTrace(Base):
    """Which OpenTelemetry trace an exchange belongs to; without a key, so mapped by all of its columns."""

    __tablename__ = "exchange_trace"
    __table_args__ = (Index(None, "exchange_id"), Index(None, "trace_id"))
    __mapper_args__ = {"primary_key": ["exchange_id", "span_id"]}  # noqa: RUF012 – SQLAlchemy's own form

    exchange_id: Mapped[UUID]
    trace_id: Mapped[bytes] = mapped_column(LargeBinary)
    span_id: Mapped[bytes] = mapped_column(LargeBinary)
    begun_at: Mapped[datetime] = mapped_column(_INSTANT)
