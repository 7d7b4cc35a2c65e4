"""The networks of the demonstration: a teacher, the customer's small student, and a thief's other architecture."""

from collections import OrderedDict

from torch import nn

FEATURES, HEAD = "body", "head"  # names of the modules: penultimate features and last layer


def _net(*body: nn.Module, width: int) -> nn.Sequential:
    return nn.Sequential(OrderedDict([(FEATURES, nn.Sequential(*body)), (HEAD, nn.Linear(width, 10))]))


def teacher() -> nn.Module:
    """One hidden layer of 256."""
    return _net(nn.Linear(64, 256), nn.ReLU(), width=256)


def student() -> nn.Module:
    """One hidden layer of 64."""
    return _net(nn.Linear(64, 64), nn.ReLU(), width=64)


def thief() -> nn.Module:
    """A small convolutional network."""
    return _net(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 12, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(12, 24, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(24 * 16, 64),
        nn.ReLU(),
        width=64,
    )
