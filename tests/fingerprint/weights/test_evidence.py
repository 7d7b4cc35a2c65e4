"""From a leaked file to a verdict."""

import numpy as np
import pytest

from fingerprint import seeds, statistics, trace
from fingerprint.errors import NotFinite, ParameterError, WrongRelease, WrongShape
from fingerprint.evidence import Evidence
from fingerprint.verify import Candidates, judge
from fingerprint.weights import WeightsPack, align, gather_weights, pool_evidence


def score(pack: WeightsPack, suspect: dict[str, np.ndarray], codeword: np.ndarray) -> float:
    """t of one device."""
    return float(trace.scores(gather_weights(pack, suspect).values, codeword[None])[0])


def test_an_untouched_copy_scores_near_the_maximum(pack: WeightsPack, signed, codeword):
    """t is close to sqrt(L) and the device is named among a million."""
    assert score(pack, signed, codeword) > 0.95 * np.sqrt(pack.bits)
    found = judge(
        gather_weights(pack, signed),
        Candidates(release="r", devices=("d",), copies=("c",), codewords=codeword[None]),
        tests=1000,
    )
    assert found.named == ("d",)
    assert found.kind == "weights"


@pytest.mark.parametrize("seed", range(3))
def test_permuted_and_rescaled_neurons_are_put_back(pack: WeightsPack, signed, codeword, disguise, seed: int):
    """After a disguise that leaves every answer as it was, the score is nearly the same."""
    hidden = disguise(signed, seed)
    plain = align(signed, pack)
    assert all(align(hidden, pack)[name] == pytest.approx(tensor, abs=1e-5) for name, tensor in plain.items())
    assert score(pack, hidden, codeword) == pytest.approx(score(pack, signed, codeword), abs=0.05)


def test_without_a_chain_a_disguise_hides_the_copy(pack: WeightsPack, signed, codeword, disguise):
    """Realignment is what finds it: with an empty chain the same file scores like a stranger's."""
    bare = WeightsPack(
        release="r", release_key=pack.release_key, bits=pack.bits, base=pack.base, strength=pack.strength
    )
    assert score(bare, disguise(signed, 0), codeword) < 4.0
    assert score(bare, signed, codeword) > 0.95 * np.sqrt(pack.bits)


def test_pruning_leaves_the_rest(pack: WeightsPack, signed, codeword):
    """With 70 % of every weight tensor set to nought the rest still names the device."""
    pruned = {
        name: np.where(np.abs(tensor) < np.quantile(np.abs(tensor), 0.7), 0, tensor) if tensor.ndim > 1 else tensor
        for name, tensor in signed.items()
    }
    assert score(pack, pruned, codeword) > 0.8 * np.sqrt(pack.bits)


def test_lost_units_are_missing(pack: WeightsPack, signed, codeword, disguise):
    """A file from which three units of a layer were cut out is read by the others."""
    hidden = dict(disguise(signed, 1))
    hidden["third.weight"], hidden["third.bias"] = hidden["third.weight"][3:], hidden["third.bias"][3:]
    hidden["head.weight"] = hidden["head.weight"][:, 3:]
    assert score(pack, hidden, codeword) > 0.8 * np.sqrt(pack.bits)


def test_a_new_head_weighs_little(pack: WeightsPack, signed, codeword):
    """A last layer of random weights, or of another shape, takes little of the score."""
    rng = seeds.stream("tests", "new head")
    for shape in ((5, 20), (7, 20)):
        replaced = {**signed, "head.weight": rng.normal(size=shape).astype(np.float32)}
        assert score(pack, replaced, codeword) > 0.9 * np.sqrt(pack.bits)


def test_strangers_keep_to_the_theorem(pack: WeightsPack, signed, disguise):
    """Of 200,000 fresh codewords against a marked, moved and disguised file, no more pass than the bound allows."""
    rng = seeds.stream("tests", "strangers")
    moved = {name: tensor + 0.05 * rng.normal(size=tensor.shape) for name, tensor in disguise(signed, 2).items()}
    values = gather_weights(pack, moved).values
    words = np.where(rng.random((200_000, pack.bits)) < 0.5, -1, 1).astype(np.int8)
    p = statistics.tail_bound(trace.scores(values, words))
    for alpha in (1e-1, 1e-2, 1e-3, 1e-4):
        assert (p <= alpha).mean() <= alpha + 4 * np.sqrt(alpha / len(words))


def test_the_base_itself_accuses_nobody(pack: WeightsPack):
    """No difference, no evidence: y is nought."""
    assert not gather_weights(pack, pack.base).values.any()


def test_files_that_cannot_be_read_are_named(pack: WeightsPack, signed):
    """NaN, text and files of something else are different errors."""
    with pytest.raises(NotFinite):
        gather_weights(pack, {**signed, "head.weight": np.full((5, 20), np.nan)})
    with pytest.raises(NotFinite):
        gather_weights(pack, {**signed, "head.weight": np.array(["a"])})
    with pytest.raises(WrongShape):
        gather_weights(pack, {"other": np.ones(3)})
    with pytest.raises(WrongShape):
        gather_weights(pack, {"head.weight": np.ones((5, 21))})


def outputs_evidence(values: np.ndarray, *, release: str = "r", alpha: float = 1e-6) -> Evidence:
    """Evidence as `gather` would have left it."""
    return Evidence(
        release=release, values=values, kind="labels", probes=9, scheme="subspace", alpha=alpha, observation_digest="o"
    )


def test_two_weak_evidences_pool_to_a_strong_one(pack: WeightsPack, signed, codeword):
    """Where neither answers nor file name the device, both together do, in one verdict."""
    rng = seeds.stream("tests", "pool")
    noise = {name: tensor + 0.2 * tensor.std() * rng.normal(size=tensor.shape) for name, tensor in signed.items()}
    file = gather_weights(pack, noise)
    answers = outputs_evidence(codeword + 1.7 * rng.normal(size=pack.bits))
    both = pool_evidence(answers, file)
    t = [float(trace.scores(part.values, codeword[None])[0]) for part in (answers, file, both)]
    assert t[2] > max(t[:2])
    assert both.kind == "labels+weights"
    assert both.observation_digest not in (answers.observation_digest, file.observation_digest)


def test_only_evidence_of_one_release_is_pooled(pack: WeightsPack, signed):
    """Another release, another length or alpha, and a weight that is not positive are errors."""
    file = gather_weights(pack, signed)
    with pytest.raises(WrongRelease):
        pool_evidence(outputs_evidence(np.ones(pack.bits), release="s"), file)
    for wrong in (outputs_evidence(np.ones(3)), outputs_evidence(np.ones(pack.bits), alpha=1e-3)):
        with pytest.raises(ParameterError):
            pool_evidence(wrong, file)
    with pytest.raises(ParameterError):
        pool_evidence(outputs_evidence(np.ones(pack.bits)), file, weight=0.0)


def test_no_evidence_pools_to_the_other(pack: WeightsPack, signed):
    """A part of nought adds nothing."""
    file = gather_weights(pack, signed)
    both = pool_evidence(outputs_evidence(np.zeros(pack.bits)), file)
    assert both.values == pytest.approx(file.values / np.linalg.norm(file.values))
