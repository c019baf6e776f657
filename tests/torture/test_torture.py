"""The torture in small: the product loses, doubles and sticks at nothing, and what is wrong on purpose is seen."""

from dataclasses import replace

import pytest

from tests.torture.plan import FEED_ONLY, SMALL
from tests.torture.torment import torment


def test_kills_and_outages_lose_double_and_block_nothing() -> None:
    """Worker, gateway and PostgreSQL are killed and an agency goes away: every record has its one effect."""
    said: list[str] = []
    findings = torment(SMALL, tell=said.append)
    assert (findings.lost, findings.doubled, findings.stuck) == ({}, {}, {}), said
    assert findings.journal.endswith(" 0 problems")
    assert said[-1].count("1") == 4  # each was struck


@pytest.mark.parametrize(("broken", "seen"), [("unkeyed", "doubled"), ("cursor-first", "lost")])
def test_what_is_wrong_on_purpose_is_seen(broken: str, seen: str, database_url: str) -> None:
    """A feed whose effects are not keyed, or whose cursor goes first, does not pass the same checks."""
    findings = torment(replace(FEED_ONLY, broken=broken, rest_seconds=5), tell=str, given=database_url)
    assert sum(getattr(findings, seen).values()) > 0
    assert not findings.is_clean
