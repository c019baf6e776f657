"""What sources say about days: the projection is a function of the set of words, the policy and the day."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from gateway.foundation.clock import start_of
from gateway.foundation.database import Database
from gateway.registry.card import card_fields
from gateway.registry.policy import Told, project
from gateway.registry.projection import project_person
from gateway.registry.repository import Provenance, add_assertions, create_person
from gateway.registry.values import VerificationStatus
from tests.intake.support import POLICIES

DAY = date(2026, 9, 1)
INSTANT = datetime(2026, 9, 1, tzinfo=UTC)


def word(field: str, value: str, source: str, told: int, **given: object) -> Told:
    """Make a word told some days after the first."""
    at = INSTANT + timedelta(days=told)
    verified = at if source != "SCHOOL" else None
    return Told(
        assertion_id=uuid4(), field=field, value=value, source=source, order=told, told_at=at,
        verified_at=verified, **given,
    )  # fmt: skip


def surname(words: list[Told], on: date) -> tuple[str, str, VerificationStatus]:
    shown = project(words, POLICIES, on=on).fields["surname"]
    return shown.value, shown.source, shown.status


_DAYS = st.integers(0, 400)
_WORDS = st.lists(
    st.tuples(
        st.sampled_from(["surname", "given_name", "citizenship", "phone", "birth_date"]),
        st.sampled_from(["2008-01-01", "2015-01-01"]),
        st.sampled_from(["ZAGS", "PASSPORT", "SCHOOL", "PARENT"]),
        st.none() | _DAYS,
        st.none() | _DAYS,
    ),
    max_size=12,
)


@given(_WORDS, st.randoms(use_true_random=False), _DAYS)
def test_the_order_of_arrival_does_not_matter(words: list[tuple], random: Random, day: int) -> None:
    """The same words arriving in any order show the same on every day, conflicts and all."""

    def on(days: int | None) -> date | None:
        return None if days is None else DAY + timedelta(days=days)

    told = [
        (field, value, source, n, on(valid), on(act))
        for n, (field, value, source, valid, act) in enumerate(words)
    ]
    shuffled = random.sample(told, len(told))
    ids = {n: UUID(int=n + 1) for *_, n, _, _ in told}

    def arrived(these: list[tuple]) -> list[Told]:
        return [
            Told(
                assertion_id=ids[n], field=field, value=value, source=source, order=arrival,
                told_at=INSTANT + timedelta(minutes=n), valid_from=valid, document_on=act,
            )
            for arrival, (field, value, source, n, valid, act) in enumerate(these)
        ]  # fmt: skip

    assert project(arrived(told), POLICIES, on=on(day)) == project(arrived(shuffled), POLICIES, on=on(day))


async def test_the_database_shows_the_same_whatever_came_first(database: Database) -> None:
    """Two entries told the same in opposite order show the same card."""
    told = [
        ({"surname": "Асанова", "birth_date": "2012-05-01"}, "SCHOOL", 0, None),
        ({"surname": "АСАНОВА"}, "ZAGS", 3, None),
        ({"surname": "БАКЫТОВА"}, "ZAGS", 60, DAY + timedelta(days=30)),
        ({"surname": "БАКЫТОВА"}, "PASSPORT", 90, None),
    ]
    cards = []
    for arrived in (told, told[::-1]):
        async with database.transaction() as session:
            person_id = await create_person(session, at=INSTANT)
            for values, source, days, act in arrived:
                at = INSTANT + timedelta(days=days)
                verified = None if source == "SCHOOL" else at
                provenance = Provenance(
                    source=source, recorded_at=at, verified_at=verified, valid_from=act, document_on=act
                )
                await add_assertions(session, person_id, values, provenance=provenance)
                await project_person(session, person_id, POLICIES, at=INSTANT + timedelta(days=100))
            cards.append(await card_fields(session, person_id, at=INSTANT + timedelta(days=100)))
    assert cards[0] == cards[1]
    assert cards[0][-1].value == "БАКЫТОВА"


def test_a_dated_change_leaves_the_time_before_it_alone() -> None:
    """Before the act the old name, from its day the new one, and a later undated word confirms only that."""
    act = DAY + timedelta(days=30)
    words = [
        word("surname", "АСАНОВА", "ZAGS", 0),
        word("surname", "БАКЫТОВА", "ZAGS", 40, valid_from=act, document_on=act),
        word("surname", "БАКЫТОВА", "ZAGS", 90),
    ]
    assert surname(words, act - timedelta(days=1))[0] == "АСАНОВА"
    assert surname(words, act)[0] == "БАКЫТОВА"
    assert project(words[1:2], POLICIES, on=DAY).fields == {}


def test_an_undated_correction_reaches_back() -> None:
    """A mistyped name was never true: its correction is shown for every day."""
    words = [word("surname", "Асанва", "SCHOOL", 0), word("surname", "Асанова", "SCHOOL", 50)]
    assert surname(words, DAY + timedelta(days=10))[0] == "Асанова"


def test_from_sixteen_the_passport_leads_unless_a_later_act_changed_the_name() -> None:
    """Under 16 the civil registry names a child; from 16 the passport does, or a later act."""
    birthday = DAY + timedelta(days=100)
    born = birthday.replace(year=birthday.year - 16)
    words = [
        word("birth_date", born.isoformat(), "ZAGS", 0),
        word("surname", "АСАНОВА", "ZAGS", 0),
        word("surname", "БАКЫТОВА", "PASSPORT", 1, document_on=DAY),
    ]
    mismatch = VerificationStatus.MISMATCH
    assert surname(words, birthday - timedelta(days=1)) == ("АСАНОВА", "ZAGS", mismatch)
    assert surname(words, birthday) == ("БАКЫТОВА", "PASSPORT", mismatch)
    act = DAY + timedelta(days=120)
    words.append(word("surname", "ТОКТОГУЛОВА", "ZAGS", 130, valid_from=act, document_on=act))
    shown = surname(words, DAY + timedelta(days=140))
    assert shown == ("ТОКТОГУЛОВА", "ZAGS", VerificationStatus.FILLED_BY_SOURCE)
    assert project(words, POLICIES, on=DAY + timedelta(days=140)).conflicts == ()
    later = word("surname", "БАКЫТОВА", "PASSPORT", 200, document_on=DAY + timedelta(days=190))
    assert surname([*words, later], DAY + timedelta(days=210))[1] == "PASSPORT"


def test_an_act_explains_what_was_told_before_it_and_nothing_after() -> None:
    """The school's old name before the act is history; the same name told after it is a conflict."""
    act = DAY + timedelta(days=30)
    change = word("surname", "БАКЫТОВА", "ZAGS", 40, valid_from=act, document_on=act)
    on = DAY + timedelta(days=60)
    assert project([word("surname", "Асанова", "SCHOOL", 5), change], POLICIES, on=on).conflicts == ()
    late = project([word("surname", "Асанова", "SCHOOL", 50), change], POLICIES, on=on)
    assert [each.field for each in late.conflicts] == ["surname"]


def test_what_may_differ_is_no_mismatch_and_contacts_are_the_newest_verified() -> None:
    """Two addresses are both kept; of two telephones the one verified last is shown."""
    words = [
        word("actual_address", "Ош", "AIYL_AIMAK", 0),
        word("actual_address", "Бишкек", "PARENT", 1),
        word("phone", "0700000001", "PARENT", 5),
        word("phone", "0700000002", "SCHOOL", 9),
    ]
    projection = project(words, POLICIES, on=DAY)
    assert projection.conflicts == ()
    assert projection.fields["actual_address"].status is not VerificationStatus.MISMATCH
    assert projection.fields["phone"].source == "PARENT"


def test_a_value_is_stale_when_its_document_expires() -> None:
    """A name from a passport is asked again when the passport ends, even before its own term."""
    until = DAY + timedelta(days=20)
    words = [word("surname", "АСАНОВА", "PASSPORT", 0, document_until=until)]
    shown = project(words, POLICIES, on=DAY).fields["surname"]
    assert shown.stale_after == start_of(until)
