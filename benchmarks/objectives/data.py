"""Fashion-MNIST at 14 x 14, plain or long-tailed."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.survival.data import Sizes, load

_PLAIN, _LARGE, _PROBES, _TEST, _MOST = 4_000, 20_000, 3_000, 10_000, 2_000


@dataclass(frozen=True, kw_only=True)
class Images:
    """Flat images in 0..1, float32 (n, 196), and labels; the test set is balanced."""

    transfer: Tensor
    labels: Tensor
    probes: Tensor
    test: Tensor
    test_labels: Tensor


def plain() -> Images:
    """4,000 images to distil on.

    Raises:
        DataMissing: the files are not on this machine.
    """
    return _images(_PLAIN)


def larger() -> Images:
    """20,000 images to teach on; the first 4,000 are those of `plain`."""
    return _images(_LARGE)


def long_tailed(gamma: float) -> Images:
    """Class c has 2,000 gamma^(-c/9) images: the first has gamma times as many as the last."""
    images = _images(30_000)
    rows = [(images.labels == c).nonzero().flatten()[: round(_MOST * gamma ** (-c / 9))] for c in range(10)]
    kept = torch.cat(rows)
    return Images(
        transfer=images.transfer[kept],
        labels=images.labels[kept],
        probes=images.probes,
        test=images.test,
        test_labels=images.test_labels,
    )


def _images(transfer: int) -> Images:
    data = load(Sizes(transfer=transfer, thief=0, probes=_PROBES, test=_TEST))
    return Images(
        transfer=_small(data.transfer),
        labels=data.transfer_labels,
        probes=_small(data.probes),
        test=_small(data.test),
        test_labels=data.test_labels,
    )


def _small(images: Tensor) -> Tensor:
    return functional.avg_pool2d(images, 2).flatten(1)
