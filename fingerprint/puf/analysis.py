"""Everything that a report says about one population of read-outs, as one value."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ReadoutUnhealthy
from fingerprint.extractor import health
from fingerprint.puf.base import Bits
from fingerprint.puf.fit import Fit, fit_data
from fingerprint.puf.metrics import Metrics, distances, metrics_data, reference

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Analysis:
    """The figures and the distributions behind them.

    Attributes:
        metrics: uniformity, reliability, uniqueness, aliasing, min-entropy.
        fit: the hidden-variable model beside the data.
        unhealthy: read-outs that the key generator would refuse.
        within: distances of every read to its device's reference, (devices * reads,).
        between: distances between devices' references, (devices (devices - 1) / 2,).
        shares: share of devices in which a bit is 1, (bits,).
    """

    metrics: Metrics
    fit: Fit
    unhealthy: int
    within: Floats
    between: Floats
    shares: Floats


def analyse(responses: Bits, *, generator: np.random.Generator) -> Analysis:
    """The analysis of responses, uint8 (devices, reads, bits).

    Args:
        responses: at least two devices and two reads.
        generator: draws the bootstrap of the intervals.

    Example:
        >>> from fingerprint.puf import SramPuf
        >>> batch = SramPuf.manufacture("lot", cells=512, devices=6)
        >>> found = analyse(batch.read(np.random.default_rng(1), reads=9), generator=np.random.default_rng(2))
        >>> len(found.between), found.unhealthy
        (15, 0)

    Raises:
        ParameterError: other shapes or values, or no cell that ever changes.
    """
    metrics = metrics_data(responses, generator=generator)
    references = reference(responses)
    apart = distances(references)
    return Analysis(
        metrics=metrics,
        fit=fit_data(responses),
        unhealthy=sum(_unhealthy(readout) for device in responses for readout in device),
        within=(responses != references[:, None]).mean(axis=2).ravel(),
        between=apart[np.triu_indices(len(apart), 1)],
        shares=references.mean(axis=0),
    )


def _unhealthy(readout: Bits) -> bool:
    try:
        health.check(readout[None])
    except ReadoutUnhealthy:
        return True
    return False
