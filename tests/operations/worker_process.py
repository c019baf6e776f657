"""A real worker with the gateway opened against a sandbox, in a process of its own that may be killed."""

import asyncio
import os
import sys
from pathlib import Path

from gateway.wiring.opening import open_gateway
from sync.dependencies import WorkerDependencies
from sync.worker import run_worker
from tests.operations.conftest import settings_in


async def main(url: str, folder: Path) -> None:
    """Work until killed."""
    settings = settings_in(
        url, folder, **{name: value for name, value in os.environ.items() if name.startswith("KOPURO_")}
    )
    async with open_gateway(settings) as gateway:
        await run_worker(
            WorkerDependencies(
                database=gateway.database,
                agencies=gateway.agencies,
                settings=gateway.settings,
                resender=gateway.resender,
            )
        )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
