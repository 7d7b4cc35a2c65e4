"""The generated scene: no pixel, and no neighbour of a pixel, is in two parts; mixing is what makes covers hard."""

import numpy as np
import pytest
import torch

from benchmarks.objectives import cube
from fingerprint import seeds


def test_parts_are_apart():
    """Every 3 x 3 around a pixel of one part holds no pixel of another."""
    whose = cube.parts(seeds.stream("tests", "cube"))
    assert set(np.unique(whose)) == {-1, 0, 1, 2}
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            beside = np.roll(whose, (down, right), axis=(0, 1))
            assert not ((whose >= 0) & (beside >= 0) & (whose != beside)).any()


@pytest.fixture(scope="module")
def scene():
    """One scene."""
    return cube.scene("tests")


def test_the_scene_has_every_cover_in_every_part(scene):
    """Nine covers, a hundred bands, a pixel's own spectrum and that of its neighbourhood."""
    assert scene.transfer.shape[1:] == (2, cube.BANDS)
    for labels in (scene.labels, scene.test_labels):
        assert len(torch.unique(labels)) == cube.COVERS
    assert torch.isfinite(scene.probes).all()


def test_the_nearest_mean_spectrum_is_right_far_more_often_than_chance_and_less_than_always(scene):
    """Covers can be told apart, and mixing and light keep it from being trivial."""
    means = torch.stack([scene.transfer[scene.labels == c].mean(dim=0) for c in range(cube.COVERS)]).flatten(1)
    nearest = torch.cdist(scene.test.flatten(1), means).argmin(dim=1)
    accuracy = float((nearest == scene.test_labels).double().mean())
    assert 3 / cube.COVERS < accuracy < 0.95
