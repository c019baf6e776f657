"""`python -m tests.benchmarks [--quick]`: run everything and print the table."""

from dataclasses import replace
from typing import Annotated

import typer

from gateway.foundation.clock import today
from tests.benchmarks.exchanges import Plan, measure, measure_echo
from tests.benchmarks.house import house, pin
from tests.benchmarks.parts import Bench, measure_parts, measure_peers
from tests.benchmarks.peers import measure_xroad_soap
from tests.benchmarks.report import Found, table
from tests.benchmarks.yardstick import Yardstick

LONG = Plan(rounds=9, exchanges=2000)
QUICK = Plan(rounds=3, exchanges=500, part_seconds=0.15)


def run(plan: Plan) -> Found:
    """Measure everything by the plan."""
    yardstick = Yardstick(plan.part_seconds)
    pin(0, 1)  # the driver and PostgreSQL; whatever is measured has the other core
    yardstick.read()
    with house("tests.benchmarks.from_memory") as built:
        from_memory = measure(built, plan, yardstick, signed=False)
    with house() as built:
        signed = measure(built, plan, yardstick, signed=True)
        unsigned = measure(built, plan, yardstick, signed=False)
        bench = Bench(
            settings=built.settings,
            requests=signed.requests,
            answer=signed.answer,
            yardstick=yardstick,
            seconds=plan.part_seconds,
            rounds=min(plan.rounds, 5),
        )
        return Found(
            signed=signed,
            unsigned=unsigned,
            from_memory=from_memory,
            xroad_soap=measure_xroad_soap(built, plan, yardstick),
            echo=measure_echo(built, plan, yardstick, signed),
            parts=measure_parts(bench),
            peers=measure_peers(bench),
            yardstick=yardstick,
            on=today(),
        )


def main(
    *,
    quick: Annotated[bool, typer.Option(help="Fewer and shorter rounds.")] = False,
    rounds: Annotated[int | None, typer.Option(help="So many rounds after the warm-up.")] = None,
    exchanges: Annotated[int | None, typer.Option(help="So many exchanges a round.")] = None,
) -> None:
    """Measure what an exchange costs, in multiples of one RSA-2048 private operation."""
    plan = QUICK if quick else LONG
    plan = replace(plan, rounds=rounds or plan.rounds, exchanges=exchanges or plan.exchanges)
    typer.echo(table(run(plan)))


if __name__ == "__main__":
    typer.run(main)
