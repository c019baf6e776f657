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

MEANT_FOR: dict[tuple[str, str], set[str] | None] = {
    ("GET", "/"): EVERYBODY,
    ("GET", "/sign-in"): ANYBODY,
    ("POST", "/sign-in"): ANYBODY,
    ("GET", "/sign-in/second-factor"): EVERYBODY,
    ("POST", "/sign-in/second-factor"): EVERYBODY,
    ("POST", "/sign-in/second-factor/secret"): EVERYBODY,
    ("POST", "/sign-out"): EVERYBODY,
    ("POST", "/look"): ANYBODY,
    ("GET", "/console/acts"): AUDITORS,
    ("POST", "/console/acts/check"): AUDITORS,
}
