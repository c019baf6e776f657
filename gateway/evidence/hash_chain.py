"""X-Road's hash tree: many inputs under one digest, and the short path that proves one of them.

Step hash and tree are those of the X-Road profile (`http://cyber.ee/hashchain`), so a container in its
sig-hashchain form can be made for any leaf.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from gateway.crypto.digest import DigestAlgorithm

_SEQUENCE, _OCTETS, _UTF8 = b"\x30", b"\x04", b"\x0c"
_NO_TRANSFORMS = b"\x30\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One step from a leaf towards the root: the other branch's digest, and whether it stands on the left."""

    digest: bytes
    on_left: bool


def step_hash(digests: Sequence[bytes], algorithm: DigestAlgorithm) -> bytes:
    """Hash a step: H(DER SEQUENCE OF SEQUENCE {OCTET STRING digest, UTF8String uri, SEQUENCE {}})."""
    uri = algorithm.uri
    inner = b"".join([_head(len(digest), uri) + digest + _tail(uri) for digest in digests])
    return algorithm.new(_SEQUENCE + _length(len(inner)) + inner).digest()


def tree_root(leaves: Sequence[bytes], algorithm: DigestAlgorithm) -> bytes:
    """Hash the leaves pairwise up to one digest; a leaf without a neighbour is promoted unchanged."""
    if not leaves:
        raise ValueError("a tree needs a leaf")
    level = leaves
    while len(level) > 1:
        level = _above(level, algorithm)
    return level[0]


def path(leaves: Sequence[bytes], index: int, algorithm: DigestAlgorithm) -> tuple[Branch, ...]:
    """Give the branches that lead from the leaf at `index` to the root, the leaf's neighbour first."""
    if not 0 <= index < len(leaves):
        raise IndexError("no such leaf")
    branches = []
    level = leaves
    while len(level) > 1:
        other = index ^ 1
        if other < len(level):
            branches.append(Branch(digest=level[other], on_left=other < index))
        level = _above(level, algorithm)
        index //= 2
    return tuple(branches)


def climb(leaf: bytes, branches: Sequence[Branch], algorithm: DigestAlgorithm) -> bytes:
    """Give the root that a leaf and its path lead to."""
    reached = leaf
    for branch in branches:
        pair = (branch.digest, reached) if branch.on_left else (reached, branch.digest)
        reached = step_hash(pair, algorithm)
    return reached


def _above(level: Sequence[bytes], algorithm: DigestAlgorithm) -> list[bytes]:
    above = [step_hash(level[at : at + 2], algorithm) for at in range(0, len(level) - 1, 2)]
    if len(level) % 2:
        above.append(level[-1])
    return above


def _length(size: int) -> bytes:
    if size < 0x80:
        return bytes((size,))
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(octets),)) + octets


@lru_cache(maxsize=64)
def _head(digest_size: int, uri: str) -> bytes:
    """Give everything of a step's item that stands before its digest."""
    octets = _OCTETS + _length(digest_size)
    return _SEQUENCE + _length(len(octets) + digest_size + len(_tail(uri))) + octets


@lru_cache(maxsize=16)
def _tail(uri: str) -> bytes:
    name = uri.encode()
    return _UTF8 + _length(len(name)) + name + _NO_TRANSFORMS
