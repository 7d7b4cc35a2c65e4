"""The networks: an owner's convolutional teacher, the released student, and a thief's other architecture."""

from collections import OrderedDict

from torch import nn

FEATURES, HEAD = "body", "head"  # names of the modules: penultimate features and last layer


def _net(*body: nn.Module, width: int) -> nn.Sequential:
    return nn.Sequential(OrderedDict([(FEATURES, nn.Sequential(*body)), (HEAD, nn.Linear(width, 10))]))


def large_convolutional() -> nn.Module:
    """Two convolutions at 28x28, one hidden layer of 128: 206,922 parameters."""
    return _net(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 49, 128),
        nn.ReLU(),
        width=128,
    )


def small_convolutional() -> nn.Module:
    """Two strided convolutions, one hidden layer of 64: 52,266 parameters."""
    return _net(
        nn.Conv2d(1, 8, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * 49, 64),
        nn.ReLU(),
        width=64,
    )


def perceptron() -> nn.Module:
    """Two hidden layers of 128 and 64 on the image at 14x14: 34,122 parameters."""
    return _net(nn.AvgPool2d(2), nn.Flatten(), nn.Linear(196, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), width=64)


def pooled_convolutional() -> nn.Module:
    """One convolution on the image at 14x14, one hidden layer of 64: 25,882 parameters."""
    return _net(
        nn.AvgPool2d(2),
        nn.Conv2d(1, 8, 3, padding=1),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(8 * 49, 64),
        nn.ReLU(),
        width=64,
    )
