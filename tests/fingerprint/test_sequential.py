"""Verification in looks, on a pack and suspects made of numbers."""

import numpy as np
import pytest

from fingerprint import codeword, seeds
from fingerprint.carriers import signature_matrix
from fingerprint.errors import ParameterError, WrongRelease
from fingerprint.observation import observe
from fingerprint.pack import VerifierPack
from fingerprint.pool import default_pool
from fingerprint.sequential import evidence_at, verify_in_looks
from fingerprint.statistics import SequentialPlan
from fingerprint.verify import Candidates, gather

PROBES, CLASSES, COMPONENTS = 2000, 6, 8
CARRIERS = (CLASSES - 1) * COMPONENTS


@pytest.fixture(scope="module")
def pack() -> VerifierPack:
    """A release of 2,000 probes over six classes."""
    rng = seeds.stream("test", "sequential", "pack")
    z = rng.normal(size=(PROBES, CLASSES))
    features = rng.normal(size=(PROBES, COMPONENTS)).astype(np.float32)
    return VerifierPack(
        release_key=bytes(range(32)),
        probes=features,
        features=features,
        references={"clean": (z - z.mean(axis=1, keepdims=True)).astype(np.float32)},
        pool=default_pool(("clean",)),
    )


@pytest.fixture(scope="module")
def candidates(pack) -> Candidates:
    """Ten copies."""
    names = tuple(f"device-{i}" for i in range(10))
    words = [
        codeword.derive(bytes([i]) * 32, release=pack.release_id, nonce=bytes(32), length=CARRIERS) for i in range(10)
    ]
    return Candidates(release=pack.release_id, devices=names, copies=names, codewords=np.stack(words))


@pytest.fixture(scope="module")
def plan(pack) -> SequentialPlan:
    """Looks at 500, 1,000 and 2,000 probes."""
    return SequentialPlan.doubling(pack.release_id, probes=PROBES, alpha=1e-4)


class Suspect:
    """Answers logits: reference plus noise plus, for a copy, its signature."""

    def __init__(self, pack: VerifierPack, strength: float, word: np.ndarray) -> None:
        matrix = signature_matrix(word, rotation=pack.rotation, classes=CLASSES)
        rng = seeds.stream("test", "sequential", "suspect")
        self.answers = (
            pack.references["clean"]
            + strength * pack.features @ matrix.T / np.sqrt(COMPONENTS)
            + rng.normal(size=(PROBES, CLASSES))
        )
        self.asked = 0

    def __call__(self, probes: np.ndarray) -> np.ndarray:
        """The next answers, in the order of the probes."""
        start, self.asked = self.asked, self.asked + len(probes)
        return self.answers[start : self.asked]


def test_strong_evidence_needs_few_probes(pack, plan, candidates):
    """A strongly signed copy is named after 500 probes, and no more are sent."""
    suspect = Suspect(pack, 1.0, candidates.codewords[3])
    found = verify_in_looks(pack, plan, suspect, kind="logits", candidates=candidates)
    assert found.verdict.named == ("device-3",)
    assert (found.looks, suspect.asked, found.verdict.probes) == (1, 500, 500)
    assert found.verdict.alpha == plan.looks[0].alpha
    assert found.plan == plan.digest
    assert found.verdict.release == pack.release_id


def test_weak_evidence_takes_more_looks(pack, plan, candidates):
    """A weakly signed copy is named at a later look; the strength was set so that 500 probes do not suffice."""
    suspect = Suspect(pack, 0.12, candidates.codewords[5])
    found = verify_in_looks(pack, plan, suspect, kind="logits", candidates=candidates, tests=100)
    assert found.verdict.named == ("device-5",)
    assert found.looks > 1
    assert found.verdict.devices == 100


def test_an_unknown_source_takes_every_look(pack, plan, candidates):
    """An unsigned model is asked everything and nobody is named."""
    suspect = Suspect(pack, 0.0, candidates.codewords[0])
    found = verify_in_looks(pack, plan, suspect, kind="logits", candidates=candidates)
    assert (found.verdict.named, found.looks, suspect.asked) == ((), 3, PROBES)


def test_the_last_look_is_the_whole_verification(pack, plan, candidates):
    """All probes asked in looks give the evidence of all probes asked at once."""
    answers = Suspect(pack, 0.5, candidates.codewords[1]).answers
    looked = evidence_at(pack, plan.looks[-1], kind="logits", answers=answers)
    whole = gather(pack, observe("logits", answers, probes=PROBES, classes=CLASSES))
    assert looked.values == pytest.approx(whole.values)
    assert looked.release == whole.release


def test_plans_of_others_are_refused(pack, candidates):
    """Another release's plan; a plan that asks more than there is."""
    suspect = Suspect(pack, 0.0, candidates.codewords[0])
    with pytest.raises(WrongRelease):
        verify_in_looks(
            pack,
            SequentialPlan.doubling("sha256:00", probes=9, alpha=0.1),
            suspect,
            kind="logits",
            candidates=candidates,
        )
    longer = SequentialPlan.doubling(pack.release_id, probes=PROBES + 1, alpha=0.1)
    with pytest.raises(ParameterError, match="2001"):
        verify_in_looks(pack, longer, suspect, kind="logits", candidates=candidates)
