"""Ready or not, and why not: database, migrations, the journal's writer, keys. Reasons hold no secret and no path."""

from dataclasses import dataclass
from datetime import datetime

from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.crypto.certificates import read_certificate
from gateway.exchange.keys import read_journal_keys
from gateway.exchange.writer import JournalWriter
from gateway.foundation.clock import utc_now
from gateway.foundation.database import UNREACHABLE, Database
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Settings
from gateway.migrations.upgrade import configuration

_REVISION = text("select version_num from alembic_version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that is not ready: which part, a code for programs, a sentence for people."""

    part: str
    code: str
    sentence: str


class Readiness:
    """Asks every part that an exchange needs; nothing is sent anywhere."""

    def __init__(self, database: Database, journal: JournalWriter, settings: Settings) -> None:
        """Remember the parts, and the revisions this version of the program knows."""
        self._database = database
        self._journal = journal
        self._settings = settings
        heads = ScriptDirectory.from_config(configuration("postgresql://")).get_heads()
        self._heads = frozenset(heads)

    async def reasons(self) -> tuple[Reason, ...]:
        """Give what is not ready; nothing where everything is."""
        found = [*await self._of_database(), *self._of_journal(), *self._of_keys(utc_now())]
        return tuple(found)

    async def _of_database(self) -> list[Reason]:
        try:
            async with self._database.transaction() as session:
                return await self._of_migrations(session)
        except (SQLAlchemyError, OSError):
            return [Reason(part="database", code="DATABASE_DOWN", sentence=UNREACHABLE)]

    async def _of_migrations(self, session: AsyncSession) -> list[Reason]:
        present = frozenset((await session.execute(_REVISION)).scalars())
        if present == self._heads:
            return []
        sentence = "the database is not at this version's revision: run `kopuro migrate`"
        return [Reason(part="migrations", code="MIGRATIONS_MISSING", sentence=sentence)]

    def _of_journal(self) -> list[Reason]:
        if self._journal.is_open:
            return []
        return [
            Reason(part="journal", code="JOURNAL_CLOSED", sentence="the journal takes no record: see the log")
        ]

    def _of_keys(self, at: datetime) -> list[Reason]:
        """Look whether a restart would find its keys, and whether what we sign is still believed."""
        settings = self._settings
        journal = settings.journal
        found = []
        try:
            read_journal_keys(
                *(
                    settings.path(file)
                    for file in (journal.body_key_file, journal.mac_key_file, journal.subject_key_file)
                )
            )
        except SettingsError:
            sentence = "a key of the journal cannot be read: run `kopuro doctor`"
            found.append(Reason(part="keys", code="JOURNAL_KEY", sentence=sentence))
        try:
            certificate = read_certificate(settings.path(settings.signing.certificate_file))
        except SettingsError:
            sentence = "the signing certificate cannot be read: run `kopuro doctor`"
            found.append(Reason(part="keys", code="SIGNING_CERTIFICATE", sentence=sentence))
        else:
            if at > certificate.not_valid_after_utc:
                sentence = "the signing certificate has ended: have a new one made"
                found.append(Reason(part="keys", code="SIGNING_CERTIFICATE_ENDED", sentence=sentence))
        return found
