"""Fleets made of numbers, and the slow obvious ranking."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fingerprint import seeds, trace
from fingerprint.identify import IndexFile, add_codewords, create_index

RELEASE = "sha256:00"
Fleet = Callable[[int, int], NDArray[np.int8]]
Obvious = Callable[[NDArray[np.float64], NDArray[np.int8], int], tuple[list[int], NDArray[np.float64]]]


@pytest.fixture(scope="session")
def fleet() -> Fleet:
    """(N, L) -> codewords, int8."""

    def draw(devices: int, bits: int) -> NDArray[np.int8]:
        return seeds.signs(b"fleet of devices" * 2, devices, bits, count=devices * bits).reshape(devices, bits)

    return draw


@pytest.fixture(scope="session")
def obvious() -> Obvious:
    """Every score by `trace.scores`, sorted: best k positions and their scores."""

    def rank(evidence: NDArray[np.float64], codewords: NDArray[np.int8], keep: int) -> tuple[list[int], NDArray]:
        scores = trace.scores(evidence, codewords)
        order = np.argsort(-scores, kind="stable")[:keep]
        return order.tolist(), scores[order]

    return rank


@pytest.fixture
def make_index(tmp_path: Path) -> Callable[[NDArray[np.int8]], IndexFile]:
    """Codewords -> an index file that holds them."""

    def make(codewords: NDArray[np.int8]) -> IndexFile:
        number = len(list(tmp_path.iterdir()))
        index = create_index(tmp_path / f"{number}.cmindex", bits=codewords.shape[1], release=RELEASE)
        return add_codewords(index, codewords)

    return make
