"""The whole examination on one screen: from the configuration outwards, each step only on sound ground."""

from collections.abc import Iterator

from gateway.cli.doctor.database import check_database, is_unmade
from gateway.cli.doctor.files import check_files
from gateway.cli.doctor.finding import Finding, Mark, bad, good, warning
from gateway.cli.doctor.machine import check_anchor, check_disks, check_door
from gateway.cli.doctor.rights import ask_services, check_rights
from gateway.cli.doctor.security_server import check_security_server
from gateway.disclosure.agreements import Agreements
from gateway.exchange.errors import JournalUnavailable
from gateway.foundation.clock import utc_now
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Settings, load
from gateway.wiring.outward import found_adapters
from gateway.wiring.ready import database_url


def examine(*, ask: bool = False) -> list[Finding]:
    """Examine this installation; `ask` sends every configured service an empty question."""
    try:
        settings = load()
        _check_names(settings)
    except SettingsError as error:
        return [bad("settings_broken", reason=error)]
    return [good("settings_good"), *_examine(settings, ask=ask)]


def _check_names(settings: Settings) -> None:
    """Raise SettingsError for names in the configuration that lead nowhere."""
    Agreements(settings)
    adapters = found_adapters()
    for name, agency in settings.agencies.items():
        if agency.enabled and agency.adapter not in adapters:
            raise SettingsError(f"agencies.{name}: there is no adapter {agency.adapter!r}; run make setup")


def _examine(settings: Settings, *, ask: bool) -> Iterator[Finding]:
    yield from check_files(settings, utc_now())
    yield check_door(settings)
    yield from check_disks(settings)
    reached = list(check_security_server(settings))
    yield from reached
    is_reached = any(found.code == "server_good" for found in reached)
    if is_reached and not ask:
        yield from check_rights(settings)
    yield from _examine_database(settings, ask=ask and is_reached)


def _examine_database(settings: Settings, *, ask: bool) -> Iterator[Finding]:
    """Look at the database, and ask the services while it is open: what is asked must be recorded."""
    if is_unmade(settings):
        yield warning("database_unmade")
        yield from check_anchor(
            settings.path(settings.journal.anchor_file), settings.path(settings.database.data_directory)
        )
        return
    try:
        with database_url(settings) as url:
            found = list(check_database(settings, url))
            yield from found
            if ask:
                is_sound = any(one.code == "database_good" for one in found)
                yield from _ask(settings, url) if is_sound else [warning("not_asked")]
    except SettingsError as error:
        yield bad("database_private_down", reason=error)


def _ask(settings: Settings, url: str) -> Iterator[Finding]:
    try:
        yield from ask_services(settings, url)
    except (SettingsError, JournalUnavailable):
        yield warning("not_asked")


def is_sick(findings: list[Finding]) -> bool:
    """Tell whether anything does not work."""
    return any(finding.mark is Mark.BAD for finding in findings)
