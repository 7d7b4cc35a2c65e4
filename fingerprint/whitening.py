"""Whitened features h(x): which k directions of the teacher's penultimate features carry the signature."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh

from fingerprint.errors import ParameterError

Floats = NDArray[np.float64]
_RIDGE = 1e-3  # of the students' mean square: keeps dead units from exploding
_CLEAR = 1e-6  # a squared singular value of this share of the largest still has an exact vector in either space
_ROWS = 256  # held in float64 at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Whitening:
    """h(x) = (f(x) - mu) W with W = U_k diag(lambda_k)^(-1/2): features -> k uncorrelated components of unit variance.

    Attributes:
        mean: mu, float64 (F,).
        projection: W, float64 (F, k).
    """

    mean: Floats
    projection: Floats

    def __post_init__(self) -> None:
        if self.mean.ndim != 1 or self.projection.ndim != 2 or self.projection.shape[0] != self.mean.shape[0]:
            raise ParameterError(
                f"mean {self.mean.shape} and projection {self.projection.shape} do not fit: (F,), (F, k)"
            )
        if not (np.isfinite(self.mean).all() and np.isfinite(self.projection).all()):
            raise ParameterError("the whitening holds NaN or infinity; check the teacher's features")

    @property
    def components(self) -> int:
        """k."""
        return int(self.projection.shape[1])

    def __call__(self, features: ArrayLike) -> Floats:
        """h for features of shape (n, F): float64 (n, k)."""
        f = np.asarray(features)
        blocks = [(f[i : i + _ROWS] - self.mean) @ self.projection for i in range(0, max(len(f), 1), _ROWS)]
        return np.concatenate(blocks)


def fit_whitening(features: ArrayLike, *, components: int) -> Whitening:
    """The whitening by the top-k principal components of the teacher's features on the transfer set.

    Args:
        features: (n, F), finite.
        components: k, at most the number of directions with variance.

    Raises:
        ParameterError: too few samples, NaN, or k larger than the rank of the features.

    Example:
        >>> f = np.random.default_rng(0).normal(size=(200, 6))
        >>> h = fit_whitening(f, components=3)(f)
        >>> bool(np.allclose(np.cov(h.T), np.eye(3), atol=0.02))
        True
    """
    return _fitted(features, components)


def _fitted(features: ArrayLike, components: int | None) -> Whitening:
    """By so many components, all that vary where no number is given."""
    f = np.asarray(features)
    if f.ndim != 2 or f.shape[0] < 2 or not np.isfinite(f).all():
        raise ParameterError(f"features must be finite and of shape (samples, F), not {f.shape}")
    mean = _mean(f)
    values, vectors = _eigen(_moments(f, mean, f, mean) / len(f))
    found = _rank(values)
    count = found if components is None else components
    if not 1 <= count <= found:
        raise ParameterError(f"{count} components asked of features of rank {found}; choose k between 1 and {found}")
    top = np.argsort(values)[::-1][:count]
    axes = vectors[:, top]
    axes *= _sign(axes) / np.sqrt(values[top])
    return Whitening(mean=mean, projection=axes)


def rank(features: ArrayLike) -> int:
    """How many directions of the features vary: the largest k of a whitening.

    Example:
        >>> rank(np.random.default_rng(0).normal(size=(50, 4)) * [1, 1, 0, 0])
        2
    """
    f = np.asarray(features)
    mean = _mean(f)
    return _rank(np.linalg.eigvalsh(_moments(f, mean, f, mean) / len(f)))


def _eigen(symmetric: Floats) -> tuple[Floats, Floats]:
    """Rising eigenvalues and their vectors; what is given is used up, so that no second matrix is held."""
    values, vectors = eigh(symmetric.T, overwrite_a=True, check_finite=False, driver="evr")
    return values, vectors


def _mean(values: NDArray[Any]) -> Floats:
    return np.asarray(values.mean(axis=0, dtype=np.float64))


def _moments(one: NDArray[Any], mean: Floats, other: NDArray[Any], other_mean: Floats) -> Floats:
    """sum_i (one_i - mean)(other_i - other_mean)^T in float64, a block of rows at a time: inputs may be float32."""
    found = np.zeros((one.shape[1], other.shape[1]))
    for begin in range(0, len(one), _ROWS):
        rows = slice(begin, begin + _ROWS)
        left = one[rows] - mean
        found += left.T @ (left if other is one else other[rows] - other_mean)
    return found


def _rank(values: NDArray[Any]) -> int:
    return int((values > values[-1] * 1e-8).sum()) if values[-1] > 0 else 0


def _sign(axes: Floats) -> Floats:
    # an eigenvector has no sign of its own: choose one for every machine
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    return np.where(largest < 0, -1.0, 1.0)


def fit_shared_whitening(features: ArrayLike, students: ArrayLike, *, components: int) -> Whitening:
    """The whitening by the k directions of the teacher's features that a clean student can tell best.

    A copy can only carry what its own features can express, and so can whatever is distilled from it. Of all
    unit-variance directions u of the teacher's features this takes those with the largest share of variance explained
    by a linear regression on a clean student's features: the generalised eigenproblem
    cov(f_hat) u = rho cov(f) u,  f_hat the regression of f (canonical correlations, Hotelling 1936). It is blind.

    Args:
        features: of the teacher on the transfer set, (n, F).
        students: what clean students' last layers read on the same inputs, (n, G).
        components: k, at most the rank of the features.

    Raises:
        ParameterError: samples that do not match, NaN, or k larger than the rank.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> f = rng.normal(size=(500, 6)) * [9, 1, 1, 1, 1, 1]
        >>> shared = fit_shared_whitening(f, f[:, 1:3], components=2)
        >>> bool(np.abs(shared.projection[0]).max() < 0.01)
        True
    """
    f, g = np.asarray(features), np.asarray(students)
    if g.ndim != 2 or len(g) != len(f) or not np.isfinite(g).all():
        raise ParameterError(f"student features of shape {g.shape} do not match {len(f)} samples, or are not finite")
    whitening = _fitted(f, None)
    if not 1 <= components <= whitening.components:
        raise ParameterError(f"{components} components asked of {whitening.components}; choose fewer")
    axes = _shared_axes(whitening, f, g, components)
    return Whitening(mean=whitening.mean, projection=whitening.projection @ (axes * _sign(axes)))


def _shared_axes(whitening: Whitening, f: NDArray[Any], g: NDArray[Any], count: int) -> Floats:
    """Unit axes of the whitened space, largest explained share first: those that a ridge regression on g tells best.

    With S = sum g g^T = Q diag(s) Q^T, K = S + ridge and M = sum g h^T, all centred, the regression's covariance is
    M^T K^-1 S K^-1 M / n = A^T A / n with A = diag(sqrt(s) / (s + ridge)) Q^T M.
    """
    mean = _mean(g)
    spread = _moments(g, mean, g, mean)
    ridge = _RIDGE * max(float(np.trace(spread)) / g.size, 1e-300) * len(g)
    s, q = _eigen(spread)
    s = np.maximum(s, 0.0)
    shared = (np.sqrt(s) / (s + ridge))[:, None] * (q.T @ (_moments(g, mean, f, whitening.mean) @ whitening.projection))
    return _right_singular(shared, count)


def _right_singular(matrix: Floats, count: int) -> Floats:
    """The first right singular vectors, (columns, count), in the smaller space where that is exact enough."""
    if count <= len(matrix) < matrix.shape[1]:
        values, left = _eigen(matrix @ matrix.T)
        values, left = values[::-1][:count], left[:, ::-1][:, :count]
        if values[-1] > _CLEAR * values[0]:
            return np.asarray(matrix.T @ (left / np.sqrt(values)))
    _, vectors = _eigen(matrix.T @ matrix)
    return np.asarray(vectors[:, ::-1][:, :count])
