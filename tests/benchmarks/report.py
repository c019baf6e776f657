"""The table: plain text, ratios only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from tests.benchmarks.exchanges import Exchanges
from tests.benchmarks.parts import Parts
from tests.benchmarks.yardstick import Ratio, Yardstick

_NAME, _NUMBER = 44, 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Everything one run found."""

    signed: Exchanges
    unsigned: Exchanges
    from_memory: Exchanges
    xroad_soap: Ratio | None
    echo: Ratio
    parts: Parts
    peers: Parts
    yardstick: Yardstick
    on: date


def table(found: Found) -> str:
    """Write the run's findings, each as a multiple of one RSA-2048 private operation."""
    return "\n".join(
        (
            f"{found.on}: CPU in multiples of one RSA-2048 private operation (the yardstick)",
            _line("", ("median", "lowest", "highest", "rounds")),
            "one getLearnerStatus exchange over HTTP",
            *_exchange("signed", found.signed),
            *_exchange("unsigned", found.unsigned),
            *_exchange("unsigned, subject in memory", found.from_memory),
            _row("bare HTTP echo of the same bytes", found.echo),
            "parts of the signed exchange, each alone in one process",
            *(_row(name, ratio) for name, ratio in found.parts.items()),
            _sum(found),
            "peers on the same request",
            *(_row(name, ratio) for name, ratio in found.peers.items()),
            *_xroad_soap(found),
            *_memory(found),
            f"yardstick: {len(found.yardstick.readings)} readings, highest / lowest {found.yardstick.spread:.2f}",
        )
    )


def _exchange(name: str, exchanges: Exchanges) -> Iterable[str]:
    gateway, postgres = exchanges.ratios()
    yield _row(f"{name}: gateway", gateway)
    yield _row(f"{name}: PostgreSQL", postgres)


def _xroad_soap(found: Found) -> Iterable[str]:
    """Set the peer that answers from memory and records nothing beside ours that answers so and does record."""
    if found.xroad_soap is None:
        yield _line("fastapi-xroad-soap: could not be installed", ())
        return
    ours, _ = found.from_memory.ratios()
    yield _row("fastapi-xroad-soap: unsigned, from memory", found.xroad_soap)
    yield _line("… as many times ours, subject in memory", (f"{found.xroad_soap.median / ours.median:.1f}",))


def _sum(found: Found) -> str:
    """Set the parts' sum with the echo against the whole: what is left is waiting, tasks and the sealer."""
    gateway, _ = found.signed.ratios()
    known = sum(ratio.median for ratio in found.parts.values()) + found.echo.median
    return _line("the rest of the whole (tasks, sealer, caches)", (f"{gateway.median - known:.2f}",))


def _memory(found: Found) -> Iterable[str]:
    first, last = found.signed.memory()
    yield (
        f"gateway's resident memory: {first:.0f} MB after the warm-up, {last:.0f} MB after "
        f"{found.signed.exchanges} signed exchanges, {found.unsigned.memory()[1]:.0f} MB at the end"
    )


def _row(name: str, ratio: Ratio) -> str:
    numbers = (f"{ratio.median:.2f}", f"{ratio.lowest:.2f}", f"{ratio.highest:.2f}", str(ratio.rounds))
    return _line(name, numbers)


def _line(name: str, numbers: Iterable[str]) -> str:
    return f"  {name:<{_NAME}}" + "".join(f"{number:>{_NUMBER}}" for number in numbers)
