"""A generated hyperspectral scene: smooth endmember spectra, fields of one land cover, linear mixing, light, noise.

    r(p) = g(p) sum_m a_m(p) e_m + n,   a(p) in the simplex, the field's own cover above all; g: light, smooth

It is no real scene and is not called one. Blocks of the scene, not pixels, are dealt out to the parts, and blocks keep
a border that belongs to nobody: pixels beside each other share field, light and mixing, so a split by pixels leaks.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, uniform_filter
from torch import Tensor

from fingerprint import seeds

COVERS, BANDS, SIDE, BLOCK = 9, 100, 168, 14
_FIELDS, _NOISE, _MIXING = 500, 0.08, 0.7
_PARTS = (4, 3, 5)  # of twelve blocks: transfer, probes, test
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Pixels as (n, 2, bands) float32, a pixel's own spectrum and the mean of its 3 x 3; covers as class numbers."""

    transfer: Tensor
    labels: Tensor
    probes: Tensor
    test: Tensor
    test_labels: Tensor


def scene(*words: seeds.Word) -> Scene:
    """The scene of these words, split by blocks."""
    rng = seeds.stream("benchmarks/objectives/cube", *words)
    covers = _fields(rng)
    cube = _light(rng)[:, :, None] * (_abundances(covers, rng) @ _spectra(rng))
    cube += _NOISE * rng.normal(size=cube.shape)
    cube = (cube - cube.mean(axis=(0, 1))) / cube.std(axis=(0, 1))
    both = np.stack([cube, uniform_filter(cube, size=(3, 3, 0))], axis=2).astype(np.float32)
    part = parts(rng)
    (transfer, labels), (probes, _), (test, test_labels) = (
        (torch.as_tensor(both[part == number]), torch.as_tensor(covers[part == number])) for number in range(3)
    )
    return Scene(transfer=transfer, labels=labels, probes=probes, test=test, test_labels=test_labels)


def parts(rng: np.random.Generator) -> NDArray[np.intp]:
    """Whose a pixel is: 0, 1, 2 for transfer, probes, test, -1 on the blocks' borders; (side, side)."""
    blocks = SIDE // BLOCK
    deal = rng.permutation(np.resize(np.repeat(np.arange(3), _PARTS), blocks * blocks)).reshape(blocks, blocks)
    whose = np.repeat(np.repeat(deal, BLOCK, axis=0), BLOCK, axis=1)
    edge = np.arange(SIDE) % BLOCK
    inside = (edge > 0) & (edge < BLOCK - 1)
    return np.where(inside[:, None] & inside, whose, -1)


def _spectra(rng: np.random.Generator) -> Floats:
    """Sums of five broad bumps, (covers, bands), around a shape that all share."""
    band = np.arange(BANDS) / BANDS
    centres, widths = rng.uniform(0, 1, (COVERS + 1, 5, 1)), rng.uniform(0.05, 0.25, (COVERS + 1, 5, 1))
    bumps = (rng.uniform(0.2, 1.0, (COVERS + 1, 5, 1)) * np.exp(-(((band - centres) / widths) ** 2))).sum(axis=1)
    return np.asarray(0.6 * bumps[-1] + 0.4 * bumps[:-1])


def _fields(rng: np.random.Generator) -> NDArray[np.int64]:
    """Fields around random points, each of one cover, (side, side)."""
    points, cover = rng.uniform(0, SIDE, (_FIELDS, 2)), rng.integers(COVERS, size=_FIELDS)
    at = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij"), axis=-1)
    away = ((at[:, :, None] - points) ** 2).sum(axis=-1)
    return np.asarray(cover[away.argmin(axis=2)], dtype=np.int64)


def _abundances(covers: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """Own cover at about `1 - _MIXING`, blurred over the borders of fields, the rest mixed at random."""
    own = gaussian_filter(np.eye(COVERS)[covers], sigma=(0.6, 0.6, 0))
    mixed = rng.dirichlet(np.full(COVERS, 0.5), size=covers.shape)
    return np.asarray((1 - _MIXING) * own + _MIXING * mixed)


def _light(rng: np.random.Generator) -> Floats:
    rough = gaussian_filter(rng.normal(size=(SIDE, SIDE)), sigma=10)
    return np.asarray(1 + 0.15 * rough / rough.std())
