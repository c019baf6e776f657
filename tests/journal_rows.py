"""Rows of the journal as tests need them: what a source answered, and when; nothing is signed or sealed."""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def source_answered(session: AsyncSession, *outcomes: tuple[datetime, str]) -> None:
    """Write that the civil registry was asked at these instants, and how it ended each time."""
    for at, outcome in outcomes:
        await session.execute(
            text("""
                insert into journal_entry (entry_id, exchange_id, kind, client, service, message_id, user_id,
                    issue, protocol_version, x_request_id, request_in_ts, outcome, fault_code, fault_string,
                    signer, signature, purpose, agreement, attempt, peer_address, mac)
                values (gen_random_uuid(), gen_random_uuid(), 'ANSWERED', 'us', 'zags', :m, 'u', 'i', '4.0', '',
                    :at, :outcome, '', '', '', 'unsigned', '', '', 1, '', '\\x00')
            """),
            {"at": at, "outcome": outcome, "m": str(uuid4())},
        )
