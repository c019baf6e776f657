"""Single values in every spelling, by property."""

import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.infocom.civil_registry.mapping import SEXES as ZAGS_SEXES
from adapters.infocom.passport.mapping import SEXES as PASSPORT_SEXES
from gateway.foundation.errors import ContractError
from gateway.intake.speaking.values import calendar_date, clean, coded, flag, latin_series

DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 12, 31))
FORMS = (
    "%Y-%m-%d", "%Y-%m-%dT00:00:00", "%Y-%m-%dT00:00:00.000", "%Y-%m-%dT00:00:00Z", "%Y-%m-%dT00:00:00+06:00",
    "%Y-%m-%dT00:00:00+05:00", "%Y-%m-%dT00:00:00+07:00", "%Y-%m-%d+06:00", "%Y-%m-%dT12:34:56", "%d-%m-%Y",
    "%d.%m.%Y", "%d.%m.%Y 0:00:00",
)  # fmt: skip


@given(DAYS, st.sampled_from(FORMS))
def test_every_form_of_a_day_is_that_day(day, form):
    """A date means the same day in every form the agency was seen to use."""
    assert calendar_date(day.strftime(form)) == day


@given(DAYS, st.sampled_from((5, 6, 7)))
def test_a_local_midnight_told_in_utc_is_the_day_it_begins(day, hours):
    """A serialiser that turns Kyrgyzstan's midnight into UTC does not make anybody a day older."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=timezone(timedelta(hours=hours)))
    assert calendar_date(midnight.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")) == day


@given(st.text(max_size=30))
def test_any_text_is_a_date_or_an_error(text):
    """Nothing but a date is read as one, and nothing else than ContractError is raised."""
    try:
        found = calendar_date(text)
    except ContractError:
        found = None
    assert found is None or str(found.year) in text


@pytest.mark.parametrize(
    "text",
    ["2020-13-01", "31-02-2020", "01/02/2020", "01.02-2020", "20200101", "2020-01-01T25:00:00", "٠١-٠١-٢٠٢٠",
     "2020-01-01T01:00:00+99:00", "9999-12-31T23:00:00-14:00"],
)  # fmt: skip
def test_a_doubtful_date_is_an_error(text):
    """A date that does not exist, or a form nobody agreed on, is refused rather than guessed."""
    with pytest.raises(ContractError):
        calendar_date(text)


def test_the_empty_date_of_dotnet_is_no_date():
    """Year 1 is how the provider's platform writes nothing."""
    assert calendar_date("0001-01-01T00:00:00") is None
    assert calendar_date(None) is None


@given(st.sampled_from(sorted(product(ZAGS_SEXES.items(), ["", " "]))))
def test_zags_codes_one_as_female_and_two_as_male(case):
    """1 is female and 2 is male, and no other code passes."""
    (code, sex), _ = case
    assert coded(code, ZAGS_SEXES, where="gender") == sex == {"1": "F", "2": "M"}[code]


@given(st.text(max_size=3))
def test_an_unknown_sex_is_an_error_in_both_codings(text):
    """A code outside the table is refused, so that nobody's sex is guessed."""
    for codes in (ZAGS_SEXES, PASSPORT_SEXES):
        if text.upper() in codes:
            assert coded(text, codes, where="gender") in {"F", "M"}
        else:
            with pytest.raises(ContractError):
                coded(text, codes, where="gender")


@given(st.text(max_size=40))
def test_cleaning_is_done_once_and_leaves_nothing_invisible(text):
    """A clean text stays as it is, has no outer or doubled spaces, and keeps every letter in its order."""
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert cleaned == " ".join(cleaned.split())
    assert [c for c in cleaned if c.isalpha()] == [c for c in text if c.isalpha()]
    assert not {unicodedata.category(char) for char in cleaned} & {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}


def test_flags_are_words_or_digits():
    """true/false and 1/0 in any case are flags; nothing given is None; another word is an error."""
    told = {"true": True, "FALSE": False, "1": True, "0": False}
    assert {text: flag(text) for text in told} == told
    assert flag(None) is None
    with pytest.raises(ContractError):
        flag("да")


def test_a_series_is_written_in_latin():
    """Cyrillic look-alikes become the letters they look like; other letters stay."""
    assert [latin_series(text) for text in ("АN", "ас", " ID ", "ІD", "КР-Х")] == [
        "AN",
        "AC",
        "ID",
        "ID",
        "KP-X",
    ]
