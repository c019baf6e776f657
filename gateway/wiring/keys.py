"""The keys that settings name: our signature's, the journal's."""

from gateway.crypto.digest import signature_algorithm
from gateway.crypto.keys import FileSigner
from gateway.exchange.keys import JournalKeys, read_journal_keys
from gateway.foundation.settings import Settings


def read_signer(settings: Settings) -> FileSigner:
    """Read our signing key; raises SettingsError."""
    signing = settings.signing
    return FileSigner(
        settings.path(signing.key_file),
        settings.path(signing.certificate_file),
        signature_algorithm(signing.signature_algorithm),
    )


def read_keys(settings: Settings) -> JournalKeys:
    """Read the journal's keys; raises SettingsError."""
    journal = settings.journal
    return read_journal_keys(
        settings.path(journal.body_key_file),
        settings.path(journal.mac_key_file),
        settings.path(journal.subject_key_file),
    )
