"""What a verification of the journal found: places, not guesses."""

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

Part = Literal["entry", "body", "claim", "seal", "anchor"]

MOST_PROBLEMS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, and where: the part, and of seal, row and entry whatever is known."""

    part: Part
    what: str
    seal: int | None = None
    seq: int | None = None
    entry_id: UUID | None = None

    def __str__(self) -> str:
        places = (("seal", self.seal), ("seq", self.seq), ("entry_id", self.entry_id))
        known = " ".join(f"{name} {place}" for name, place in places if place is not None)
        return f"{self.part}{f' ({known})' if known else ''}: {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The verdict. Rows not sealed yet and seals not exported yet are counted; they are no problems.

    `problems` holds the first thousand of `problem_count`.
    """

    seals: int
    sealed: int
    unsealed: int
    not_exported: int
    bodies: int
    problems: tuple[Problem, ...]
    problem_count: int

    @property
    def clean(self) -> bool:
        """Tell whether nothing is wrong."""
        return self.problem_count == 0


@dataclass(slots=True)
class Findings:
    """The report while it is being written."""

    seals: int = 0
    sealed: int = 0
    unsealed: int = 0
    not_exported: int = 0
    bodies: int = 0
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0

    def add(self, problem: Problem) -> None:
        """Note a problem; beyond the first thousand they are only counted."""
        self.problem_count += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)

    def report(self) -> Report:
        """Give the verdict."""
        return Report(
            seals=self.seals,
            sealed=self.sealed,
            unsealed=self.unsealed,
            not_exported=self.not_exported,
            bodies=self.bodies,
            problems=tuple(self.problems),
            problem_count=self.problem_count,
        )
