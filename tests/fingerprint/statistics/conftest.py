"""Every sum of fair signs, for evidence short enough to enumerate."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

Enumerate = Callable[[ArrayLike], NDArray[np.float64]]


@pytest.fixture(scope="session")
def all_scores() -> Enumerate:
    """y -> t of all 2^L codewords, by doubling: half of them hold +y_i, half -y_i."""

    def enumerate_scores(evidence: ArrayLike) -> NDArray[np.float64]:
        y = np.asarray(evidence, dtype=np.float64)
        y = y / np.abs(y).max()
        sums = np.zeros(1)
        for value in y / np.linalg.norm(y):
            sums = np.concatenate([sums - value, sums + value])
        return sums

    return enumerate_scores
