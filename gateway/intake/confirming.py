"""The head's confirmation of a passport, for the API and the pages alike: by signature, or by word where allowed."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.values import Caller
from gateway.crypto.certificates import read_certificate
from gateway.crypto.detached import DetachedSignature, Trust
from gateway.foundation.errors import InputRefused, SettingsError, SignatureError
from gateway.foundation.settings import Settings
from gateway.intake.signature_sentences import refusal_of
from gateway.registry.model import Organisation
from gateway.registry.organisations.confirmation import confirm_passport
from gateway.registry.organisations.signing import Head, sign_passport


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceremony:
    """Whose certificates count, and whether a word is not enough."""

    trust: Trust
    required: bool


def read_ceremony(settings: Settings) -> Ceremony:
    """Read the authorities of the settings; raises SettingsError for a file or a number that is none."""
    given = settings.signatures
    try:
        revoked = frozenset(int(serial, 16) for serial in given.revoked_serials)
    except ValueError:
        raise SettingsError("signatures.revoked_serials holds hexadecimal numbers") from None
    files = (settings.path(Path(file)) for file in given.authority_files)
    trust = Trust(authorities=tuple(read_certificate(file) for file in files), revoked=revoked)
    return Ceremony(trust=trust, required=given.required)


async def confirm(  # noqa: PLR0913 - what is confirmed, how, by whom, when
    session: AsyncSession,
    organisation: Organisation,
    signature: DetachedSignature | None,
    *,
    ceremony: Ceremony,
    by: Caller,
    at: datetime,
    user_id: str,
) -> UUID:
    """Confirm the passport as it is now and give the confirmation's id.

    Raises InputRefused (`signature`) where a signature is required and missing, or proves something else.
    """
    if signature is None:
        if ceremony.required:
            raise InputRefused((("signature", "SIGNATURE_REQUIRED"),))
        return await confirm_passport(session, organisation.id, confirmed_by=user_id, at=at)
    assert by.person_id is not None
    head = Head(person_id=by.person_id, user_id=user_id)
    try:
        return await sign_passport(session, organisation, signature, head=head, trust=ceremony.trust, at=at)
    except SignatureError as error:
        raise InputRefused((("signature", refusal_of(error)),)) from None
