"""The projection: what is shown of several sources' words."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from gateway.foundation.policy_settings import FieldPolicy
from gateway.registry.policy import ATTEMPT, Told, project
from gateway.registry.values import VerificationStatus
from tests.intake.support import POLICIES

NOW = datetime(2026, 9, 1, tzinfo=UTC)


def told(field: str, value: str, source: str, order: int) -> Told:
    verified = NOW if source != "SCHOOL" else None
    return Told(
        assertion_id=uuid4(), field=field, value=value, source=source, order=order, verified_at=verified
    )


def test_the_first_source_of_the_policy_is_shown_whenever_it_spoke() -> None:
    """A later word of a weaker source never covers the owner's."""
    projection = project(
        [told("surname", "АСАНОВА", "ZAGS", 1), told("surname", "Асанова", "SCHOOL", 2)], POLICIES
    )
    shown = projection.fields["surname"]
    assert (shown.value, shown.source) == ("АСАНОВА", "ZAGS")
    assert shown.status is VerificationStatus.MATCHED_WITH_SOURCE
    assert projection.conflicts == ()


def test_the_newest_word_of_one_source_is_its_word() -> None:
    """A source that corrects itself is believed as corrected."""
    projection = project([told("sex", "M", "ZAGS", 1), told("sex", "F", "ZAGS", 2)], POLICIES)
    assert projection.fields["sex"].value == "F"


def test_a_disagreement_is_a_conflict_only_where_the_policy_asks_for_a_person() -> None:
    """A birth date that differs is a case; a citizenship that differs is settled by the order."""
    words = [
        told("birth_date", "2018-05-04", "ZAGS", 1),
        told("birth_date", "2018-04-05", "SCHOOL", 2),
        told("citizenship", "KGZ", "ZAGS", 3),
        told("citizenship", "RUS", "SCHOOL", 4),
    ]
    projection = project(words, POLICIES)
    assert [conflict.field for conflict in projection.conflicts] == ["birth_date"]
    assert projection.fields["citizenship"].status is VerificationStatus.MISMATCH


def test_an_attempt_that_failed_shows_on_what_only_the_school_told() -> None:
    """UNAVAILABLE, NOT_FOUND and a contradiction are told apart; a value from a source is untouched."""
    expected = {
        "UNAVAILABLE": VerificationStatus.SOURCE_UNAVAILABLE,
        "NOT_FOUND": VerificationStatus.NOT_FOUND_AT_SOURCE,
        "CONTRADICTED": VerificationStatus.DISPUTED,
        "DENIED": VerificationStatus.UNVERIFIED,
    }
    for outcome, status in expected.items():
        words = [
            told("surname", "Асанова", "SCHOOL", 1),
            told("sex", "F", "ZAGS", 2),
            told(ATTEMPT, outcome, "ZAGS", 3),
        ]
        projection = project(words, POLICIES)
        assert projection.fields["surname"].status is status
        assert projection.fields["sex"].status is VerificationStatus.FILLED_BY_SOURCE


def test_the_policy_is_data() -> None:
    """Another order of sources shows another value, and a term makes it stale."""
    words = [told("surname", "А", "ZAGS", 1), told("surname", "Б", "PASSPORT", 2)]
    policy = {"surname": FieldPolicy(sources=("PASSPORT", "ZAGS"), stale_after_days=30)}
    shown = project(words, policy).fields["surname"]
    assert (shown.source, shown.stale_after) == ("PASSPORT", NOW + timedelta(days=30))


@given(
    st.permutations(
        [("surname", "А", "ZAGS", 1), ("surname", "Б", "SCHOOL", 2), ("surname", "В", "PASSPORT", 3)]
    )
)
def test_the_projection_does_not_depend_on_reading_order(words: list[tuple[str, str, str, int]]) -> None:
    """The same assertions in any order show the same."""
    shown = project([told(*word) for word in words], POLICIES).fields["surname"]
    assert (shown.value, shown.status) == ("А", VerificationStatus.MISMATCH)
