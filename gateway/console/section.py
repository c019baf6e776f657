"""The console's rooms, one line each."""

from gateway.console import acts, agencies, cases, dashboard, exchanges
from gateway.console.dependencies import ConsoleDependencies
from gateway.pages import Section


def create_console(deps: ConsoleDependencies) -> Section:
    """Put the console together; it is mounted at /console."""
    return Section(
        name="console",
        package="gateway.console",
        rooms=(
            exchanges.room(deps),
            acts.room(deps),
            dashboard.room(deps),
            agencies.room(deps),
            cases.room(deps),
        ),
    )
