"""The console's rooms, one line each."""

from gateway.console import acts, agencies, cases, dashboard
from gateway.console.dependencies import ConsoleDependencies
from gateway.pages import Section


def create_console(deps: ConsoleDependencies) -> Section:
    """Put the console together; it is mounted at /console."""
    return Section(
        name="console",
        package="gateway.console",
        rooms=(acts.room(deps), dashboard.room(deps), agencies.room(deps), cases.room(deps)),
    )
