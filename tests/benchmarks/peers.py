"""fastapi-xroad-soap on the very same bytes: in a Python environment of its own, for it needs an older lxml."""

import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.exchanges import Plan, cpu_during
from tests.benchmarks.house import House, free_port, program_running
from tests.benchmarks.load import drive
from tests.benchmarks.questions import asker
from tests.benchmarks.yardstick import Ratio, Yardstick, ratio_of
from tests.conftest import ROOT

_PEER = Path(__file__).with_name("peer")
_SHARE = 20  # it is slow: a round takes a part of the plan's exchanges


def measure_xroad_soap(house: House, plan: Plan, yardstick: Yardstick) -> Ratio | None:
    """Measure the peer's CPU per exchange; None where it could not be installed."""
    python = _installed(ROOT / "var" / "peer")
    if python is None:
        return None
    bodies = asker(house.settings, house.learners, signed=False).requests(max(plan.exchanges // _SHARE, 20))
    with _peer(python, house.folder) as (port, pid):
        drive(port, bodies, connections=plan.connections)

        def work() -> float:
            return cpu_during(pid, lambda: drive(port, bodies, connections=plan.connections)) / len(bodies)

        return ratio_of([yardstick.around(work) for _ in range(plan.rounds)])


@contextmanager
def _peer(python: Path, folder: Path) -> Iterator[tuple[int, int]]:
    port = free_port()
    command = [str(python), str(_PEER / "app.py"), str(port)]
    with program_running(command, port, folder / "peer.log", {}) as pid:
        yield port, pid


def _installed(folder: Path) -> Path | None:
    """Install the peer once, by hashes; gives its Python."""
    python, stamp = folder / "bin" / "python", folder / ".ready"
    locked = _PEER / "requirements.txt"
    if stamp.exists() and stamp.read_bytes() == locked.read_bytes():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    install = [
        str(python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "--no-deps",
        "-r",
        str(locked),
    ]
    done = subprocess.run(install, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.stderr.write(f"fastapi-xroad-soap could not be installed: {done.stderr[-300:]}\n")
        return None
    stamp.write_bytes(locked.read_bytes())
    return python
