"""The rules a new installation begins with: put into the database once, and from then on what people make of them."""

import tomllib
from collections.abc import Mapping
from datetime import time
from importlib.resources import files
from typing import Any
from uuid import uuid4

from sqlalchemy.dialects.postgresql import insert

from gateway.exchange.agency_tables import ScheduleMark
from gateway.foundation.clock import day_of, utc_now
from gateway.foundation.database import Database
from gateway.operations.alert_kinds import RuleKind, checked_parameters
from gateway.operations.alert_tables import AlertRule

_MARK = "shipped_alert_rules"


async def ship_rules(database: Database) -> int:
    """Write the shipped rules where that was never done, and give how many; whatever became of them since, stays."""
    now = utc_now()
    mark = insert(ScheduleMark).values(name=_MARK, done_on=day_of(now), marked_at=now)
    async with database.transaction() as session:
        first = await session.execute(mark.on_conflict_do_nothing().returning(ScheduleMark.name))
        if first.first() is None:
            return 0
        made = insert(AlertRule).on_conflict_do_nothing().returning(AlertRule.id)
        rows = [{**row, "id": uuid4(), "changed_by": "kopuro", "changed_at": now} for row in shipped_rules()]
        return len((await session.execute(made, rows)).all())


def shipped_rules() -> list[dict[str, Any]]:
    """Read them as rows; raises InputRefused where a number of the file is out of bounds."""
    written = files("gateway.operations").joinpath("shipped_rules.toml").read_text(encoding="utf-8")
    return [_row(rule) for rule in tomllib.loads(written)["rules"]]


def _row(rule: Mapping[str, Any]) -> dict[str, Any]:
    begin, end = (time.fromisoformat(each) for each in rule["quiet"]) if "quiet" in rule else (None, None)
    return {
        "name": rule["name"],
        "kind": rule["kind"],
        "parameters": checked_parameters(RuleKind(rule["kind"]), rule.get("parameters", {})),
        "urgent": rule.get("urgent", False),
        "quiet_from": begin,
        "quiet_until": end,
        "enabled": True,
    }
