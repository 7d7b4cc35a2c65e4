"""How much an attacker who reads the helper data still has to guess.

The helper data tells the mask, that the selected response x has as many ones as zeros, and n - k linear functions of x.
For independent cells that start as 1 with probability a_i over the devices of a design (bias and bit-aliasing), exactly

    H(x | mask) = -log2 max_x P(x | balanced) = -log2 [ prod_i (1-a_i) prod_{i in top n/2} a_i/(1-a_i) / P(balanced) ]
    H(key | helper data) >= H(x | mask) - (n - k)

the maximum is at the balanced word whose ones are the n/2 cells of greatest a_i. For equal a_i it is
log2 binomial(n, n/2) whatever the bias. That the mask says nothing more holds for equally distributed cells; for cells
that differ it is an assumption, as is independence: correlated cells have less.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from fingerprint.errors import ParameterError
from fingerprint.extractor.helper import HelperData
from fingerprint.extractor.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakageReport:
    """The entropy balance of one profile, in bits.

    Attributes:
        profile: id of the profile.
        response: n, length of the selected response.
        before: H(x | mask), min-entropy of the selected response given the mask.
        told: n - k, what the offset tells at most.
        left: lower bound of the min-entropy of the key's secret given all helper data, at least 0.
        wanted: strength of the key.
    """

    profile: str
    response: int
    before: float
    told: int
    left: float
    wanted: int

    @property
    def enough(self) -> bool:
        """Whether the bound covers the key's strength."""
        return self.left >= self.wanted


def leakage(profile: Profile, ones: NDArray[np.float64] | None = None) -> LeakageReport:
    """The entropy balance for independent cells with one-probabilities a over the devices of a design.

    Args:
        profile: the profile.
        ones: a, (n,), strictly between 0 and 1; None is equally distributed cells of any bias.

    Example:
        >>> from fingerprint.extractor import PROFILE
        >>> report = leakage(PROFILE)
        >>> report.enough, round(report.left, 1)
        (True, 258.1)

    Raises:
        ParameterError: not n probabilities strictly between 0 and 1.
    """
    n, told = profile.code.n, profile.code.n - profile.code.k
    if ones is None:
        before = profile.entropy + told
    elif ones.shape != (n,) or not ((ones > 0) & (ones < 1)).all():
        raise ParameterError(f"needs {n} probabilities strictly between 0 and 1")
    else:
        before = _balanced_entropy(ones)
    left = max(0.0, before - told)
    return LeakageReport(profile=profile.id, response=n, before=before, told=told, left=left, wanted=profile.bits)


def leakage_data(responses: NDArray[np.uint8], helper: HelperData, *, profile: Profile) -> LeakageReport:
    """The same with a estimated from a population: a_i = (ones + 1/2) / (devices + 1).

    Few devices make it pessimistic: the spread of the estimates looks like aliasing.

    Args:
        responses: one reference response per device of the design, uint8 (devices, cells).
        helper: helper data whose mask is examined.
        profile: its profile.
    """
    selected = responses[:, helper.selected]
    return leakage(profile, (selected.sum(axis=0) + 0.5) / (len(selected) + 1))


def _balanced_entropy(ones: NDArray[np.float64]) -> float:
    """-log2 of the likeliest balanced word's probability given that the word is balanced."""
    n = len(ones)
    odds = np.log(ones) - np.log1p(-ones)
    likeliest = np.log1p(-ones).sum() + np.sort(odds)[n // 2 :].sum()
    return float((_log_balanced(odds) + np.log1p(-ones).sum() - likeliest) / math.log(2))


def _log_balanced(odds: NDArray[np.float64]) -> float:
    """ln of the sum of prod exp(odds_i x_i) over balanced x.

    The odds are shifted until half of the cells are ones on average, where the probability of balance is large and its
    Fourier sum exact; the shift is undone afterwards.
    """
    n = len(odds)

    def surplus(shift: float) -> float:
        return float((1 / (1 + np.exp(-odds - shift))).sum() - n / 2)

    shift = float(brentq(surplus, -odds.max() - 1, -odds.min() + 1))
    tilted = 1 / (1 + np.exp(-odds - shift))
    frequency = np.exp(2j * np.pi * np.arange(n + 1) / (n + 1))
    spectrum = np.ones(n + 1, dtype=np.complex128)
    for probability in tilted:
        spectrum *= 1 - probability + probability * frequency
    balanced = float((spectrum * frequency ** (-n / 2)).sum().real) / (n + 1)
    return math.log(balanced) + float(np.logaddexp(0, odds + shift).sum()) - shift * n / 2
