"""Two records side by side: where their spellings differ, how the weights add up, and whom to beware of."""

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Indel

from gateway.matching.comparison import FIELDS
from gateway.matching.levels import LIKE_NAME, OTHER_NAME, SAME_NAME, Level
from gateway.matching.record import Record
from gateway.matching.scale import Evidence

_HIDDEN = frozenset({"pin", "birth_certificate", "passport"})
_SHOWN_AT_END = 2
DOT = "•"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a value, and whether the other value has something else there."""

    text: str
    differs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPair:
    """One field of both records, in pieces; empty where a record says nothing. Numbers of documents are masked."""

    field: str
    one: tuple[Piece, ...]
    other: tuple[Piece, ...]
    evidence: Evidence | None

    @property
    def is_same(self) -> bool:
        """Tell whether both say the same."""
        return bool(self.one) and not any(piece.differs for piece in (*self.one, *self.other))


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightStep:
    """One step of the sum: which field, how many bits, from where to where."""

    field: str
    level: str
    weight: float
    begin: float
    end: float


def pair_fields(one: Record, other: Record, evidence: Sequence[Evidence]) -> tuple[FieldPair, ...]:
    """Put every field that one of the records has beside the other's."""
    told = {each.field: each for each in evidence}
    made = []
    for name in FIELDS:
        mine, theirs = _text(one, name), _text(other, name)
        if mine or theirs:
            pieces = _pieces(mine, theirs)
            if name in _HIDDEN:
                pieces = (_masked(pieces[0]), _masked(pieces[1]))
            made.append(FieldPair(field=name, one=pieces[0], other=pieces[1], evidence=told.get(name)))
    return tuple(made)


def waterfall(evidence: Sequence[Evidence], score: float) -> tuple[WeightStep, ...]:
    """Add the weights up, from the chance of meeting a stranger to the score, the heaviest agreement first."""
    ordered = sorted(evidence, key=lambda each: -each.weight)
    begin = score - sum(each.weight for each in ordered)
    steps = [WeightStep(field="stranger", level="CHANCE", weight=begin, begin=0.0, end=begin)]
    for each in ordered:
        end = steps[-1].end + each.weight
        steps.append(
            WeightStep(field=each.field, level=each.level, weight=each.weight, begin=steps[-1].end, end=end)
        )
    return tuple(steps)


def beware(evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """Name what a reviewer must not fall for: TWINS, NAMESAKES, RELATIVE, SHARED_PIN."""
    seen = {each.field: each.level for each in evidence}
    level = {name: Level(seen[name]) for name in FIELDS if seen.get(name) in set(Level)}
    born, given = level.get("birth_date"), level.get("given_name")
    family = level.get("surname") in LIKE_NAME and level.get("patronymic", Level.EQUAL) in LIKE_NAME
    found = []
    if born is Level.EQUAL and family and given in OTHER_NAME | {Level.LOOSE, Level.SIMILAR}:
        found.append("TWINS")
    alike = given is Level.EQUAL and level.get("surname") in SAME_NAME
    if alike and (
        born is Level.DIFFERENT or Level.DIFFERENT in {level.get("pin"), level.get("organisation")}
    ):
        found.append("NAMESAKES")
    if level.get("pin") is Level.DOUBTED:
        found.append("RELATIVE")
    if born is Level.DIFFERENT and level.get("pin") is Level.EQUAL:
        found.append("SHARED_PIN")
    return tuple(found)


def _text(record: Record, name: str) -> str:
    value = getattr(record, name)
    return "" if value is None else f"{value:%d.%m.%Y}" if name == "birth_date" else str(value)


def _pieces(one: str, other: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Cut two texts where they begin and cease to agree; case alone is no difference."""
    if not (one and other):
        return _whole(one, differs=False), _whole(other, differs=False)
    folded = one.lower(), other.lower()
    if (len(folded[0]), len(folded[1])) != (len(one), len(other)):
        folded = one, other  # a letter that folds to two would move all that follow
    mine: list[Piece] = []
    theirs: list[Piece] = []
    for step in Indel.opcodes(*folded):
        differs = step.tag != "equal"
        for kept, text in (
            (mine, one[step.src_start : step.src_end]),
            (theirs, other[step.dest_start : step.dest_end]),
        ):
            if text:
                kept.append(Piece(text=text, differs=differs))
    return tuple(mine), tuple(theirs)


def _whole(text: str, *, differs: bool) -> tuple[Piece, ...]:
    return (Piece(text=text, differs=differs),) if text else ()


def _masked(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """Hide every letter but the last two; where the two numbers differ stays to be seen."""
    left = sum(len(piece.text) for piece in pieces)
    made = []
    for piece in pieces:
        hidden = max(0, min(len(piece.text), left - _SHOWN_AT_END))
        made.append(Piece(text=DOT * hidden + piece.text[hidden:], differs=piece.differs))
        left -= len(piece.text)
    return tuple(made)
