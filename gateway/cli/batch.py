"""The demonstration's batch: 200 rows as schools really send them."""

import csv
import io
from collections.abc import Iterator

from gateway.sandbox.people import Population, SyntheticPerson

BATCH_ROWS = 200
_NEW, _AGAIN, _BARE = 140, 36, 12
_COLUMNS = (
    "record_id", "surname", "given_name", "patronymic", "sex", "birth_date", "pin", "birth_certificate",
    "organisation_code", "level", "form", "start_on",
)  # fmt: skip
_FOLD = str.maketrans("ҢӨҮңөү", "НОУноу")


def batch_file(people: Population) -> str:
    """Write the file: new children, known ones spelled otherwise, bare names, and broken rows."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, delimiter=";", restval="")
    writer.writeheader()
    writer.writerows(_rows(people))
    return text.getvalue()


def _rows(people: Population) -> Iterator[dict[str, str]]:
    children = _children(people)
    new = children[:_NEW]
    for number, child in enumerate(new):
        yield _row(child, f"new-{number}")
    for number, child in enumerate(new[:_AGAIN]):
        yield _spelled_otherwise(child, number)
    for number, child in enumerate(new[_AGAIN : _AGAIN + _BARE]):
        yield _row(child, f"bare-{number}") | {
            "pin": "",
            "birth_certificate": "",
            "organisation_code": "KG-SCHOOL-002",
        }
    yield from _broken(children[_NEW:], BATCH_ROWS - _NEW - _AGAIN - _BARE)


def _children(people: Population) -> list[SyntheticPerson]:
    """Choose ordinary children: those with a part in the story stay out."""
    planted = {id(person) for person in people.roles.values()}
    return [
        person for person in people.people if person.birth_act and id(person) not in planted and person.pin
    ]


def _row(child: SyntheticPerson, key: str) -> dict[str, str]:
    act = child.birth_act
    return {
        "record_id": key,
        "surname": child.surname,
        "given_name": child.given_name,
        "patronymic": child.patronymic or "",
        "sex": child.sex,
        "birth_date": child.birth_date.strftime("%d.%m.%Y"),
        "pin": child.pin or "",
        "birth_certificate": f"{act.certificate_series} {act.certificate_number}" if act else "",
        "organisation_code": "KG-SCHOOL-001",
        "level": "PRIMARY",
        "form": "FULL_TIME",
        "start_on": "01.09.2026",
    }


def _spelled_otherwise(child: SyntheticPerson, number: int) -> dict[str, str]:
    """Write a known child as another record of its school: letters lost, or the PIN left out."""
    row = _row(child, f"again-{number}")
    row["surname"], row["given_name"] = row["surname"].translate(_FOLD), row["given_name"].translate(_FOLD)
    if number % 2:
        row["pin"] = ""
    return row


def _broken(children: list[SyntheticPerson], count: int) -> Iterator[dict[str, str]]:
    breaks: tuple[dict[str, str], ...] = (
        {"pin": "1010120201234"},
        {"pin": "2.01E+13"},
        {"birth_date": "31.02.2018"},
        {"surname": ""},
        {"organisation_code": "NO-SUCH-SCHOOL"},
        {"sex": "?"},
    )
    for number, child in zip(range(count), children, strict=False):
        yield _row(child, f"broken-{number}") | breaks[number % len(breaks)]
