"""`kopuro match evaluate` on generated files: nobody merged wrongly, nearly everybody found, little left to people."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from gateway.foundation.errors import SettingsError
from gateway.foundation.table_files import read_table
from gateway.intake.person_rows import record_of, unread
from tests.matching.evaluating import decisions, evaluate, run, write_files
from tests.matching.generator import Files, generate
from tests.matching.variants import WORLDS


@pytest.mark.parametrize(
    ("world", "seed"),
    [
        ("as tuned", 201),
        ("other names, unseen transliterations", 202),
        ("twice the damage", 203),
        ("few and common names", 204),
    ],
)
def test_nobody_is_merged_wrongly_and_nearly_everybody_is_found(
    world: str, seed: int, tmp_path: Path
) -> None:
    """On files of a seed never tuned on: no twin, no relative, at most one perfect namesake linked, ≥ 99.5 % found, ≤ 8 % left to a person."""
    files = generate(seed, registry=5_000, incoming=1_500, world=WORLDS[world])
    report = evaluate(write_files(tmp_path, files), tmp_path / "out")
    assert report["rows"] == 1_500
    wrong = report["false_merges"]
    assert (wrong["twins"], wrong["siblings"], wrong["father/son"], wrong["others"]) == (0, 0, 0, 0)
    assert wrong["namesakes"] <= 1  # of the same birth date and place, with no PIN to compare
    assert report["rows_with_a_twin"] > 20
    assert report["linked_to_the_twin"] == 0
    assert report["found"] >= 0.995
    assert report["review_share"] <= 0.08
    assert report["recall"] >= 0.95


def test_every_record_gets_one_decision_with_a_reason_and_no_value(tmp_path: Path) -> None:
    """decisions.csv has one line per record: match, review or new, an entry unless new, reasons without names."""
    files = generate(205, registry=2_000, incoming=400)
    done = run(write_files(tmp_path, files), tmp_path / "out")
    assert done.stdout == ""
    found = decisions(tmp_path / "out")
    assert [row["rec_id"] for row in found] == [row["rec_id"] for row in files.incoming]
    entries = {row["person_id"] for row in files.registry}
    for row, told in zip(found, files.incoming, strict=True):
        assert row["decision"] in {"match", "review", "new"}
        assert (row["entry"] in entries) == (row["decision"] != "new")
        assert row["explanation"]
        for name in ("surname", "given", "pin", "birth_date"):
            assert not told[name] or told[name] not in row["explanation"] + done.stderr


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("person_id,surname\n1,А\n", "lacks the columns given"), ("person_id;pin\n\xff", "lacks the columns")],
)
def test_a_table_that_lacks_a_column_is_refused_by_name(text: str, sentence: str, tmp_path: Path) -> None:
    """A wrong file stops the command with a sentence before anything is compared."""
    file = tmp_path / "wrong.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=sentence):
        list(read_table(file, required=("person_id", "given")))


def test_tables_are_read_as_people_write_them(tmp_path: Path) -> None:
    """A byte order mark, semicolons, short and empty lines, dates and PINs in usual forms are understood."""
    file = tmp_path / "table.csv"
    file.write_text(
        "\ufeffperson_id;birth_date;pin;sex\n1; 04.05.2018;20405201812345.0;м\n\n2;2018-31-05\n",
        encoding="utf-8",
    )
    first, second = (record_of(row) for row in read_table(file))
    assert (first.birth_date, first.pin, first.sex) == (date(2018, 5, 4), "20405201812345", "M")
    assert (second.birth_date, second.pin, second.sex) == (date(2018, 5, 31), None, None)


def test_text_in_another_encoding_is_refused(tmp_path: Path) -> None:
    """A file that is not UTF-8 is named, not guessed at."""
    file = tmp_path / "table.csv"
    file.write_bytes("person_id,surname\n1,Асанов\n".encode("cp1251"))
    with pytest.raises(SettingsError, match="not UTF-8"):
        list(read_table(file))


def test_parquet_says_the_same_as_csv(tmp_path: Path) -> None:
    """The same tables as Parquet lead to the same decisions."""
    from pyarrow import csv, parquet

    options = write_files(tmp_path, generate(206, registry=1_000, incoming=200))
    run(options, tmp_path / "by_csv")
    for number in (1, 3, 5):
        table = csv.read_csv(options[number])
        options[number] = options[number].replace(".csv", ".parquet")
        parquet.write_table(table, options[number])
    run(options, tmp_path / "by_parquet")
    assert decisions(tmp_path / "by_parquet") == decisions(tmp_path / "by_csv")


def test_the_truth_teaches_nothing(tmp_path: Path) -> None:
    """Decisions are the same without the truth: it only measures."""
    options = write_files(tmp_path, generate(207, registry=1_000, incoming=200))
    run(options, tmp_path / "with")
    run(options[:4], tmp_path / "without")
    assert decisions(tmp_path / "without") == decisions(tmp_path / "with")
    assert not (tmp_path / "without" / "report.json").exists()


@pytest.mark.parametrize(
    "told",
    [
        "2018-05-04",
        "2018-05-04T00:00:00",
        "20180504",
        "2018/05/04",
        "2018-5-4",
        "04.05.2018",
        "4.5.2018",
        "04/05/2018",
        "04-05-2018",
        "04.05.2018 0:00:00",
        "04.05.2018 г.",
    ],
)
def test_a_day_is_read_in_every_usual_form(told: str) -> None:
    """Year first or day first, with any mark between, with or without a time."""
    assert record_of({"birth_date": told}).birth_date == date(2018, 5, 4)


def test_a_written_nothing_is_nothing_and_nonsense_is_said() -> None:
    """NULL, nan, a dash are missing values; what cannot be read is named, never guessed: a PIN in exponent form."""
    empty = {
        "surname": "NULL",
        "patronymic": "-",
        "birth_cert": "nan",
        "birth_date": "",
        "pin": "None",
        "sex": "—",
    }
    assert record_of(empty) == record_of({})
    assert unread(empty, record_of(empty)) == ()
    row = {"birth_date": "40000", "pin": "2.04052E+13", "sex": "x"}
    assert unread(row, record_of(row)) == ("birth_date", "pin", "sex")
    assert record_of({"pin": "'20405201812345"}).pin == "20405201812345"


def test_the_order_and_capitals_of_columns_do_not_matter_and_unknown_ones_are_passed_over(
    tmp_path: Path,
) -> None:
    """Columns are found by name, whatever stands around them."""
    file = tmp_path / "table.csv"
    file.write_text("NOTE;SCHOOL_ID;REC_ID;PIN\n;S1;R1;20405201812345\n", encoding="utf-8")
    (row,) = read_table(file, required=("rec_id", "pin"))
    assert (row["rec_id"], record_of(row).pin, record_of(row).organisation) == ("R1", "20405201812345", "s1")


def test_an_empty_file_is_refused_and_a_file_of_no_rows_is_not(tmp_path: Path) -> None:
    """Nothing at all is a mistake; a header alone is a table nobody stands in."""
    file = tmp_path / "table.csv"
    file.write_text("\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"table\.csv is empty"):
        list(read_table(file, required=("rec_id",)))
    file.write_text("rec_id,pin\n", encoding="utf-8")
    assert list(read_table(file, required=("rec_id",))) == []


def test_a_record_told_twice_is_decided_twice_alike(tmp_path: Path) -> None:
    """Records that repeat within the incoming file do not disturb each other."""
    files = generate(208, registry=600, incoming=100)
    once = decisions_of(files, tmp_path / "once")
    twice = decisions_of(replace(files, incoming=[*files.incoming, *files.incoming]), tmp_path / "twice")
    named = [[(row["decision"], row["entry"]) for row in rows] for rows in (once, twice)]
    assert named[1] == [*named[0], *named[0]]


def decisions_of(files: Files, folder: Path) -> list[dict[str, str]]:
    """Write files, match them, and give the decisions."""
    run(write_files(folder, files), folder / "out")
    return decisions(folder / "out")
