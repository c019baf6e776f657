"""The yardstick: CPU seconds of one RSA-2048 private operation, and the cost of anything else beside it."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A cost as a multiple of the yardstick: the median of the rounds, with the lowest and the highest."""

    median: float
    lowest: float
    highest: float
    rounds: int


def ratio_of(values: list[float]) -> Ratio:
    """Sum rounds up."""
    return Ratio(
        median=statistics.median(values), lowest=min(values), highest=max(values), rounds=len(values)
    )


@dataclass(slots=True)
class Yardstick:
    """Measures the yardstick again around every round, so that a machine that changes its pace does no harm."""

    seconds: float = 0.3
    readings: list[float] = field(default_factory=list)
    _key: rsa.RSAPrivateKey = field(
        default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )

    def read(self) -> float:
        """Measure now: CPU seconds per operation."""
        reading = cpu_per_call(self._operate, self.seconds)
        self.readings.append(reading)
        return reading

    def around(self, work: Callable[[], float]) -> float:
        """Do work that gives CPU seconds per exchange, and give it in yardsticks read before and after it."""
        before = self.read()
        cost = work()
        return cost / statistics.mean((before, self.read()))

    @property
    def spread(self) -> float:
        """How far the readings lie apart: highest by lowest."""
        return max(self.readings) / min(self.readings)

    def _operate(self) -> None:
        self._key.sign(b"one RSA-2048 private operation", padding.PKCS1v15(), hashes.SHA256())


def cpu_per_call(call: Callable[[], object], seconds: float) -> float:
    """Repeat a call for so many CPU seconds and give this process's CPU seconds for one."""
    call()
    count, start = 0, time.process_time()
    while (spent := time.process_time() - start) < seconds:
        for _ in range(20):
            call()
        count += 20
    return spent / count
