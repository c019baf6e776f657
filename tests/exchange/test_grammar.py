"""The query line: read exactly, written back the same, and never a PIN in it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.exchange.asking.grammar import (
    FIELDS,
    QueryError,
    at_moment,
    make_term,
    parse_query,
    settle_subject,
)
from gateway.exchange.asking.sentences import explain_query_error, sentences

PIN = "12301200112345"


def test_every_kind_of_term_is_read() -> None:
    """Fields, lists, comparison, minus, quotes and times mean what they say."""
    query = parse_query(
        'status:failed,open -agency:70000005 latency:>=500ms since:2026-01-31 size:<2kb client:"a b" attempts:>1'
    )
    read = {term.field: (term.compare, term.values, term.negated) for term in query.terms}
    assert read == {
        "status": ("=", ("failed", "open"), False),
        "agency": ("=", ("70000005",), True),
        "latency": (">=", (timedelta(milliseconds=500),), False),
        "since": ("=", (datetime(2026, 1, 30, 18, tzinfo=UTC),), False),
        "size": ("<", (2048,), False),
        "client": ("=", ("a b",), False),
        "attempts": (">", (1,), False),
    }
    assert parse_query(query.text) == query


def test_a_span_is_counted_back_from_now() -> None:
    """since:2h is two hours before the moment of asking."""
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert at_moment(parse_query("since:2h"), now).values_of("since") == (now - timedelta(hours=2),)


@pytest.mark.parametrize(
    ("line", "code", "at"),
    [
        ("colour:red", "UNKNOWN_FIELD", 0),
        ("status:ok status:broken", "UNKNOWN_VALUE", 17),
        ("agency:", "EMPTY_VALUE", 0),
        ("agency:1,,2", "EMPTY_VALUE", 0),
        ("since:1h,2h", "ONE_VALUE", 0),
        ("agency:>7", "NO_COMPARISON", 0),
        ("since:yesterday", "NOT_A_TIME", 6),
        ("since:0001-01-01", "NOT_A_TIME", 6),
        ("latency:>fast", "NOT_A_DURATION", 9),
        ("size:>many", "NOT_A_NUMBER", 6),
        ('agency:"7', "OPEN_QUOTE", 7),
        ("zagsDataByPin", "BARE_WORD", 0),
        (PIN, "PIN", 0),
        (f"subject:{PIN}", "PIN", 8),
        (f"agency:{PIN}", "PIN", 7),
        ("a:" + "x" * 1000, "TOO_LONG", 0),
        (" ".join(["status:ok"] * 21), "TOO_LONG", 0),
    ],
)
def test_what_is_wrong_is_named_with_its_place(line: str, code: str, at: int) -> None:
    """Each mistake has its code and its place, and is explained in three languages without a PIN."""
    with pytest.raises(QueryError) as caught:
        parse_query(line)
    assert (caught.value.code, caught.value.at) == (code, at)
    for language in ("ky", "ru", "en"):
        said = explain_query_error(caught.value, language)
        assert said
        assert PIN not in said
    assert PIN not in str(caught.value)


def test_every_error_has_a_sentence_in_every_language() -> None:
    """The sentences are whole."""
    assert all(set(spoken) == {"ky", "ru", "en"} for spoken in sentences().values())


def test_a_pin_becomes_its_pseudonym_before_anything_else() -> None:
    """Typed with or without its field, in quotes or turned round, no PIN is left in the line."""
    for typed in (PIN, f"subject:{PIN}", f'-subject:"{PIN}" status:ok', f"status:ok {PIN}"):
        line = settle_subject(typed, lambda pin: bytes.fromhex("ab" * 32))
        assert PIN not in line
        assert parse_query(line).values_of("subject") in {(bytes.fromhex("ab" * 32),), ()}


def test_a_bare_id_needs_no_field() -> None:
    """A UUID is taken for an id."""
    number = "0d6a8dcd-3e9a-4d2c-9a35-3f3b8d7a1c11"
    assert parse_query(number).text == f"id:{number}"


@given(st.text(max_size=60))
def test_any_line_is_read_or_refused(line: str) -> None:
    """No text makes the reader fail in another way, and what it reads it reads again the same."""
    try:
        query = parse_query(line)
    except QueryError:
        return
    assert parse_query(query.text) == query


@given(
    st.sampled_from(["agency", "client", "purpose"]),
    st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=9),
)
def test_a_made_term_is_one_that_could_be_written(field: str, value: str) -> None:
    """make_term and parse_query agree."""
    assert field in FIELDS
    term = make_term(field, value)
    assert parse_query(term.written).terms == (term,)
