"""`make torture`: ten thousand records under two hundred kills; exit code 1 where anything is lost, doubled or stuck."""

import argparse
import sys
import time
from dataclasses import replace

from tests.torture.checks import Findings
from tests.torture.plan import FEED_ONLY, SMALL, WHOLE
from tests.torture.torment import torment

PLANS = {"whole": WHOLE, "small": SMALL, "feed": FEED_ONLY}


def main() -> int:
    """Run a plan and print what was found."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--plan", choices=PLANS, default="whole")
    asked.add_argument("--seed", type=int, default=2026)
    asked.add_argument("--broken", choices=("", "unkeyed", "cursor-first"), default="")
    asked.add_argument("--scale", type=float, default=1.0, help="a part of the plan, or a multiple")
    given = asked.parse_args()
    plan = replace(PLANS[given.plan].scaled(given.scale), seed=given.seed, broken=given.broken)
    began = time.monotonic()
    findings = torment(plan, tell=_tell)
    _report(findings)
    _tell(f"{plan.records} records, {plan.kills} kills, {time.monotonic() - began:.0f} s")
    return 0 if findings.is_clean else 1


def _report(findings: Findings) -> None:
    for name in ("lost", "doubled", "stuck"):
        found: dict[str, int] = getattr(findings, name)
        _tell(
            f"{name}: {sum(found.values())}{''.join(f'; {what}: {number}' for what, number in found.items())}"
        )
    _tell(f"journal: {findings.journal}")


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
