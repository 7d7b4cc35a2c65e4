"""Relevance and clicks: what is generated, the loss on clicks by hand, and one encoder behind both heads."""

import math

import pytest
import torch

from benchmarks.objectives.prectr import MARGIN, WEIGHT, Clicks, Encoder, click_loss
from benchmarks.objectives.relevance import pairs
from distill import outputs
from distill.loop import Settings, train


def test_the_log_is_biased_and_clicks_follow_relevance():
    """What was shown is more relevant than what there is; every class of relevance is there."""
    everything, logged = pairs(3000, "tests"), pairs(3000, "tests", biased=True)
    assert len(torch.unique(everything.relevance)) == 4
    assert logged.relevance.double().mean() > everything.relevance.double().mean() + 0.3
    rates = [float(everything.clicks[everything.relevance == c].mean()) for c in range(4)]
    assert rates == sorted(rates)


def test_the_click_loss_by_hand():
    """Binary cross-entropy of the pair, and the hinge only where there was a click."""
    scores, clicks = torch.tensor([[0.5, 0.2], [-1.0, 3.0], [2.0, 0.0]]), torch.tensor([1.0, 0.0, 1.0])
    entropy = [math.log1p(math.exp(-0.5)), math.log1p(math.exp(-1.0)), math.log1p(math.exp(-2.0))]
    hinge = [MARGIN - 0.3, 0.0, 0.0]
    assert float(click_loss(scores, clicks)) == pytest.approx(sum(entropy) / 3 + WEIGHT * sum(hinge) / 3, rel=1e-5)


def test_clicks_move_the_encoder_behind_the_relevance_head():
    """Stage 3 is end to end: relevance answers change though their head does not."""
    some = pairs(500, "tests", biased=True)
    encoder = Encoder(16, 12)
    tuned = train(
        Clicks(encoder, 1), some.inputs, some.clicks, click_loss, seed=("tests",), settings=Settings(epochs=1)
    ).model
    moved = tuned.get_submodule("encoder")
    assert torch.equal(moved.head.weight, encoder.head.weight)
    assert not torch.equal(outputs.logits(moved, some.inputs), outputs.logits(encoder, some.inputs))
