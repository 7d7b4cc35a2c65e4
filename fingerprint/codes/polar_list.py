"""Successive-cancellation list decoding, vectorised over received words and over paths.

Exact log-likelihood ratios (positive: 0) and exact path metrics (Tal and Vardy 2015; Balatsoukas-Stimming et al. 2015):

    f(a, b) = 2 artanh(tanh(a/2) tanh(b/2)),   g(a, b, u) = b + (1 - 2u) a
    metric of a path = sum over decided bits of ln(1 + exp(-(1 - 2u) llr)), smaller is better

Whole subtrees are decided at once where that gives the same paths: all bits frozen; only the last bit free; all bits
free, where only the paths' least reliable bits can matter (Hashemi et al. 2017).
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fingerprint.codes.base import Bits, Values

Indices = NDArray[np.intp]
T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a subtree decided.

    Attributes:
        bits: its coded bits, uint8 (batch, paths, length).
        metric: metrics of the surviving paths, float32 (batch, paths).
        parents: which former path each survivor continues, (batch, paths); None when every path continues itself.
    """

    bits: Bits
    metric: Values
    parents: Indices | None = None


def decode(llr: Values, free: NDArray[np.bool_], *, paths: int) -> Found:
    """The best paths, best first.

    Args:
        llr: log-likelihood ratios (batch, N) of the coded bits in natural order.
        free: which of the N inputs carry information, in decoding order.
        paths: length of the list; 1 is plain successive cancellation.
    """
    start = np.zeros((len(llr), 1), dtype=np.float32)
    found = _node(llr[:, None, :], start, free, paths)
    order = np.argsort(found.metric, axis=1, kind="stable")
    return Found(_pick(found.bits, order), np.take_along_axis(found.metric, order, axis=1))


def _node(llr: Values, metric: Values, free: NDArray[np.bool_], paths: int) -> Found:
    count = int(np.count_nonzero(free))
    if not count:
        return Found(np.zeros(llr.shape, dtype=np.uint8), metric + _cost(llr))
    if count == 1 and free[-1]:
        return _repeated(llr, metric, paths)
    if count == len(free):
        return _all_free(llr, metric, paths)
    half = len(free) // 2
    a, b = llr[..., :half], llr[..., half:]
    left = _node(_f(a, b), metric, free[:half], paths)
    if left.parents is not None:
        a, b = _pick(a, left.parents), _pick(b, left.parents)
    right = _node(np.where(left.bits, b - a, b + a), left.metric, free[half:], paths)
    bits = left.bits if right.parents is None else _pick(left.bits, right.parents)
    return Found(np.concatenate([bits ^ right.bits, right.bits], axis=2), right.metric, _then(left, right))


def _f(a: Values, b: Values) -> Values:
    near = np.sign(a) * np.sign(b) * np.minimum(np.abs(a), np.abs(b))
    correction = np.log((1 + np.exp(-np.abs(a + b))) / (1 + np.exp(-np.abs(a - b))))
    value: Values = near + correction
    return value


def _softplus(x: Values) -> Values:
    """ln(1 + exp(x))."""
    value: Values = np.maximum(x, 0) + np.log(1 + np.exp(-np.abs(x)))
    return value


def _cost(llr: Values) -> Values:
    """Metric of deciding every bit 0."""
    total: Values = _softplus(-llr).sum(axis=2)
    return total


def _repeated(llr: Values, metric: Values, paths: int) -> Found:
    zero = metric + _cost(llr)
    best, parents, ones = _fork(zero, zero + llr.sum(axis=2), paths)
    shape = (*ones.shape, llr.shape[2])
    return Found(np.broadcast_to(ones[..., None], shape), best, parents)


def _all_free(llr: Values, metric: Values, paths: int) -> Found:
    bits = (llr < 0).view(np.uint8)
    size = np.abs(llr)
    metric = metric + _cost(size)
    parents: Indices | None = None
    weakest = np.argsort(size, axis=2, kind="stable")[..., : paths - 1] if paths > 1 else np.empty(0, dtype=np.intp)
    for turn in range(weakest.shape[-1]):
        at = weakest[..., turn : turn + 1]
        metric, origin, flips = _fork(metric, metric + np.take_along_axis(size, at, axis=2)[..., 0], paths)
        bits, size, weakest = _pick(bits, origin), _pick(size, origin), _pick(weakest, origin)
        parents = origin if parents is None else np.take_along_axis(parents, origin, axis=1)
        at = weakest[..., turn : turn + 1]
        np.put_along_axis(bits, at, np.take_along_axis(bits, at, axis=2) ^ flips[..., None], axis=2)
    return Found(bits, metric, parents)


def _fork(zero: Values, one: Values, paths: int) -> tuple[Values, Indices, Bits]:
    """The best `paths` of all paths continued by 0 and by 1: their metrics, parents and bits."""
    both = np.concatenate([zero, one], axis=1)
    now = zero.shape[1]
    if 2 * now > paths:
        order = np.argpartition(both, paths - 1, axis=1)[:, :paths]
    else:
        order = np.broadcast_to(np.arange(2 * now), both.shape)
    return np.take_along_axis(both, order, axis=1), order % now, (order >= now).view(np.uint8)


def _then(first: Found, second: Found) -> Indices | None:
    if first.parents is None or second.parents is None:
        return second.parents if first.parents is None else first.parents
    return np.take_along_axis(first.parents, second.parents, axis=1)


def _pick(array: NDArray[T], order: Indices) -> NDArray[T]:
    return np.take_along_axis(array, order[..., None], axis=1)
