"""`kopuro seed`: a synthetic country of any size in the registry."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from gateway.sandbox.country.load import Watch, load_country
from gateway.sandbox.country.plan import Plan
from gateway.sandbox.country.values import Truth
from gateway.wiring.ready import begin, ready_database


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(seed)


def seed(
    *,
    learners: Annotated[int, typer.Option(help="How many synthetic learners.")],
    seed: Annotated[int, typer.Option(help="Which country: the same seed and number give the same.")] = 2026,
    truth: Annotated[Path | None, typer.Option(help="Write the planted truths to this CSV file.")] = None,
    add: Annotated[bool, typer.Option(help="Also beside people who are in the registry already.")] = False,
) -> None:
    """Fill the registry with a synthetic country: families, schools, teachers, planted truths."""
    settings = begin()
    plan = Plan(learners=learners, seed=seed)

    def progress(done: int) -> None:
        typer.echo(f"{done} of {learners} learners", err=True)

    with ready_database(settings) as ready, _truths(truth) as told:
        watch = Watch(progress=progress, truth=told)
        loaded = load_country(ready.database.url, plan, settings.fields, add=add, watch=watch)
    typer.echo(
        f"seed {seed}: {learners} learners; {loaded.batches} batches loaded, {loaded.found} were there already"
    )


class _TruthFile:
    """A CSV file of truths that appears under its name only when it is whole."""

    def __init__(self, path: Path) -> None:
        self._path, self._part = path, path.with_name(path.name + ".part")
        self._file = self._part.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(Truth._fields)

    def __call__(self, truth: Truth) -> None:
        self._writer.writerow(truth)

    def close(self, *, whole: bool) -> None:
        """Close the file; a whole one takes its name."""
        self._file.close()
        if whole:
            self._part.replace(self._path)
        else:
            self._part.unlink()


@contextmanager
def _truths(path: Path | None) -> Iterator[Callable[[Truth], None]]:
    if path is None:
        yield lambda _: None
        return
    file, whole = _TruthFile(path), False
    try:
        yield file
        whole = True
    finally:
        file.close(whole=whole)
