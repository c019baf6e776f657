"""A process that has everything imported and bears workers and gateways by fork: so that they can be killed often.

It reads `NAME LOGFILE ARGUMENT…` from standard input, a line a child, and answers with the child's number.
"""

import asyncio
import os
import signal
import sys

from gateway.cli import main as kopuro
from tests.torture.worker import work


def bear(name: str, log: str, arguments: list[str]) -> int:
    """Fork a child that becomes a worker, or `kopuro ARGUMENTS`, and give its number."""
    number = os.fork()
    if number:
        return number
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(said, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    status = 1
    try:
        if name.startswith("worker"):
            asyncio.run(work())
        else:
            sys.argv = ["kopuro", *arguments]
            kopuro()
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def main() -> None:
    """Bear children until nobody asks for more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead need nobody to wait for them
    for line in sys.stdin:
        name, log, *arguments = line.split()
        sys.stdout.write(f"{bear(name, log, arguments)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
