"""Fill the registry's tables that matching reads, and only those, with generated rows: COPY, no triggers."""

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

import psycopg

from gateway.intake.person_rows import record_of
from gateway.matching.blocking import blocking_keys
from gateway.matching.record import Record
from gateway.registry.values import isuo_number
from tests.matching.generator import Row

_AT = "2026-09-01T00:00:00Z"
_IDENTIFIERS = {"pin": "PIN", "birth_certificate": "BIRTH_CERT", "passport": "PASSPORT"}
_TABLES = {
    "person": "id, isuo_no, surname, given_name, patronymic, birth_date, sex, created_at, projected_at",
    "person_identifier": "id, person_id, scheme, value, status, recorded_at",
    "enrolment": "id, person_id, organisation_id, level, form, start_on, recorded_at",
    "match_key": "key, person_id",
}
Line = Sequence[object]


def fill(connection: psycopg.Connection, rows: Sequence[Row], *, batch: int = 50_000) -> dict[str, str]:
    """Store generated entries; gives the id in the registry of every person_id of the rows."""
    connection.execute("set session_replication_role = replica")
    schools = sorted({row["school_id"].casefold() for row in rows if row["school_id"]})
    places = {code: UUID(int=(2 << 100) + number) for number, code in enumerate(schools)}
    _copy(
        connection, "organisation", "id, code, name_ky, name_ru",
        ((place, code, code, code) for code, place in places.items()),
    )  # fmt: skip
    ids = {row["person_id"]: UUID(int=(1 << 100) + number) for number, row in enumerate(rows, start=1)}
    for begin in range(0, len(rows), batch):
        _write(connection, rows[begin : begin + batch], ids, places)
    connection.execute("select setval('isuo_no_seq', %s)", (len(rows),))
    connection.execute("set session_replication_role = origin")
    connection.execute("vacuum analyze")
    return {given: str(stored) for given, stored in ids.items()}


def _write(
    connection: psycopg.Connection, rows: Sequence[Row], ids: dict[str, UUID], places: dict[str, UUID]
) -> None:
    entries = [(ids[row["person_id"]], record_of(row)) for row in rows]
    lines = {
        "person": map(_person, entries),
        "person_identifier": (line for entry in entries for line in _identifiers(*entry)),
        "enrolment": (_enrolment(*entry, places) for entry in entries if entry[1].organisation),
        "match_key": ((key, person_id) for person_id, record in entries for key in blocking_keys(record)),
    }
    for table, columns in _TABLES.items():
        _copy(connection, table, columns, lines[table])


def _copy(connection: psycopg.Connection, table: str, columns: str, lines: Iterable[Line]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"copy {table} ({columns}) from stdin") as copy:
        for line in lines:
            copy.write_row(line)


def _person(entry: tuple[UUID, Record]) -> Line:
    person_id, record = entry
    names = (record.surname, record.given_name, record.patronymic)
    number = isuo_number(person_id.int - (1 << 100))
    return (person_id, number, *names, record.birth_date, record.sex, _AT, _AT)


def _identifiers(person_id: UUID, record: Record) -> Iterator[Line]:
    for place, (name, scheme) in enumerate(_IDENTIFIERS.items(), start=3):
        if value := getattr(record, name):
            made = UUID(int=(place << 100) + person_id.int)
            yield (made, person_id, scheme, value, "CLAIMED", _AT)


def _enrolment(person_id: UUID, record: Record, places: dict[str, UUID]) -> Line:
    made, place = UUID(int=(9 << 100) + person_id.int), places[record.organisation or ""]
    return (made, person_id, place, "GENERAL", "EVENING", "2025-09-01", _AT)
