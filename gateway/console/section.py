"""The console's rooms, one line each."""

from gateway.console import acts, agencies, alerts, cases, dashboard, exchanges, incidents, replays, work
from gateway.console.dependencies import ConsoleDependencies
from gateway.pages import Section


def create_console(deps: ConsoleDependencies) -> Section:
    """Put the console together; it is mounted at /console."""
    return Section(
        name="console",
        package="gateway.console",
        rooms=(
            dashboard.room(deps),
            exchanges.room(deps),
            incidents.room(deps),
            replays.room(deps),
            cases.room(deps),
            work.room(deps),
            agencies.room(deps),
            alerts.room(deps),
            acts.room(deps),
        ),
    )
