"""The Merkle tree: published roots, every proof for sizes 0..64, and every kind of damage to one refused."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import MalformedValue, ProofInvalid
from registry.log import tree
from registry.log.tree import Node, Range

VECTORS = Path(__file__).parents[1] / "vectors" / "rfc6962.txt"
LEAVES = [tree.leaf_hash(b"entry %d" % number) for number in range(65)]
LARGEST = 64


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """MTH by its recursive definition."""
    if len(leaves) < 2:
        return leaves[0] if leaves else tree.EMPTY_ROOT
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return tree.node_hash(naive_root(leaves[:k]), naive_root(leaves[k:]))


ROOTS = [naive_root(LEAVES[:size]) for size in range(LARGEST + 1)]


def grown() -> dict[Node, bytes]:
    """Every complete subtree of the tree of 64 leaves, stored as it was completed."""
    nodes: dict[Node, bytes] = {}
    edge: list[bytes] = []
    for size in range(LARGEST):
        edge, completed = tree.grow(size, edge, LEAVES[size])
        assert not set(nodes) & {node for node, _ in completed}
        nodes.update(completed)
    return nodes


NODES = grown()


def read(wanted: Sequence[Node]) -> Mapping[Node, bytes]:
    """Stored subtrees."""
    return {node: NODES[node] for node in wanted}


def vectors() -> Iterator[dict[str, str]]:
    """The vectors of the file."""
    for block in VECTORS.read_text(encoding="ascii").strip().split("\n\n"):
        yield {line.split(":", 1)[0]: line.split(":", 1)[1].strip() for line in block.split("\n")}


def check(vector: dict[str, str]) -> None:
    """Verify what a vector claims."""
    proof = [bytes.fromhex(item) for item in vector["proof"].split()]
    value = {name: bytes.fromhex(vector[name]) for name in ("leaf", "root", "old_root", "new_root") if name in vector}
    if vector["kind"] == "inclusion":
        tree.verify_inclusion(value["leaf"], int(vector["index"]), int(vector["size"]), proof, value["root"])
    else:
        old, new = int(vector["old"]), int(vector["new"])
        tree.verify_consistency(old, new, proof, value["old_root"], value["new_root"])


def test_published_roots() -> None:
    """The reference leaves of Certificate Transparency have their well-known root, and every prefix its own."""
    data = [bytes.fromhex(t) for t in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
    leaves = [tree.leaf_hash(item) for item in (*data, bytes(range(0x60, 0x70)))]
    for vector in vectors():
        if vector["kind"] == "root":
            assert naive_root(leaves[: int(vector["size"])]).hex() == vector["root"]
    assert naive_root(leaves).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def test_vectors() -> None:
    """Valid vectors verify, and each invalid one is refused."""
    seen = {"valid": 0, "invalid": 0}
    for vector in vectors():
        if vector["kind"] == "root":
            continue
        if vector["expect"] == "valid":
            check(vector)
        else:
            with pytest.raises(ProofInvalid):
                check(vector)
        seen[vector["expect"].split(":")[0]] += 1
    assert seen["valid"] == 73
    assert seen["invalid"] > 400


def test_growing_gives_every_root() -> None:
    """The root from stored subtrees is the root by definition, for every size 0..64."""
    assert [tree.root(size, read) for size in range(LARGEST + 1)] == ROOTS


def test_right_edge_is_the_stored_one() -> None:
    """Growing returns the right edge that the stored subtrees give."""
    edge: list[bytes] = []
    for size in range(LARGEST):
        assert edge == [NODES[node] for node in tree.subtrees(Range(0, size))]
        edge, _ = tree.grow(size, edge, LEAVES[size])


def test_every_inclusion_proof_holds_and_only_where_it_should() -> None:
    """Each proof for sizes 1..64 verifies for its own index, and for no other index of the same tree."""
    for size in range(1, LARGEST + 1):
        for index in range(size):
            proof = tree.inclusion(index, size, read)
            tree.verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])
            for other in {0, size - 1, index - 1, index + 1, size} - {index}:
                with pytest.raises(ProofInvalid):
                    tree.verify_inclusion(LEAVES[index], other, size, proof, ROOTS[size])


def test_every_consistency_proof_holds_and_only_where_it_should() -> None:
    """Each proof for sizes 1..64 verifies, and against the root of any other old size it does not."""
    for new in range(1, LARGEST + 1):
        for old in range(1, new + 1):
            proof = tree.consistency(old, new, read)
            tree.verify_consistency(old, new, proof, ROOTS[old], ROOTS[new])
            for other in {1, old - 1, old + 1, new + 1} - {old, 0}:
                with pytest.raises(ProofInvalid):
                    tree.verify_consistency(other, new, proof, ROOTS[min(other, LARGEST)], ROOTS[new])


def damaged(proof: tuple[bytes, ...]) -> Iterator[list[bytes]]:
    """Every single damage: one hash flipped, dropped, doubled, or swapped with its neighbour; one put in anywhere."""
    for at, value in enumerate(proof):
        yield [*proof[:at], bytes([value[0] ^ 0x80]) + value[1:], *proof[at + 1 :]]
        yield [*proof[:at], *proof[at + 1 :]]
        yield [*proof[:at], value, value, *proof[at + 1 :]]
        if at:
            yield [*proof[: at - 1], value, proof[at - 1], *proof[at + 1 :]]
    for at in range(len(proof) + 1):
        yield [*proof[:at], tree.leaf_hash(b"extra"), *proof[at:]]


def test_every_damaged_inclusion_proof_is_refused() -> None:
    """For each size 1..64 and each index, every damaged proof is refused."""
    for size in range(1, LARGEST + 1):
        for index in range(size):
            for wrong in damaged(tree.inclusion(index, size, read)):
                with pytest.raises(ProofInvalid):
                    tree.verify_inclusion(LEAVES[index], index, size, wrong, ROOTS[size])


def test_every_damaged_consistency_proof_is_refused() -> None:
    """For each pair of sizes in 1..64, every damaged proof is refused."""
    for new in range(1, LARGEST + 1):
        for old in range(1, new + 1):
            for wrong in damaged(tree.consistency(old, new, read)):
                with pytest.raises(ProofInvalid):
                    tree.verify_consistency(old, new, wrong, ROOTS[old], ROOTS[new])


@given(st.integers(1, LARGEST), st.data())
def test_any_flipped_bit_is_refused(size: int, data: st.DataObject) -> None:
    """Whichever single bit of leaf, root or proof is flipped, the proof no longer verifies."""
    index = data.draw(st.integers(0, size - 1))
    parts = [LEAVES[index], ROOTS[size], *tree.inclusion(index, size, read)]
    at, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    parts[at] = bytes(byte ^ (1 << bit % 8 if where == bit // 8 else 0) for where, byte in enumerate(parts[at]))
    with pytest.raises(ProofInvalid):
        tree.verify_inclusion(parts[0], index, size, parts[2:], parts[1])


@given(st.integers(1, LARGEST), st.integers(1, LARGEST), st.data())
def test_another_size_is_refused_with_its_own_root(size: int, other: int, data: st.DataObject) -> None:
    """A proof for one size does not verify under the root of another size."""
    index = data.draw(st.integers(0, min(size, other) - 1))
    proof = tree.inclusion(index, size, read)
    if size == other:
        tree.verify_inclusion(LEAVES[index], index, other, proof, ROOTS[other])
    else:
        with pytest.raises(ProofInvalid):
            tree.verify_inclusion(LEAVES[index], index, other, proof, ROOTS[other])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 4), (4, 4), (5, 4), (0, -1)])
def test_no_proof_outside_the_tree(index: int, size: int) -> None:
    """There is no inclusion proof for an index outside the tree, made or verified."""
    with pytest.raises(MalformedValue):
        tree.inclusion(index, size, read)
    with pytest.raises(ProofInvalid):
        tree.verify_inclusion(LEAVES[0], index, size, (), tree.EMPTY_ROOT)


@pytest.mark.parametrize(("old", "new"), [(5, 4), (-1, 4), (0, 4), (-2, -2)])
def test_no_consistency_backwards(old: int, new: int) -> None:
    """No proof leads to a smaller tree, and one from the empty tree proves nothing."""
    with pytest.raises(ProofInvalid):
        tree.verify_consistency(old, new, (), tree.EMPTY_ROOT, ROOTS[4])
    if old:
        with pytest.raises(MalformedValue):
            tree.consistency(old, new, read)
    else:
        assert tree.consistency(old, new, read) == ()


def test_equal_sizes_need_equal_roots() -> None:
    """Two trees of one size agree exactly if their roots do, and two empty ones only on the empty root."""
    tree.verify_consistency(5, 5, (), ROOTS[5], ROOTS[5])
    tree.verify_consistency(0, 0, (), tree.EMPTY_ROOT, tree.EMPTY_ROOT)
    for size, old, new in ((5, ROOTS[5], ROOTS[4]), (0, ROOTS[1], ROOTS[1]), (0, tree.EMPTY_ROOT, ROOTS[1])):
        with pytest.raises(ProofInvalid):
            tree.verify_consistency(size, size, (), old, new)


@given(st.integers(1, 2**40), st.data())
def test_proofs_stay_short(size: int, data: st.DataObject) -> None:
    """A proof in a tree of n entries has at most log2(n) rounded up hashes, one more for consistency."""
    index = data.draw(st.integers(0, size - 1))
    assert len(tree.inclusion_steps(index, size)) <= (size - 1).bit_length()
    start, steps = tree.consistency_steps(index + 1, size)
    assert len(steps) + (start.low > 0) <= (size - 1).bit_length() + 1
