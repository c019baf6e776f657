"""People read row by row, from any file or the registry, and laid out in Parquet: for whatever is no plain CSV."""

from gateway.matching.census import Census
from sync.bulk.engines import Engine
from sync.bulk.gathering import People
from sync.bulk.plan import Plan, say
from sync.bulk.sources import incoming_people, registry_people, stored_population
from sync.bulk.staging import Staged, lay_out


def staged(plan: Plan, engine: Engine) -> Staged:
    """Give what an earlier run laid out."""
    return Staged(engine=engine, folder=plan.work)


def in_parquet(plan: Plan, engine: Engine, census: Census) -> People:
    """Lay everybody out; the census counts the entries."""
    entries = incoming = 0
    for entries in lay_out(registry_people(plan.registry, census), plan.work / "entries"):
        say(f"{entries} entries laid out")
    for incoming in lay_out(incoming_people(plan.incoming), plan.work / "incoming"):
        say(f"{incoming} records laid out")
    stage = staged(plan, engine)
    size = entries if plan.registry else stored_population()
    return People(stage=stage, entries=entries, incoming=incoming, population=size)
