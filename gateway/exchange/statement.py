"""What a seal states and signs, in one byte form, and how its seals chain to each other. Pure."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from gateway.crypto.certificates import fingerprint
from gateway.crypto.keys import Signer
from gateway.evidence.hash_chain import tree_root
from gateway.exchange.stored import SHA256

FORM = 1
GENESIS = bytes(32)
DIGEST_BYTES = 32
MOST_ENTRIES = 100_000  # in one seal: a statement that names more is not believed, whoever signed it
Ranges = tuple[tuple[int, int], ...]
_RANGE = re.compile(r"\[(-?\d+),(-?\d+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a seal says before its tree: which rows, after which seal, and how far the sealer has come.

    `ranges` are the rows' seq, first and last included. `sealed_at` is microseconds since 1970. `cluster` is
    the PostgreSQL cluster whose transaction numbers `upto_xid` counts; every row up to `floor_seq` was sealed
    before it (see Sealer).
    """

    number: int
    previous_hash: bytes
    ranges: Ranges
    entry_count: int
    sealed_at: int
    cluster: int
    floor_seq: int
    upto_xid: int
    upto_seq: int

    def content(self) -> bytes:
        """Give the head's one byte form; its SHA-256 is the first leaf of the tree."""
        return _json(self.tree())

    def tree(self) -> dict[str, Any]:
        """Give the head as JSON's values."""
        tree: dict[str, Any] = {item.name: getattr(self, item.name) for item in fields(Head)}
        return tree | {"form": FORM, "previous_hash": self.previous_hash.hex()}

    def root_over(self, leaves: Sequence[bytes]) -> bytes:
        """Give the root of the tree over this head and the leaves."""
        return tree_root([hashlib.sha256(self.content()).digest(), *leaves], SHA256)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What is signed: head, root over head and rows, the signature's algorithm, our certificate."""

    head: Head
    root: bytes
    algorithm: str
    certificate: str

    def content(self) -> bytes:
        """Give the statement's one byte form: canonical JSON, as the anchor file carries it."""
        return _json(
            self.head.tree()
            | {"root": self.root.hex(), "algorithm": self.algorithm, "certificate": self.certificate}
        )

    @classmethod
    def read(cls, content: bytes) -> "Statement | None":
        """Read a statement back; None unless these bytes are exactly the form `content` gives."""
        try:
            tree = json.loads(content)
            head = {item.name: tree[item.name] for item in fields(Head)}
            head["previous_hash"] = bytes.fromhex(head["previous_hash"])
            head["ranges"] = tuple((first, last) for first, last in head["ranges"])
            statement = cls(
                head=Head(**head),
                root=bytes.fromhex(tree["root"]),
                algorithm=tree["algorithm"],
                certificate=tree["certificate"],
            )
            return statement if statement.content() == content and statement.is_sound() else None
        except (ValueError, TypeError, KeyError, RecursionError):
            return None

    def is_sound(self) -> bool:
        """Tell whether the numbers and lengths can be true at all."""
        head = self.head
        numbers = (head.number, head.entry_count, head.sealed_at, head.cluster, head.floor_seq)
        if {type(number) for number in (*numbers, head.upto_xid, head.upto_seq)} != {int}:
            return False
        if not isinstance(self.algorithm, str) or not isinstance(self.certificate, str):
            return False
        lengths = len(head.previous_hash) == len(self.root) == DIGEST_BYTES
        size = sum(last - first + 1 for first, last in head.ranges)
        rising = all(first <= last for first, last in head.ranges)
        return lengths and rising and size == head.entry_count <= MOST_ENTRIES and head.number > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """A signed statement, and its rows' leaves, which let a verifier name the very row that was changed."""

    statement: Statement
    signature: bytes
    leaves: tuple[bytes, ...] = ()

    @property
    def number(self) -> int:
        """The seal's place in the chain, from 1."""
        return self.statement.head.number

    @property
    def hash(self) -> bytes:
        """What the next seal names as its predecessor."""
        return seal_hash(self.statement.content(), self.signature)


def seal_hash(statement: bytes, signature: bytes) -> bytes:
    """Hash a signed statement: SHA-256 over the statement and its signature."""
    return hashlib.sha256(statement + signature).digest()


def make_seal(head: Head, leaves: Sequence[bytes], signer: Signer) -> Seal:
    """Build the tree and sign the statement."""
    statement = Statement(
        head=head,
        root=head.root_over(leaves),
        algorithm=signer.algorithm.name,
        certificate=fingerprint(signer.certificate),
    )
    return Seal(statement=statement, signature=signer.sign(statement.content()), leaves=tuple(leaves))


def ranges_of(seqs: Iterable[int]) -> Ranges:
    """Join rising numbers into ranges, first and last included."""
    ranges: list[list[int]] = []
    for seq in seqs:
        if ranges and ranges[-1][1] + 1 == seq:
            ranges[-1][1] = seq
        else:
            ranges.append([seq, seq])
    return tuple((first, last) for first, last in ranges)


def numbers_in(ranges: Ranges) -> Iterator[int]:
    """Give every number of the ranges."""
    for first, last in ranges:
        yield from range(first, last + 1)


def as_multirange(ranges: Iterable[tuple[int, int]]) -> str:
    """Write ranges as PostgreSQL's int8multirange."""
    return "{" + ",".join(f"[{first},{last + 1})" for first, last in ranges) + "}"


def from_multirange(text: str | None) -> Ranges | None:
    """Read PostgreSQL's int8multirange; None unless it is finite and in canonical form."""
    ranges = tuple((int(first), int(end) - 1) for first, end in _RANGE.findall(text or ""))
    return ranges if as_multirange(ranges) == text else None


def _json(tree: dict[str, Any]) -> bytes:
    return json.dumps(tree, sort_keys=True, separators=(",", ":")).encode()
