"""The command `kopuro`: every job an operator or a developer does from a terminal."""

import sys
from importlib.metadata import entry_points

import typer

from gateway.cli import demo, journal, messages, sandbox, serve
from gateway.foundation.errors import KopuroError
from gateway.wiring import COMMANDS

REFUSED = 2

app = typer.Typer(
    help="Köpürö: the interagency gateway of the education registry over Tunduk.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def build() -> typer.Typer:
    """Put the commands together: the gateway's own, then those of other packages by entry point."""
    for room in (demo, serve, sandbox, journal, messages):
        room.register(app)
    for found in entry_points(group=COMMANDS):
        found.load()(app)
    return app


def main() -> None:
    """Run a command; what the product knows to be wrong is one sentence and exit code 2."""
    try:
        build()()
    except KopuroError as error:
        sys.stderr.write(f"kopuro: {error}\n")
        sys.exit(REFUSED)


if __name__ == "__main__":
    main()
