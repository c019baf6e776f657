"""The second wall: a transaction in which PostgreSQL itself shows an account no row beyond its reach."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.database import Database

API_ROLE = "kopuro_api"
_PUT_ON = text("select set_config('kopuro.account_id', :account_id, true), set_config('role', :role, true)")


@asynccontextmanager
async def walled(database: Database, account_id: UUID) -> AsyncIterator[AsyncSession]:
    """Open a transaction under the API's role as an account; role and account are gone at its end."""
    async with database.transaction() as session:
        await session.execute(_PUT_ON, {"account_id": str(account_id), "role": API_ROLE})
        yield session
