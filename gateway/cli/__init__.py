"""The command `kopuro`: every job an operator or a developer does from a terminal."""

import signal
import sys
from importlib.metadata import entry_points
from types import FrameType

import typer

from gateway.cli import (
    account,
    alerts,
    books,
    cases,
    contract,
    demo,
    demo_accounts,
    doctor,
    exchanges,
    export,
    fault,
    incidents,
    journal,
    match,
    messages,
    replays,
    sandbox,
    seed,
    serve,
    work,
    xroad,
)
from gateway.foundation.errors import KopuroError
from gateway.wiring import COMMANDS

REFUSED = 2


def build() -> typer.Typer:
    """Put the commands together: the gateway's own, then those of other packages by entry point."""
    app = typer.Typer(
        help="Köpürö: the interagency gateway of the education registry over Tunduk.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    for room in (
        demo,
        demo_accounts,
        serve,
        sandbox,
        seed,
        journal,
        exchanges,
        messages,
        match,
        fault,
        contract,
        doctor,
        xroad,
        books,
        account,
        export,
        cases,
        incidents,
        replays,
        alerts,
        work,
    ):
        room.register(app)
    for found in entry_points(group=COMMANDS):
        found.load()(app)
    return app


def main() -> None:
    """Run a command; what the product knows to be wrong is one sentence and exit code 2."""
    signal.signal(signal.SIGTERM, _end_in_order)
    try:
        build()()
    except KopuroError as error:
        sys.stderr.write(f"kopuro: {error}\n")
        sys.exit(REFUSED)


def _end_in_order(number: int, _: FrameType | None) -> None:
    """Let every `with` close what it opened, the private PostgreSQL included, before SIGTERM ends the process."""
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
