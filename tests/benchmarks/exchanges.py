"""Whole exchanges over real HTTP: the gateway's CPU, PostgreSQL's CPU apart, and the gateway's memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.benchmarks.house import House, echo
from tests.benchmarks.load import Driven, drive
from tests.benchmarks.processes import MEGABYTE, cpu_of, family_cpu_of, resident_of
from tests.benchmarks.questions import Asker, asker
from tests.benchmarks.yardstick import Ratio, Yardstick, ratio_of

_KEPT = 8  # requests that are kept for measuring their parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured."""

    rounds: int
    exchanges: int
    connections: int = 32
    part_seconds: float = 0.3


@dataclass(slots=True, kw_only=True)
class Exchanges:
    """What one kind of exchange costs the gateway and PostgreSQL, and how memory went meanwhile."""

    gateway: list[float] = field(default_factory=list)
    postgres: list[float] = field(default_factory=list)
    resident: list[int] = field(default_factory=list)
    exchanges: int = 0
    requests: Sequence[bytes] = ()
    answer: bytes = b""

    def ratios(self) -> tuple[Ratio, Ratio]:
        """Give the costs: gateway, PostgreSQL."""
        return ratio_of(self.gateway), ratio_of(self.postgres)

    def memory(self) -> tuple[float, float]:
        """Give resident megabytes after the first (warm-up) round and after the last."""
        return self.resident[0] / MEGABYTE, self.resident[-1] / MEGABYTE


def measure(house: House, plan: Plan, yardstick: Yardstick, *, signed: bool) -> Exchanges:
    """Run one round to warm up and then the plan's rounds; requests are signed between the rounds."""
    found, asking = Exchanges(), asker(house.settings, house.learners, signed=signed)
    _round(house, plan, asking, found)
    found.resident.append(resident_of(house.gateway_pid))
    for _ in range(plan.rounds):
        before = yardstick.read()
        gateway, postgres = _round(house, plan, asking, found)
        unit = (before + yardstick.read()) / 2
        found.gateway.append(gateway / unit)
        found.postgres.append(postgres / unit)
        found.resident.append(resident_of(house.gateway_pid))
    return found


def _round(house: House, plan: Plan, asking: Asker, found: Exchanges) -> tuple[float, float]:
    bodies = asking.requests(plan.exchanges)
    gateway, postgres = cpu_of(house.gateway_pid), family_cpu_of(house.postmaster_pid)
    driven = drive(house.port, bodies, connections=plan.connections)
    gateway = cpu_of(house.gateway_pid) - gateway
    postgres = family_cpu_of(house.postmaster_pid) - postgres
    found.exchanges += len(bodies)
    found.requests, found.answer = bodies[:_KEPT], driven.first_answer
    return gateway / len(bodies), postgres / len(bodies)


def measure_echo(house: House, plan: Plan, yardstick: Yardstick, like: Exchanges) -> Ratio:
    """Measure the bare HTTP exchange of the same bytes: nothing read, nothing checked, nothing recorded."""
    bodies = [like.requests[0]] * plan.exchanges
    with echo(like.answer, house.folder) as (port, pid):
        drive(port, bodies, connections=plan.connections)

        def work() -> float:
            return cpu_during(pid, lambda: drive(port, bodies, connections=plan.connections)) / len(bodies)

        return ratio_of([yardstick.around(work) for _ in range(plan.rounds)])


def cpu_during(pid: int, work: Callable[[], Driven]) -> float:
    """Give the CPU seconds a process spends while something is done."""
    before = cpu_of(pid)
    work()
    return cpu_of(pid) - before
