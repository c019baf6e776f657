"""Where people come from: files, or the registry of this gateway, with the keys they are blocked by."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row

from gateway.foundation.database import psycopg_conninfo
from gateway.foundation.settings import load
from gateway.foundation.table_files import read_table
from gateway.intake.person_rows import COLUMNS, record_of
from gateway.matching.blocking import keys_of, lookup_keys
from gateway.matching.census import Census
from gateway.matching.full_name import full_name
from gateway.registry.candidates import EVERY_ENTRY, POPULATION, entry_of
from sync.bulk.gathering import BETWEEN_ORGANISATIONS
from sync.bulk.staging import Person

_AT_A_TIME = 5000


def registry_people(file: str, census: Census) -> Iterator[Person]:
    """Give the entries of a file, or without one of the registry, with their keys; the census counts them."""
    return _of_file(file, census) if file else _of_database(census)


def _of_file(file: str, census: Census) -> Iterator[Person]:
    for row in read_table(Path(file), required=("person_id", *COLUMNS)):
        record = record_of(row)
        name = full_name(record)
        census.count(record, name)
        yield row["person_id"], record, keys_of(record, name)


def incoming_people(file: str) -> Iterator[Person]:
    """Give the records of a file with the keys they are looked up by."""
    for row in read_table(Path(file), required=("rec_id", *COLUMNS)):
        record = record_of(row)
        yield row["rec_id"], record, lookup_keys(record)


def stored_population() -> int:
    """Give how many entries the registry ever had: what the online path weighs against."""
    with psycopg.connect(psycopg_conninfo(load().database.url)) as connection:
        row = connection.execute(POPULATION).fetchone()
    return int(row[0]) if row else 0


def _of_database(census: Census) -> Iterator[Person]:
    """Give the entries as one state of the registry holds them, with the keys they were ever given."""
    with (
        psycopg.connect(psycopg_conninfo(load().database.url)) as connection,
        connection.cursor("every_entry", row_factory=namedtuple_row) as cursor,
    ):
        cursor.itersize = _AT_A_TIME
        found: Iterable[Any] = cursor.execute(EVERY_ENTRY)
        for row in found:
            entry = entry_of(row, organisation=None)
            census.count(entry.record)
            places = BETWEEN_ORGANISATIONS.join(row.codes or ()) or None
            yield str(entry.person_id), replace(entry.record, organisation=places), tuple(row.keys)
