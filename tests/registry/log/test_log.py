"""The log over a storage in memory: order, proofs, and never a second history."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import Inconsistent, NotPublished, UnknownEntry
from registry.log import tree
from registry.log.checkpoint import open_checkpoint
from registry.log.log import Log
from registry.log.note import Ed25519Signer
from registry.log.tree import Node
from registry.records import EntryKind

SIGNER = Ed25519Signer("example.com/log", bytes(32))


def clock() -> datetime:
    """A time."""
    return datetime(2026, 11, 24, tzinfo=UTC)


def unit(storage: Any) -> Log:
    """The log as a new unit sees it."""
    return Log(storage, SIGNER, clock)


def filled(empty: Any, units: Sequence[int]) -> Any:
    """A log after units that appended so many entries each, published after each."""
    storage = empty()
    unit(storage).publish()
    for count in units:
        log = unit(storage)
        for _ in range(count):
            log.append(EntryKind.ISSUE, {"number": storage.size()})
        unit(storage).publish()
    return storage


@given(st.lists(st.integers(1, 9), max_size=6))
def test_every_proof_of_every_history_holds(empty_storage: Any, units: list[int]) -> None:
    """However entries fall into units, each is proved under the newest checkpoint, and each checkpoint extends all."""
    storage = filled(empty_storage, units)
    log = unit(storage)
    newest = log.checkpoint()
    assert newest.size == sum(units)
    assert open_checkpoint(newest.note, SIGNER.verifier) == newest
    for index in range(newest.size):
        proof = log.proof(index)
        assert proof.leaf_hash == tree.leaf_hash(log.entry(index).data)
        tree.verify_inclusion(proof.leaf_hash, index, proof.size, proof.hashes, newest.root)
    for old in storage.checkpoints:
        proof_ = log.consistency(old.size)
        if old.size:
            tree.verify_consistency(old.size, newest.size, proof_.hashes, old.root, newest.root)
        else:
            assert proof_.hashes == ()


def test_an_entry_has_no_proof_before_it_is_signed(empty_storage: Any) -> None:
    """Between a unit's commit and its publication an entry can be read and not proved."""
    storage = filled(empty_storage, [2])
    log = unit(storage)
    index = log.append(EntryKind.ISSUE, {})
    assert (index, log.appended) == (2, 3)
    assert log.entry(index).index == 2
    with pytest.raises(NotPublished, match="entry 2"):
        log.proof(index)
    unit(storage).publish()
    assert unit(storage).proof(index).size == 3


def test_publishing_twice_signs_once(empty_storage: Any) -> None:
    """A checkpoint that covers the log is returned and not signed again."""
    storage = filled(empty_storage, [3])
    assert unit(storage).publish() == unit(storage).publish()
    assert [each.size for each in storage.checkpoints] == [0, 3]


def test_a_log_never_published_has_no_checkpoint(empty_storage: Any) -> None:
    """Asking for the checkpoint of a log that was never published says so."""
    with pytest.raises(NotPublished, match="publish"):
        unit(empty_storage()).checkpoint()


def test_a_shrunken_log_is_not_signed(empty_storage: Any) -> None:
    """After a restored older database, the log refuses to sign a second history."""
    storage = filled(empty_storage, [3])
    del storage.data[2:]
    with pytest.raises(Inconsistent, match="nothing was signed"):
        unit(storage).publish()
    assert len(storage.checkpoints) == 2


def test_a_changed_past_is_not_signed(empty_storage: Any) -> None:
    """If stored subtrees under the newest checkpoint changed, the next entries are not signed."""
    storage = filled(empty_storage, [3])
    before = unit(storage)
    before.frontier()
    storage.stored[Node(1, 0)] = bytes(32)
    with pytest.raises(Inconsistent):
        unit(storage).append(EntryKind.ISSUE, {})
    before.append(EntryKind.ISSUE, {})
    with pytest.raises(Inconsistent):
        unit(storage).publish()
    storage.checkpoints[-1] = replace(storage.checkpoints[-1], size=9)
    with pytest.raises(Inconsistent):
        unit(storage).publish()


@pytest.mark.parametrize("index", [-1, 3, 2**70])
def test_unknown_entries(empty_storage: Any, index: int) -> None:
    """An index outside the log is unknown, for its bytes, its proof and its consistency."""
    log = unit(filled(empty_storage, [3]))
    with pytest.raises(UnknownEntry):
        log.entry(index)
    with pytest.raises(UnknownEntry):
        log.proof(index)
    with pytest.raises(UnknownEntry):
        log.consistency(index + 1 if index > 0 else index)
