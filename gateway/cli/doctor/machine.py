"""The doctor looks at this machine: the anchor file's place, free disk space, the address we listen on."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from gateway.cli.doctor.finding import Finding, bad, good, warning
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Settings
from gateway.foundation.tls import check_listening

GIB = 1024**3
SCARCE, LITTLE = 1 * GIB, 5 * GIB


class Usage(NamedTuple):
    """What shutil.disk_usage gives, in bytes."""

    total: int
    used: int
    free: int


Measure = Callable[[Path], Usage]


def _measure(path: Path) -> Usage:
    return Usage(*shutil.disk_usage(path))


def check_door(settings: Settings) -> Finding:
    """Look at where we would listen."""
    try:
        check_listening(settings)
    except SettingsError as error:
        return bad("listening_refused", reason=error)
    return good("listening_good", host=settings.server.host, port=settings.server.port)


def check_anchor(anchor: Path, database_directory: Path | None) -> Iterator[Finding]:
    """Look whether seals can be written, and not to the disk whose loss they are to survive.

    `database_directory` is where the database's files are; None when that is another machine, or not known.
    """
    place = _existing(anchor)
    try:
        _try_to_append(anchor, place)
    except OSError as error:
        yield bad("anchor_unwritable", file=anchor, reason=error.strerror)
        return
    if database_directory and place.stat().st_dev == _existing(database_directory).stat().st_dev:
        yield warning("anchor_beside_database", file=anchor)
    else:
        yield good("anchor_good", file=anchor)


def _try_to_append(anchor: Path, place: Path) -> None:
    """Raise OSError unless the file can be appended to, or made where it is to be; changes nothing."""
    if place == anchor:
        with anchor.open("ab"):
            return
    if not place.is_dir():
        raise NotADirectoryError(20, os.strerror(20))
    if not os.access(place, os.W_OK | os.X_OK):
        raise PermissionError(13, os.strerror(13))


def _existing(path: Path) -> Path:
    """Give the path itself, or its nearest ancestor that is there."""
    return next(place for place in (path, *path.resolve().parents) if place.exists())


def check_disks(settings: Settings, measure: Measure = _measure) -> Iterator[Finding]:
    """Look at the free space where the database and the anchor file live."""
    places = {
        _existing(settings.path(settings.database.data_directory)),
        _existing(settings.path(settings.journal.anchor_file)).parent,
    }
    told: set[int] = set()
    for place in sorted(places):
        if place.stat().st_dev not in told:
            told.add(place.stat().st_dev)
            yield _judge(place, measure(place))


def _judge(place: Path, usage: Usage) -> Finding:
    values = {"place": place, "free": f"{usage.free / GIB:.1f}", "total": f"{usage.total / GIB:.1f}"}
    if usage.free < SCARCE:
        return bad("disk_full", **values)
    if usage.free < LITTLE:
        return warning("disk_low", **values)
    return good("disk_good", **values)
