"""1,797 real handwritten digits of 8x8 pixels that ship with scikit-learn (UCI, Alpaydin and Kaynak 1998)."""

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor

from fingerprint import seeds
from fingerprint.probes import mixtures

TEST_IMAGES = 500
CLASSES = 10


@dataclass(frozen=True, kw_only=True)
class Digits:
    """Images in 0..1, float32 (n, 64), and their digits, int64 (n,); test images are in no training."""

    train: Tensor
    train_labels: Tensor
    test: Tensor
    test_labels: Tensor


def load() -> Digits:
    """The split that every part of the demonstration uses."""
    images, labels = load_digits(return_X_y=True)
    order = seeds.stream("demo", "digits", "split").permutation(len(images))
    x = torch.as_tensor((images[order] / 16).astype(np.float32))
    y = torch.as_tensor(labels[order].astype(np.int64))
    return Digits(
        train=x[TEST_IMAGES:], train_labels=y[TEST_IMAGES:], test=x[:TEST_IMAGES], test_labels=y[:TEST_IMAGES]
    )


def with_mixtures(images: Tensor, count: int, *, of: Tensor, key: bytes, purpose: str) -> Tensor:
    """Images, and after them `count` convex mixtures of pairs: unlabelled inputs in any number, (n + count, 64).

    They lie between classes, where a copy's answers say most about it (`fingerprint.probes.mixtures`).
    """
    return torch.cat([images, torch.from_numpy(mixtures(of.numpy(), count, key=key, purpose=purpose))])
