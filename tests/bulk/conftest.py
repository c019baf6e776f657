"""Files of a small population, once for the folder."""

from dataclasses import dataclass

import pytest

from tests.matching.evaluating import write_files
from tests.matching.generator import Files, generate
from tests.matching.variants import WORLDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Generated rows, and the options that name their files."""

    files: Files
    options: list[str]


@pytest.fixture(scope="session")
def population(tmp_path_factory: pytest.TempPathFactory) -> Population:
    """1,500 entries and 400 records, with twice the usual damage."""
    files = generate(611, registry=1_500, incoming=400, world=WORLDS["twice the damage"])
    return Population(files=files, options=write_files(tmp_path_factory.mktemp("population"), files))
