"""The table of requirements is whole, fresh, and names only what there is."""

from pathlib import Path

import pytest

from tests.requirements import LATER, ROWS, TABLE, Shown, marked_tests, missing, shown_by, table


def test_every_row_is_shown_by_a_test_or_may_wait() -> None:
    """No row is without a test but those that may read `later`."""
    assert missing(shown_by(marked_tests())) == []
    assert set(ROWS) >= LATER
    assert len(ROWS) == len(set(ROWS)) == 95


def test_the_written_table_is_that_of_the_tests() -> None:
    """tests/requirements.md is what `python -m tests.requirements` writes now."""
    assert TABLE.read_text(encoding="utf-8") == table(shown_by(marked_tests()))


def test_a_row_that_does_not_exist_is_named() -> None:
    """A marker with an unknown row fails with the test's name."""
    with pytest.raises(ValueError, match="test_x says it shows R-088"):
        shown_by([Shown(test="test_x", rows=("R-001", "R-088"))])
    assert missing({}) == [row for row in ROWS if row not in LATER]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import pytest\n@pytest.mark.requirement()\ndef test_x(): ...\n", "named by its row"),
        (
            "import pytest\nROW = 'R-001'\n@pytest.mark.requirement(ROW)\ndef test_x(): ...\n",
            "named by its row",
        ),
        ("import pytest\n@pytest.mark.requirement('R-001')\ndef made(): ...\n", "is no test"),
    ],
)
def test_a_marker_that_says_nothing_is_refused(tmp_path: Path, source: str, why: str) -> None:
    """A marker without a row, with a row nobody can read, or on what is no test, ends the reading."""
    (tmp_path / "test_made.py").write_text(source)
    with pytest.raises(ValueError, match=why):
        list(marked_tests(tmp_path))
