"""What a coalition makes of its copies."""

import pytest
import torch

from distill.errors import SettingsError
from distill.outputs import logits
from distill.transforms.coalitions import COALITIONS

MIXES = pytest.mark.parametrize("name", COALITIONS)


@MIXES
def test_answers_are_finite_and_the_same_when_made_again(name, copies, inputs):
    """Every mix answers every input over all classes, and a second mix of the same copies answers the same."""
    first, second = (logits(COALITIONS[name](copies), inputs[:40]) for _ in range(2))
    assert first.shape == (40, 4)
    assert torch.isfinite(first).all()
    assert torch.equal(first, second)


@MIXES
def test_one_copy_is_no_coalition(name, copies):
    """A single member is refused by name."""
    with pytest.raises(SettingsError, match="two members"):
        COALITIONS[name](copies[:1])


@MIXES
def test_equal_members_answer_as_one_does(name, copies, inputs):
    """A coalition of one copy twice gives that copy's probabilities."""
    mixed = torch.softmax(logits(COALITIONS[name]([copies[0], copies[0]]), inputs[:40]), dim=1)
    assert torch.allclose(mixed, torch.softmax(logits(copies[0], inputs[:40]), dim=1), atol=1e-6)


def test_each_mix_is_its_formula(copies, inputs):
    """Median, extremes and mean probabilities agree with the plain computation."""
    told = torch.stack([torch.log_softmax(logits(copy, inputs[:40]), dim=1) for copy in copies])
    expected = {
        "average": told.mean(dim=0),
        "mean probabilities": told.exp().mean(dim=0).log(),
        "median": told.sort(dim=0).values[2],
        "least": told.min(dim=0).values,
        "greatest": told.max(dim=0).values,
        "midrange": (told.min(dim=0).values + told.max(dim=0).values) / 2,
    }
    for name, values in expected.items():
        assert torch.allclose(logits(COALITIONS[name](copies), inputs[:40]), values, atol=1e-5), name


def test_switching_uses_every_member(copies, inputs):
    """Each answer is one member's, and all members answer some input."""
    told = torch.stack([torch.log_softmax(logits(copy, inputs[:400]), dim=1) for copy in copies])
    answered = logits(COALITIONS["switching"](copies), inputs[:400])
    matches = (told - answered).abs().amax(dim=2) < 1e-6
    assert matches.any(dim=0).all()
    assert matches.any(dim=1).all()
