"""`python -m tests.requirements`: which test shows which row of the requirements, read off the tests themselves.

A test says what it shows by the marker `requirement("R-017")`. Rows that no test shows yet may read `later` only
where LATER allows it. `--check` ends with 1 where the table does not hold or tests/requirements.md is not fresh.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parent
TABLE = TESTS / "requirements.md"
ROWS = (*(f"R-{n:03}" for n in range(1, 88)), *(f"D-{n}" for n in range(1, 9)))
LATER = frozenset(
    "R-011 R-012 R-013 R-019 R-020 R-030 R-047 R-048 R-057 R-063 R-064 R-070 R-076 R-077 D-6".split()  # noqa: SIM905
)
_HEAD = """# Requirements and the tests that show them

Made by `python -m tests.requirements`; a test fails when it is not fresh. `later` is a row no test shows yet.

| row | shown by |
|---|---|
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One test, and the rows it says it shows."""

    test: str
    rows: tuple[str, ...]


def marked_tests(folder: Path = TESTS) -> Iterator[Shown]:
    """Read every test's marker without importing it; raises ValueError for a marker that is no list of rows."""
    for file in sorted(folder.rglob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            rows = tuple(row for mark in node.decorator_list for row in _rows(mark))
            if rows and not node.name.startswith("test_"):
                raise ValueError(f"{file.name}: {node.name} is no test, and shows nothing")
            if rows:
                yield Shown(test=f"{file.relative_to(folder.parent).as_posix()}::{node.name}", rows=rows)


def _rows(mark: ast.expr) -> Sequence[str]:
    if not isinstance(mark, ast.Call) or not ast.unparse(mark.func).endswith("mark.requirement"):
        return ()
    rows = [
        each.value for each in mark.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
    if not rows or len(rows) != len(mark.args) or mark.keywords:
        raise ValueError(f"line {mark.lineno}: a requirement is named by its row, in quotes")
    return rows


def shown_by(tests: Iterator[Shown] | Sequence[Shown]) -> dict[str, list[str]]:
    """Give the tests of each row; raises ValueError naming a test whose row there is none of."""
    found: dict[str, list[str]] = defaultdict(list)
    for each in tests:
        for row in each.rows:
            if row not in ROWS:
                raise ValueError(f"{each.test} says it shows {row}, and there is no such row")
            found[row].append(each.test)
    return dict(found)


def missing(shown: Mapping[str, Sequence[str]]) -> list[str]:
    """Give the rows that no test shows and that may not wait."""
    return [row for row in ROWS if row not in shown and row not in LATER]


def table(shown: Mapping[str, Sequence[str]]) -> str:
    """Write the table."""
    lines = [
        f"| {row} | {'<br>'.join(f'`{test}`' for test in shown.get(row, ())) or 'later'} |" for row in ROWS
    ]
    return _HEAD + "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Write the table, or with --check only say whether it holds and is fresh."""
    shown = shown_by(marked_tests())
    written = table(shown)
    if "--check" not in arguments:
        TABLE.write_text(written, encoding="utf-8")
    fresh = TABLE.exists() and TABLE.read_text(encoding="utf-8") == written
    wanting = missing(shown)
    sys.stdout.write(
        f"{len(shown)} of {len(ROWS)} rows are shown; without a test: {', '.join(wanting) or 'none'}\n"
    )
    return 0 if fresh and not wanting else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
