"""Which right every address of operators' work asks for."""

from collections.abc import Mapping

from gateway.access.route_policy import RoutePolicy, holder
from gateway.access.values import Action, Kind

_READ = holder(Kind.WORK, Action.READ)
_WRITE = holder(Kind.WORK, Action.WRITE)
_MANAGE = holder(Kind.WORK, Action.MANAGE)
_REPLAY = holder(Kind.EXCHANGE, Action.REPLAY)

OPERATIONS: Mapping[tuple[str, str], RoutePolicy] = {
    ("GET", "/api/v1/incidents"): _READ,
    ("GET", "/api/v1/incidents/{incident_id}"): _READ,
    ("GET", "/api/v1/incidents/{incident_id}/exchanges"): _READ,
    ("POST", "/api/v1/incidents/{incident_id}/acknowledgement"): _WRITE,
    ("POST", "/api/v1/incidents/{incident_id}/notes"): _WRITE,
    ("POST", "/api/v1/incidents/{incident_id}/closing"): _WRITE,
    ("POST", "/api/v1/replays/preview"): _REPLAY,
    ("POST", "/api/v1/replays"): _REPLAY,
    ("GET", "/api/v1/replays"): _READ,
    ("GET", "/api/v1/replays/{run_id}"): _READ,
    ("GET", "/api/v1/replays/{run_id}/items"): _READ,
    ("POST", "/api/v1/replays/{run_id}/steps"): _REPLAY,
    ("GET", "/api/v1/replays/{run_id}/items/{position}/diff"): holder(Kind.EXCHANGE, Action.READ_BODY),
    ("GET", "/api/v1/alerts"): _READ,
    ("GET", "/api/v1/alerts/deliveries"): _READ,
    ("GET", "/api/v1/alerts/rules"): _READ,
    ("POST", "/api/v1/alerts/rules"): _MANAGE,
    ("PUT", "/api/v1/alerts/rules/{rule_id}"): _MANAGE,
    ("POST", "/api/v1/alerts/rules/{rule_id}/trial"): _WRITE,
    ("GET", "/api/v1/alerts/channels"): _READ,
    ("POST", "/api/v1/alerts/channels"): _MANAGE,
    ("PUT", "/api/v1/alerts/channels/{channel_id}"): _MANAGE,
    ("GET", "/api/v1/background"): _READ,
    ("GET", "/api/v1/background/jobs"): _READ,
    ("POST", "/api/v1/background/jobs/{job_id}/steps"): _WRITE,
    ("POST", "/api/v1/background/letters/{letter_id}/steps"): _WRITE,
    ("POST", "/api/v1/background/holds"): _WRITE,
}
