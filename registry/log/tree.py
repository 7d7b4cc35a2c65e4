"""The Merkle tree of RFC 6962, section 2.1, as pure functions of hashes.

    leaf(d) = SHA-256(0x00 || d)          node(l, r) = SHA-256(0x01 || l || r)          MTH({}) = SHA-256("")
    MTH(D[n]) = node(MTH(D[0:k]), MTH(D[k:n])),   k the largest power of two below n

Node (level, i) is the root of the complete subtree over leaves [i * 2^level, (i + 1) * 2^level). Complete subtrees
never change as the tree grows; storing them makes appending, proving and taking the root O(log n). A proof is first
planned as ranges of leaves, and each range is a fold of stored nodes: `plan`, read, `fold`.

Verification returns None or raises `ProofInvalid`. It binds index, size, leaf and root together only as far as the
root is the root of a tree of that size: take size and root from one signed checkpoint, never from the prover.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from registry.errors import MalformedValue, ProofInvalid

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


class Node(NamedTuple):
    """A complete subtree."""

    level: int
    number: int


class Range(NamedTuple):
    """Leaves low <= i < high."""

    low: int
    high: int


class Step(NamedTuple):
    """One step of a proof, from the leaf upwards: the sibling's leaves, and on which side the sibling stands."""

    sibling: Range
    on_left: bool


Reader = Callable[[Sequence[Node]], Mapping[Node, bytes]]


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data).

    Example:
        >>> leaf_hash(b"").hex()[:8]
        '6e340b9c'
    """
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    """The largest power of two below `size`, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def subtrees(leaves: Range) -> tuple[Node, ...]:
    """The complete subtrees that make up a range as it occurs in an RFC 6962 tree, largest first.

    Example:
        >>> subtrees(Range(0, 5))
        (Node(level=2, number=0), Node(level=0, number=4))
    """
    low, high = leaves
    found = []
    while low < high:
        level = (high - low).bit_length() - 1
        found.append(Node(level, low >> level))
        low += 1 << level
    return tuple(found)


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over adjacent complete subtrees, largest first: node(h1, node(h2, ... hm)); SHA-256("") for none."""
    if not hashes:
        return EMPTY_ROOT
    *rest, result = hashes
    for left in reversed(rest):
        result = node_hash(left, result)
    return result


def grow(size: int, right_edge: Sequence[bytes], leaf: bytes) -> tuple[list[bytes], list[tuple[Node, bytes]]]:
    """Append one leaf hash to a tree of `size` leaves.

    Args:
        size: n, number of leaves before.
        right_edge: hashes of `subtrees(Range(0, n))`.
        leaf: hash of the new leaf.

    Returns:
        the right edge of the tree of n + 1 leaves, and every complete subtree that the leaf completes.
    """
    edge, node, value = list(right_edge), Node(0, size), leaf
    completed = [(node, value)]
    while node.number % 2:
        value = node_hash(edge.pop(), value)
        node = Node(node.level + 1, node.number >> 1)
        completed.append((node, value))
    return [*edge, value], completed


def inclusion_steps(index: int, size: int) -> tuple[Step, ...]:
    """The steps of PATH(index, D[size]), from the leaf upwards.

    Raises:
        MalformedValue: not 0 <= index < size.
    """
    if not 0 <= index < size:
        raise MalformedValue(f"a tree of {size} entries has no entry {index}")
    low, high, steps = 0, size, []
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            steps.append(Step(Range(middle, high), on_left=False))
            high = middle
        else:
            steps.append(Step(Range(low, middle), on_left=True))
            low = middle
    return tuple(reversed(steps))


def consistency_steps(old: int, new: int) -> tuple[Range, tuple[Step, ...]]:
    """Where PROOF(old, D[new]) starts and its steps upwards.

    The starting range is the subtree that ends at `old`; when it is the whole old tree, the proof leaves it out.

    Raises:
        MalformedValue: not 0 < old <= new.
    """
    if not 0 < old <= new:
        raise MalformedValue(f"no tree of {old} entries grows into one of {new} with a proof")
    low, high, steps = 0, new, []
    while high != old:
        middle = low + _split(high - low)
        if old <= middle:
            steps.append(Step(Range(middle, high), on_left=False))
            high = middle
        else:
            steps.append(Step(Range(low, middle), on_left=True))
            low = middle
    return Range(low, high), tuple(reversed(steps))


def _consistency_ranges(old: int, new: int) -> list[Range]:
    start, steps = consistency_steps(old, new)
    return [start] * (start.low > 0) + [step.sibling for step in steps]


def _read(ranges: Sequence[Range], read: Reader) -> tuple[bytes, ...]:
    parts = [subtrees(leaves) for leaves in ranges]
    nodes = read([node for part in parts for node in part])
    return tuple(fold([nodes[node] for node in part]) for part in parts)


def root(size: int, read: Reader) -> bytes:
    """MTH(D[size]) from stored nodes."""
    return _read([Range(0, size)], read)[0]


def inclusion(index: int, size: int, read: Reader) -> tuple[bytes, ...]:
    """PATH(index, D[size]) from stored nodes. Raises MalformedValue for an index outside the tree."""
    return _read([step.sibling for step in inclusion_steps(index, size)], read)


def consistency(old: int, new: int, read: Reader) -> tuple[bytes, ...]:
    """PROOF(old, D[new]) from stored nodes; empty for equal sizes and for old = 0. Raises MalformedValue."""
    if old == 0 <= new:
        return ()
    return _read(_consistency_ranges(old, new), read)


def _require(condition: object, message: str) -> None:
    if not condition:
        raise ProofInvalid(message)


def _well_formed(hashes: Sequence[bytes], count: int) -> None:
    _require(len(hashes) == count, f"the proof has {len(hashes)} hashes; this tree's shape needs {count}")
    _require(all(len(value) == HASH_BYTES for value in hashes), f"a hash in the proof is not {HASH_BYTES} bytes")


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected_root: bytes) -> None:
    """Return if the proof shows that `leaf` is leaf `index` of the tree of `size` leaves with this root.

    Raises:
        ProofInvalid: it does not.
    """
    _require(0 <= index < size, f"a tree of {size} entries has no entry {index}")
    steps = inclusion_steps(index, size)
    _well_formed((leaf, expected_root, *proof), len(steps) + 2)
    value = leaf
    for step, sibling in zip(steps, proof, strict=True):
        value = node_hash(sibling, value) if step.on_left else node_hash(value, sibling)
    _require(hmac.compare_digest(value, expected_root), f"entry {index} is not under the root of {size} entries")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Return if the proof shows that the tree of `old` leaves with `old_root` is a prefix of the new tree.

    An empty old tree is a prefix of everything, so a proof of it would be a proof of nothing and is refused; two
    empty trees agree only if both roots are the empty root.

    Raises:
        ProofInvalid: it does not.
    """
    _well_formed((old_root, new_root), 2)
    if old == new:
        _require(not proof, "two trees of one size need no proof, and one was given")
        _require(old >= 0 and (old > 0 or old_root == EMPTY_ROOT), "an empty tree has the empty root and no other")
        _require(hmac.compare_digest(old_root, new_root), f"two different roots for {old} entries")
        return
    _require(0 < old < new, f"no proof can lead from {old} to {new} entries")
    start, steps = consistency_steps(old, new)
    whole = start.low == 0
    _well_formed(proof, len(steps) + (not whole))
    first, siblings = (old_root, proof) if whole else (proof[0], proof[1:])
    before = after = first
    for step, sibling in zip(steps, siblings, strict=True):
        before = node_hash(sibling, before) if step.on_left else before
        after = node_hash(sibling, after) if step.on_left else node_hash(after, sibling)
    _require(hmac.compare_digest(before, old_root), f"the proof does not lead to the root of {old} entries")
    _require(hmac.compare_digest(after, new_root), f"the proof does not lead to the root of {new} entries")
