"""How often a code fails, by importance sampling: rates far below one in the number of words tried.

Error patterns e are drawn from a mixture g and not from the binary symmetric channel p; every failure counts p(e)/g(e):

    g(e) = 1/2 prod_i q^e_i (1-q)^(1-e_i) + 1/2 (1/|C|) sum_{c in C} prod_i r_i^e_i (1-r_i)^(1-e_i)
    r_i = 1/2 where c_i = 1, else the channel's own rate

The first half raises the rate everywhere and finds the decoder's own losses. The second pushes towards low-weight
codewords c, the way in which even the best decoder fails (Xia and Ryan 2003). The estimate is unbiased whatever q and C
are, but with q far above the rate it rests on a few heavy patterns: long codes then look too good, and the interval
does not show it. Raise q in small steps and believe only what does not move with it.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from fingerprint.codes.base import Bits, Code, values_of
from fingerprint.errors import ParameterError

_BATCH = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureEstimate:
    """An estimate of a failure probability.

    Attributes:
        error: bit error rate.
        probability: unbiased estimate.
        low: lower end of a 95 % interval (normal approximation, at least 0).
        high: upper end of it; where no failure was seen, 3 / words for plain Monte Carlo and 1 otherwise.
        words: words tried.
        failures: failures seen among them, before weighting.
    """

    error: float
    probability: float
    low: float
    high: float
    words: int
    failures: int


def estimate(
    code: Code,
    error: float,
    *,
    generator: np.random.Generator,
    words: int,
    raised: float | None = None,
    near: Bits | None = None,
) -> FailureEstimate:
    """The failure probability of a code at an independent bit error rate.

    Args:
        code: the code.
        error: the channel's rate, in (0, 1/2).
        generator: messages and noise.
        words: how many words to try.
        raised: q, at least `error`; None is `error` itself: plain Monte Carlo.
        near: C, low-weight codewords (count, n); None leaves the second half of the mixture out.

    Example:
        >>> from fingerprint.codes import Golay
        >>> found = estimate(Golay(), 0.01, generator=np.random.default_rng(1), words=4000, raised=0.1)
        >>> found.low < Golay().failure_bound(0.01) < found.high
        True

    Raises:
        ParameterError: rates out of range, or no words.
    """
    raised = error if raised is None else raised
    if not 0 < error <= raised < 0.5 or words < 1:
        raise ParameterError(f"needs 0 < error <= raised < 1/2 and words > 0, not {error}, {raised}, {words}")
    weights = []
    for start in range(0, words, _BATCH):
        count = min(_BATCH, words - start)
        noise = _draw(code.n, error, raised, near, generator, count)
        message = generator.integers(0, 2, (count, code.k), dtype=np.uint8)
        found = code.decode(values_of(code.encode(message) ^ noise))
        failed = ~found.ok | (found.message != message).any(axis=1)
        weights.append(np.where(failed, _ratio(noise, error, raised, near), 0.0))
    weight = np.concatenate(weights)
    mean, margin = float(weight.mean()), 1.96 * float(weight.std()) / math.sqrt(words)
    return FailureEstimate(
        error=error,
        probability=mean,
        low=max(0.0, mean - margin),
        high=mean + margin if mean else _none_seen(words, plain=raised == error and near is None),
        words=words,
        failures=int(np.count_nonzero(weight)),
    )


def _none_seen(words: int, *, plain: bool) -> float:
    """The rule of three; importance sampling without a failure says nothing."""
    return min(1.0, 3 / words) if plain else 1.0


def _draw(n: int, error: float, raised: float, near: Bits | None, generator: np.random.Generator, count: int) -> Bits:
    rates = np.full((count, n), raised, dtype=np.float32)
    if near is not None:
        pushed = np.flatnonzero(generator.random(count) < 0.5)
        chosen = near[generator.integers(0, len(near), len(pushed))]
        rates[pushed] = np.where(chosen, np.float32(0.5), np.float32(error))
    return (generator.random((count, n), dtype=np.float32) < rates).view(np.uint8)


def _ratio(noise: Bits, error: float, raised: float, near: Bits | None) -> NDArray[np.float64]:
    """p(e) / g(e) for every row."""
    n = noise.shape[1]
    wrong = noise.sum(axis=1, dtype=np.int64)
    uniform = wrong * math.log(raised / error) + (n - wrong) * math.log((1 - raised) / (1 - error))
    if near is None:
        return np.asarray(np.exp(-uniform))
    inside = noise.astype(np.float32) @ near.T.astype(np.float32)
    outside = near.sum(axis=1, dtype=np.int64)[None] - inside
    pushed = logsumexp(inside * math.log(0.5 / error) + outside * math.log(0.5 / (1 - error)), axis=1)
    return np.asarray(np.exp(-np.logaddexp(uniform, pushed - math.log(len(near))) + math.log(2)))
