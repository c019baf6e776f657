"""The shipped alert rules and the dashboard name only what /metrics tells."""

import json
import re
from pathlib import Path

import yaml
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gateway.exchange.figures_rows import known_of
from gateway.foundation.clock import utc_now
from gateway.operations.watch.metrics import make_registry
from gateway.operations.watch.watcher import Watcher
from tests.exchange.journal import Journal
from tests.observe.traffic import inbound, outbound
from tests.running import make_settings

PLACE = Path(__file__).resolve().parents[2] / "config" / "observability"
_NAME = re.compile(r"kopuro_[a-z0-9_]+")
_LABELS = re.compile(r"(kopuro_[a-z0-9_]+)\{([^}]*)\}")


async def _told(journal: Journal, tmp_path: Path) -> dict[str, set[str]]:
    """Give every sample /metrics tells after traffic, with its labels."""
    settings = make_settings(
        journal.database.url, tmp_path, KOPURO_JOURNAL__ANCHOR_FILE=str(journal.anchor_file)
    )
    await inbound(journal.writer, utc_now(), succeeded=False, outcome="FAULT", fault_code="Server.INTERNAL")
    await inbound(journal.writer, utc_now())
    await outbound(journal.writer, utc_now(), "AgencyUnavailable", "OK")
    await journal.sealer.seal_once()
    watcher = Watcher(journal.database, settings)
    assert watcher.known == known_of(settings)
    assert await watcher.look() is not None
    said = generate_latest(make_registry(lambda: watcher.seen, lambda: True)).decode()
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(said):
        found.setdefault(family.name, set())
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


async def test_rules_and_dashboard_name_only_what_is_told(journal: Journal, tmp_path: Path) -> None:
    """Every metric and every label in alerts.yml and grafana.json is in /metrics, and every rule says what to do."""
    told = await _told(journal, tmp_path)
    rules = yaml.safe_load((PLACE / "alerts.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
    board = json.loads((PLACE / "grafana.json").read_text(encoding="utf-8"))
    asked = [rule["expr"] for rule in rules]
    asked += [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asked += [variable["query"] for variable in board["templating"]["list"]]
    for expression in asked:
        for name in _NAME.findall(expression):
            assert name in told, name
        for name, labels in _LABELS.findall(expression):
            assert set(re.findall(r"(\w+)=", labels)) <= told[name], expression
    assert all(rule["annotations"]["action"] and rule["labels"]["severity"] for rule in rules)
    assert len({rule["alert"] for rule in rules}) == len(rules)
    used = set(_NAME.findall(" ".join(asked)))
    silent = {name for name in told if name.startswith("kopuro_") and name not in used}
    assert silent <= {
        "kopuro_exchanges", "kopuro_exchange_duration_seconds", "kopuro_journal_seals",
        "kopuro_exchanges_created", "kopuro_journal_seals_created",
    }  # fmt: skip
