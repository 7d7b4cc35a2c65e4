"""What the evidence says about a coalition before any codeword is read: its size, the strength of its mark, the noise.

K copies mixed in equal parts leave the evidence

    y_i = s x_i + noise,   x_i = (1/K) sum_j c_ji,   noise of standard deviation sigma

and for codewords nobody has looked at, (K + K x_i) / 2 is binomial(K, p_i). So y is a sample of a mixture of K + 1
normal distributions whose weights are known; s and sigma are fitted by expectation and maximisation for every K up to
12, and K by the likelihood. Codewords of copies already named enter as known terms of x_i. Random switching among
copies, the median and the extremes lead to nearly the same y, for evidence is an average over thousands of probes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from fingerprint.tracing.bias import Bias

Floats = NDArray[np.float64]
LARGEST_COALITION = 12
_STEPS = 40
_TINY = 1e-300  # keeps the logarithm of an impossible observation finite
_NOISE_SHARES = (0.05, 0.5, 0.9)  # where the search starts: share of the evidence's energy that is noise


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """A fitted coalition.

    Attributes:
        size: K, members named already included.
        strength: s > 0.
        noise: sigma > 0.
        log_likelihood: of the evidence.
    """

    size: int
    strength: float
    noise: float
    log_likelihood: float


def fit(evidence: Floats, bias: Bias, members: NDArray[np.int8]) -> Mixture:
    """The likeliest mixture for K from (number of known members + 1) to at least 12.

    Args:
        evidence: y, (L,), not all nought.
        bias: p of the release.
        members: codewords of copies already named, (S, L); S may be nought.

    Example:
        >>> from fingerprint.tracing.bias import uniform
        >>> codewords = np.sign(np.random.default_rng(0).normal(size=(3, 2000))).astype(np.int8)
        >>> fit(5.0 * codewords.mean(axis=0), uniform(2000), codewords[:0]).size
        3
    """
    known = len(members)
    sizes = range(known + 1, max(LARGEST_COALITION, known + 3) + 1)
    return max((_fit_size(evidence, bias, members, size) for size in sizes), key=lambda found: found.log_likelihood)


def _fit_size(evidence: Floats, bias: Bias, members: NDArray[np.int8], size: int) -> Mixture:
    levels, prior = mixing_levels(bias, members, size)
    spread = float((np.exp(prior) * levels**2).sum(axis=1).mean())
    energy = float((evidence**2).mean())
    starts = [_climb(evidence, levels, prior, share * energy, (1 - share) * energy / spread) for share in _NOISE_SHARES]
    strength, variance, likelihood = max(starts, key=lambda found: found[2])
    return Mixture(size=size, strength=strength, noise=float(np.sqrt(variance)), log_likelihood=likelihood)


def _climb(y: Floats, levels: Floats, prior: Floats, variance: float, squared: float) -> tuple[float, float, float]:
    strength, floor, likelihood = float(np.sqrt(squared)), 1e-6 * float((y**2).mean()), -np.inf
    weight = np.exp(prior)
    for _ in range(_STEPS):
        share = weight * np.exp((y[:, None] - strength * levels) ** 2 * (-0.5 / variance))
        total = share.sum(axis=1) + _TINY
        now = float(np.log(total).sum()) - 0.5 * len(y) * float(np.log(2 * np.pi * variance))
        improved, likelihood = now - likelihood, now
        if improved < 1e-5 * len(y):
            break
        share /= total[:, None]
        moment = float((share * levels**2).sum())
        strength = max(float((share * levels * y[:, None]).sum()) / max(moment, 1e-12), 1e-9)
        variance = max(float((share * (y[:, None] - strength * levels) ** 2).sum()) / len(y), floor)
    return strength, variance, likelihood


def mixing_levels(bias: Bias, members: NDArray[np.int8], size: int, *, taken: int = 0) -> tuple[Floats, Floats]:
    """The values that x_i can take and their log-probabilities, both (L, m + 1), m copies still unknown.

    Args:
        bias: p.
        members: codewords already named, (S, L).
        size: K > S.
        taken: copies left out of both the known and the unknown ones (1 while a candidate's own bit is conditioned on).
    """
    unknown = size - len(members) - taken
    heads = np.arange(unknown + 1)
    choose = gammaln(unknown + 1) - gammaln(heads + 1) - gammaln(unknown - heads + 1)
    p = bias.plus[:, None]
    prior = choose + heads * np.log(p) + (unknown - heads) * np.log1p(-p)
    told = members.astype(np.float64).sum(axis=0)
    return (told[:, None] + 2 * heads - unknown) / size, np.asarray(prior)
