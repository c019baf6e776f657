"""What one run of the bulk is to do, as a file: so that another process can do it, and a later one go on with it."""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

REFUSED = 2  # the exit code where the product knows what is wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run: where people come from, where decisions go, how many at a time.

    `registry` is a file; empty, this gateway's own is meant (its address is never written down). `state` tells the
    inputs apart from those of an earlier run in the same folder.
    """

    registry: str
    incoming: str
    out: str
    model: str = ""
    truth: str = ""
    chunk_rows: int = 100_000
    memory_mb: int = 2048
    spark_master: str = "local[*]"
    state: str = ""

    @property
    def work(self) -> Path:
        """Give the folder of everything but the result."""
        return Path(self.out) / "work"


def write_plan(plan: Plan, file: Path) -> None:
    """Write a plan."""
    file.write_text(json.dumps(asdict(plan), ensure_ascii=False), encoding="utf-8")


def read_plan(file: Path) -> Plan:
    """Read a plan written by `write_plan`."""
    told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return Plan(**told)


def state_of(*files: str) -> str:
    """Tell files apart by size and time of change."""
    told = [(Path(each).stat().st_size, Path(each).stat().st_mtime_ns) for each in files if each]
    return json.dumps(told)


def say(text: str) -> None:
    """Tell how far it is, on standard error."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
