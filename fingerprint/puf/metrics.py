"""What a population of PUFs is worth, each figure with a 95 % interval over devices.

Every metric comes twice: `x_data(responses)` for read-outs from anywhere, uint8 (devices, reads, bits), and `x(puf)`
that reads a batch and calls it. The reference response of a device is the majority of its reads. After Maiti, Gunreddy
and Schaumont; ideal values are 50 % uniformity, 50 % uniqueness, 100 % reliability, 50 % for every bit's aliasing.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ParameterError
from fingerprint.puf.base import Bits, WeakPuf
from fingerprint.puf.bootstrap import Estimate, Weights, bootstrap
from fingerprint.puf.environment import NOMINAL, Environment

Metric = Callable[..., Estimate]


def reference(responses: Bits) -> Bits:
    """Majority of the reads, uint8 (devices, bits); a tie is 0."""
    ones: NDArray[np.int64] = responses.sum(axis=1, dtype=np.int64)
    majority: Bits = (2 * ones > responses.shape[1]).view(np.uint8)
    return majority


def uniformity_data(responses: Bits, *, generator: np.random.Generator) -> Estimate:
    """Mean share of ones in a device's response."""
    _check(responses, reads=1, devices=1)
    return _mean(responses.mean(axis=(1, 2)), generator)


def reliability_data(responses: Bits, *, generator: np.random.Generator) -> Estimate:
    """Probability that two reads of a cell agree, over cells and devices.

        R = mean of 1 - 2 k (r - k) / (r (r - 1)),   k ones among r reads

    The mean over all pairs of different reads: unbiased. The plug-in f^2 + (1-f)^2 is high by (1 - R) / r.

    Raises:
        ParameterError: fewer than two reads.
    """
    _check(responses, reads=2, devices=1)
    return _mean(agreement(responses).mean(axis=1), generator)


def agreement(responses: Bits) -> NDArray[np.float64]:
    """Unbiased estimate of every cell's probability that two reads agree, (devices, bits)."""
    r = responses.shape[1]
    k = responses.sum(axis=1, dtype=np.int64)
    return np.asarray(1 - 2 * k * (r - k) / (r * (r - 1)))


def uniqueness_data(responses: Bits, *, generator: np.random.Generator) -> Estimate:
    """Mean Hamming distance between two devices' reference responses, over the bits.

    Raises:
        ParameterError: fewer than two devices.
    """
    _check(responses, reads=1, devices=2)
    distance = distances(reference(responses))

    def statistic(weights: Weights) -> Weights:
        pairs = weights.sum(axis=1) ** 2 - (weights**2).sum(axis=1)
        total: Weights = ((weights @ distance) * weights).sum(axis=1)
        return total / np.where(pairs, pairs, np.nan)

    return bootstrap(statistic, devices=len(distance), generator=generator)


def distances(references: Bits) -> NDArray[np.float64]:
    """Hamming distances over the bits between all devices, (devices, devices)."""
    signs = 1 - 2 * references.astype(np.float32)
    return np.asarray((1 - (signs @ signs.T).astype(np.float64) / references.shape[1]) / 2)


def aliasing_data(responses: Bits, *, generator: np.random.Generator) -> Estimate:
    """Spread (standard deviation over bits) of the share of devices in which a bit is 1; 0 is ideal.

    The variance that a finite number of devices causes by itself, mean of a(1-a)/(devices - 1), is subtracted.

    Raises:
        ParameterError: fewer than two devices.
    """
    _check(responses, reads=1, devices=2)
    bits = reference(responses).astype(np.float64)
    devices = len(bits)

    def statistic(weights: Weights) -> Weights:
        share = weights @ bits / devices
        effective = devices**2 / (weights**2).sum(axis=1)
        own = (share * (1 - share)).mean(axis=1) / np.maximum(effective - 1, 1)
        return np.asarray(np.sqrt(np.maximum(share.var(axis=1) - own, 0)))

    return bootstrap(statistic, devices=devices, generator=generator)


def min_entropy_data(responses: Bits, *, generator: np.random.Generator) -> Estimate:
    """Mean of -log2 max(a, 1 - a) over bits, a = (ones + 1/2) / (devices + 1): aliasing only.

    An upper estimate of the min-entropy per bit as regards dependence between bits, which it does not see, and a lower
    one as regards few devices, whose chance excess looks like aliasing: 50 ideal devices show 0.86.

    Raises:
        ParameterError: fewer than two devices.
    """
    _check(responses, reads=1, devices=2)
    bits = reference(responses).astype(np.float64)

    def statistic(weights: Weights) -> Weights:
        share = (weights @ bits + 0.5) / (len(bits) + 1)
        return np.asarray(-np.log2(np.maximum(share, 1 - share)).mean(axis=1))

    return bootstrap(statistic, devices=len(bits), generator=generator)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """All figures of a population of `devices` devices with `bits` bits, read `reads` times."""

    devices: int
    reads: int
    bits: int
    uniformity: Estimate
    reliability: Estimate
    uniqueness: Estimate
    aliasing: Estimate
    min_entropy: Estimate


def metrics_data(responses: Bits, *, generator: np.random.Generator) -> Metrics:
    """All figures of measured or simulated responses.

    Raises:
        ParameterError: not uint8 (devices, reads, bits) with at least two devices and two reads.
    """
    devices, reads, bits = _check(responses, reads=2, devices=2)
    return Metrics(
        devices=devices,
        reads=reads,
        bits=bits,
        uniformity=uniformity_data(responses, generator=generator),
        reliability=reliability_data(responses, generator=generator),
        uniqueness=uniqueness_data(responses, generator=generator),
        aliasing=aliasing_data(responses, generator=generator),
        min_entropy=min_entropy_data(responses, generator=generator),
    )


def uniformity(puf: WeakPuf, noise: np.random.Generator, *, environment: Environment = NOMINAL) -> Estimate:
    """`uniformity_data` of one read of a batch."""
    return uniformity_data(_read(puf, noise, 1, environment), generator=noise)


def reliability(
    puf: WeakPuf, noise: np.random.Generator, *, reads: int = 20, environment: Environment = NOMINAL
) -> Estimate:
    """`reliability_data` of a batch."""
    return reliability_data(_read(puf, noise, reads, environment), generator=noise)


def uniqueness(
    puf: WeakPuf, noise: np.random.Generator, *, reads: int = 9, environment: Environment = NOMINAL
) -> Estimate:
    """`uniqueness_data` of a batch."""
    return uniqueness_data(_read(puf, noise, reads, environment), generator=noise)


def aliasing(
    puf: WeakPuf, noise: np.random.Generator, *, reads: int = 9, environment: Environment = NOMINAL
) -> Estimate:
    """`aliasing_data` of a batch."""
    return aliasing_data(_read(puf, noise, reads, environment), generator=noise)


def min_entropy(
    puf: WeakPuf, noise: np.random.Generator, *, reads: int = 9, environment: Environment = NOMINAL
) -> Estimate:
    """`min_entropy_data` of a batch."""
    return min_entropy_data(_read(puf, noise, reads, environment), generator=noise)


def metrics(
    puf: WeakPuf, noise: np.random.Generator, *, reads: int = 20, environment: Environment = NOMINAL
) -> Metrics:
    """`metrics_data` of a batch.

    Example:
        >>> from fingerprint.puf import SramPuf
        >>> batch = SramPuf.manufacture("lot", cells=512, devices=20)
        >>> found = metrics(batch, np.random.default_rng(1))
        >>> 0.48 < found.uniqueness.value < 0.52
        True
    """
    return metrics_data(_read(puf, noise, reads, environment), generator=noise)


def _read(puf: WeakPuf, noise: np.random.Generator, reads: int, environment: Environment) -> Bits:
    if len(puf.shape) != 1:
        raise ParameterError(f"a population is a batch of devices; this PUF has shape {puf.shape}")
    return puf.read(noise, reads=reads, environment=environment)


def _mean(values: NDArray[np.float64], generator: np.random.Generator) -> Estimate:
    return bootstrap(lambda weights: weights @ values / len(values), devices=len(values), generator=generator)


def _check(responses: Bits, *, reads: int, devices: int) -> tuple[int, int, int]:
    if responses.ndim != 3 or responses.dtype != np.uint8 or (responses.size and responses.max() > 1):
        raise ParameterError(f"responses must be uint8 of 0 and 1, (devices, reads, bits), not {responses.shape}")
    found = responses.shape
    if found[0] < devices or found[1] < reads or found[2] < 1:
        raise ParameterError(f"responses {found}: needs at least {devices} devices, {reads} reads and one bit")
    return found
