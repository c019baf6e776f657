"""The command `kopuro`: every job an operator or a developer does from a terminal."""

import signal
import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from types import FrameType

import typer

from gateway.foundation.errors import KopuroError

COMMANDS = "kopuro.commands"  # entry points of other packages, named by the words they serve
REFUSED = 2
# the modules here, and the words after `kopuro` that each serves: only what is asked for is loaded
ROOMS: Mapping[str, tuple[str, ...]] = {
    "demo": ("demo",),
    "demo_accounts": ("demo-code",),
    "serve": ("serve", "migrate"),
    "sandbox": ("sandbox",),
    "seed": ("seed",),
    "journal": ("journal",),
    "exchanges": ("exchanges",),
    "messages": ("sample", "message", "signature"),
    "match": ("match",),
    "fault": ("fault",),
    "contract": ("contract",),
    "doctor": ("doctor",),
    "xroad": ("xroad",),
    "books": ("books", "columns"),
    "account": ("first-administrator", "roles"),
    "export": ("export",),
    "cases": ("case",),
    "incidents": ("incident",),
    "replays": ("replay",),
    "alerts": ("alert",),
    "work": ("work",),
    "registers": ("registers",),
}


def build(word: str = "") -> typer.Typer:
    """Put together the commands that begin with a word; all of them without one, or with one nobody serves.

    This package's come first: another's may join their groups, as `match bulk` does.
    """
    app = typer.Typer(
        help="Köpürö: the interagency gateway of the education registry over Tunduk.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.callback()(_group)
    others = entry_points(group=COMMANDS)
    rooms = [room for room, words in ROOMS.items() if word in words]
    joining = [each for each in others if each.name == word]
    if not rooms and not joining:
        rooms, joining = list(ROOMS), list(others)
    for room in rooms:
        import_module(f"gateway.cli.{room}").register(app)
    for found in {each.value: each for each in joining}.values():
        found.load()(app)
    return app


def _group() -> None:
    """Keep `kopuro` a group where only one command is loaded."""


def main() -> None:
    """Run a command; what the product knows to be wrong is one sentence and exit code 2."""
    signal.signal(signal.SIGTERM, _end_in_order)
    try:
        build(next(iter(sys.argv[1:]), ""))()
    except KopuroError as error:
        sys.stderr.write(f"kopuro: {error}\n")
        sys.exit(REFUSED)


def _end_in_order(number: int, _: FrameType | None) -> None:
    """Let every `with` close what it opened, the private PostgreSQL included, before SIGTERM ends the process."""
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
