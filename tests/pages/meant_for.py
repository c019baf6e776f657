"""Which page is meant for whom: written down a second time on purpose, not derived from the matrix.

A page that does not stand here fails a test; so does one that answers another role. Names are those of
tests/access/world.py; EVERYBODY is every role, ANYBODY needs no sign-in.
"""

from tests.access.world import ROLES

EVERYBODY = set(ROLES)
ANYBODY = None
WATCHERS = {"special", "operator", "auditor"}
OPERATORS = {"operator"}
CASE_READERS = {"special", "district", "head", "responsible", "auditor"}
CASE_DECIDERS = {"district", "head", "responsible"}
AUDITORS = {"auditor"}

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
    ("GET", "/console/dashboard"): WATCHERS,
    ("GET", "/console/dashboard/live"): WATCHERS,
    ("GET", "/console/agencies"): WATCHERS,
    ("POST", "/console/agencies/check"): {"operator", "auditor"},
    ("GET", "/console/cases"): CASE_READERS,
    ("GET", "/console/cases/{case_id}"): CASE_READERS,
    ("POST", "/console/cases/{case_id}/yes"): CASE_DECIDERS,
    ("POST", "/console/cases/{case_id}/no"): CASE_DECIDERS,
    ("POST", "/console/cases/{case_id}/later"): CASE_DECIDERS,
    ("POST", "/console/cases/{case_id}/approve"): CASE_DECIDERS,
    ("POST", "/console/cases/{case_id}/return"): CASE_DECIDERS,
    ("POST", "/console/cases/{case_id}/escalate"): CASE_DECIDERS,
    ("POST", "/console/cases/{case_id}/undo"): CASE_DECIDERS,
    ("POST", "/console/cases/{case_id}/reopen"): CASE_DECIDERS,
}
