"""Fitting the hidden-variable model to read-outs, and how well it fits.

    P(k ones in r reads) = E_m [ Binomial(k; r, Phi(m / lambda)) ],   m ~ N(mu, 1)

mu and lambda by maximum likelihood over the counts of all cells. The same model serves SRAM start-up values and pairs
of ring oscillators; for the latter lambda is a pair's noise over its signal. Goodness of fit is judged on the histogram
of counts: the total variation distance between model and data, Pearson's chi-square over its degrees of freedom, and
the share of cells that are stable over all reads.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln, log_ndtr, logsumexp

from fingerprint.errors import ParameterError
from fingerprint.puf.base import Bits
from fingerprint.puf.sram import SramParameters

Floats = NDArray[np.float64]
_LEAST = 5.0  # Pearson's rule: bins with fewer expected cells are pooled


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """The fitted model beside the data.

    Attributes:
        noise: lambda.
        noise_error: its standard error.
        bias: mu.
        reads: r.
        cells: cells of all devices together.
        observed: cells by number of ones, (r + 1,).
        expected: the same under the model, (r + 1,).
        error_observed: mean share of reads that differ from the cell's majority.
        error_expected: the same under the model.
        stable_observed: share of cells that never change.
        stable_expected: the same under the model.
        distance: total variation distance between the two histograms, 0..1.
        chi_square: Pearson's statistic over bins with at least 5 expected cells, the rest pooled.
        degrees: its degrees of freedom.
    """

    noise: float
    noise_error: float
    bias: float
    reads: int
    cells: int
    observed: Floats
    expected: Floats
    error_observed: float
    error_expected: float
    stable_observed: float
    stable_expected: float
    distance: float
    chi_square: float
    degrees: int

    @property
    def mean_error(self) -> float:
        """Mean error against the noise-free value for mu = 0: arctan(lambda) / pi."""
        return math.atan(self.noise) / math.pi

    def parameters(self) -> SramParameters:
        """The simulation's parameters with this noise and bias."""
        return SramParameters(noise=self.noise, bias=self.bias)


def count_distribution(reads: int, *, noise: float, bias: float = 0.0) -> Floats:
    """P(k ones in r reads), (r + 1,).

    The integral over m is taken piecewise where Phi(m / lambda) moves (|m| < 9 lambda), by the trapezoidal rule, which
    converges exponentially for such integrands; cells beyond are stable.

    Example:
        >>> round(float(count_distribution(100, noise=0.0262)[[0, 100]].sum()), 3)  # measured: 0.9475
        0.948

    Raises:
        ParameterError: no read, or a noise that is not positive.
    """
    if reads < 1 or not 0 < noise < math.inf or not math.isfinite(bias):
        raise ParameterError(f"needs reads >= 1, a positive noise and a finite bias, not {reads}, {noise}, {bias}")
    k = np.arange(reads + 1)[:, None]
    z, step = np.linspace(-9, 9, 1801, retstep=True)
    choose = gammaln(reads + 1) - gammaln(k + 1) - gammaln(reads - k + 1)
    density = -((noise * z - bias) ** 2) / 2 + math.log(noise * step / math.sqrt(2 * math.pi))
    inside = np.exp(logsumexp(choose + k * log_ndtr(z) + (reads - k) * log_ndtr(-z) + density, axis=1))
    inside[0] += math.exp(log_ndtr(-9 * noise - bias))
    inside[-1] += math.exp(log_ndtr(-9 * noise + bias))
    return np.asarray(inside / inside.sum())


def fit_data(responses: Bits) -> Fit:
    """The model fitted to read-outs.

    Args:
        responses: uint8 (devices, reads, bits), at least two reads.

    Example:
        >>> from fingerprint.puf import SramPuf
        >>> batch = SramPuf.manufacture("lot", cells=2000, devices=5, parameters=SramParameters(noise=0.1))
        >>> found = fit_data(batch.read(np.random.default_rng(1), reads=20))
        >>> abs(found.noise - 0.1) < 3 * found.noise_error
        True

    Raises:
        ParameterError: other shapes, or no cell that ever changes, so that lambda cannot be told from 0.
    """
    if responses.ndim != 3 or responses.shape[1] < 2:
        raise ParameterError(f"responses {responses.shape} must be (devices, reads, bits) with at least two reads")
    reads = responses.shape[1]
    ones = responses.sum(axis=1, dtype=np.int64).ravel()
    observed = np.bincount(ones, minlength=reads + 1).astype(np.float64)
    if observed[0] + observed[-1] == len(ones):
        raise ParameterError("no cell changes between reads: the noise cannot be fitted; take more reads")
    noise, bias, noise_error = _most_likely(observed)
    return _compared(observed, count_distribution(reads, noise=noise, bias=bias), noise, noise_error, bias)


def _most_likely(observed: Floats) -> tuple[float, float, float]:
    """lambda, mu and the standard error of lambda, from the curvature of the log-likelihood in ln lambda."""
    reads, total = len(observed) - 1, float(observed.sum())

    def loss(point: Floats) -> float:
        chances = count_distribution(reads, noise=math.exp(point[0]), bias=float(point[1]))
        return -float(observed @ np.log(np.maximum(chances, 1e-300))) / total

    changing = 1 - (observed[0] + observed[-1]) / total
    found = minimize(
        loss, np.array([math.log(max(changing, 1e-4)), 0.0]), method="Nelder-Mead", options={"xatol": 1e-6}
    )
    log_noise, bias = float(found.x[0]), float(found.x[1])
    h = 0.02
    curve = sum(loss(np.array([log_noise + d, bias])) for d in (h, -h)) - 2 * loss(np.array([log_noise, bias]))
    return math.exp(log_noise), bias, math.exp(log_noise) * h / math.sqrt(max(curve * total, 1e-300))


def _compared(observed: Floats, chances: Floats, noise: float, noise_error: float, bias: float) -> Fit:
    reads, total = len(observed) - 1, observed.sum()
    expected = chances * total
    minority = np.minimum(np.arange(reads + 1), np.arange(reads, -1, -1)) / reads
    wide = expected >= _LEAST
    pooled = [np.append(x[wide], x[~wide].sum()) for x in (observed, expected)]
    kept = pooled[1] > 0
    chi_square = float(((pooled[0] - pooled[1])[kept] ** 2 / pooled[1][kept]).sum())
    return Fit(
        noise=noise,
        noise_error=noise_error,
        bias=bias,
        reads=reads,
        cells=int(total),
        observed=observed,
        expected=expected,
        error_observed=float(observed @ minority / total),
        error_expected=float(chances @ minority),
        stable_observed=float((observed[0] + observed[-1]) / total),
        stable_expected=float(chances[0] + chances[-1]),
        distance=float(np.abs(observed - expected).sum() / (2 * total)),
        chi_square=chi_square,
        degrees=max(1, int(kept.sum()) - 3),
    )
