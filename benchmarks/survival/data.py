"""Fashion-MNIST (Xiao, Rasul, Vollgraf 2017; MIT licence) from the Debian package, cut into disjoint parts."""

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fingerprint import seeds

FOLDER = Path("/usr/share/datasets/fashion-mnist")
CLASSES = 10
MISSING = """Fashion-MNIST is not in {folder}. On Debian or Ubuntu: apt-get install dataset-fashion-mnist
Elsewhere: put its four files (train-images-idx3-ubyte.gz, ...) in a folder and give it with --data FOLDER."""


class DataMissing(Exception):
    """The images are not on this machine; the message says how to get them."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How many images go where; `transfer`, `thief` and `probes` share the 60,000 training images."""

    transfer: int
    thief: int
    probes: int
    test: int


@dataclass(frozen=True, kw_only=True)
class Data:
    """Images in 0..1, float32 (n, 1, 28, 28), and labels, int64 (n,). No image is in two parts.

    Attributes:
        transfer, transfer_labels: what the owner trains on.
        thief, thief_labels: what a thief has; he knows as many of the labels as the attack says.
        probes: pool of the verifier pack's inputs.
        test, test_labels: for accuracy alone.
    """

    transfer: Tensor
    transfer_labels: Tensor
    thief: Tensor
    thief_labels: Tensor
    probes: Tensor
    test: Tensor
    test_labels: Tensor


def load(sizes: Sizes, folder: Path = FOLDER) -> Data:
    """The parts of these sizes, the same on every machine.

    Raises:
        DataMissing: the files are not in the folder.
    """
    images, labels = _images(folder, "train"), _labels(folder, "train")
    order = seeds.stream("benchmarks/survival", "split").permutation(len(images))
    a, b, c = np.cumsum([sizes.transfer, sizes.thief, sizes.probes])
    owner, thief, probes = order[:a], order[a:b], order[b:c]
    return Data(
        transfer=_pixels(images[owner]),
        transfer_labels=_classes(labels[owner]),
        thief=_pixels(images[thief]),
        thief_labels=_classes(labels[thief]),
        probes=_pixels(images[probes]),
        test=_pixels(_images(folder, "t10k")[: sizes.test]),
        test_labels=_classes(_labels(folder, "t10k")[: sizes.test]),
    )


def _read(path: Path, *, header: int) -> NDArray[np.uint8]:
    if not path.is_file():
        raise DataMissing(MISSING.format(folder=path.parent))
    return np.frombuffer(gzip.decompress(path.read_bytes()), dtype=np.uint8, offset=header)


def _images(folder: Path, part: str) -> NDArray[np.uint8]:
    return _read(folder / f"{part}-images-idx3-ubyte.gz", header=16).reshape(-1, 1, 28, 28)


def _labels(folder: Path, part: str) -> NDArray[np.uint8]:
    return _read(folder / f"{part}-labels-idx1-ubyte.gz", header=8)


def _pixels(images: NDArray[np.uint8]) -> Tensor:
    return torch.as_tensor(images.astype(np.float32) / 255)


def _classes(labels: NDArray[np.uint8]) -> Tensor:
    return torch.as_tensor(labels.astype(np.int64))
