"""Federated aggregation: oracles, how many liars each bears, how much of a client's signature it lets through."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import nn

from distill.errors import SettingsError, ShapeError
from distill.objectives import Federated
from distill.objectives.federated import Aggregation, aggregate, moved

EVERY = pytest.mark.parametrize("how", Aggregation)


def clients(count=10, seed=1):
    """Scores of unit spread, (200, M, 5)."""
    return torch.randn(200, count, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.double)


def test_the_aggregations_are_those_of_numpy_and_scipy():
    """Mean, median of an even number, mean without a tenth at either end."""
    scores = clients()
    assert np.allclose(aggregate(scores, Aggregation.MEAN), np.mean(scores.numpy(), axis=1))
    assert np.allclose(aggregate(scores, Aggregation.MEDIAN), np.median(scores.numpy(), axis=1))
    assert np.allclose(aggregate(scores, Aggregation.TRIMMED), stats.trim_mean(scores.numpy(), 0.1, axis=1))


@settings(max_examples=30)
@given(st.floats(-1e6, 1e6), st.integers(0, 9))
def test_one_liar_moves_median_and_trimmed_mean_no_further_than_the_honest_are_apart(lie, liar):
    """Whatever he sends, the result stays between the least and the greatest honest score."""
    scores = clients()
    honest = torch.cat([scores[:, :liar], scores[:, liar + 1 :]], dim=1)
    scores[:, liar] = lie
    for how in (Aggregation.MEDIAN, Aggregation.TRIMMED):
        found = aggregate(scores, how)
        assert (found >= honest.amin(dim=1)).all()
        assert (found <= honest.amax(dim=1)).all()


@EVERY
@pytest.mark.parametrize("signers", [1, 3, 10])
def test_a_share_of_the_clients_signatures_arrives(how, signers):
    """About m/M of a signature that m of M = 10 clients add, under every aggregation; all of it when all do."""
    scores = clients()
    sign = 0.3 * torch.randn(200, 1, 5, generator=torch.Generator().manual_seed(2), dtype=torch.double)
    signed = torch.cat([scores[:, :signers] + sign, scores[:, signers:]], dim=1)
    change = aggregate(signed, how) - aggregate(scores, how)
    gain = float((change * sign[:, 0]).sum() / sign.square().sum())
    assert gain == pytest.approx(signers / 10, abs=0.04)


def test_the_average_follows_and_leaves_what_it_was_made_of():
    """After k rounds towards fixed weights the distance is m^k of the first."""
    average, latest = nn.Linear(3, 2), nn.Linear(3, 2)
    first = average.weight.detach().clone()
    following = average
    for _ in range(5):
        following = moved(following, latest, momentum=0.8)
    assert torch.allclose(following.weight - latest.weight, 0.8**5 * (first - latest.weight), atol=1e-6)
    assert torch.equal(average.weight, first)


def test_impossible_settings_are_refused():
    """A momentum over one, a negative number trimmed, everybody trimmed."""
    with pytest.raises(SettingsError, match="momentum"):
        moved(nn.Linear(1, 1), nn.Linear(1, 1), momentum=1.1)
    with pytest.raises(SettingsError, match="trimmed"):
        Federated(trimmed=-1)
    with pytest.raises(ShapeError, match="nobody"):
        aggregate(clients(2), Aggregation.TRIMMED)
