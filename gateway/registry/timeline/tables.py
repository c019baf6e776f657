"""The tables of record time: every version of a row, when it was committed, which policy was in use."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gateway.foundation.database import Base
from gateway.registry.model import Instant, Json


class RegistryCommit(Base):
    """When a transaction that changed the registry was committed; written by triggers."""

    __tablename__ = "registry_commit"
    tx: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[Instant]


class RegistryCluster(Base):
    """From which number on a database cluster counts transactions: a restored dump goes on where it was."""

    __tablename__ = "registry_cluster"
    system_identifier: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    xid_base: Mapped[int] = mapped_column(BigInteger)


class RegistryVersion(Base):
    """A row as a transaction left it, None where it deleted it; written by triggers."""

    __tablename__ = "registry_version"
    table_name: Mapped[str] = mapped_column(primary_key=True)
    row_id: Mapped[UUID] = mapped_column(primary_key=True)
    tx: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    parent_id: Mapped[UUID | None]
    content: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    __table_args__ = (
        Index("ix_registry_version_parent", "parent_id", "table_name"),
        Index(
            "ix_registry_version_case",
            text("(content -> 'subject_ids')"),
            postgresql_using="gin",
            postgresql_where=text("table_name = 'review_case'"),
        ),
    )


class FieldPolicyText(Base):
    """A source-of-truth policy as it was in use, known by its digest."""

    __tablename__ = "field_policy"
    digest: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[Json]
    first_used_at: Mapped[Instant]
