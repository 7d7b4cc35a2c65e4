"""Perceptrons on the image at 14x14: wide enough for 128 components, so that a codeword has 1,152 bits."""

from collections import OrderedDict

from torch import nn

FEATURES, HEAD = "body", "head"


def _net(*widths: int) -> nn.Module:
    body: list[nn.Module] = [nn.AvgPool2d(2), nn.Flatten()]
    for inward, outward in zip((196, *widths), widths, strict=False):
        body += [nn.Linear(inward, outward), nn.ReLU()]
    return nn.Sequential(OrderedDict([(FEATURES, nn.Sequential(*body)), (HEAD, nn.Linear(widths[-1], 10))]))


def teacher() -> nn.Module:
    """Two hidden layers of 256: 118,794 parameters."""
    return _net(256, 256)


def student() -> nn.Module:
    """Two hidden layers of 128: 43,018 parameters."""
    return _net(128, 128)
