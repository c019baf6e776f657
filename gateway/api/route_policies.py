"""Which right every address asks for. An address that does not stand here answers nobody."""

from collections.abc import Mapping

from gateway.access.route_policy import Audience, RoutePolicy
from gateway.access.route_policy import holder as _holder
from gateway.access.values import Action, Kind
from gateway.api.operations_policies import OPERATIONS

__all__ = ["POLICIES", "Audience", "RoutePolicy"]


_ANYBODY = RoutePolicy(audience=Audience.ANYBODY)
_HALF = RoutePolicy(audience=Audience.HALF_SIGNED_IN)
_KNOWN = RoutePolicy(audience=Audience.HOLDER)  # what is nobody's secret, for people and programs alike
_SIGNED_IN = RoutePolicy(audience=Audience.SIGNED_IN)
_MANAGE = _holder(Kind.ACCOUNT, Action.MANAGE)

POLICIES: Mapping[tuple[str, str], RoutePolicy] = {
    ("POST", "/api/v1/autofill"): _holder(Kind.PERSON, Action.FILL),
    ("POST", "/api/v1/learners"): _holder(Kind.PERSON, Action.WRITE),
    ("GET", "/api/v1/learners"): _holder(Kind.PERSON, Action.READ),
    ("POST", "/api/v1/learners/search"): _holder(Kind.PERSON, Action.READ),
    ("GET", "/api/v1/learners/{isuo_no}"): _holder(Kind.PERSON, Action.READ),
    ("GET", "/api/v1/learners/{isuo_no}/orders"): _holder(Kind.PERSON, Action.READ),
    ("POST", "/api/v1/learners/{isuo_no}/orders"): _holder(Kind.PERSON, Action.WRITE),
    ("GET", "/api/v1/transfers"): _holder(Kind.PERSON, Action.READ),
    ("POST", "/api/v1/transfers/{transfer_id}/steps"): _holder(Kind.PERSON, Action.WRITE),
    ("GET", "/api/v1/organisations/{code}"): _holder(Kind.ORGANISATION, Action.READ),
    ("GET", "/api/v1/organisations/{code}/passport"): _holder(Kind.ORGANISATION, Action.READ),
    ("POST", "/api/v1/organisations/{code}/passport/confirmation"): _holder(Kind.CONFIRMATION, Action.SIGN),
    ("GET", "/api/v1/organisations/{code}/classes"): _holder(Kind.ORGANISATION, Action.READ),
    ("GET", "/api/v1/organisations/{code}/staff"): _holder(Kind.STAFF, Action.READ),
    ("POST", "/api/v1/organisations/{code}/staff"): _holder(Kind.STAFF, Action.WRITE),
    ("POST", "/api/v1/employments/{employment_id}/assignments"): _holder(Kind.STAFF, Action.WRITE),
    ("POST", "/api/v1/employments/{employment_id}/end"): _holder(Kind.STAFF, Action.WRITE),
    ("GET", "/api/v1/books"): _KNOWN,
    ("GET", "/api/v1/books/{book_code}"): _KNOWN,
    ("GET", "/api/v1/events"): _holder(Kind.EVENT, Action.READ),
    ("GET", "/api/v1/exchanges"): _holder(Kind.EXCHANGE, Action.READ_MASKED),
    ("POST", "/api/v1/exchanges/search"): _holder(Kind.EXCHANGE, Action.READ_MASKED),
    ("GET", "/api/v1/exchanges/count"): _holder(Kind.EXCHANGE, Action.READ_MASKED),
    ("GET", "/api/v1/exchanges/{exchange_id}"): _holder(Kind.EXCHANGE, Action.READ_MASKED),
    ("GET", "/api/v1/cases"): _holder(Kind.CASE, Action.READ, Action.READ_MASKED),
    ("POST", "/api/v1/cases/{case_id}/decision"): _holder(Kind.CASE, Action.APPROVE, Action.WORK),
    **OPERATIONS,
    ("POST", "/api/v1/session"): _ANYBODY,
    ("DELETE", "/api/v1/session"): _HALF,
    ("POST", "/api/v1/session/second-factor"): _HALF,
    ("POST", "/api/v1/session/second-factor/secret"): _HALF,
    ("GET", "/api/v1/oidc/start"): _ANYBODY,
    ("GET", "/api/v1/oidc/callback"): _ANYBODY,
    ("POST", "/api/v1/recovery"): _ANYBODY,
    ("GET", "/api/v1/undertaking-form"): _ANYBODY,
    ("GET", "/api/v1/me"): _HALF,
    ("POST", "/api/v1/me/password"): _SIGNED_IN,
    ("GET", "/api/v1/accounts"): _holder(Kind.ACCOUNT, Action.READ),
    ("POST", "/api/v1/accounts"): _MANAGE,
    ("GET", "/api/v1/accounts/{account_id}"): _holder(Kind.ACCOUNT, Action.READ),
    ("POST", "/api/v1/accounts/{account_id}/identification"): _MANAGE,
    ("POST", "/api/v1/accounts/{account_id}/appointments"): _MANAGE,
    ("POST", "/api/v1/accounts/{account_id}/briefings"): _MANAGE,
    ("POST", "/api/v1/accounts/{account_id}/undertakings"): _MANAGE,
    ("POST", "/api/v1/accounts/{account_id}/recovery-code"): _MANAGE,
    ("POST", "/api/v1/accounts/{account_id}/second-factor-reset"): _MANAGE,
    ("POST", "/api/v1/accounts/{account_id}/block"): _MANAGE,
    ("POST", "/api/v1/accounts/{account_id}/unblock"): _MANAGE,
    ("POST", "/api/v1/appointments/{grant_id}/end"): _MANAGE,
    ("PUT", "/api/v1/organisations/{code}/level"): _holder(Kind.ORGANISATION, Action.MANAGE),
    ("GET", "/api/v1/notices"): _holder(Kind.NOTICE, Action.READ),
    ("POST", "/api/v1/notices/{notice_id}/receipt"): _holder(Kind.NOTICE, Action.WRITE),
}
