"""Binomial tails, to the last digit even where they are tiny."""

import numpy as np
from scipy.special import gammaln, logsumexp, xlog1py, xlogy

from fingerprint.errors import ParameterError


def binomial_tail(trials: int, least: int, probability: float) -> float:
    """P(X >= least) for X ~ Binomial(trials, probability), summed in logarithms.

    Example:
        >>> round(binomial_tail(3, 2, 0.5), 3)
        0.5

    Raises:
        ParameterError: a probability outside [0, 1].
    """
    if not 0 <= probability <= 1:
        raise ParameterError(f"a probability of {probability}; it must lie between 0 and 1")
    if least <= 0:
        return 1.0
    x = np.arange(least, trials + 1)
    if not len(x):
        return 0.0
    choose = gammaln(trials + 1) - gammaln(x + 1) - gammaln(trials - x + 1)
    return min(1.0, float(np.exp(logsumexp(choose + xlogy(x, probability) + xlog1py(trials - x, -probability)))))
