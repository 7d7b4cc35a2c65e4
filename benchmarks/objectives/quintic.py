"""Real roots of quintics (arXiv 2602.23467): polynomials with 1, 3 or 5 real roots, and the feature Crit8.

    x^5 + A x^4 + B x^3 + C x^2 + D x + E,   coefficients uniform in (-10, 10);   class 0, 1, 2 for 1, 3, 5 real roots

Crit8: the quintic's values at the real critical points, in the order in which NumPy gives them (the authors do not
sort them; along the axis would be the right order), without |v| < 1e-10; how often the sign changes from one to the
next.
"""

import numpy as np
from numpy.typing import NDArray

from fingerprint import seeds

Floats = NDArray[np.float64]
_REAL = 1e-10


def coefficients(count: int, *words: seeds.Word) -> Floats:
    """A..E, float64 (count, 5)."""
    return seeds.stream("benchmarks/objectives/quintic", *words).uniform(-10, 10, (count, 5))


def balanced(count: int, *words: seeds.Word) -> Floats:
    """As many polynomials of each class as of the others: drawn until there are, (count // 3 * 3, 5).

    Of uniform ones about 1 in 90 has five real roots; a tree could be right about nearly all others and never name it.
    """
    parts: list[list[Floats]] = [[], [], []]
    wanted, draw = count // 3, 0
    while min(sum(map(len, part)) for part in parts) < wanted:
        drawn = coefficients(50_000, *words, draw)
        found = classes(drawn)
        for number, part in enumerate(parts):
            part.append(drawn[found == number])
        draw += 1
    kept = np.concatenate([np.concatenate(part)[:wanted] for part in parts])
    return np.asarray(kept[seeds.stream("benchmarks/objectives/quintic", "order", *words).permutation(len(kept))])


def classes(polynomials: Floats) -> NDArray[np.int64]:
    """0, 1, 2 for 1, 3, 5 real roots."""
    real = np.abs(_roots(polynomials).imag) < _REAL
    return np.asarray(real.sum(axis=1) // 2, dtype=np.int64)


def crit8(polynomials: Floats, *, along_the_axis: bool = False) -> Floats:
    """Sign changes of the quintic between neighbouring critical points, (n,), 0..3.

    Args:
        polynomials: A..E, (n, 5).
        along_the_axis: critical points from left to right, and not in NumPy's order.
    """
    points = _roots(polynomials[:, :4] * np.array([4, 3, 2, 1]) / 5)
    if along_the_axis:
        points = np.take_along_axis(points, np.argsort(points.real, axis=1), axis=1)
    x = points.real
    value = np.ones_like(x)
    for column in polynomials.T:
        value = value * x + column[:, None]
    used = (np.abs(points.imag) < _REAL) & (np.abs(value) >= _REAL)
    last, changes = np.zeros(len(x)), np.zeros(len(x))
    for column, use in zip(np.sign(value).T, used.T, strict=True):
        changes += use & (last * column < 0)
        last = np.where(use, column, last)
    return changes


def _roots(monic: Floats) -> NDArray[np.complex128]:
    """Eigenvalues of the companion matrix that `numpy.roots` takes, for all rows at once."""
    degree = monic.shape[1]
    companion = np.zeros((len(monic), degree, degree))
    companion[:, 0] = -monic
    companion[:, range(1, degree), range(degree - 1)] = 1
    return np.asarray(np.linalg.eigvals(companion), dtype=np.complex128)
