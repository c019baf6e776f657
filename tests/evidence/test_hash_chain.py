"""X-Road's hash tree: its two published vectors, its shape, and proofs of single leaves."""

from base64 import b64encode
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.crypto.digest import DIGESTS
from gateway.evidence.hash_chain import climb, path, step_hash, tree_root

SHA256 = DIGESTS["sha256"]


def _leaves(count: int) -> list[bytes]:
    return [sha256(b"%d" % number).digest() for number in range(count)]


def test_four_inputs_give_the_published_root() -> None:
    """The tree over the digests of one, two, three, four has the root that X-Road computes."""
    leaves = [sha256(word).digest() for word in (b"one", b"two", b"three", b"four")]
    assert b64encode(tree_root(leaves, SHA256)) == b"D7oIIfhfp4ToT729xyx991PvstI5XvpW+d7oeWvXw8E="


def test_one_input_of_four_parts_gives_the_published_root() -> None:
    """A single input of four one-byte parts is one step, and its hash is the root."""
    leaf = step_hash([b"\x0b", b"\x0c", b"\x0d", b"\x0e"], SHA256)
    assert b64encode(tree_root([leaf], SHA256)) == b"v3CBVgjKmzZT5hnJ6vj6waqBazZe334tdEoNiL2oM5E="


def test_a_lone_left_child_is_promoted_unchanged() -> None:
    """With three leaves the third stands beside the hash of the first two; with five it climbs two levels."""
    a, b, c, d, e = _leaves(5)

    def pair(left: bytes, right: bytes) -> bytes:
        return step_hash([left, right], SHA256)

    assert tree_root([a, b, c], SHA256) == pair(pair(a, b), c)
    assert tree_root([a, b, c, d, e], SHA256) == pair(pair(pair(a, b), pair(c, d)), e)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13, 100, 257])
@pytest.mark.parametrize("name", sorted(DIGESTS))
def test_the_levels_are_the_heap_of_the_profile(count: int, name: str) -> None:
    """Level by level equals the profile's heap: leaf k at N + k, children of i at 2i + 1 and 2i + 2."""
    leaves, algorithm = _leaves(count), DIGESTS[name]
    inner = (1 << (count - 1).bit_length()) - 1
    heap = dict(enumerate(leaves, start=inner))
    for node in reversed(range(inner)):
        children = [heap[child] for child in (2 * node + 1, 2 * node + 2) if child in heap]
        if children:
            heap[node] = children[0] if len(children) == 1 else step_hash(children, algorithm)
    assert tree_root(leaves, algorithm) == heap[0]


@settings(deadline=None)
@given(st.integers(1, 70), st.data())
def test_every_leaf_is_proved_by_its_path_and_no_other_is(count: int, data: st.DataObject) -> None:
    """A leaf and its path reach the root; another leaf under the same path does not."""
    index = data.draw(st.integers(0, count - 1))
    leaves = _leaves(count)
    branches = path(leaves, index, SHA256)
    assert climb(leaves[index], branches, SHA256) == tree_root(leaves, SHA256)
    assert climb(sha256(b"forged").digest(), branches, SHA256) != tree_root(leaves, SHA256)
    assert len(branches) <= (count - 1).bit_length()


def test_long_steps_have_der_lengths_of_several_bytes() -> None:
    """A step of many parts is still DER: its hash is that of the bytes an independent encoder writes."""
    digests = _leaves(300)
    uri = SHA256.uri.encode()
    item_size = 34 + 2 + len(uri) + 2
    item = [b"\x30" + bytes((item_size,)) + b"\x04\x20" + d + b"\x0c" + bytes((len(uri),)) + uri + b"\x30\x00"
            for d in digests]  # fmt: skip
    content = b"".join(item)
    assert 0xFF < len(content) <= 0xFFFF
    der = b"\x30\x82" + len(content).to_bytes(2, "big") + content
    assert step_hash(digests, SHA256) == sha256(der).digest()


def test_an_empty_tree_and_a_leaf_that_is_not_there_are_refused() -> None:
    """There is no root of nothing and no path from nowhere."""
    with pytest.raises(ValueError, match="a leaf"):
        tree_root([], SHA256)
    with pytest.raises(IndexError):
        path(_leaves(2), 2, SHA256)
