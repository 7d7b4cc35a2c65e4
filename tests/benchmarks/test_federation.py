"""Federated rounds in small: how data are split, what an attack does to a mean, whose upload a model learnt from."""

import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn

from benchmarks.objectives.federation import Ensemble, Parties, Plan, dirichlet, federate
from distill import outputs
from distill.objectives.federated import Aggregation


def _fresh() -> nn.Module:
    return nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 10))


@pytest.fixture(scope="module")
def digits() -> tuple[torch.Tensor, torch.Tensor]:
    """All 8 x 8 digits in 0..1, and their labels."""
    found = load_digits()
    return torch.tensor(found.data / 16, dtype=torch.float32), torch.tensor(found.target)


@pytest.fixture(scope="module")
def parties(digits) -> Parties:
    """400 public digits, 1,000 split among five clients unevenly."""
    images, labels = digits
    own, known = images[400:1400], labels[400:1400]
    parts = dirichlet(known, 5, 3.0, "tests")
    return Parties(proxy=images[:400], shares=tuple((own[part], known[part]) for part in parts), fresh=_fresh)


def test_a_lower_concentration_splits_more_unevenly(digits):
    """Every row goes to one client; the largest client's share of a class grows as the concentration falls."""
    labels = digits[1]

    def largest(concentration: float) -> float:
        parts = dirichlet(labels, 8, concentration, "tests")
        assert torch.equal(torch.cat(parts).sort().values, torch.arange(len(labels)))
        counts = torch.stack([torch.bincount(labels[part], minlength=10) for part in parts]).double()
        return float((counts.max(dim=0).values / counts.sum(dim=0)).mean())

    assert largest(0.1) > largest(1.0) > largest(100.0)


def test_the_trimmed_mean_outlives_a_byzantine_client_that_the_mean_does_not(digits, parties):
    """One client of five turns its scores round and raises them: a trimmed server is far more accurate than a mean."""
    images, labels = digits

    def accuracy(how: Aggregation) -> float:
        plan = Plan(aggregation=how, byzantine=1, factor=-6.0)
        return outputs.accuracy(federate(parties, plan, 6, ("tests",)).server, images[1400:], labels[1400:])

    assert accuracy(Aggregation.TRIMMED) > accuracy(Aggregation.MEAN) + 0.2


def test_what_leaves_a_client_is_what_the_server_learns(parties):
    """A client whose upload favours one class changes the server; the ensemble aggregates the clients it is given."""
    plan = Plan()

    def favours(_client: int, scores: torch.Tensor) -> torch.Tensor:
        return scores + 50 * torch.eye(10)[3]

    plain, changed = federate(parties, plan, 1, ("tests",)), federate(parties, plan, 1, ("tests",), favours)
    pair = [outputs.logits(each.server, parties.proxy).argmax(dim=1).eq(3).double().mean() for each in (plain, changed)]
    assert pair[1] > pair[0]
    scores = torch.stack([outputs.logits(client, parties.proxy) for client in plain.clients], dim=1)
    together = outputs.logits(Ensemble(plain.clients, plan), parties.proxy)
    assert torch.allclose(together, scores.mean(dim=1), atol=1e-5)
