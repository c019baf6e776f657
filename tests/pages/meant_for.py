"""Which page is meant for whom: written down a second time on purpose, not derived from the matrix.

A page that does not stand here fails a test; so does one that answers another role. Names are those of
tests/access/world.py; EVERYBODY is every role, ANYBODY needs no sign-in.
"""

from tests.access.world import ROLES

EVERYBODY = set(ROLES)
ANYBODY = None
WATCHERS = {"special", "operator", "auditor"}
OPERATORS = {"operator"}
AUDITORS = {"auditor"}
SEES_WORK = {"operator", "auditor"}

MEANT_FOR: dict[tuple[str, str], set[str] | None] = {
    ("GET", "/"): EVERYBODY,
    ("GET", "/sign-in"): ANYBODY,
    ("POST", "/sign-in"): ANYBODY,
    ("GET", "/sign-in/second-factor"): EVERYBODY,
    ("POST", "/sign-in/second-factor"): EVERYBODY,
    ("POST", "/sign-in/second-factor/secret"): EVERYBODY,
    ("POST", "/sign-out"): EVERYBODY,
    ("POST", "/look"): ANYBODY,
    ("GET", "/console/exchanges"): WATCHERS,
    ("POST", "/console/exchanges"): WATCHERS,
    ("GET", "/console/exchanges/rows"): WATCHERS,
    ("GET", "/console/exchanges/counts"): WATCHERS,
    ("POST", "/console/exchanges/views"): WATCHERS,
    ("POST", "/console/exchanges/views/{view_id}/remove"): WATCHERS,
    ("POST", "/console/exchanges/export"): {"operator", "auditor"},
    ("GET", "/console/exchanges/{exchange_id}"): WATCHERS,
    ("GET", "/console/exchanges/{exchange_id}/messages"): {"operator", "auditor"},
    ("POST", "/console/exchanges/{exchange_id}/reveal"): AUDITORS,
    ("GET", "/console/exchanges/{exchange_id}/attempts"): WATCHERS,
    ("GET", "/console/exchanges/{exchange_id}/changes"): WATCHERS,
    ("GET", "/console/exchanges/{exchange_id}/evidence"): WATCHERS,
    ("GET", "/console/exchanges/{exchange_id}/proof.zip"): WATCHERS,
    ("GET", "/console/exchanges/{exchange_id}/related"): WATCHERS,
    ("GET", "/console/exchanges/{exchange_id}/audit"): WATCHERS,
    ("GET", "/console/acts"): AUDITORS,
    ("POST", "/console/acts/check"): AUDITORS,
    ("GET", "/console/incidents"): SEES_WORK,
    ("GET", "/console/incidents/live"): SEES_WORK,
    ("GET", "/console/incidents/{incident_id}"): SEES_WORK,
    ("POST", "/console/incidents/{incident_id}/acknowledge"): OPERATORS,
    ("POST", "/console/incidents/{incident_id}/note"): OPERATORS,
    ("POST", "/console/incidents/{incident_id}/close"): OPERATORS,
    ("GET", "/console/replays"): SEES_WORK,
    ("GET", "/console/replays/new"): OPERATORS,
    ("POST", "/console/replays/new"): OPERATORS,
    ("POST", "/console/replays"): OPERATORS,
    ("GET", "/console/replays/{run_id}"): SEES_WORK,
    ("GET", "/console/replays/{run_id}/progress"): SEES_WORK,
    ("POST", "/console/replays/{run_id}/{step}"): OPERATORS,
    ("GET", "/console/replays/{run_id}/items/{position}"): SEES_WORK,
    ("GET", "/console/alerts"): SEES_WORK,
    ("GET", "/console/alerts/rules/{rule_id}"): OPERATORS,
    ("POST", "/console/alerts/rules/{rule_id}"): OPERATORS,
    ("POST", "/console/alerts/rules/{rule_id}/trial"): OPERATORS,
    ("GET", "/console/alerts/channels/{channel_id}"): OPERATORS,
    ("POST", "/console/alerts/channels/{channel_id}"): OPERATORS,
    ("GET", "/console/work"): SEES_WORK,
    ("GET", "/console/work/live"): SEES_WORK,
    ("GET", "/console/work/jobs"): SEES_WORK,
    ("POST", "/console/work/jobs/{job_id}"): OPERATORS,
    ("POST", "/console/work/letters/{letter_id}"): OPERATORS,
    ("POST", "/console/work/holds"): OPERATORS,
}
