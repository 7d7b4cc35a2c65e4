"""No silent bypass: on every way in, the signature is there when the loss is computed, and its absence is seen."""

import pytest
import safetensors.torch
import torch

from distill import objectives, outputs
from distill.errors import ShapeError
from distill.objectives import Objective
from distill.pull import pull
from distill.scores import Scores, one_way, two_way
from distill.signing import Signature, SignedTeacher, sign
from distill.student_side import folded_teacher, signed_head
from distill.taps import submodule
from distill.top_k import keep_top

READS_SCORES = ("hinton", "forward_kl", "reverse_kl", "jsd", "mse", "standardised", "dkd", "ltkd", "margin_mse")
ROWS = 400


def made(name) -> Objective:
    """The objective, with groups for the one that needs them."""
    return objectives.CATALOGUE[name](**({"groups": (0, 0, 1, 1)} if name == "ltkd" else {}))


@pytest.fixture(scope="module")
def plain(task) -> Scores:
    """The unsigned teacher's scores."""
    return Scores.of(task.teacher, task.inputs[:ROWS], "body")


@pytest.fixture(scope="module")
def shift(task, plain):
    """What the first device's signature should change."""
    return plain.signed(task.prepared.kit, task.codeword(1)).values - plain.values


def by_function(task, plain):
    """A framework hands over logits and features."""
    return sign(plain.values, plain.features, Signature.of(task.prepared.kit, task.codeword(1)))


def by_wrapper(task, plain):
    """A framework calls the teacher; features by module name."""
    signature = Signature.of(task.prepared.kit, task.codeword(1))
    return outputs.logits(SignedTeacher(task.teacher, features="body", signature=signature), plain.contexts)


def by_wrapper_with_callable(task, plain):
    """The same with features from a callable."""
    signature = Signature.of(task.prepared.kit, task.codeword(1))
    return outputs.logits(SignedTeacher(task.teacher, features=task.teacher.body, signature=signature), plain.contexts)


def by_cache(task, plain):
    """Unsigned scores and features are stored, read back, and signed for one device."""
    tensors = {"contexts": plain.contexts, "values": plain.values, "features": plain.features}
    back = Scores(**safetensors.torch.load(safetensors.torch.save(tensors)))
    return back.signed(task.prepared.kit, task.codeword(1)).values


def by_full_store(task, plain):
    """All members are kept as log-probabilities."""
    return keep_top(plain.signed(task.prepared.kit, task.codeword(1)).values, 4).scores()


def by_student_side(task, plain):
    """Only hidden states travel; the logits are computed again beside the student."""
    return signed_head(task.teacher.head, Signature.of(task.prepared.kit, task.codeword(1)))(plain.features)


def by_folding(task, plain):
    """The teacher itself, with the signature in its last layer."""
    signature = Signature.of(task.prepared.kit, task.codeword(1))
    example = plain.contexts[:5]
    folded = folded_teacher(task.teacher, features="body", head="head", signature=signature, example=example)
    return outputs.logits(folded, plain.contexts)


WAYS = (by_folding, by_function, by_wrapper, by_wrapper_with_callable, by_cache, by_full_store, by_student_side)


@pytest.mark.parametrize("name", READS_SCORES)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_the_signature_reaches_the_loss(task, plain, shift, way, name):
    """Every way in gives every objective the same pull as the formula does, and it is not nought."""
    objective, arrived = made(name), way(task, plain)
    expected = pull(objective, clean=plain.values, arrived=plain.values + shift, shift=shift)
    clean = plain.values
    if way is by_full_store:  # log-probabilities: the common mode is gone on both sides
        clean = keep_top(plain.values, 4).scores()
    found = pull(objective, clean=clean, arrived=arrived, shift=shift)
    assert expected > 1e-4
    assert found == pytest.approx(expected, rel=0.02) or (way is by_full_store and name == "mse" and found > 1e-4)


def test_a_wrapper_that_is_gone_past_is_seen(task, plain, shift):
    """Hidden states and the last layer read off a wrapped teacher carry nothing: the pull says so."""
    wrapped = SignedTeacher(task.teacher, features="body", signature=Signature.of(task.prepared.kit, task.codeword(1)))
    with torch.no_grad():
        recomputed = submodule(wrapped, "teacher.head")(submodule(wrapped, "teacher.body")(plain.contexts))
    assert abs(pull(objectives.HintonKD(), clean=plain.values, arrived=recomputed, shift=shift)) < 1e-6


def test_another_device_does_not_pull_this_way(task, plain, shift):
    """What arrives is this device's signature and not just any."""
    other = plain.signed(task.prepared.kit, task.codeword(2)).values
    own = pull(objectives.HintonKD(), clean=plain.values, arrived=plain.values + shift, shift=shift)
    assert abs(pull(objectives.HintonKD(), clean=plain.values, arrived=other, shift=shift)) < 0.5 * own


def test_top_k_keeps_the_less_the_smaller_k_is(task, plain):
    """Pull at T = 1 by number of members kept, on average over codewords: it grows, and all of them keep all."""
    objective, pulls = objectives.ForwardKL(), []
    for number in range(1, 65):
        signed = plain.signed(task.prepared.kit, task.codeword(number)).values
        shift = signed - plain.values
        kept = [
            pull(objective, clean=keep_top(plain.values, k).scores(), arrived=keep_top(signed, k).scores(), shift=shift)
            for k in (1, 2, 4)
        ]
        assert kept[2] == pytest.approx(pull(objective, clean=plain.values, arrived=signed, shift=shift), rel=0.01)
        pulls.append(kept)
    few, some, every = torch.tensor(pulls).mean(0)
    assert 0 < few < some < every


@pytest.mark.parametrize("name", ["rank_net", "adr_mse"])
def test_an_order_preserving_signature_never_reaches_a_rank_loss(plain, name):
    """A shift under half the smallest gap: exactly nought, where MarginMSE is pulled."""
    ordered = plain.values.sort(dim=1, descending=True).values
    gap = (ordered[:, :-1] - ordered[:, 1:]).min(dim=1, keepdim=True).values
    small = 0.45 * gap * torch.randn(ordered.shape, generator=torch.Generator().manual_seed(1)).sign()
    for objective, silent in ((made(name), True), (objectives.MarginMSE(), False)):
        found = pull(objective, clean=ordered, arrived=ordered + small, shift=small)
        assert (found == 0) is silent


def test_distilling_a_release_gets_the_signature_to_the_loss(task):
    """The copy's own loss is smaller against its signed targets than against the unsigned ones and another device's."""
    prepared = task.prepared
    plain = Scores.of(task.teacher, prepared.transfer, "body")
    copy = prepared.distil(task.codeword(1), seed=("bypass",)).model
    answers = outputs.logits(copy, plain.contexts)
    own, none, other = (
        float(objectives.HintonKD()(answers, targets))
        for targets in (
            plain.signed(prepared.kit, task.codeword(1)).values,
            plain.values,
            plain.signed(prepared.kit, task.codeword(2)).values,
        )
    )
    assert own < none < other


def test_scores_equal_the_function_and_refuse_what_does_not_fit(task, plain):
    """`Scores.signed` is `sign`; rows that differ, one member, another set are refused."""
    assert torch.allclose(plain.signed(task.prepared.kit, task.codeword(1)).values, by_function(task, plain), atol=1e-4)
    with pytest.raises(ShapeError):
        Scores(contexts=plain.contexts[1:], values=plain.values, features=plain.features)
    with pytest.raises(ShapeError):
        Scores(contexts=plain.contexts, values=plain.values[:, :1], features=plain.features)
    three = Scores(contexts=plain.contexts, values=plain.values[:, :3], features=plain.features)
    with pytest.raises(ShapeError):
        three.signed(task.prepared.kit, task.codeword(1))


def test_what_cannot_be_stored_folded_or_pulled_is_refused(task, plain, shift):
    """k out of range; a layer that reads something else; a shift of nought."""
    for k in (0, 5):
        with pytest.raises(ShapeError):
            keep_top(plain.values, k)
    with pytest.raises(ShapeError, match="tap the features"):
        signed_head(torch.nn.Linear(3, 4), Signature.of(task.prepared.kit, task.codeword(1)))
    with pytest.raises(ShapeError):
        pull(objectives.HintonKD(), clean=plain.values, arrived=plain.values, shift=torch.zeros_like(shift))


def test_a_pair_score_is_scores_over_two():
    """There and back, and its softmax is the sigmoid."""
    score = torch.randn(20, generator=torch.Generator().manual_seed(4))
    assert torch.allclose(one_way(two_way(score)), score)
    assert torch.allclose(two_way(score).softmax(dim=1)[:, 0], score.sigmoid())
