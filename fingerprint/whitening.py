"""Whitened features h(x): which k directions of the teacher's penultimate features carry the signature."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fingerprint.errors import ParameterError

Floats = NDArray[np.float64]
_RIDGE = 1e-3  # of the students' mean square: keeps dead units from exploding


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
        out: Floats = (np.asarray(features, dtype=np.float64) - self.mean) @ self.projection
        return out


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
    f = np.asarray(features, dtype=np.float64)
    if f.ndim != 2 or f.shape[0] < 2 or not np.isfinite(f).all():
        raise ParameterError(f"features must be finite and of shape (samples, F), not {f.shape}")
    mean = f.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov((f - mean).T, bias=True).reshape(f.shape[1], f.shape[1]))
    found = _rank(values)
    if not 1 <= components <= found:
        raise ParameterError(
            f"{components} components asked of features of rank {found}; choose k between 1 and {found}"
        )
    top = np.argsort(values)[::-1][:components]
    axes = vectors[:, top]
    return Whitening(mean=mean, projection=axes * _sign(axes) / np.sqrt(values[top]))


def rank(features: ArrayLike) -> int:
    """How many directions of the features vary: the largest k of a whitening.

    Example:
        >>> rank(np.random.default_rng(0).normal(size=(50, 4)) * [1, 1, 0, 0])
        2
    """
    f = np.asarray(features, dtype=np.float64)
    return _rank(np.linalg.eigvalsh(np.cov(f.T, bias=True).reshape(f.shape[1], f.shape[1])))


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
    f, g = np.asarray(features, dtype=np.float64), np.asarray(students, dtype=np.float64)
    if g.ndim != 2 or len(g) != len(f) or not np.isfinite(g).all():
        raise ParameterError(f"student features of shape {g.shape} do not match {len(f)} samples, or are not finite")
    whitening = fit_whitening(f, components=rank(f))
    if not 1 <= components <= whitening.components:
        raise ParameterError(f"{components} components asked of {whitening.components}; choose fewer")
    h, centred = whitening(f), g - g.mean(axis=0)
    ridge = _RIDGE * max(float((centred * centred).mean()), 1e-300) * len(g)
    explained = centred @ np.linalg.solve(centred.T @ centred + ridge * np.eye(g.shape[1]), centred.T @ h)
    _, vectors = np.linalg.eigh(explained.T @ explained / len(h))
    axes = vectors[:, ::-1][:, :components]
    return Whitening(mean=whitening.mean, projection=whitening.projection @ (axes * _sign(axes)))
