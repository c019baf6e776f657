"""What can go wrong in the journal.

KopuroError
├── JournalUnavailable   the record could not be made durable now; `permanent` is False
├── JournalRejected      the database refuses this one record, however often it is tried
├── JournalDamaged       a stored body does not open, or is not there
└── AnchorConflict       the anchor file knows seals that the database does not
"""

from gateway.foundation.errors import KopuroError


class JournalUnavailable(KopuroError):
    """The journal could not record the exchange: nothing may be answered or sent; try again later."""

    permanent = False


class JournalRejected(KopuroError):
    """The database refuses this record; the message holds its SQLSTATE, never the row."""


class JournalDamaged(KopuroError):
    """A stored body is missing, or does not open with the journal's key."""


class AnchorConflict(KopuroError):
    """The anchor file and the database do not tell the same story; sealing waits for an operator."""
