"""Rows of the journal as they stand in the database, read in the very form they are authenticated in."""

import hashlib
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

import psycopg
from psycopg.adapt import Loader
from psycopg.pq import Format

from gateway.crypto.digest import DIGESTS
from gateway.evidence.hash_chain import step_hash
from gateway.exchange.entry import COLUMNS, canonical_bytes

Connection: TypeAlias = "psycopg.AsyncConnection[Any]"

SELECTED = ", ".join(("seq", "xid", *COLUMNS, "mac"))
SHA256 = DIGESTS["sha256"]
NO_DIGEST = bytes(32)
_POSTGRES_EPOCH = 946_684_800_000_000  # 2000-01-01 in microseconds since 1970
_AT = {name: place for place, name in enumerate(COLUMNS)}


class _Microseconds(Loader):
    """Instants as numbers: exact, quick, and no surprise where somebody stored `infinity`."""

    format = Format.BINARY

    def load(self, data: Any) -> int:
        return int.from_bytes(data, "big", signed=True) + _POSTGRES_EPOCH


async def connect(conninfo: str, name: str) -> Connection:
    """Open a connection of our own whose binary cursors give instants as microseconds since 1970."""
    connection: Connection = await psycopg.AsyncConnection.connect(
        conninfo, application_name=name, connect_timeout=5
    )
    read_numbers(connection)
    return connection


def read_numbers(connection: Connection) -> None:
    """Let the connection's binary cursors give instants as microseconds since 1970."""
    connection.adapters.register_loader("timestamptz", _Microseconds)


@dataclass(frozen=True, slots=True)
class StoredRow:
    """One row, whatever somebody may have put into it: any value can be None or of a wrong length."""

    seq: int
    xid: int | None
    values: tuple[Any, ...]
    mac: bytes | None

    @classmethod
    def of(cls, selected: tuple[Any, ...]) -> "StoredRow":
        """Take what `select SELECTED` gave through a binary cursor."""
        return cls(selected[0], selected[1], selected[2:-1], selected[-1])

    @property
    def entry_id(self) -> UUID | None:
        """The entry's id."""
        found: UUID | None = self.values[_AT["entry_id"]]
        return found

    def value(self, column: str) -> Any:
        """Give one column."""
        return self.values[_AT[column]]

    def canonical(self) -> bytes:
        """Give the bytes the MAC was made over, if nobody changed the row."""
        return canonical_bytes(self.values)

    def leaf(self) -> bytes:
        """Hash the row and its bodies' digests into the leaf its seal holds: a step of three inputs."""
        written = f"{self.seq} {self.xid} ".encode() + self.canonical() + (self.mac or b"")
        digests = (
            hashlib.sha256(written).digest(),
            self.value("request_sha256") or NO_DIGEST,
            self.value("response_sha256") or NO_DIGEST,
        )
        return step_hash(digests, SHA256)
