"""Where features are: by module name or callable, and a clear error where they are not."""

import pytest
import torch
from torch import nn

from distill.errors import FeaturesNotFound
from distill.taps import head_inputs, logits_and_features, submodule


class Convolutional(nn.Module):
    """A module with a part that its forward pass never calls."""

    def __init__(self):
        super().__init__()
        self.trunk = nn.Conv2d(1, 2, 3)
        self.last = nn.Linear(8, 3)
        self.unused = nn.Linear(2, 2)

    def forward(self, x):
        """Logits of (n, 1, 4, 4)."""
        return self.last(self.trunk(x).flatten(1))


def test_name_and_callable_agree():
    """The output of the named module, flattened, is what a callable would give."""
    model, x = Convolutional(), torch.randn(5, 1, 4, 4)
    logits, named = logits_and_features(model, x, "trunk")
    _, called = logits_and_features(model, x, model.trunk)
    assert torch.equal(logits, model(x))
    assert torch.equal(named, called)
    assert named.shape == (5, 8)


def test_the_head_reads_the_features():
    """The input of the last layer is the features before it."""
    model, x = Convolutional(), torch.randn(5, 1, 4, 4)
    assert torch.equal(head_inputs(model, x, "last"), logits_and_features(model, x, "trunk")[1])


def test_no_hook_stays():
    """After a tap, and after a failed forward pass, the model is as it was."""
    model = Convolutional()
    logits_and_features(model, torch.randn(1, 1, 4, 4), "trunk")
    with pytest.raises(RuntimeError):
        logits_and_features(model, torch.randn(1, 7), "trunk")
    assert not model.trunk._forward_hooks


@pytest.mark.parametrize("name", ["nowhere", "", "unused"])
def test_a_wrong_name_is_one_clear_error(name):
    """No such module, no name, or a module that is never called."""
    with pytest.raises(FeaturesNotFound):
        logits_and_features(Convolutional(), torch.randn(1, 1, 4, 4), name)


def test_the_error_lists_the_names():
    """Whoever mistypes a name sees those there are."""
    with pytest.raises(FeaturesNotFound, match="last, trunk, unused"):
        submodule(Convolutional(), "lust")
