"""`python -m sync.bulk.beside_database MODULE PLAN`: run an engine while this gateway's own database is ready."""

import os
import subprocess
import sys

from gateway.foundation.errors import KopuroError
from gateway.wiring.ready import begin, ready_database
from sync.bulk.plan import REFUSED, say


def main(program: list[str]) -> int:
    """Start or join the database, tell the engine where it is, and give the engine's exit code."""
    try:
        with ready_database(begin()) as settings:
            environment = os.environ | {"DATABASE_URL": settings.database.url}
            command = [sys.executable, "-m", *program]
            return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - our own module
    except KopuroError as error:
        say(f"kopuro: {error}")
        return REFUSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
