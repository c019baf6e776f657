"""How long a form takes from PIN to filled, with simulated agencies on real ports: `python -m tests.benchmarks.forms`."""

import asyncio
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.foundation.embedded import embedded_postgres
from gateway.intake.autofill import Question, autofill
from gateway.intake.autofill_more import Part
from gateway.intake.ports import AskContext
from gateway.sandbox.people import SyntheticPerson, population
from gateway.wiring.opening import Gateway, open_gateway
from gateway.wiring.ready import prepare_database
from tests.running import PEOPLE, SEED, make_settings, running

FORMS, HANDS = 200, 4
CONTEXT = AskContext(user_id="clerk.one", issue="bench-1")


async def measure(url: str, folder: Path) -> tuple[list[float], float, float]:
    """Fill forms of different children, a few clerks at a time; give seconds, and characters typed and filled."""
    settings = make_settings(url, folder, KOPURO_AGENCIES__SANARIPAYMAK__ENABLED="true")
    children = [one for one in population(SEED, PEOPLE).people if one.pin and one.birth_act]
    async with running(settings) as runs, open_gateway(runs.settings) as gateway:
        await _fill(gateway, children[0])
        turns = asyncio.Semaphore(HANDS)

        async def one(child: SyntheticPerson) -> tuple[float, int, int]:
            async with turns:
                return await _fill(gateway, child)

        done = await asyncio.gather(*(one(children[number % len(children)]) for number in range(FORMS)))
    return [each[0] for each in done], _mean([each[1] for each in done]), _mean([each[2] for each in done])


async def _fill(gateway: Gateway, child: SyntheticPerson) -> tuple[float, int, int]:
    began = time.perf_counter()
    asked = Question(pin=child.pin or "", parts=tuple(Part))
    form = await autofill(
        gateway.agencies, asked, CONTEXT, deadlines=gateway.settings.background.filling.deadlines
    )
    return time.perf_counter() - began, form.typed_characters, form.filled_characters


def _mean(values: list[int]) -> float:
    return statistics.fmean(values)


def main() -> None:
    """Print percentiles."""
    with TemporaryDirectory(prefix="kf-") as name, embedded_postgres(Path(name)) as url:
        prepare_database(url)
        seconds, typed, filled = asyncio.run(measure(url, Path(name)))
    seconds.sort()
    p50, p95 = seconds[len(seconds) // 2], seconds[int(len(seconds) * 0.95)]
    sys.stdout.write(
        f"{FORMS} forms of five sources, {HANDS} clerks at once, nothing remembered: p50 {p50 * 1000:.0f} ms, "
        f"p95 {p95 * 1000:.0f} ms; {typed:.0f} characters typed, {filled:.0f} filled\n"
    )


if __name__ == "__main__":
    main()
