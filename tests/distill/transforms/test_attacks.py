"""What single attacks do, checked against the slow obvious computation."""

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from distill.errors import FeaturesNotFound, SettingsError, ShapeError
from distill.outputs import accuracy, logits
from distill.transforms import (
    Calibrated,
    Means,
    NoisyAnswers,
    RoundedAnswers,
    SmoothedAnswers,
    TopOnly,
    average_weights,
    finetune,
    fit_bias,
    from_scratch,
    match_prior,
    new_head,
    new_upper_layers,
    overwrite,
    prune,
    quantise,
)


@given(share=st.floats(0, 0.99))
def test_pruning_zeroes_the_smallest(share, copies):
    """The share of zeros is the wanted one, and no kept weight is smaller than a pruned one."""
    before, after = copies[0].head.weight, prune(copies[0], share=share).head.weight
    gone = after == 0
    assert int(gone.sum()) == round(share * after.numel())
    if 0 < int(gone.sum()) < after.numel():
        assert before[gone].abs().max() <= before[~gone].abs().min()


def test_smoothing_mixes_with_the_uniform(copies, inputs):
    """q' = 0.9 q + 0.1 / C."""
    q, mixed = (torch.softmax(logits(m, inputs[:9]), dim=1) for m in (copies[0], SmoothedAnswers(copies[0], share=0.1)))
    assert torch.allclose(mixed, 0.9 * q + 0.025, atol=1e-6)


def test_rounding_leaves_multiples(copies, inputs):
    """Two digits leave multiples of 0.01."""
    q = torch.exp(logits(RoundedAnswers(copies[0], digits=2), inputs[:99]))
    assert torch.allclose(100 * q, (100 * q).round(), atol=2e-4)


def test_top_only_keeps_the_order(copies, inputs):
    """The three largest probabilities stay, the rest falls to the floor, the label stays."""
    full, cut = logits(copies[0], inputs[:99]), logits(TopOnly(copies[0], k=3), inputs[:99])
    assert torch.equal(full.argmax(dim=1), cut.argmax(dim=1))
    assert ((cut > -13).sum(dim=1) == 3).all()


def test_noise_has_the_wanted_size(copies, inputs):
    """The difference to the clean answer has standard deviation level times that of the centred logits."""
    z = logits(copies[0], inputs)
    gap = logits(NoisyAnswers(copies[0], level=0.3, seed=("t",)), inputs) - z
    spread = (z - z.mean(dim=1, keepdim=True)).square().mean().sqrt()
    assert float(gap.std() / spread) == pytest.approx(0.3, rel=0.1)


def test_prior_matching_makes_the_mean_answer_uniform_and_undoes_a_static_offset(copies, inputs):
    """After matching, an offset that is the same for every input has left no trace."""
    offset = torch.tensor([1.0, -1.0, 0.5, -0.5])
    plain, signed = (match_prior(m, inputs) for m in (copies[0], Calibrated(copies[0], bias=offset)))
    assert torch.allclose(torch.softmax(logits(signed, inputs), dim=1).mean(dim=0), torch.full((4,), 0.25), atol=1e-3)
    assert torch.allclose(logits(plain, inputs), logits(signed, inputs), atol=1e-2)


def test_a_bias_fit_raises_the_likelihood_of_its_labels(copies, means):
    """The fitted biases are no worse than none on the labels that they were fitted on."""
    x, y = means.first_labels(100)
    before, after = (torch.nn.functional.cross_entropy(logits(m, x), y) for m in (copies[0], fit_bias(copies[0], x, y)))
    assert after < before


def test_a_new_head_learns(copies, means, inputs):
    """Retrained on labels, the last layer alone leaves the body's weights and beats the untrained copy."""
    x, y = means.first_labels(300)
    tuned = new_head(copies[0], x, y, head="head", all_layers=False, seed=("t",))
    assert torch.equal(tuned.body[0].weight, copies[0].body[0].weight)
    assert accuracy(tuned, inputs, means.labels) > accuracy(copies[0], inputs, means.labels) + 0.1
    assert all(parameter.requires_grad for parameter in tuned.parameters())


def test_new_upper_layers_are_drawn_afresh(copies, means):
    """Nothing above the first layer resembles the copy."""
    x, y = means.first_labels(100)
    tuned = new_upper_layers(copies[0], x, y, seed=("t",))
    gap = (tuned.head.weight - copies[0].head.weight).norm() / copies[0].head.weight.norm()
    assert gap > 0.5


def test_from_scratch_learns(means, inputs):
    """The yardstick is a trained network."""
    assert accuracy(from_scratch(means.same, *means.first_labels(300), seed=("t",)), inputs, means.labels) > 0.7


def test_overwriting_changes_the_head_alone(copies, inputs):
    """A second signature moves the logits by about its strength and touches nothing but the last layer."""
    signed = overwrite(copies[0], inputs, head="head", seed=("t",), strength=0.1)
    z, again = logits(copies[0], inputs), logits(signed, inputs)
    spread = (z - z.mean(dim=1, keepdim=True)).std()
    assert torch.equal(signed.body[0].weight, copies[0].body[0].weight)
    assert 0.03 < float((again - z).std() / spread) < 0.3


def test_what_reads_little_is_overwritten_by_fewer_carriers(copies, inputs):
    """Three quarters of the units before the head are dead: the thief signs along what is left."""
    reads = copies[0].head.in_features
    damaged = copy.deepcopy(copies[0])
    with torch.no_grad():
        damaged.body[-2].bias[reads // 4 :] = -1e6
    signed = overwrite(damaged, inputs, head="head", seed=("t",), strength=0.1, components=reads)
    change = (signed.head.weight - damaged.head.weight)[:, reads // 4 :]
    assert torch.equal(change, torch.zeros_like(change))
    assert not torch.equal(logits(signed, inputs), logits(damaged, inputs))


def test_the_mean_of_equal_weights_is_the_same_model(copies, inputs):
    """Averaging a copy with itself changes nothing."""
    assert torch.allclose(logits(average_weights([copies[0], copies[0]]), inputs), logits(copies[0], inputs))


def test_settings_out_of_range_are_refused(copies, means):
    """Every wrong number or name is an error of the package's tree."""
    with pytest.raises(SettingsError):
        prune(copies[0], share=1.0)
    with pytest.raises(SettingsError):
        quantise(copies[0], bits=1)
    with pytest.raises(SettingsError):
        SmoothedAnswers(copies[0], share=1.0)
    with pytest.raises(SettingsError):
        NoisyAnswers(copies[0], level=0.0, seed=("t",))
    with pytest.raises(SettingsError):
        RoundedAnswers(copies[0], digits=0)
    with pytest.raises(SettingsError):
        TopOnly(copies[0], k=0)
    with pytest.raises(SettingsError):
        Calibrated(copies[0], temperature=0.0)
    with pytest.raises(SettingsError):
        means.first_labels(10**6)
    with pytest.raises(SettingsError):
        average_weights([copies[0]])
    with pytest.raises(ShapeError):
        average_weights([copies[0], means.other()])
    with pytest.raises(FeaturesNotFound):
        finetune(copies[0], *means.first_labels(10), seed=("t",), only="tail")


def test_a_thief_has_a_label_for_every_labelled_input(means, inputs):
    """Labels and labelled inputs of different lengths are refused."""
    with pytest.raises(ShapeError):
        Means(
            inputs=inputs,
            labelled=inputs,
            labels=means.labels[:3],
            same=means.same,
            other=means.other,
            head="head",
            training=means.training,
            seed=("t",),
        )
