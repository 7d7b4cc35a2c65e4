"""The roots and proofs that the reference implementations publish, and every class of damage that they refuse."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.errors import ProofInvalid
from registry.log import tree

FILE = Path(__file__).parents[1] / "vectors" / "published.txt"
SOME = bytes.fromhex("abacaba000000000000000000000000000000000000000000060061e00123456")
Proof = tuple[bytes, ...]


def _vectors() -> Iterator[dict[str, str]]:
    blocks = FILE.read_text(encoding="ascii").strip().split("\n\n")
    for block in blocks[1:]:  # the first one says where they come from
        yield {line.split(":", 1)[0]: line.split(":", 1)[1].strip() for line in block.split("\n")}


VECTORS = list(_vectors())
LEAVES = [tree.leaf_hash(bytes.fromhex(each["leaf_data"])) for each in VECTORS if each["kind"] == "root"]
ROOTS = {int(each["size"]): bytes.fromhex(each["root"]) for each in VECTORS if each["kind"] == "root"}
INCLUSIONS = [each for each in VECTORS if each["kind"] == "inclusion"]
CONSISTENCIES = [each for each in VECTORS if each["kind"] == "consistency"]


def proof_of(vector: dict[str, str]) -> Proof:
    """The hashes of a vector."""
    return tuple(bytes.fromhex(each) for each in vector["proof"].split())


def test_roots() -> None:
    """Growing by the published leaves gives every published root."""
    edge: list[bytes] = []
    for size, leaf in enumerate(LEAVES):
        edge, _ = tree.grow(size, edge, leaf)
        assert tree.fold(edge) == ROOTS[size + 1]
    assert sorted(ROOTS) == list(range(1, 9))


def _damaged(proof: Proof, *others: bytes) -> Iterator[Proof]:
    """Garbage behind and before, a flipped bit, one hash less, one more, two swapped."""
    for garbage in (b"", SOME, *others):
        yield (*proof, garbage)
        yield (garbage, *proof)
    for at, value in enumerate(proof):
        yield (*proof[:at], bytes([value[0] ^ 8, *value[1:]]), *proof[at + 1 :])
    if proof:
        yield proof[:-1]
        yield proof[1:]
    if len(proof) > 1:
        yield (proof[0], SOME, *proof[1:])
        yield (proof[1], proof[0], *proof[2:])


@pytest.mark.parametrize("vector", INCLUSIONS, ids=str)
def test_inclusion(vector: dict[str, str]) -> None:
    """Each published proof verifies, and is refused with another index, size, leaf, root, or damaged in any way."""
    index, size, proof = int(vector["index"]), int(vector["size"]), proof_of(vector)
    leaf, root = LEAVES[index], ROOTS[size]
    tree.verify_inclusion(leaf, index, size, proof, root)
    wrong = [(leaf, other, size, proof, root) for other in (index - 1, index + 1, index ^ 2)]
    wrong += [(leaf, index, other, proof, root) for other in (size * 2, size // 2, 0)]
    wrong += [
        (b"WrongLeaf", index, size, proof, root),
        (SOME, index, size, proof, root),
        (b"", index, size, proof, root),
    ]
    wrong += [(leaf, index, size, proof, other) for other in (tree.EMPTY_ROOT, SOME, b"")]
    wrong += [(leaf, index, size, damaged, root) for damaged in _damaged(proof, root)]
    for each in wrong:
        with pytest.raises(ProofInvalid):
            tree.verify_inclusion(*each)


@pytest.mark.parametrize("vector", CONSISTENCIES, ids=str)
def test_consistency(vector: dict[str, str]) -> None:
    """The same for consistency proofs: other sizes, other and swapped roots, an empty proof, any damage."""
    old, new, proof = int(vector["old"]), int(vector["new"]), proof_of(vector)
    before, after = ROOTS[old], ROOTS[new]
    tree.verify_consistency(old, new, proof, before, after)
    wrong = [(old, new, damaged, before, after) for damaged in _damaged(proof, before, after)]
    wrong += [(old, new, proof, SOME, after), (old, new, proof, before, SOME), (old, new, proof, b"x", after)]
    if old != new:
        wrong += [(other, new, proof, before, after) for other in (old - 1, old + 1, old ^ 2)]
        wrong += [(old, other, proof, before, after) for other in (new * 2, new // 2)]
        wrong += [(old, new, proof, after, before), (old, new, (), before, after)]
    for each in wrong:
        with pytest.raises(ProofInvalid):
            tree.verify_consistency(*each)


@pytest.mark.parametrize(
    ("old", "new", "proof", "before", "after"),
    [
        (0, 0, (), tree.EMPTY_ROOT, SOME),
        (0, 0, (), SOME, SOME),
        (0, 0, (tree.EMPTY_ROOT,), tree.EMPTY_ROOT, tree.EMPTY_ROOT),
        (0, 1, (), tree.EMPTY_ROOT, SOME),
        (0, 1, (tree.EMPTY_ROOT,), tree.EMPTY_ROOT, tree.EMPTY_ROOT),
        (1, 1, (), SOME, tree.EMPTY_ROOT),
        (1, 1, (tree.EMPTY_ROOT,), SOME, SOME),
        (1, 0, (), SOME, SOME),
        (2, 1, (), SOME, SOME),
        (1, 2, (), SOME, SOME),
    ],
)
def test_trivial_claims_are_refused(old: int, new: int, proof: Proof, before: bytes, after: bytes) -> None:
    """Empty trees, time travel and proofs of nothing: whoever wants no proof has to compare roots himself."""
    with pytest.raises(ProofInvalid):
        tree.verify_consistency(old, new, proof, before, after)
