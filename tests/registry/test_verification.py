"""The recipe from answers to a recorded verdict: who is named, and that bad answers change nothing."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fingerprint.carriers import from_class_basis
from fingerprint.errors import (
    ConstantOutputs,
    LabelOutOfRange,
    NotFinite,
    NotProbabilities,
    ObservationError,
    ProbeCountMismatch,
    UnknownKind,
)
from fingerprint.pack import VerifierPack
from registry.errors import CaseDecided, UnknownCase
from registry.log import entries, tree
from registry.records import RecordedVerdict
from registry.verification import settle, verify_case, weigh


@pytest.fixture
def case(filled: Any) -> str:
    """An open case about `v1`."""
    with filled.store.unit() as registry:
        return str(registry.open_case(filled.tenant, "v1", suspect="shop.example").id)


def signed_logits(pack: VerifierPack, signs: NDArray[np.int8], strength: float) -> NDArray[np.float64]:
    """z_ref + strength * s_d, what a perfect copy with these signs would answer."""
    matrix = pack.rotation.forward(signs.astype(np.float64)).reshape(pack.classes - 1, pack.components)
    signature = from_class_basis(pack.features.astype(np.float64) @ matrix.T) / np.sqrt(pack.components)
    return np.asarray(pack.references["clean"] + strength * signature, dtype=np.float64)


def test_a_clean_suspect_is_of_unknown_source(decided: RecordedVerdict, filled: Any) -> None:
    """Nobody is named, all three devices are accounted for, and the log holds the verdict's digest under a proof."""
    assert decided.verdict.unknown_source
    assert decided.verdict.devices == 3
    assert decided.names == {device.id: device.name for device in filled.devices}
    assert {row.device for row in decided.verdict.ranked} == set(decided.names)
    with filled.store.reading() as registry:
        proof = registry.proof(decided.entry_index)
        _, fields = entries.decode(registry.entry(decided.entry_index).data)
    tree.verify_inclusion(proof.leaf_hash, proof.index, proof.size, proof.hashes, proof.checkpoint.root)
    assert fields["verdict"] == decided.verdict_digest
    assert fields["observation"] == decided.observation_digest == decided.verdict.observation_digest
    filled.store.audit()


def test_every_device_ever_enrolled_is_a_test(filled: Any, case: str, answers: NDArray[np.float64], enrol: Any) -> None:
    """Devices without a copy of the release count in the correction, and so do several copies of one device."""
    enrol(filled.tenant, "idle")
    enrol(filled.tenant, "idler")
    with filled.store.reading() as registry:
        weighed = weigh(registry, filled.tenant, case, kind="logits", answers=answers)
    assert weighed.verdict.devices == 5
    with filled.store.unit() as registry:
        for _ in range(4):
            registry.reserve_copy(filled.tenant, "v1", "pump 0")
    with filled.store.reading() as registry:
        assert weigh(registry, filled.tenant, case, kind="logits", answers=answers).verdict.devices == 7


@pytest.mark.parametrize(
    ("kind", "spoil", "error"),
    [
        ("logits", lambda a: a[:-1], ProbeCountMismatch),
        ("logits", lambda a: a[:, :-1], ObservationError),
        ("logits", lambda a: np.where(a == a.max(), np.nan, a), NotFinite),
        ("logits", lambda a: np.where(a == a.max(), np.inf, a), NotFinite),
        ("logits", np.zeros_like, ConstantOutputs),
        ("probs", lambda a: a, NotProbabilities),
        ("labels", lambda a: a.argmax(axis=1) + 9, LabelOutOfRange),
        ("smell", lambda a: a, UnknownKind),
    ],
)
def test_bad_answers_change_nothing(
    filled: Any, case: str, answers: NDArray[np.float64], kind: str, spoil: Callable[[Any], Any], error: type[Exception]
) -> None:
    """Answers that cannot be used raise their own error; the case stays open and the log as it was."""
    before = filled.store.audit().size
    with pytest.raises(error), filled.store.unit() as registry:
        verify_case(registry, filled.tenant, case, kind=kind, answers=spoil(answers))
    with filled.store.reading() as registry:
        assert not registry.case(filled.tenant, case).decided
    assert filled.store.audit().size == before


def test_a_case_is_decided_once_however_many_weigh_it(filled: Any, case: str, answers: NDArray[np.float64]) -> None:
    """Two verdicts weighed for one case: the first to settle stands, the second is refused."""
    with filled.store.reading() as registry:
        first = weigh(registry, filled.tenant, case, kind="logits", answers=answers)
        second = weigh(registry, filled.tenant, case, kind="logits", answers=answers * 2)
    with filled.store.unit() as registry:
        recorded = settle(registry, first)
    with pytest.raises(CaseDecided), filled.store.unit() as registry:
        settle(registry, second)
    with filled.store.unit() as registry:
        assert registry.verdict(filled.tenant, case) == recorded
        with pytest.raises(CaseDecided):
            verify_case(registry, filled.tenant, case, kind="logits", answers=answers)
        with pytest.raises(UnknownCase):
            verify_case(registry, filled.tenant, "0" * 32, kind="logits", answers=answers)


def test_a_copy_is_named_and_no_other(filled: Any, case: str, pack: VerifierPack) -> None:
    """Answers that carry one copy's signature name its device, and nobody else."""
    reservation = filled.reservations[1]
    answers = signed_logits(pack, reservation.codeword, 0.5)
    with filled.store.unit() as registry:
        recorded = verify_case(registry, filled.tenant, case, kind="logits", answers=answers)
    assert recorded.named == (reservation.device,)
    assert recorded.verdict.ranked[0].copy == reservation.copy_id
    assert [row.named for row in recorded.verdict.ranked] == [True, False, False]
    filled.store.audit()
