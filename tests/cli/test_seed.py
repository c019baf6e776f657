"""`kopuro seed`: what it prints, writes and refuses."""

import csv
from pathlib import Path

from gateway.sandbox.country.plan import Plan
from gateway.sandbox.country.planting import make_batch
from gateway.sandbox.country.values import Truth
from tests.cli.conftest import Kopuro


def test_the_command_writes_the_truths(kopuro: Kopuro, database_url: str, tmp_path: Path) -> None:
    """A run leaves a whole CSV of what was planted, without a PIN in it, and a second run the same."""
    truth, batch = tmp_path / "truth.csv", make_batch(Plan(learners=100, seed=8), 0)
    for loaded, found in ((1, 0), (0, 1)):
        ended = kopuro(
            "seed", "--learners", "100", "--seed", "8", "--truth", str(truth), DATABASE_URL=database_url
        )
        said = f"seed 8: 100 learners; {loaded} batches loaded, {found} were there already\n"
        assert (ended.code, ended.out) == (0, said)
        assert ("100 of 100 learners" in ended.err) == bool(loaded)
        with truth.open(encoding="utf-8", newline="") as file:
            rows = [Truth(*row) for row in list(csv.reader(file))[1:]]
        assert rows == list(batch.truths)
        assert list(tmp_path.iterdir()) == [truth]
    told = truth.read_text(encoding="utf-8")
    for person in batch.people:
        assert all(each.value not in told for each in person.identifiers)


def test_a_refused_country_leaves_no_file(kopuro: Kopuro, database_url: str, tmp_path: Path) -> None:
    """Beside another country without --add, and with too few learners, it is one sentence and no file."""
    truth = tmp_path / "truth.csv"
    kopuro("seed", "--learners", "100", "--seed", "1", DATABASE_URL=database_url)
    for learners, reason in (("100", "holds people already"), ("99", "must be from 100 to")):
        ended = kopuro(
            "seed", "--learners", learners, "--seed", "2", "--truth", str(truth), DATABASE_URL=database_url
        )
        assert ended.code == 2
        assert ended.err.startswith("kopuro: ")
        assert reason in ended.err
        assert list(tmp_path.iterdir()) == []
