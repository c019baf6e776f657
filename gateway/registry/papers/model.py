"""The table of signed content; append-only, and bound to its digest, in the database."""

from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from gateway.foundation.database import Base
from gateway.registry.model import Id, Instant


class SignedContent(Base):
    """The very bytes that were signed, by whom under which certificate, and when."""

    __tablename__ = "signed_content"
    id: Mapped[Id]
    kind: Mapped[str]
    subject_id: Mapped[UUID] = mapped_column(index=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    algorithm: Mapped[str]
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    certificate: Mapped[bytes] = mapped_column(LargeBinary)
    signer_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    signed_at: Mapped[Instant]
