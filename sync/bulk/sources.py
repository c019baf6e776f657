"""Where people come from: files, or the registry of this gateway, with the keys they are blocked by."""

from collections.abc import Iterator
from pathlib import Path

from gateway.cli.match_rows import COLUMNS, record_of
from gateway.cli.tables import read_table
from gateway.matching.blocking import keys_of, lookup_keys
from gateway.matching.census import Census
from gateway.matching.full_name import full_name
from sync.bulk.staging import Person


def registry_people(file: str, census: Census) -> Iterator[Person]:
    """Give the entries of a file with their stored keys; the census counts them as they flow by."""
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
