"""Conjugate gradients, and the calibration of a reference by truncated Newton steps."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fingerprint.softmax import log_softmax

Floats = NDArray[np.float64]
_SMALLEST, _LARGEST = 1e-3, 1e3  # of 1/tau, times the spread of the reference
_WIDEST = 50.0  # of a class bias
_DAMPING = 1e-8  # of the class biases
_STEPS, _HALVINGS, _STILL = 200, 40, 1e-11
_GAIN = 1e-14  # what a further step would gain; rounding of the loss hides less


def conjugate_gradients(product: Callable[[Floats], Floats], right: Floats, *, rtol: float = 1e-12) -> Floats:
    """x with A x = b for a symmetric positive definite A given as a product, (m,).

    Example:
        >>> conjugate_gradients(lambda v: np.array([2.0, 4.0]) * v, np.array([2.0, 2.0])).round(6).tolist()
        [1.0, 0.5]
    """
    found = np.zeros_like(right)
    residual, direction = right.copy(), right.copy()
    size = float(residual @ residual)
    goal = rtol * rtol * size
    for _ in range(2 * right.size + 100):
        if size <= goal:
            break
        image = product(direction)
        step = size / float(direction @ image)
        found += step * direction
        residual -= step * image
        size, before = float(residual @ residual), size
        direction = residual + size / before * direction
    return found


def calibrate(answers: Floats, reference: Floats) -> tuple[float, Floats]:
    """1/tau and b, summing to zero, that make softmax(z_ref / tau + b) likeliest for the answers q.

    The loss is convex in (1/tau, b), so that whoever minimises it to the end finds the same.

    Args:
        answers: q, (n, C), rows summing to one.
        reference: z_ref, (n, C).
    """
    scale = float(reference.std()) or 1.0
    z = (reference - reference.mean(axis=1, keepdims=True)) / scale
    at = np.r_[min(max(scale, _SMALLEST), _LARGEST), np.zeros(z.shape[1])]
    value, gradient, p = _loss(at, z, answers)
    for _ in range(_STEPS):
        free = ~_pinned(at, gradient)
        step = _newton_step(gradient * free, free, z, p)
        if -float(gradient @ step) < _GAIN * (1 + abs(value)):
            break
        moved = _search(at, step, value, gradient, z, answers)
        if moved is None:
            break
        at, (value, gradient, p) = moved
        if np.abs(gradient * ~_pinned(at, gradient)).max() < _STILL:
            break
    bias = at[1:]
    return float(at[0]) / scale, bias - bias.mean()


def _loss(at: Floats, z: Floats, answers: Floats) -> tuple[float, Floats, Floats]:
    logp = log_softmax(z * at[0] + at[1:])
    p = np.exp(logp)
    gap = (p - answers) / len(z)
    gradient = np.r_[(gap * z).sum(), gap.sum(axis=0) + 2 * _DAMPING * at[1:]]
    return float(-(answers * logp).sum() / len(z) + _DAMPING * (at[1:] @ at[1:])), gradient, p


def _pinned(at: Floats, gradient: Floats) -> NDArray[np.bool_]:
    """Which parameters stand at a bound that the gradient pushes them against."""
    low, high = np.r_[_SMALLEST, np.full(at.size - 1, -_WIDEST)], np.r_[_LARGEST, np.full(at.size - 1, _WIDEST)]
    return np.asarray(((at <= low) & (gradient > 0)) | ((at >= high) & (gradient < 0)))


def _newton_step(gradient: Floats, free: NDArray[np.bool_], z: Floats, p: Floats) -> Floats:
    def curved(direction: Floats) -> Floats:
        shift = z * direction[0] + direction[1:]
        bent = p * (shift - (p * shift).sum(axis=1, keepdims=True)) / len(z)
        product = np.r_[(bent * z).sum(), bent.sum(axis=0) + 2 * _DAMPING * direction[1:]]
        product[0] += 1e-14 * direction[0]
        return np.where(free, product, direction)

    return -conjugate_gradients(curved, gradient, rtol=1e-10) * free


def _search(
    at: Floats, step: Floats, value: float, gradient: Floats, z: Floats, answers: Floats
) -> tuple[Floats, tuple[float, Floats, Floats]] | None:
    """The step, halved until the loss falls; None when it cannot fall any more."""
    slope = float(gradient @ step)
    for halving in range(_HALVINGS):
        tried = at + 0.5**halving * step
        tried[0] = min(max(tried[0], _SMALLEST), _LARGEST)
        tried[1:] = np.clip(tried[1:], -_WIDEST, _WIDEST)
        found = _loss(tried, z, answers)
        if found[0] < value + 1e-4 * 0.5**halving * slope:
            return tried, found
    return None
