"""Work that goes on after an answer has left: kept hold of until it ends or the program does."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Tasks:
    """Running work; nobody waits for it longer than told."""

    def __init__(self) -> None:
        """Begin with none."""
        self._running: set[asyncio.Task[Any]] = set()

    async def begin(self, work: Coroutine[Any, Any, None], *, wait_seconds: float) -> None:
        """Begin work and wait a little for its end; what it raises within that time is raised here."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        done, _ = await asyncio.wait([task], timeout=wait_seconds)
        if done:
            task.result()
