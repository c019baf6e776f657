"""The block every published answer begins with: result, date, registry position, disclosure, data quality."""

from datetime import date
from uuid import UUID

from gateway.foundation.clock import day_of
from gateway.registry.entries import PersonEntry
from gateway.services.codec import Tree, present


def answer_block(
    result_code: str, as_of: date, *, registry_seq: int, disclosure_id: UUID, quality: Tree | None = None
) -> Tree:
    """Write the block; without a subject there is no quality to speak of."""
    return present(
        [
            ("resultCode", result_code),
            ("asOfDate", as_of.isoformat()),
            ("registrySeq", str(registry_seq)),
            ("disclosureId", str(disclosure_id)),
            ("dataQuality", quality),
        ]
    )


def quality_of(person: PersonEntry, *, open_case: bool, today: date) -> Tree:
    """Say how much the person's data are worth."""
    identity = "DISPUTED" if open_case and person.identity != "VERIFIED" else person.identity
    stale = str((today - day_of(person.verified_at)).days) if person.verified_at else None
    return present([("identity", identity), ("staleDays", stale), ("openCase", truth(value=open_case))])


def truth(*, value: bool) -> str:
    """Write an xs:boolean."""
    return "true" if value else "false"
