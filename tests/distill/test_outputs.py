"""Asking a model leaves it as it was."""

import pytest
import torch
from torch import nn

from distill import outputs
from distill.errors import ShapeError


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


@pytest.mark.parametrize("count", [1, outputs.ROWS, outputs.ROWS + 1, 3 * outputs.ROWS - 5])
def test_some_rows_at_a_time_are_all_rows_in_order(count):
    """Logits, features and what the last layer reads are those of one pass over all inputs."""
    model, x = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2)), torch.randn(count, 3)
    with torch.no_grad():
        read, said = model[:2](x), model(x)
    assert torch.allclose(outputs.logits(model, x), said, atol=1e-6)
    assert torch.allclose(outputs.before_head(model, x, "2"), read, atol=1e-6)
    for found, expected in zip(outputs.with_features(model, x, "1"), (said, read), strict=True):
        assert torch.allclose(found, expected, atol=1e-6)


def test_a_model_that_drops_rows_is_refused():
    """Never half of the answers."""
    with pytest.raises(ShapeError, match="a row for each"):
        outputs.logits(nn.Flatten(0, 1), torch.randn(6, 2, 4))
