"""The scenarios of the domain: each has at least one test that plays it."""

import ast
import re
from collections import Counter

from tests.conftest import ROOT

SCENARIOS = {f"S-{number}" for number in range(1, 22)}


def test_every_scenario_is_played() -> None:
    """S-1 to S-21 each begin the sentence of a test, and no sentence names another one."""
    played: Counter[str] = Counter()
    for file in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                named = re.match(r"(S-\d+):", ast.get_docstring(node) or "")
                played.update([named[1]] if named else [])
    assert set(played) == SCENARIOS
