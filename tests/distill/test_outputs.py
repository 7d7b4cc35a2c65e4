"""Asking a model leaves it as it was."""

import torch
from torch import nn

from distill import outputs


def nested():
    """A wrapper in training mode around a frozen part with dropout."""
    return nn.Sequential(nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5)).eval(), nn.Linear(8, 2))


def test_every_part_keeps_its_own_mode():
    """Answers are those of evaluation mode; afterwards the frozen part is frozen and the wrapper in training still."""
    model, x = nested(), torch.randn(6, 3)
    modes = [part.training for part in model.modules()]
    assert True in modes
    assert False in modes
    first = outputs.logits(model, x)
    assert torch.equal(first, outputs.logits(model, x))
    outputs.with_features(model, x, "0")
    outputs.before_head(model, x, "1")
    assert [part.training for part in model.modules()] == modes


def test_the_modes_come_back_after_an_error():
    """Inputs of another width fail and change nothing."""
    model = nested()
    modes = [part.training for part in model.modules()]
    try:
        outputs.logits(model, torch.randn(6, 4))
    except RuntimeError:
        assert [part.training for part in model.modules()] == modes
    else:
        raise AssertionError("inputs of another width were accepted")
