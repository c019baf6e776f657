"""The commands of reference books and data classes, as an operator runs them on a database."""

import json
from pathlib import Path

from tests.cli.conftest import Kopuro

ROOT = Path(__file__).resolve().parents[2]
PACKAGED = ROOT / "gateway" / "registry" / "books" / "data" / "soate.csv"


def test_an_operator_reads_the_books_and_brings_a_full_list(
    kopuro: Kopuro, database_url: str, tmp_path: Path
) -> None:
    """The books are listed and shown as of a day; a new list of territories is the next version, once."""
    place = {"DATABASE_URL": database_url}
    listed = kopuro("books", "list", **place)
    assert listed.code == 0
    assert "ORG_TYPE" in listed.out
    before = json.loads(kopuro("books", "show", "grade", "--on", "2025-08-31", "--json", **place).out)
    after = json.loads(kopuro("books", "show", "GRADE", "--on", "2025-09-01", "--json", **place).out)
    assert {row["code"] for row in after} - {row["code"] for row in before} == {"12"}
    assert "(unconfirmed)" in kopuro("books", "show", "SOATE", **place).out
    file = tmp_path / "all.csv"
    village = "41711201000010;VILLAGE;Айыл;Село;Village;41711201000000;;;\n"
    file.write_text(PACKAGED.read_text(encoding="utf-8") + village, encoding="utf-8")
    arguments = ("books", "import-soate", str(file), "--effective-on", "2026-01-01", "--approved-by", "one")
    assert "67 rows, version 2" in kopuro(*arguments, **place).out
    assert "nothing new" in kopuro(*arguments, **place).out
    assert kopuro("books", "show", "NOTHING", **place).code == 2
    books = tmp_path / "books.toml"
    books.write_text((PACKAGED.parent / "staff.toml").read_text(encoding="utf-8").replace('"повар"', '"шеф"'))
    imported = kopuro("books", "import", str(books), "--approved-by", "one", **place)
    assert "POSITION: 25 rows, version 2" in imported.out
    assert "DEGREE: 8 rows, nothing new" in imported.out
    assert kopuro("books", "import", str(tmp_path), "--approved-by", "one", **place).code == 2


def test_every_column_is_listed_with_its_class(kopuro: Kopuro, database_url: str) -> None:
    """The dump names a class for every column of the schema and ends well."""
    ended = kopuro("columns", DATABASE_URL=database_url)
    assert ended.code == 0
    assert "PERSONAL    person.surname" in ended.out
    assert "NO CLASS" not in ended.out
