"""The table of kinds, the table of states and the clock: pure rules."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gateway.foundation.clock import BISHKEK
from gateway.foundation.errors import AccessError, RegistryError
from gateway.intake.case_clock import Pause, Term, due_at, resumed, running_time
from gateway.intake.case_rules import KINDS, NEVER, ROLES, rule_of, rules, term_of
from gateway.intake.case_states import PEOPLE, STATES, TABLE, Step, check_second, transition
from gateway.registry.holds import held_of
from gateway.registry.reading import OPEN_STATES

GATEWAY = Path(__file__).resolve().parents[2] / "gateway"
INSTANTS = some.integers(0, 10**6).map(
    lambda minute: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
)
TERMS = some.sampled_from([Term(hours=24), Term(working_days=5), Term(working_days=1)])


def test_every_kind_has_a_row() -> None:
    """The table says of each kind how grave it is and who decides, and of no kind that does not exist."""
    assert set(rules()) == set(KINDS)
    for rule in rules().values():
        assert rule.decides
        assert rule.decides | rule.approves <= ROLES - {"WORKER"}
        assert rule.automatic
        assert rule.held_back
        assert term_of(rule.severity).length > timedelta()


def test_every_kind_the_program_opens_has_a_row() -> None:
    """No code opens a case of a kind the table does not know."""
    used = set()
    for file in (GATEWAY / "intake").glob("*.py"):
        text = file.read_text(encoding="utf-8")
        used |= set(re.findall(r'(?:kind="|open\("|open\(\s*")([A-Z_]+)"', text))
    used |= set(
        re.findall(r'kind="([A-Z_]+)"', (GATEWAY / "matching" / "rules.py").read_text(encoding="utf-8"))
    )
    assert {"PIN_CONFLICT", "DUP_ENROLMENT", "FALSE_DEATH"} <= used
    assert used <= set(KINDS)


def test_the_machine_never_settles_what_concerns_identity_alone() -> None:
    """Doubles, foreign PINs, deaths and protected persons always wait for two people."""
    for kind in ("DUP_LIKELY", "DUP_POSSIBLE", "PIN_CONFLICT", "DEATH", "FALSE_DEATH", "PROTECTED_CHANGE"):
        rule = rule_of(kind)
        assert (rule.automatic, rule.four_eyes) == (NEVER, True)
    assert rule_of("A_KIND_OF_TOMORROW").four_eyes


def test_every_state_can_be_reached_and_left() -> None:
    """From a new case every state is reached, and from every open one a closed state."""
    reached, before = {"NEW"}, set()
    while reached != before:
        before = set(reached)
        reached |= {row.target for row in TABLE if row.sources & reached}
    assert reached == STATES
    for state in OPEN_STATES:
        ahead = {state}
        for _ in STATES:
            ahead |= {row.target for row in TABLE if row.sources & ahead and row.step is not Step.SUPERSEDE}
        assert "CLOSED_APPLIED" in ahead


@given(
    step=some.sampled_from(Step),
    state=some.sampled_from(sorted(STATES)),
    role=some.sampled_from(sorted(ROLES)),
)
def test_only_the_table_decides_about_steps(step: Step, state: str, role: str) -> None:
    """A step is taken exactly where its row names the state and the role."""
    (row,) = [each for each in TABLE if each.step is step]
    if state not in row.sources:
        with pytest.raises(RegistryError):
            transition(step, state, role=role, reason="x")
    elif role not in row.actors:
        with pytest.raises(AccessError):
            transition(step, state, role=role, reason="x")
    else:
        assert transition(step, state, role=role, reason="x") is row
        with pytest.raises(RegistryError, match="reason"):
            transition(step, state, role=role, reason=" ")


def test_a_second_word_is_another_persons() -> None:
    """Approving and undoing need a first word, and it is not one's own; no machine gives the second word."""
    second = {row.step for row in TABLE if row.second}
    assert second == {Step.APPROVE, Step.UNDO}
    for row in TABLE:
        if row.second:
            assert row.actors <= PEOPLE
            with pytest.raises(RegistryError):
                check_second(row, actor="a", first=None)
            with pytest.raises(AccessError):
                check_second(row, actor="a", first="a")
            check_second(row, actor="a", first="b")


def test_working_days_are_days_of_bishkek() -> None:
    """Five working days from a Friday noon end on the next Friday noon; a holiday moves that to Monday."""
    friday = datetime(2026, 9, 4, 12, tzinfo=BISHKEK)
    assert due_at(friday, Term(working_days=5)) == friday + timedelta(days=7)
    holidays = {date(2026, 9, 8)}
    assert due_at(friday, Term(working_days=5), holidays=holidays) == friday + timedelta(days=10)
    assert due_at(friday, Term(hours=24)) == friday + timedelta(hours=24)
    sunday = datetime(2026, 9, 5, 20, tzinfo=UTC)  # Sunday, 02:00 in Bishkek
    assert due_at(sunday, Term(working_days=1)) == datetime(2026, 9, 8, tzinfo=BISHKEK)


@given(opened=INSTANTS, term=TERMS, waited=some.integers(0, 400), asked=some.integers(0, 400))
def test_the_clock_stands_still_while_a_source_is_asked(
    opened: datetime, term: Term, waited: int, asked: int
) -> None:
    """Whatever the pause, the time that ran before and after it is the whole term."""
    due = due_at(opened, term)
    pause = Pause(since=opened + timedelta(hours=waited), until=opened + timedelta(hours=waited + asked))
    later = resumed(due, pause, term)
    if pause.since >= due:
        assert later == due
        return
    ran = running_time(opened, pause.since, term) + running_time(pause.until, later, term)
    assert ran == term.length
    assert later >= due


def test_who_waits_follows_from_who_was_there() -> None:
    """An enrolment waits only for one that counted: what waited itself was in nobody's way."""
    one, two, three = (uuid4() for _ in range(3))
    assert held_of([(two, one), (three, two)]) == {two}
    assert held_of([(two, one), (three, one)]) == {two, three}
    assert held_of([(three, two)], held=[two]) == {two}
