"""Defer work inside the caller's own transaction: a rollback leaves no job behind."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

QUEUE = "kopuro"

_DEFER = text("""
    select unnest(procrastinate_defer_jobs_v1(array[row(
        cast(:queue as varchar), cast(:task as varchar), cast(:priority as integer), cast(:lock as text),
        cast(null as text), cast(:args as jsonb), cast(:scheduled_at as timestamptz)
    )]::procrastinate_job_to_defer_v1[]))
""")


async def defer(
    session: AsyncSession,
    task: str,
    *,
    lock: str | None = None,
    scheduled_at: datetime | None = None,
    priority: int = 0,
    **args: Any,
) -> int:
    """Defer `task` with JSON arguments in the session's transaction and give the job's id.

    Jobs with the same `lock` never run at the same time. Arguments are references (ids), never personal data.
    """
    result = await session.execute(
        _DEFER,
        {
            "queue": QUEUE,
            "task": task,
            "priority": priority,
            "lock": lock,
            "args": json.dumps(args),
            "scheduled_at": scheduled_at,
        },
    )
    return int(result.scalar_one())
