"""A log's checkpoints of every size, and a witness that watches it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from registry.log import tree
from registry.log.checkpoint import sign_checkpoint
from registry.log.cosignature import Ed25519Cosigner, MlDsa44Cosigner
from registry.log.note import Ed25519Signer
from registry.log.tree import Node
from registry.records import Checkpoint
from registry.witness.messages import AddCheckpoint
from registry.witness.state import FileState
from registry.witness.witness import Witness


class History:
    """A log of sixteen entries, of one content or another."""

    def __init__(self, content: bytes = b"entry") -> None:
        self.signer = Ed25519Signer("example.com/log", bytes(32))
        self.nodes: dict[Node, bytes] = {}
        self.roots = [tree.EMPTY_ROOT]
        edge: list[bytes] = []
        for size in range(16):
            edge, completed = tree.grow(size, edge, tree.leaf_hash(content + bytes([size])))
            self.nodes.update(completed)
            self.roots.append(tree.fold(edge))

    def checkpoint(self, size: int) -> Checkpoint:
        """The signed checkpoint of that size."""
        return sign_checkpoint(size, self.roots[size], self.signer)

    def prove(self, old: int, new: int) -> tuple[bytes, ...]:
        """The consistency proof between two sizes."""
        return tree.consistency(old, new, lambda nodes: {node: self.nodes[node] for node in nodes})

    def request(self, old: int, new: int) -> bytes:
        """The body of an honest request."""
        return AddCheckpoint(old=old, hashes=self.prove(old, new), note=self.checkpoint(new).note).render()


@pytest.fixture(scope="session")
def history() -> History:
    """The log's history."""
    return History()


@pytest.fixture(scope="session")
def other_history() -> History:
    """Another history under the same key."""
    return History(b"other")


@pytest.fixture
def state(tmp_path: Path) -> FileState:
    """Where the witness remembers."""
    return FileState(tmp_path / "witness")


@pytest.fixture
def cosigners() -> tuple[Ed25519Cosigner, MlDsa44Cosigner]:
    """The witness's keys."""
    return (
        Ed25519Cosigner("witness.example/w1", bytes([1]) * 32, lambda: 1700000000),
        MlDsa44Cosigner("witness.example/w1", bytes([2]) * 32, lambda: 1700000000),
    )


@pytest.fixture
def make_witness(
    history: History, cosigners: tuple[Ed25519Cosigner, MlDsa44Cosigner]
) -> Callable[[FileState], Witness]:
    """Makes witnesses that watch the log."""
    return lambda state: Witness({"example.com/log": [history.signer.verifier]}, cosigners, state)


@pytest.fixture
def witness(make_witness: Callable[[FileState], Witness], state: FileState) -> Witness:
    """A witness that watches the log."""
    return make_witness(state)
