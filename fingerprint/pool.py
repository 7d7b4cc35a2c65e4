"""How several estimates become one: weights fixed with the release, before any suspect is seen.

    y = sum_j w_j y_j / |y_j|

over terms j = (estimator, reference, temperature, features, part of the probes). Picking the best score afterwards
would multiply the false-accusation probability; a sum with fixed weights leaves the theorem as it is: y still depends
on no codeword.

A score term at temperature T reads softmax(log q / T): a student that was distilled at T carries its signature in the
small probabilities too, and at T = 1 these hardly count. Answers that do not tell small probabilities apart (rounded,
smoothed, top-k, labels) are read at T = 1 alone, by a rule that is part of the scheme: the logarithm of a rounded zero
is noise. docs/scores.md has the measurements behind the default weights; none of them is of a model in any release.

Two things that a release may add, each with terms of its own:

- probes that are mixtures of inputs (`fingerprint.probes`): inputs and mixtures are estimated apart, for a second-hand
  copy that never saw a mixture would drown its evidence in theirs;
- what the minting base itself can express of h: copies minted from it carry exactly that.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import ParameterError
from fingerprint.observation import Kind

RESIDUAL, SCORE, REGRESSION = "residual", "score", "regression"
ESTIMATORS = (RESIDUAL, SCORE, REGRESSION)
TEACHER, BASE = "teacher", "base"  # whose features: h of the teacher, or e, the base's own approximation of h
FEATURES = (TEACHER, BASE)
ALL, INPUTS, MIXTURES = "all", "inputs", "mixtures"
PARTS = (ALL, INPUTS, MIXTURES)
MIXTURES_WEIGHT, EXPRESSED_WEIGHT = 0.7, 0.6  # of terms over mixtures, and of terms over e, against the plain ones
REGRESSION_RIDGE = 0.1  # lambda of the regression; it reads finer answers than the score's and needs less
TEMPERATURE = 4.0  # of the tempered score; the temperature that students are distilled at by default
FINE = (Kind.LOGITS, Kind.LOGPROBS, Kind.PROBS)  # kinds that can tell small probabilities apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One estimate and its weight in the pool.

    Attributes:
        estimator: `residual`, `score` or `regression`.
        reference: name of one of the pack's references, for example `clean` or `base`.
        weight: w_j, positive.
        temperature: T of a score term, at least 1; 1 for the others.
        features: `teacher` for h, `base` for what the minting base expresses of it; a regression needs `base`.
        part: of the probes: `all`, `inputs` or `mixtures`.
    """

    estimator: str
    reference: str
    weight: float
    temperature: float = 1.0
    features: str = TEACHER
    part: str = ALL

    def __post_init__(self) -> None:
        if self.estimator not in ESTIMATORS:
            raise ParameterError(f"estimator {self.estimator!r} is none of {', '.join(ESTIMATORS)}")
        if not 0 < self.weight < float("inf"):
            raise ParameterError(f"a weight must be positive and finite, not {self.weight}")
        if not 1 <= self.temperature < float("inf") or (self.estimator != SCORE and self.temperature != 1):
            raise ParameterError(f"temperature {self.temperature}: 1 or more, and 1 for what is no score")
        if self.features not in FEATURES or (self.estimator == REGRESSION and self.features != BASE):
            raise ParameterError(
                f"features {self.features!r} of a {self.estimator}: teacher or base, base for a regression"
            )
        if self.part not in PARTS:
            raise ParameterError(f"part {self.part!r} is none of {', '.join(PARTS)}")

    def written(self) -> dict[str, str | float]:
        """As in packs and commitments: what was added later is left out at its default, so old packs keep their ids."""
        later = {"features": TEACHER, "part": ALL}
        return {name: value for name in self.__slots__ if later.get(name) != (value := getattr(self, name))}

    @property
    def reads_small_probabilities(self) -> bool:
        """Whether the term needs answers that tell small probabilities apart."""
        return self.estimator != SCORE or self.temperature > 1


Pool = dict[Kind, tuple[Term, ...]]


def in_part(count: int, part: str, *, mixture_every: int) -> NDArray[np.intp]:
    """Numbers of the probes 0..count-1 in a part, when every m-th is a mixture (0: none is).

    Example:
        >>> in_part(6, MIXTURES, mixture_every=3).tolist(), in_part(6, INPUTS, mixture_every=3).tolist()
        ([2, 5], [0, 1, 3, 4])
    """
    numbers = np.arange(count)
    if part == ALL:
        return numbers
    mixture = numbers % mixture_every == mixture_every - 1 if mixture_every else numbers < 0
    return numbers[mixture if part == MIXTURES else ~mixture]


def default_pool(references: tuple[str, ...], *, mixed: bool = False, expressed: bool = False) -> Pool:
    """The pool for these references.

    Args:
        references: names of the pack's references.
        mixed: whether some probes are mixtures.
        expressed: whether the pack holds what its reference `base` expresses of h.

    Example:
        >>> [t.estimator for t in default_pool(("clean",))[Kind.LABELS]]
        ['score']

    Raises:
        ParameterError: no reference, or expressed features without the reference `base`.
    """
    if not references:
        raise ParameterError("a pool needs at least one reference; train at least one clean student")
    if expressed and BASE not in references:
        raise ParameterError("expressed features are those of the reference `base`, which is not there")
    full = tuple(term for name in references for term in _terms(name, TEACHER, 1.0))
    if expressed:
        full += _terms(BASE, BASE, EXPRESSED_WEIGHT)
    if mixed:
        parts = ((INPUTS, 1.0), (MIXTURES, MIXTURES_WEIGHT))
        full = tuple(replace(t, part=part, weight=share * t.weight) for part, share in parts for t in full)
    coarse = tuple(term for term in full if not term.reads_small_probabilities)
    return {kind: full if kind in FINE else coarse for kind in Kind}


def _terms(reference: str, features: str, share: float) -> tuple[Term, ...]:
    """A score, a tempered score, and what reads log-probabilities: residual for h, regression for e."""
    last = RESIDUAL if features == TEACHER else REGRESSION
    chosen = ((SCORE, 0.8, 1.0), (SCORE, 1.0, TEMPERATURE), (last, 1.0, 1.0))
    return tuple(
        Term(estimator=estimator, reference=reference, weight=share * weight, temperature=heat, features=features)
        for estimator, weight, heat in chosen
    )
